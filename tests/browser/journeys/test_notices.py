"""The bell: a change is seen on any page, opened once, and leads to its refund (R5.8)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_from_the_bell_to_the_refund(visit: OpenVisit, shop: Shop, app: RunningApp, width: int, lang: str):
    order, v = shop.order(minor=90_000), visit(width, lang)
    v.go("/notices")  # what others' tests left is read
    words = ["--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "90000"]
    sent = app.core("apply", *words, "--customer", order.person)
    v.go("/records")
    bell = v.page.locator("header.bar .bell")
    expect(bell).to_contain_text(v.tx("notices.unread", n=1))
    bell.focus()
    v.page.keyboard.press("Enter")
    first = v.page.locator(".told li").first
    expect(first).to_contain_text(v.tx("notice.in_review.title"))
    expect(first).to_contain_text(v.tx("notices.new"))
    expect(v.page.locator(".told .tag")).to_have_count(1)
    v.settle()
    v.is_sound()
    first.locator("a").click()
    expect(v.page).to_have_url(f"{app.url}/track?case={sent['case_no']}")
    expect(bell).to_have_text(f"notifications{v.tx('notices.title')}")
