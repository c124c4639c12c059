"""Both sides of what people decide, each in a browser of its own, in both languages: a shop of their own, for
here days pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import worker
from core.app import App, Settings, build
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import warnings
from core.services import cases
from core.services.case_views import CaseView
from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import (
    OpenVisit,
    Order,
    Shop,
    Visit,
    at_the_desk,
    move_clock,
    picture,
    press,
    until_paid,
    upload,
)

LANGUAGES = pytest.mark.parametrize(("width", "lang"), [(1280, "zh_CN"), (360, "en")])
Pages = Callable[..., Page]
SAID = {
    "zh_CN": (
        "看不清订单号", "哪一天发现的？", "见新图", "双方说法不一", "退没用的部分", "原账户注销了",
        "看了双方的材料", "余额马上能用",
    ),
    "en": (
        "The order number cannot be read", "When did you notice?", "See the new picture", "We disagree",
        "The unused part is refunded", "The old account is closed",
        "Both sides were heard", "A balance is there at once",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Nobody else's clock is moved."""
    with serving(tmp_path_factory.mktemp("people")) as running:
        yield running


def decide(desk: Visit, event: str, key: str, note: str = "", *, sound: bool = False) -> None:
    """One decision: choose it, write, send what is written, by a key at a desk and by a tap on a phone; done
    when the form is gone.
    """
    press(desk, event, key)
    send = desk.page.locator("[class*=st-key-desk-send] button")
    expect(send).to_be_in_viewport()
    if note:
        desk.page.locator(".st-key-card-decide textarea").fill(note)
    if sound:
        desk.is_sound()
    if desk.page.viewport_size["width"] < 600:
        send.click()
    else:
        desk.page.keyboard.press("Control+Enter")
    try:
        expect(send).to_have_count(0)
    except AssertionError as still:
        said = desk.page.locator("[data-testid=stToast]").all_inner_texts()
        raise AssertionError(f"{event} was not sent; the page says {said}") from still


@lru_cache(maxsize=1)
def core(app: RunningApp) -> App:
    """The same shop in this process: quicker than its command line."""
    return build(Settings(database_url=app.database_url, store_url=app.env["REFUND_STORE_URL"], demo=True))


def pass_time(app: RunningApp, span: timedelta) -> None:
    """What is due now is done first: money that is sent today arrives by then."""
    for moved in (timedelta(), span):
        move_clock(core(app), moved)
        worker.run_until_idle(core(app))


def case(app: RunningApp, case_no: str) -> CaseView:
    return cases.view(core(app), SYSTEM, case_no)


def state(app: RunningApp, case_no: str) -> str:
    return case(app, case_no).state


def applied(app: RunningApp, order: Order) -> str:
    """A request that a person has to look at."""
    actor = Actor("customer", order.person)
    command = f"people-{order.order_no}"
    return cases.apply(core(app), actor, order.order_no, "not_delivered", 90_000, command_id=command).case_no


@LANGUAGES
def test_refused_appealed_with_new_evidence_approved_by_another_and_paid(
    page_factory: Pages, visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path, width: int, lang: str
) -> None:
    """R3.5, R3.6, R4.7."""
    refused, _, new, *_ = SAID[lang]
    case_no = applied(app, shop.order(minor=90_000))
    desk, v = at_the_desk(page_factory, width, lang, "zhou-lan"), visit(width, lang)
    desk.go(f"/desk?queue=review&case={case_no}")
    decide(desk, "reject", "x", refused)
    v.go(f"/track?case={case_no}")
    v.sees(refused)
    v.page.locator(".st-key-act-turn textarea").fill(new)
    v.page.locator(".st-key-do-appeal button").click()
    v.sees(v.tx("refusal.new_evidence_needed"))
    upload(v, "other", picture(tmp_path / "new.png"))
    expect(v.page.locator(".st-key-act-turn .shot img")).to_have_count(1)
    v.is_sound()
    v.page.locator(".st-key-do-appeal button").click()
    v.sees(v.tx("track.did.appeal"))
    expect(v.page.locator(".chat .out img")).to_have_count(1)
    same = at_the_desk(page_factory, width, lang, "zhou-lan")
    same.go(f"/desk?queue=appeal&case={case_no}")
    expect(same.page.locator(".notice")).to_be_visible()  # who refused it does not judge the appeal
    expect(same.page.locator(".st-key-do-approve")).to_have_count(0)
    second = at_the_desk(page_factory, width, lang, "qian-yu")
    second.go(f"/desk?queue=appeal&case={case_no}")
    decide(second, "approve", "a")
    pass_time(app, timedelta(days=4))
    until_paid(core(app), case_no)
    v = visit(width, lang)  # sessions do not last for days
    v.go(f"/track?case={case_no}")
    v.sees(v.tx("track.did.complete"))


@LANGUAGES
def test_a_question_unanswered_closes_it_after_two_warnings(
    page_factory: Pages, visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """R3.3."""
    question = SAID[lang][1]
    case_no = applied(app, shop.order(minor=90_000))
    desk, v = at_the_desk(page_factory, width, lang, "zhou-lan"), visit(width, lang)
    desk.go(f"/desk?queue=review&case={case_no}")
    decide(desk, "ask", "q", question)
    v.go(f"/track?case={case_no}")
    v.sees(question)
    due, now = case(app, case_no).due_at, core(app).now()
    assert due is not None
    warned = [at for at, _ in warnings("awaiting_customer", now, due, core(app).calendar)]
    assert len(warned) == 2
    for moment in (*warned, due):
        pass_time(app, moment - core(app).now() + timedelta(seconds=1))
    assert state(app, case_no) == "closed"
    v = visit(width, lang)  # half a day is a session
    v.go("/notices")
    told = v.page.locator(".told a", has=v.page.locator(f"[href*='{case_no}']")).or_(
        v.page.locator(f".told a[href*='{case_no}']")
    )
    soon = v.tx("notice.answer_due_soon.title")
    expect(told.filter(has_text=soon)).to_have_count(2)
    expect(told.filter(has_text=v.tx("notice.unanswered.title"))).to_have_count(1)
    v.go(f"/track?case={case_no}")
    v.sees(v.tx("track.did.lapse_reply"))


@LANGUAGES
def test_a_dispute_is_ruled_by_the_arbiter(
    page_factory: Pages, visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """R3.4: offered once there is something to dispute; the arbiter sees what the customer sees."""
    _, question, _, disputed, *_ = SAID[lang]
    case_no = applied(app, shop.order(minor=90_000))
    desk, v = at_the_desk(page_factory, width, lang, "zhou-lan"), visit(width, lang)
    desk.go(f"/desk?queue=review&case={case_no}")
    decide(desk, "ask", "q", question)
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-dispute button").click()
    v.page.locator("[role=dialog] textarea").fill(disputed)
    v.page.locator(".st-key-yes-dispute button").click()
    v.sees(v.tx("track.did.dispute"))
    arbiter = at_the_desk(page_factory, width, lang, "shen-bo")
    arbiter.go(f"/desk?queue=arbitration&case={case_no}")
    for said in (question, disputed):
        arbiter.sees(said)
        v.sees(said)
    decide(arbiter, "approve", "a", SAID[lang][6], sound=True)
    v.go(f"/track?case={case_no}")
    v.sees(v.tx("track.did.approve"))
    pass_time(app, timedelta(days=4))
    until_paid(core(app), case_no)


@LANGUAGES
def test_an_offer_is_made_and_taken(
    page_factory: Pages, visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """R4.2: the customer sees amounts that sum before agreeing, and gets exactly that."""
    part = SAID[lang][4]
    case_no = applied(app, shop.order(minor=90_000))
    desk, v = at_the_desk(page_factory, width, lang, "zhou-lan"), visit(width, lang)
    desk.go(f"/desk?queue=review&case={case_no}")
    press(desk, "offer", "o")
    amount = desk.page.locator(".st-key-card-decide input[type=text]").first
    amount.fill("500")
    amount.press("Enter")
    field = desk.page.locator(".st-key-card-decide textarea")
    field.fill(part)
    field.press("Tab")
    expect(desk.page.locator(".reads .sum")).to_be_visible()
    desk.is_sound()
    desk.page.locator("[class*=st-key-desk-send] button").click()
    expect(desk.page.locator(".reads")).to_have_count(0)
    v.go(f"/track?case={case_no}")
    v.sees(part)
    expect(v.page.locator(".st-key-act-turn .sum .total")).to_contain_text("¥500.00")
    v.is_sound()
    v.page.locator("[class*=st-key-do-accept] button").click()
    v.sees(v.tx("track.did.accept"))
    assert case(app, case_no).approved_minor == 50_000


@LANGUAGES
def test_a_negotiated_refund_is_transferred_by_hand(
    page_factory: Pages, visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path, width: int, lang: str
) -> None:
    """R4.5: proof of closure, two people, a reference; the whole number is for finance alone. What finance
    would rather do is suggested, and the customer keeps to theirs.
    """
    closed, sooner = SAID[lang][5], SAID[lang][7]
    order = shop.order(minor=90_000, escrow=True)
    case_no = applied(app, order)
    desk, v = at_the_desk(page_factory, width, lang, "zhou-lan"), visit(width, lang)
    desk.go(f"/desk?queue=review&case={case_no}")
    decide(desk, "approve", "a")
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-act-turn label", has_text=v.tx("track.turn.way.transfer")).click()
    for label, typed in (("payee_holder", "赵六"), ("payee_account", "6222 0212 3456 1234")):
        field = v.page.get_by_label(v.tx(f"track.turn.{label}"))
        field.fill(typed)
        field.press("Tab")
    v.settle()
    v.page.locator("[class*=st-key-do-propose] button").click()
    v.sees(v.tx("refusal.proof_of_closure_missing"))
    upload(v, "account_closed", picture(tmp_path / "closed.png"))
    expect(v.page.locator(".st-key-act-turn .shot img")).to_have_count(1)
    v.is_sound()
    v.page.locator("[class*=st-key-do-propose] button").click()
    v.sees(v.tx("track.did.propose"))
    finance = at_the_desk(page_factory, width, lang, "gu-ning")
    finance.go(f"/desk?queue=talks&case={case_no}")
    press(finance, "counter", "w")
    send = finance.page.locator("[class*=st-key-desk-send] button")
    expect(send).to_be_in_viewport()  # the form's end, so all of it
    finance.page.locator(".st-key-card-decide label", has_text=finance.tx("way.balance")).click()
    expect(finance.page.get_by_role("radio", name=finance.tx("way.balance"))).to_be_checked()
    finance.page.locator(".st-key-card-decide textarea").fill(sooner)
    finance.page.locator(".st-key-card-decide textarea").press("Tab")
    expect(finance.page.locator(".reads .quote")).to_be_visible()
    suggested = v.tx("track.turn.suggest", way=v.tx("track.suggest.balance"))
    expect(finance.page.locator(".reads")).to_contain_text(suggested)
    finance.is_sound()
    finance.page.locator("[class*=st-key-desk-send] button").click()
    expect(finance.page.locator(".reads")).to_have_count(0)
    v.go(f"/track?case={case_no}")
    v.sees(suggested)
    expect(v.page.locator(".st-key-act-turn .quote")).to_have_text(sooner)
    v.is_sound()
    v.page.locator(".st-key-other-way button").click()
    expect(v.page.locator(".st-key-act-turn [role=radiogroup]").first).to_be_visible()
    v.is_sound()
    v.go(f"/track?case={case_no}")
    v.page.locator("[class*=st-key-keep-way] button").click()
    theirs = " · ".join((v.tx("track.turn.way.transfer_other"), f"{v.tx('channel.alipay')} ****1234"))
    v.sees(v.tx("track.turn.talks_said_one", way=theirs))
    finance.go(f"/desk?queue=talks&case={case_no}")
    press(finance, "agree", "g")
    finance.sees("6222021234561234")
    finance.page.locator(".st-key-card-decide textarea").fill(closed)
    finance.page.locator(".st-key-card-decide textarea").press("Tab")
    expect(finance.page.locator(".reads .quote")).to_be_visible()
    finance.is_sound()
    finance.page.locator("[class*=st-key-desk-send] button").click()
    expect(finance.page.locator(".reads")).to_have_count(0)
    worker.run_until_idle(core(app))
    v.go(f"/track?case={case_no}")
    v.sees("****1234")
    assert "6222021234561234" not in v.page.content()
    finance.go(f"/desk?queue=transfers&case={case_no}")
    press(finance, "transfer", "p")
    reference = finance.page.locator(".st-key-card-decide input[type=text]").first
    reference.fill("HAND-20261127-1")
    reference.press("Enter")
    expect(finance.page.locator(".reads")).to_be_visible()
    finance.page.locator("[class*=st-key-desk-send] button").click()
    expect(finance.page.locator(".reads")).to_have_count(0)
    until_paid(core(app), case_no)
    v.go(f"/track?case={case_no}")
    v.sees(v.tx("track.did.complete"))


@LANGUAGES
def test_support_finds_it_and_gives_the_link(
    page_factory: Pages, visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """R5.6: by the amount and the beginning of the number; the link opens on the customer's own screen."""
    order = shop.order(minor=91_717)
    case_no = applied(app, order)
    support = at_the_desk(page_factory, width, lang, "he-min")
    support.go("/support")
    field = support.page.locator(".stMain input[type=text]").first
    field.fill(f"{order.order_no[:6]} 917.17")
    field.press("Enter")
    support.sees(support.tx("stuck.review"))
    support.is_sound()
    link = support.page.locator(".hits .copy button").first.get_attribute("data-path")
    assert link is not None and re.fullmatch(r"/track\?case=[\w-]+", link)
    v = visit(width, lang)
    v.go(link)
    v.sees(case_no)


def test_a_simple_case_takes_two_keys(page_factory: Pages, shop: Shop, app: RunningApp) -> None:
    """A reviewer opens the desk and sees the case; A, then Ctrl+Enter, and the next one is there."""
    first, second = (applied(app, shop.order(minor=90_000 + extra)) for extra in (1, 2))
    desk = at_the_desk(page_factory, 1280, "zh_CN", "zhou-lan")
    desk.go(f"/desk?queue=review&case={first}")
    keys = 0
    press(desk, "approve", "a")
    keys += 1
    expect(desk.page.locator("[class*=st-key-desk-send] button")).to_be_enabled()
    expect(desk.page.locator(".reads")).to_be_visible()
    desk.settle()
    desk.page.keyboard.press("Control+Enter")
    keys += 1
    expect(desk.page.locator(".reads")).to_have_count(0)
    assert state(app, first) in ("approved", "paying") and keys <= 3
    expect(desk.page).not_to_have_url(re.compile(first))
    assert state(app, second) == "in_review"
