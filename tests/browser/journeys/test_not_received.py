"""'Refunded, but nothing arrived': found in the customer's own bill; or told, and answered (R5.4, R5.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache

import pytest
from playwright.sync_api import Page, expect

from core import worker
from core.app import App, Settings, build
from core.domain.actors import SYSTEM
from core.domain.workdays import ZONE
from core.services import missing
from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import LOOKS, OpenVisit, Shop, Visit, at_the_desk, move_clock, until_paid
from tests.core.services.test_missing import bill

SUPPORT = "he-min"
WORDS = {
    "zh_CN": ("两张卡的账单都看过了", "已经入账，请看尾号 2046 的明细。"),
    "en": ("I looked at both cards", "It is on the card ending in 2046."),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Nobody else's clock is moved."""
    with serving(tmp_path_factory.mktemp("missing")) as running:
        yield running


@lru_cache(maxsize=1)
def core(app: RunningApp) -> App:
    """The same shop in this process: quicker than its command line."""
    return build(Settings(database_url=app.database_url, store_url=app.env["REFUND_STORE_URL"], demo=True))


def refunded(app: RunningApp, shop: Shop, days: int) -> str:
    """A refund that the channel delivered, by its own word, so many days ago."""
    order = shop.order()
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", str(order.paid_minor)]
    case_no: str = app.core("apply", *words, "--customer", order.person)["case_no"]
    for moved in (timedelta(), timedelta(days=days)):
        move_clock(core(app), moved)
        worker.run_until_idle(core(app))
    until_paid(core(app), case_no)
    return case_no


def own_bill(app: RunningApp, case_no: str, *, has_it: bool) -> bytes:
    """What Alipay would have sent them, up to today."""
    [piece] = missing.look(core(app), SYSTEM, case_no).pieces
    assert piece.sent.sent_at and piece.sent.arrived_at
    begins, ends = piece.sent.sent_at.astimezone(ZONE), core(app).now().astimezone(ZONE)
    rows = [(f"{ends:%Y-%m-%d} 08:00:00", "18.00", "2026OTHER")]
    if has_it:
        at = piece.sent.arrived_at.astimezone(ZONE)
        rows.append((f"{at:%Y-%m-%d %H:%M:%S}", "199.90", f"{piece.sent.trade_no}_{piece.sent.key}"))
    return bill(*rows, begins=f"{begins:%Y-%m-%d}", ends=f"{ends:%Y-%m-%d}")


def unfold(v: Visit) -> None:
    """The block, where it is not open by itself."""
    block = v.page.locator("details", has_text=v.tx("track.missing.title")).first
    if block.get_attribute("open") is None:
        block.locator("summary").click()
    v.settle()


def upload(v: Visit, data: bytes, name: str = "alipay.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": data}
    taking = v.page.locator(".st-key-plain-bill input[type=file]")
    expect(taking).to_have_count(1)  # the one of the file before has gone
    taking.set_input_files([file])


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_it_is_in_their_own_bill(
    visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    case_no = refunded(app, shop, 5)
    v = visit(width, lang)
    v.go(f"/track?case={case_no}")
    unfold(v)
    v.sees(v.tx("track.missing.where", channel=v.tx("channel.alipay")))
    v.is_sound()
    upload(v, b"name,age\nmei,30\n", "contacts.csv")
    v.sees(v.tx("track.bill.unknown"))
    v.sees("contacts.csv")
    upload(v, own_bill(app, case_no, has_it=True))
    v.sees(v.tx("track.bill.found"))
    v.sees(v.tx("track.bill.by_refund_number"))
    v.is_sound()
    keep = v.page.locator(".st-key-do-keep button")
    expect(keep).to_be_disabled()
    v.page.get_by_text(v.tx("track.bill.keep")).click()
    expect(keep).to_be_enabled()
    keep.click()
    expect(v.page.locator(".note.ok")).to_be_visible()
    expect(v.page.locator(".loc .sure")).to_contain_text("6")  # on top: the line of their own bill
    v.is_sound()


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_it_is_not_there_and_support_answers(
    visit: OpenVisit,
    page_factory: Callable[..., Page],
    shop: Shop,
    app: RunningApp,
    width: int,
    lang: str,
) -> None:
    case_no, (says, answers) = refunded(app, shop, 20), WORDS[lang]
    v = visit(width, lang)
    v.go(f"/track?case={case_no}")
    unfold(v)
    upload(v, own_bill(app, case_no, has_it=False))
    v.sees(v.tx("track.bill.absent"))
    v.is_sound()
    v.page.locator("textarea").fill(says)
    v.page.locator(".st-key-do-ticket button").click()
    v.sees(v.tx("track.ticket.open"))
    expect(v.page.locator(".loc h1")).to_contain_text(v.tx("channel.alipay"))
    v.is_sound()

    worker.run_until_idle(core(app))
    desk = at_the_desk(page_factory, width, lang, SUPPORT)
    desk.go("/support")
    desk.sees(case_no)
    desk.sees(says)
    desk.sees(desk.tx("support.ticket.bill_missing"))
    desk.is_sound()
    card = desk.page.locator('[class*="st-key-card-ticket-"]', has_text=case_no)
    card.locator("textarea").fill(answers)
    card.locator('[class*="st-key-close-"] button').click()
    desk.sees(desk.tx("support.ticket.done"))
    expect(card).to_have_count(0)
    desk.is_sound()

    # The page looks again by itself, every twenty seconds.
    expect(v.page.locator(".stMain")).to_contain_text(answers, timeout=40_000)
    v.sees(v.tx("track.ticket.closed"))
    v.is_sound()
