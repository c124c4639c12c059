"""From a no to what changes it: the rule, the fact with its time, the way on, the evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journeys.conftest import LOOKS, OpenVisit, Shop, fill_in, picture, upload


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
    v.page.locator(".st-key-reapply button").click()
    v.step(1)
    expect(v.page).to_have_url(re.compile(rf"/request\?.*{order.order_no}"))


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
