"""A page that stays open after its visitor has left: what it still shows does nothing any more."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop
from tests.browser.journeys.test_following import applied


def test_an_open_dialog_does_nothing_for_who_has_left(visit: OpenVisit, shop: Shop, app: RunningApp) -> None:
    """Signed out in another tab of the same browser; the page says so and shows nothing more."""
    case_no = applied(app, shop.order(minor=90_000))["case_no"]
    v = visit(360)
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-withdraw button").click()
    yes = v.page.locator(".st-key-yes-withdraw button")
    expect(yes).to_be_visible()
    assert v.page.request.post("/session/end", headers={"Origin": app.url}).ok
    yes.click()
    expect(v.page.get_by_text(case_no)).to_have_count(0)
    expect(yes).to_have_count(0)
    assert app.core("case", case_no)["state"] == "in_review"


def test_nor_for_whom_the_browser_belongs_to_now(visit: OpenVisit, shop: Shop, app: RunningApp) -> None:
    case_no = applied(app, shop.order(minor=90_000))["case_no"]
    v = visit(1280)
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-withdraw button").click()
    yes = v.page.locator(".st-key-yes-withdraw button")
    expect(yes).to_be_visible()
    other = next(person for person in ("c01", "c02") if person != shop.person)
    assert v.page.request.get(f"/session/demo?as={other}&to=/robots.txt").ok
    yes.click()
    expect(v.page.get_by_text(case_no)).to_have_count(0)
    expect(yes).to_have_count(0)
    assert app.core("case", case_no)["state"] == "in_review"
