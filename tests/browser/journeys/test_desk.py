"""Both sides of a decision: a reviewer at the desk by keys alone, the customer reading what was promised."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core import texts
from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop, Visit
from tests.browser.journeys.test_following import applied


def at_the_desk(page_factory: Callable[..., Page], width: int, lang: str, person: str) -> Visit:
    """A member of staff, signed in by the demo's door."""
    page = page_factory(width, lang)
    page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    page.request.get(f"/session/demo?as={person}&to=/robots.txt")
    return Visit(page, texts.of(lang))


def press(seat: Visit, event: str, key: str) -> None:
    """A key for a button that is there by now."""
    expect(seat.page.locator(f".st-key-do-{event} button")).to_be_visible()
    seat.settle()
    seat.page.keyboard.press(key)


@pytest.mark.parametrize(("width", "lang"), [(1280, "zh_CN"), (360, "en")])
def test_refused_then_appealed_and_paid(
    page_factory: Callable[..., Page],
    visit: OpenVisit,
    shop: Shop,
    app: RunningApp,
    width: int,
    lang: str,
):
    """R3.5, R3.6: refused with its reason, appealed, approved by another person, on its way."""
    order, v = shop.order(minor=90_000), visit(width, lang)
    case_no = applied(app, order)["case_no"]
    desk = at_the_desk(page_factory, width, lang, "zhou-lan")
    desk.go(f"/desk?queue=review&case={case_no}")
    press(desk, "reject", "x")
    note = desk.page.locator(".st-key-card-decide textarea")
    note.fill("订单号看不清" if lang == "zh_CN" else "The order number cannot be read")
    note.press("Control+Enter")
    expect(desk.page.locator(".reads .quote")).to_be_visible()
    desk.settle()
    desk.is_sound()
    desk.page.locator(".st-key-desk-send button").click()
    expect(desk.page.locator(".reads")).to_have_count(0)
    assert app.core("case", case_no)["state"] == "rejected"

    v.go(f"/track?case={case_no}")
    v.sees("订单号看不清" if lang == "zh_CN" else "The order number cannot be read")
    v.page.locator(".st-key-act-turn textarea").fill("W")
    v.page.locator(".st-key-do-appeal button").click()
    v.sees(v.tx("track.did.appeal"))

    second = at_the_desk(page_factory, width, lang, "qian-yu")
    second.go(f"/desk?queue=appeal&case={case_no}")
    press(second, "approve", "a")
    expect(second.page.locator(".reads")).to_be_visible()
    second.page.locator(".st-key-desk-send button").click()
    expect(second.page.locator(".reads")).to_have_count(0)
    expect(v.page.locator(".loc h1")).not_to_be_empty()
    assert app.core("case", case_no)["state"] in ("approved", "paying")
