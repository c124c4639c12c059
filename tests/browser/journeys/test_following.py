"""Following a case: the page looks again by itself; withdrawing, copying the link; no strangers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from core import texts
from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Order, Shop


def applied(app: RunningApp, order: Order) -> Any:
    """A request for ¥900.00, which a person has to look at."""
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "90000"]
    return app.core("apply", *words, "--customer", order.person)


def test_the_page_follows_by_itself_and_can_be_withdrawn_from(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R3.7, R5.2."""
    order, v = shop.order(minor=90_000), visit(1280)
    sent = applied(app, order)
    v.go(f"/track?case={sent['case_no']}")
    v.sees(v.tx("track.next.review"))
    app.core("act", sent["case_no"], "ask", "--as", "reviewer:r1", "--note", "哪一天发现的？")
    expect(v.page.locator(".st-key-act-turn")).to_contain_text("哪一天发现的？", timeout=45_000)
    v.settle()
    v.is_sound()
    v.page.locator(".st-key-withdraw button").click()
    dialog = v.page.get_by_role("dialog")
    expect(dialog).to_contain_text(v.tx("track.withdraw.title"))
    for button, least in ((".stButton button", 44), ('[aria-label="Close"]', 32)):
        for found in dialog.locator(button).all():
            box = found.bounding_box()
            assert box is not None and box["height"] >= least, "a thumb finds it"
    v.page.locator(".st-key-yes-withdraw button").click()
    expect(dialog).to_have_count(0)
    v.sees(v.tx("track.did.withdraw"))
    assert app.core("case", sent["case_no"])["state"] == "withdrawn"


def test_an_answer_that_is_typed_is_not_lost(visit: OpenVisit, shop: Shop, app: RunningApp):
    """R2.5: a reload, Help and back, another language; sent, the next question begins empty."""
    sent, v = applied(app, shop.order(minor=90_000)), visit(360)
    case_no, answer = sent["case_no"], "昨天晚上买的，一直没有到账。"
    ask = ("act", case_no, "ask", "--as", "reviewer:r1", "--note")
    app.core(*ask, "哪一天发现的？")
    field, send = v.page.locator(".st-key-act-turn textarea"), v.page.locator(".st-key-do-answer button")
    v.go(f"/track?case={case_no}")
    field.press_sequentially(answer)
    v.page.reload()
    expect(field).to_have_value(answer)
    v.go("/help")
    v.page.go_back()
    expect(field).to_have_value(answer)
    v.go(f"/session/lang?lang=en&to=/track?case={case_no}")
    expect(field).to_have_value(answer)
    v.settle()
    send.click()
    v.sees(texts.of("en")("track.did.answer"))
    assert app.core("case", case_no)["state"] == "in_review"
    app.core(*ask, "还有呢？")
    v.go(f"/track?case={case_no}")
    v.sees("还有呢？")
    expect(field).to_have_value("")


def test_what_is_typed_for_an_arbiter_outlasts_esc(visit: OpenVisit, shop: Shop, app: RunningApp):
    """The dialog is closed by mistake, with the focus still in the field."""
    sent, v, why = applied(app, shop.order(minor=90_000)), visit(1280), "我没有用过这张卡。"
    app.core("act", sent["case_no"], "ask", "--as", "reviewer:r1", "--note", "哪一天发现的？")
    v.go(f"/track?case={sent['case_no']}")
    field = v.page.get_by_role("dialog").locator("textarea")
    v.page.locator(".st-key-dispute button").click()
    field.press_sequentially(why)
    field.press("Escape")
    expect(v.page.get_by_role("dialog")).to_have_count(0)
    v.settle()
    v.page.locator(".st-key-dispute button").click()
    expect(field).to_have_value(why)


def test_the_link_of_a_case_can_be_copied(visit: OpenVisit, shop: Shop, app: RunningApp):
    order, v = shop.order(minor=90_000), visit(360)
    sent = applied(app, order)
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
