"""Pictures on their way in: chosen, pasted, several at once, slowly, over a line that breaks; on the evidence
step and on the page of a sent case. A shop of its own, whose worker reads the same from every picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Page, Route, expect

from core import texts
from core.app import Settings, build
from core.services import identity
from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import OpenVisit, Order, Shop, Visit, fill_in, rows
from tests.core.adapters.test_quality import screen

BOTH = pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (360, "en")])
PATIENT = 60_000  # milliseconds, on a busy machine
CARD = ".st-key-card-proof-{}"
# A real picture on a real clipboard, as after a screenshot.
COPY = """async (lines) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 700, height: 900 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; pen.fillRect(0, 0, 700, 900); pen.fillStyle = "#000"; pen.font = "16px sans-serif";
  for (let line = 0; line < 40; line++)
    pen.fillText(`${line} account 138****2046 membership not active ${lines}`, 20, 20 * line + 20);
  const picture = await new Promise((done) => canvas.toBlob(done));
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with serving(tmp_path_factory.mktemp("evidence"), "tests.browser.with_reader") as running:
        yield running


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Good ones, a blurred one, and one that is no picture."""
    kept = {name: tmp_path / f"{name}.png" for name in ("good", "模糊", "third", "fourth")}
    screen().save(kept["good"])
    screen().filter(ImageFilter.GaussianBlur(9)).save(kept["模糊"])
    screen(ground="#10151A", ink="#E7EDEA").save(kept["third"])
    screen(40).save(kept["fourth"])
    kept["notes"] = tmp_path / "notes.txt"
    kept["notes"].write_text("hello", encoding="utf-8")
    return kept


def choose(v: Visit, kind: str, *files: Path) -> None:
    """As from the browser's chooser: all at once."""
    v.page.locator(f".st-key-up-{kind} .take input[multiple]").set_input_files(list(files))


def has(v: Visit, kind: str, count: int) -> None:
    expect(v.page.locator(f"{CARD.format(kind)} .shot")).to_have_count(count, timeout=PATIENT)
    expect(v.page.locator(".going li:not(.problem)")).to_have_count(0, timeout=PATIENT)


def at_the_evidence(v: Visit, order: Order) -> None:
    fill_in(v, order, "request.reason.not_as_described.game_card")
    for step in (3, 4):
        v.next()
        v.step(step)


def applied(app: RunningApp, order: Order, *more: str) -> str:
    """A request that a person has to look at."""
    words = ("--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "90000")
    return str(app.core("apply", *words, *(more or ("--customer", order.person)))["case_no"])


@BOTH
def test_several_at_once_pasted_explained_replaced_reloaded_and_sent(
    visit: OpenVisit, shop: Shop, app: RunningApp, files: dict[str, Path], width: int, lang: str
) -> None:
    """R2.3, R2.4, R2.5: one bad file stops none of the others, and nothing is lost."""
    order, v = shop.order("code_viewed"), visit(width, lang)
    v.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    at_the_evidence(v, order)
    v.is_sound()
    choose(v, "product_page", files["good"], files["notes"], files["模糊"])
    has(v, "product_page", 2)
    card = v.page.locator(CARD.format("product_page"))
    expect(card.locator(".answered [role=alert]")).to_have_count(1)
    expect(card.locator(".answered [role=alert]")).to_contain_text("notes.txt")
    expect(card.locator(".shot").nth(0)).to_contain_text(v.tx("picture_advice.fine"))
    expect(card.locator(".shot").nth(1)).to_contain_text(v.tx("picture_warning.blurred"))
    expect(card.locator(".shot").nth(1)).to_contain_text(v.tx("picture_advice.blurred"))
    v.is_sound()

    card.locator('[class*="st-key-swap-"] input[type=file]:not([data-testid])').nth(1).set_input_files(
        files["third"]
    )
    expect(v.page.locator(".weak")).to_have_count(0, timeout=PATIENT)
    has(v, "product_page", 2)

    v.page.evaluate(COPY, 1)
    v.page.set_viewport_size(
        {"width": width, "height": 2400}
    )  # several in sight, none of them meant: it asks
    v.page.locator("h1#step").focus()
    v.page.keyboard.press("Control+V")
    which = v.page.locator("dialog.which")
    expect(which).to_contain_text(v.tx("takes.which"))
    v.is_sound()
    which.get_by_role("button", name=v.tx("evidence_kind.product_shown")).click()
    v.page.set_viewport_size({"width": width, "height": 780})
    has(v, "product_shown", 1)
    v.page.evaluate(COPY, 2)
    v.page.locator(f"{CARD.format('other')} .paste").click()
    has(v, "other", 1)

    v.page.reload()
    v.step(4)
    for kind, count in (("product_page", 2), ("product_shown", 1), ("other", 1)):
        has(v, kind, count)
    v.is_sound()
    v.next()
    v.step(5)
    v.next()
    v.page.wait_for_url(re.compile("sent="))
    states = rows(app, "SELECT state FROM cases WHERE order_no = ?", order.order_no)
    assert states == [("in_review",)]


def test_pasted_where_the_focus_is(visit: OpenVisit, shop: Shop) -> None:
    """Text goes into a field as ever; a picture goes to the card."""
    v = visit(1280)
    v.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    at_the_evidence(v, shop.order("code_viewed"))
    v.page.evaluate(COPY, 3)
    v.page.locator(f"{CARD.format('product_shown')} .take input[multiple]").focus()
    v.page.keyboard.press("Control+V")
    has(v, "product_shown", 1)
    v.page.evaluate("navigator.clipboard.writeText('no picture')")
    v.page.locator(f"{CARD.format('other')} .paste").click()
    expect(v.page.locator(f"{CARD.format('other')} .going")).to_contain_text(v.tx("takes.empty"))


def test_dropped_on_a_card(visit: OpenVisit, shop: Shop, files: dict[str, Path]) -> None:
    v = visit(1280)
    at_the_evidence(v, shop.order("code_viewed"))
    data = v.page.evaluate_handle(
        """(bytes) => { const box = new DataTransfer();
        box.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
        return box }""",
        list(files["good"].read_bytes()),
    )
    card = v.page.locator(f"{CARD.format('product_shown')} h2")
    card.dispatch_event("dragover", {"dataTransfer": data})
    expect(v.page.locator(".take.over")).to_have_count(1)
    card.dispatch_event("drop", {"dataTransfer": data})
    has(v, "product_shown", 1)
    expect(v.page.locator(".take.over")).to_have_count(0)


def test_what_is_too_large_never_leaves_and_the_next_one_goes(
    visit: OpenVisit, shop: Shop, files: dict[str, Path], tmp_path: Path
) -> None:
    v = visit(360)
    at_the_evidence(v, shop.order("code_viewed"))
    large = tmp_path / "large.png"
    large.write_bytes(files["good"].read_bytes() + bytes(10 * 1024 * 1024))
    sent: list[str] = []
    v.page.on(
        "request", lambda request: sent.append(request.method) if "upload_file" in request.url else None
    )
    choose(v, "product_page", large, files["good"])
    has(v, "product_page", 1)
    problem = v.page.locator(f"{CARD.format('product_page')} .going .problem")
    expect(problem).to_contain_text("large.png")
    expect(problem).to_contain_text(v.tx("takes.too_large", n=10))
    v.is_sound()
    assert sent.count("PUT") == 1


def test_chosen_before_the_uploader_is_there(visit: OpenVisit, shop: Shop, files: dict[str, Path]) -> None:
    """Streamlit fetches its part of the page when it first needs it; until then a picture waits, and is not
    said to be one too many.
    """
    order, v = shop.order("code_viewed"), visit(360)
    held: list[Route] = []
    v.page.route(re.compile(r"/FileUploader[^/]*\.js"), lambda route: held.append(route))
    fill_in(v, order)
    v.page.goto(f"/request?order={order.order_no}&step=4")
    expect(v.page.locator(".st-key-up-other .take")).to_be_visible()
    v.page.wait_for_function(
        "() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'"
    )
    choose(v, "other", files["good"])
    expect(v.page.locator(".going li.waiting")).to_have_count(1)
    assert held
    for route in held:
        route.continue_()
    has(v, "other", 1)


def test_on_a_slow_line_it_says_how_far_it_is(
    visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path
) -> None:
    """A phone's upload of 3 Mbit/s, and a photo of 4 MB."""
    case_no, v = applied(app, shop.order(minor=90_000)), visit(360)
    v.go(f"/evidence?case={case_no}")
    line = v.page.context.new_cdp_session(v.page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": 400_000}
    line.send("Network.emulateNetworkConditions", slow)
    large = tmp_path / "photo.png"
    Image.effect_noise((1600, 2400), 60).save(large)
    v.page.evaluate(
        """() => { window.seen = [];
        new MutationObserver(() => { const bar = document.querySelector(".going progress");
          if (bar) window.seen.push(bar.value)
        }).observe(document.body, { subtree: true, childList: true }) }"""
    )
    choose(v, "other", large)
    has(v, "other", 1)
    seen = v.page.evaluate("window.seen")
    between = {value for value in seen if 0 < value < 100}
    assert len(between) >= 5 and seen == sorted(seen), seen


def test_a_broken_upload_goes_on_by_itself(
    visit: OpenVisit, shop: Shop, app: RunningApp, files: dict[str, Path]
) -> None:
    case_no, v = applied(app, shop.order(minor=90_000)), visit(360)
    v.go(f"/evidence?case={case_no}")
    tries: list[str] = []

    def first_breaks(route):  # type: ignore[no-untyped-def]
        if route.request.method != "PUT":
            return route.fallback()
        tries.append("try")
        return route.abort("internetdisconnected") if len(tries) == 1 else route.fallback()

    v.page.route("**/_stcore/upload_file/**", first_breaks)
    choose(v, "other", files["good"], files["third"])
    expect(v.page.locator(".going .lost")).to_contain_text(v.tx("takes.lost"), timeout=PATIENT)
    has(v, "other", 2)
    assert len(tries) == 3
    assert len(rows(app, "SELECT id FROM evidence WHERE case_no = ? AND removed_at IS NULL", case_no)) == 2


def test_a_server_that_went_down_meanwhile_gets_it_when_it_is_back(
    visit: OpenVisit, shop: Shop, app: RunningApp, files: dict[str, Path]
) -> None:
    """R2.5: its session had known of the file; the new one has not."""
    case_no, v = applied(app, shop.order(minor=90_000)), visit(360)
    v.go(f"/evidence?case={case_no}")
    app.stop()
    choose(v, "other", files["good"])
    expect(v.page.locator(".going .lost")).to_contain_text(v.tx("takes.lost"), timeout=PATIENT)
    app.start()
    has(v, "other", 1)


@BOTH
@pytest.mark.parametrize("who", ["customer", "guest"])
def test_a_sent_case_takes_more_and_says_what_it_reads(
    visit: OpenVisit,
    page_factory: Callable[..., Page],
    shop: Shop,
    app: RunningApp,
    files: dict[str, Path],
    width: int,
    lang: str,
    who: str,
) -> None:
    """What was read appears by itself, for confirmation; decided, the page says so."""
    order = shop.order(minor=90_000)
    if who == "guest":
        order = Shop(app, shop.folder, "").order(minor=90_000)
        case_no = applied(app, order, "--command-id", f"guest-{order.order_no}")
        v = Visit(page_factory(width, lang), texts.of(lang))
        v.page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
        core = build(
            Settings(database_url=app.database_url, store_url=app.env["REFUND_STORE_URL"], demo=True)
        )
        v.page.request.post("/session/open", data=identity.open_session(core, "guest", "", order.order_no))
    else:
        case_no, v = applied(app, order), visit(width, lang)
    app.core("act", case_no, "ask", "--as", "reviewer:zhou-lan", "--note", "付款记录？")
    v.go(f"/track?case={case_no}")
    v.page.locator(".way-on a").click()
    v.sees(v.tx("evidence.title"))
    v.sees("付款记录？")
    v.sees(v.tx("evidence.then.awaiting_customer"))
    v.is_sound()
    choose(v, "other", files["good"])
    has(v, "other", 1)
    read = v.page.locator(".shot .read")
    expect(read).to_contain_text("¥99.00", timeout=PATIENT)
    expect(read).to_contain_text("¥900.00")
    expect(read).to_contain_text(v.tx("request.evidence.differs"))
    v.is_sound()
    v.page.get_by_role("link", name=v.tx("evidence.go.answer")).click()
    v.page.locator(".st-key-act-turn textarea").fill("见图")
    v.page.locator(".st-key-do-answer button").click()
    v.sees(v.tx("track.did.answer"))
    expect(v.page.locator(".chat .out img")).to_have_count(1)
    app.core("act", case_no, "approve", "--as", "reviewer:zhou-lan", "--note", "好")
    v.go(f"/evidence?case={case_no}")
    v.sees(v.tx("evidence.late"))
    v.sees(v.tx("evidence.sent"))
    v.is_sound()
