"""A customer's way through the portal in a real browser: from the order to the money, and from a no to what changes it.

On a phone and on a desk, in Chinese and in English; every step is also read by axe and measured for sideways scrolling.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from core import texts
from core.domain.money import plain
from core.domain.workdays import ZONE
from tests.browser.conftest import RunningApp

LOOKS = [(360, "zh_CN"), (1280, "zh_CN"), (360, "en"), (1280, "en")]
_numbers = count(1)


@dataclass
class Order:
    """What was imported: with a time of completion the window runs."""

    order_no: str
    person: str
    paid_minor: int
    delivery_at: datetime


@dataclass
class Shop:
    """Puts orders of its own into the running app, the way a shop would: `import-orders`."""

    app: RunningApp
    folder: Path
    person: str

    def now(self) -> datetime:
        return datetime.fromisoformat(self.app.core("clock", "advance", "0h")["now"])

    def order(self, delivery: str = "pending", *, minor: int = 19_990, quantity: int = 1, days_ago: int = 1, kind: str = "game_card") -> Order:
        number = f"J{next(_numbers):03d}{self.now():%H%M%S%f}"
        paid = (self.now() - timedelta(days=days_ago)).astimezone(ZONE)
        row = {
            "order_no": number,
            "customer_id": self.person,
            "product": 'Game card <b>100</b> & "月卡"',
            "kind": kind,
            "quantity": quantity,
            "amount": plain(minor),
            "channel": "alipay",
            "trade_no": f"T{number}",
            "account": "13800002046",
            "paid_at": paid.isoformat(timespec="seconds"),
            "delivery": delivery,
            "delivery_at": paid.isoformat(timespec="seconds"),
            "completed_at": "" if delivery == "pending" else paid.isoformat(timespec="seconds"),
        }
        text = io.StringIO()
        writer = csv.DictWriter(text, row)
        writer.writeheader()
        writer.writerow(row)
        path = self.folder / f"{number}.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        assert self.app.core("import-orders", str(path))["imported"] == 1
        return Order(number, self.person, minor, paid)


@pytest.fixture
def shop(app: RunningApp, tmp_path: Path) -> Shop:
    return Shop(app, tmp_path, next(order["customer_id"] for order in app.core("orders") if order["customer_id"]))


@dataclass
class Visit:
    """One customer at one screen. Words come from the catalogs, so that a test reads the same in both languages."""

    page: Page
    tx: texts.Texts
    reads_every_step: bool = False  # axe takes its time: the journeys in all looks do, the others look where they differ

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.settle()

    def settle(self) -> None:
        expect(self.page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.locator("[data-stale=true]")).to_have_count(0)

    def sees(self, text: str) -> None:
        expect(self.page.locator(".stMain")).to_contain_text(text)

    def step(self, number: int) -> None:
        expect(self.page).to_have_url(re.compile(rf"[?&]step={number}(&|$)"))
        self.settle()
        if self.reads_every_step:
            self.is_sound()

    def next(self) -> None:
        self.page.locator(".st-key-next button").click()

    def choose(self, card: str) -> None:
        self.page.locator('[class*="st-key-cards-"] label', has_text=card).click()
        self.settle()

    def is_sound(self) -> None:
        """Nothing serious for axe, nothing wider than the screen, nothing in the wrong language, no key for a word."""
        found = Axe().run(self.page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert not serious, serious
        widths = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], widths
        seen = self.page.locator(".stMain").inner_text()
        assert not re.search(r"\b(request|track|locator|refusal|law)\.[a-z_.]+\b", seen), seen


OpenVisit = Callable[..., Visit]


@pytest.fixture
def visit(page_factory: Callable[..., Page], shop: Shop) -> OpenVisit:
    """`visit(width, lang)`: the shop's customer, signed in."""

    def opened(width: int = 1280, lang: str = "zh_CN", *, reads_every_step: bool = False) -> Visit:
        page = page_factory(width, lang)
        page.goto(f"/session/lang?lang={lang}&to=/help")
        page.goto(f"/session/demo?as={shop.person}&to=/help")
        return Visit(page, texts.of(lang), reads_every_step)

    return opened


def rows(app: RunningApp, sql: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(app.database_url.removeprefix("sqlite:///"))
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def fill_in(v: Visit, order: Order, reason: str = "request.reason.not_delivered.game_card") -> None:
    """Step 1, from the order's own address."""
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx(reason))
    v.next()
    v.step(2)


# --- the money comes back ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_from_the_order_to_the_money(visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str):
    """R1.4, R3.1, R4.6, R5.1–R5.3: learn it before asking, approved at once, followed until it has arrived."""
    order, v = shop.order(minor=19_990), visit(width, lang, reads_every_step=True)
    amount = v.tx.money(19_990)
    v.go("/request")
    v.is_sound()
    v.page.locator(f'a[href="/request?order={order.order_no}"]').click()
    v.sees(v.tx("request.wrong.title"))
    v.choose(v.tx("request.reason.not_delivered.game_card"))
    v.is_sound()
    v.next()
    v.step(2)
    v.sees(v.tx("request.verdict.approve"))
    v.next()
    v.step(3)
    v.sees(v.tx("request.sum.receive"))
    expect(v.page.locator(".sum .total dd")).to_have_text(amount)
    v.next()
    v.step(5)
    expect(v.page.locator(".sum .total dd")).to_have_text(amount)
    v.next()
    v.sees(v.tx("request.sent.approved", amount=amount))
    v.is_sound()
    case_no = v.page.locator(".sent dd").inner_text()
    v.page.locator("a.btn").click()
    expect(v.page).to_have_url(re.compile(f"/track\\?case={case_no}"))
    v.sees(v.tx("track.paid.accepted", channel=v.tx("channel.alipay"), amount=amount))
    v.settle()
    v.is_sound()
    v.page.locator("details.demo summary").click()
    v.page.locator('details.demo button[value="3d"]').click()
    v.sees(v.tx("track.paid.arrived", amount=amount))
    v.sees(v.tx("track.did.complete"))
    v.settle()
    expect(v.page.locator(".sum .total dd")).to_have_text(amount)
    v.is_sound()
    told = app.core("case", case_no)
    assert told["state"] == "completed" and told["approved_minor"] == 19_990
    assert [(p["channel"], p["amount_minor"], p["state"]) for p in told["payouts"]] == [("alipay", 19_990, "arrived")]


def test_a_fee_and_a_balance_to_the_fen(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R4.4, R4.6: what is shown before is what is paid, and the balance says when it expires."""
    order, v = shop.order("code_issued", minor=1_999), visit(360)
    fill_in(v, order, "request.reason.other")
    v.next()
    v.step(3)
    expect(v.page.locator(".sum .total dd")).to_have_text("¥18.99")
    v.choose("平台余额")
    expect(v.page.locator(".sum .total dd")).to_have_text("¥19.99")
    v.next()
    v.step(5)
    v.next()
    v.sees("马上就能用")
    case_no = v.page.locator(".sent dd").inner_text()
    v.page.locator("a.btn").click()
    v.sees("¥19.99 已进平台余额")
    v.sees("到期")
    assert app.core("case", case_no)["payouts"][0]["amount_minor"] == 1_999


# --- it does not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_a_refusal_explains_itself(visit: OpenVisit, shop: Shop, width: int, lang: str):
    """R1.2, R1.4, R3.5: the rule, the fact with its time, what would change it, and the way on."""
    order, v = shop.order("redeemed", minor=5_000, days_ago=2), visit(width, lang, reads_every_step=True)
    fill_in(v, order, "request.reason.other")
    v.sees(v.tx("request.verdict.reject"))
    v.sees(v.tx.when(order.delivery_at, shop.now()))
    v.sees(v.tx("request.flip.contest"))
    v.page.locator(".st-key-rule summary").click()
    v.sees(v.tx("request.why.decides"))
    v.is_sound()
    v.page.locator(".ways a", has_text=v.tx("request.verdict.anyway")).click()
    v.step(5)
    v.next()
    v.sees(v.tx("request.sent.rejected"))
    v.page.locator("a.btn").click()
    v.sees(v.tx("track.turn.rejected"))
    v.settle()
    v.is_sound()


def test_what_was_not_the_customers_doing_goes_to_a_person(visit: OpenVisit, shop: Shop, tmp_path: Path):
    """R2.3: the flip is a way, not a phrase."""
    order, v = shop.order("redeemed", minor=5_000, days_ago=2), visit(360)
    fill_in(v, order, "request.reason.other")
    v.page.locator(".st-key-contest button").click()
    v.step(4)
    upload(v, "redemption_record", picture(tmp_path / "record.png"))
    expect(v.page.locator(".shot img")).to_be_visible()
    v.settle()
    v.next()
    v.step(3)
    v.next()
    v.step(4)
    v.next()
    v.step(5)
    v.next()
    v.sees("已提交，最晚")


# --- nothing is lost, nothing twice ----------------------------------------------------------------------------


def test_a_draft_survives_reload_back_and_a_killed_server(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R2.5."""
    order, v = shop.order("code_issued", minor=30_000, quantity=3), visit(1280)
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx("request.reason.other"))
    v.page.locator(".st-key-fewer button").click()
    v.sees("¥200.00")
    v.page.locator("textarea").fill("拍错了区服 😀")
    v.next()
    v.step(2)
    v.next()
    v.step(3)
    v.choose("平台余额")
    v.page.reload()
    v.step(3)
    expect(v.page.locator(".sum .total dd")).to_have_text("¥200.00")
    v.page.go_back()
    v.step(2)
    v.page.go_back()
    v.sees(v.tx("request.wrong.title"))
    expect(v.page.locator("textarea")).to_have_value("拍错了区服 😀")
    v.page.go_forward()
    v.step(2)
    assert app.process is not None
    app.process.kill()
    app.process.wait()
    app.start()
    v.go(f"/request?order={order.order_no}")
    v.page.wait_for_timeout(300)
    v.go(f"/request?order={order.order_no}&step=5")
    v.sees("拍错了区服 😀")
    expect(v.page.locator(".sum .total dd")).to_have_text("¥200.00")
    v.sees("平台余额")


def test_five_fast_clicks_are_one_case(visit: OpenVisit, shop: Shop, app: RunningApp):
    """Invariant 17."""
    order, v = shop.order(minor=4_200), visit(1280)
    fill_in(v, order)
    v.next()
    v.step(3)
    v.next()
    v.step(5)
    v.page.evaluate("for (let i = 0; i < 5; i++) document.querySelector('.st-key-next button').click()")
    v.sees(v.tx("request.sent.approved", amount="¥42.00"))
    found = rows(app, "SELECT case_no FROM cases WHERE order_no = ?", order.order_no)
    assert len(found) == 1
    events = rows(app, "SELECT event FROM case_events WHERE case_no = ?", found[0][0])
    assert [event for (event,) in events].count("submit") == 1


def test_a_form_that_was_overtaken_sends_nothing(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R1.5: the window closes while the last step stands open."""
    now = shop.now().astimezone(ZONE)
    evening = now.replace(hour=23, minute=30, second=0) + timedelta(days=now.hour == 23)
    app.core("clock", "set", evening.isoformat())
    order, v = shop.order("code_issued", minor=4_200, days_ago=7), visit(360)  # its last day
    fill_in(v, order, "request.reason.other")
    v.next()
    v.step(3)
    v.next()
    v.step(5)
    app.core("clock", "advance", "45m")
    v.next()
    v.sees(v.tx("request.changed.title"))
    v.sees(v.tx("request.verdict.reject"))
    v.settle()
    v.is_sound()
    assert rows(app, "SELECT state FROM cases WHERE order_no = ?", order.order_no) == [("draft",)]


# --- bad input ---------------------------------------------------------------------------------------------------

NASTY = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\"> \u202egnp.exe مرحبا 😀"


def test_what_a_customer_writes_is_text(visit: OpenVisit, shop: Shop, app: RunningApp):
    order, v = shop.order(minor=4_200), visit(360)
    v.go(f"/request?order={order.order_no}")
    v.choose(v.tx("request.reason.not_delivered.game_card"))
    v.page.locator("textarea").fill(NASTY)
    v.next()
    v.step(2)
    v.sees('Game card <b>100</b> & "月卡"')
    v.next()
    v.step(3)
    v.next()
    v.step(5)
    v.sees("<script>document.title='hacked'</script>")
    v.next()
    case_no = v.page.locator(".sent dd").inner_text()
    v.go(f"/track?case={case_no}")
    v.sees("<script>document.title='hacked'</script>")
    v.is_sound()
    assert "hacked" not in v.page.title()
    assert v.page.locator(".stMain img[src=x]").count() == 0


def picture(path: Path) -> Path:
    image = Image.new("RGB", (900, 1200), "white")
    pen = ImageDraw.Draw(image)
    for line in range(55):
        pen.text((30, 20 * line + 20), f"{line:02d} redeemed 2026-11-20 14:02 account 138****2046", fill="black")
    image.save(path)
    return path


def upload(v: Visit, kind: str, path: Path) -> None:
    v.page.locator(f".st-key-up-{kind} input[type=file]").set_input_files(path)


def test_evidence_is_answered_at_once_and_shown_to_nobody_else(
    visit: OpenVisit, page_factory: Callable[..., Page], shop: Shop, tmp_path: Path
):
    """R2.3, invariant 18."""
    order, v = shop.order("code_viewed", minor=30_000, kind="membership"), visit(360)
    fill_in(v, order, "request.reason.service_failed.membership")
    v.sees(v.tx("request.verdict.needs_evidence"))
    v.next()
    v.step(3)
    v.next()
    v.step(4)
    expect(v.page.locator(".st-key-next button")).to_be_disabled()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    upload(v, "missing_service", broken)
    expect(v.page.locator(".bad")).to_be_visible()
    upload(v, "missing_service", picture(tmp_path / "good.png"))
    shown = v.page.locator(".shot img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
    expect(v.page.locator(".bad")).to_have_count(0)
    expect(v.page.locator(".st-key-next button")).to_be_enabled()
    v.settle()
    v.is_sound()
    stranger = page_factory()
    assert stranger.request.get(str(shown.get_attribute("src"))).status == 404


# --- following ----------------------------------------------------------------------------------------------------


def test_the_page_follows_by_itself_and_can_be_withdrawn_from(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R3.7, R5.2."""
    order, v = shop.order(minor=90_000), visit(1280)
    sent = app.core(
        "apply", "--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "90000", "--customer", order.person
    )
    v.go(f"/track?case={sent['case_no']}")
    v.sees(v.tx("track.next.review"))
    app.core("act", sent["case_no"], "ask", "--as", "reviewer:r1", "--note", "哪一天发现的？")
    expect(v.page.locator(".st-key-act-turn")).to_contain_text("哪一天发现的？", timeout=45_000)
    v.settle()
    v.is_sound()
    v.page.locator(".st-key-withdraw button").click()
    dialog = v.page.get_by_role("dialog")
    expect(dialog).to_contain_text(v.tx("track.withdraw.title"))
    v.page.locator(".st-key-yes-withdraw button").click()
    expect(dialog).to_have_count(0)
    v.sees(v.tx("track.did.withdraw"))
    assert app.core("case", sent["case_no"])["state"] == "withdrawn"


def test_the_link_of_a_case_can_be_copied(visit: OpenVisit, shop: Shop, app: RunningApp):
    order, v = shop.order(minor=90_000), visit(360)
    sent = app.core(
        "apply", "--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "90000", "--customer", order.person
    )
    v.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    v.go(f"/track?case={sent['case_no']}")
    v.page.locator(".copy button").click()
    expect(v.page.locator(".copy b")).to_have_text(v.tx("track.link.done"))
    assert v.page.evaluate("navigator.clipboard.readText()") == f"{app.url}/track?case={sent['case_no']}"


def test_a_stranger_learns_nothing(page_factory: Callable[..., Page], shop: Shop, app: RunningApp):
    """Invariant 12."""
    order = shop.order()
    page = page_factory(360)
    page.goto(f"/request?order={order.order_no}")
    expect(page.locator(".stMain")).to_contain_text(texts.of("zh_CN")("shell.door.title"))
    assert "Game card" not in page.content()
