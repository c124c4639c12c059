"""Look-alikes settled together by two people at once, and by one person in two tabs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.domain.actors import Actor
from core.services import cases, desk
from portal.parts.ask_wrong import reason_words
from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import LOOKS, Order, Shop, Visit, at_the_desk
from tests.browser.journeys.test_people import core, state

Pages = Callable[..., Page]


def asked(app: RunningApp, order: Order) -> str:
    """A request that the rules leave to a person, and that costs a fee."""
    actor = Actor("customer", order.person)
    said = {"command_id": order.order_no, "description": "买错了 <b>月卡</b>"}
    return cases.apply(core(app), actor, order.order_no, "other", 9_911, **said).case_no


def opened(page_factory: Pages, width: int, lang: str, person: str, first: str) -> Visit:
    """The list of the largest group of their reason, on top of the first case of it."""
    seat = at_the_desk(page_factory, width, lang, person)
    seat.go(f"/desk?queue=review&case={first}")
    # Other tests of this shop leave groups behind, with other reasons.
    why = reason_words(seat.tx, "other", "software_key")
    seat.page.locator("[class*='st-key-many-'] button").filter(has_text=why).first.click()
    expect(seat.page.locator("[role=dialog] .mrow").first).to_be_visible()
    return seat


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_a_colleague_is_quicker(
    page_factory: Pages, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """Each has a tick, what it comes to and a link; what was not approved says why, and stays."""
    ours = [asked(app, shop.order("code_viewed", minor=9_911, kind="software_key")) for _ in range(3)]
    seat = opened(page_factory, width, lang, "zhou-lan", ours[0])
    rows = seat.page.locator("[role=dialog] .mrow")
    mine = [rows.filter(has_text=case_no) for case_no in ours]
    for row in mine:
        expect(row).to_contain_text(seat.tx("queue.many.gets", amount="¥94.15"))
        expect(row.locator("a")).to_have_attribute("target", "_blank")
        expect(row).to_contain_text("买错了 <b>月卡</b>")
    expect(seat.page.locator(".st-key-many-send")).to_have_count(
        0
    )  # nothing is ticked before it was looked at
    seat.is_sound()
    seat.page.locator(".st-key-many-all button").click()
    expect(seat.page.locator(".st-key-many-send")).to_be_visible()
    seat.is_sound()
    box = seat.page.locator(f".st-key-manyrow-{ours[2]} label").first
    box.click()  # one is left out
    desk.give_back(core(app), Actor("reviewer", "zhou-lan"), ours[0])
    cases.act(core(app), Actor("lead", "tang-wei"), ours[1], "approve", f"quicker-{ours[1]}", note="好")
    seat.page.locator(".st-key-many-send button").click()
    came = seat.page.locator(".came")
    expect(came).to_be_visible()
    expect(came.locator("li.no").filter(has_text=ours[1])).to_contain_text(seat.tx("queue.many.decided"))
    expect(came.locator("li:not(.no)").filter(has_text=ours[0])).to_be_visible()
    expect(seat.page).not_to_have_url(re.compile(ours[0]))  # it is decided: another one is open
    assert state(app, ours[2]) == "in_review"
    seat.is_sound()
    seat.page.locator(".st-key-outcome-read button").click()
    expect(came).to_have_count(0)


def test_one_person_in_two_tabs(page_factory: Pages, shop: Shop, app: RunningApp) -> None:
    """The other tab settled one of them: its list says so, and the button is still there for the rest."""
    # More than any group of this reason in the demo shop, or of the tests above: the largest is opened.
    ours = [asked(app, shop.order("code_viewed", minor=9_911, kind="membership")) for _ in range(8)]
    first = opened(page_factory, 1280, "zh_CN", "qian-yu", ours[0])
    cases.act(core(app), Actor("reviewer", "qian-yu"), ours[1], "reject", f"tab-{ours[1]}", note="看过了")
    first.page.locator(".st-key-many-all button").click()
    first.page.locator(".st-key-many-send button").click()
    came = first.page.locator(".came")
    expect(came.locator("li.no").filter(has_text=ours[1])).to_contain_text(first.tx("queue.many.decided"))
    assert state(app, ours[0]) in ("approved", "paying") and state(app, ours[1]) == "rejected"
