"""From a no to what changes it: the rule, the fact with its time, the way on, the evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.journeys.conftest import LOOKS, OpenVisit, Shop, fill_in, picture, upload


@pytest.mark.parametrize(("width", "lang"), LOOKS)
def test_a_refusal_explains_itself(visit: OpenVisit, shop: Shop, width: int, lang: str):
    """R1.2, R1.4, R3.5: the rule, the fact with its time, what would change it, and the way on."""
    order, v = shop.order("redeemed", minor=5_000, days_ago=2), visit(width, lang, reads_every_step=True)
    fill_in(v, order, "reason_said.other")
    v.sees(v.tx("request.verdict.reject"))
    v.sees(v.tx.when(order.delivery_at, shop.now()))
    v.sees(v.tx("request.flip.contest"))
    v.page.locator(".st-key-rule summary").first.click()
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
    fill_in(v, order, "reason_said.other")
    v.page.locator(".st-key-add-proof button").click()
    v.step(4)
    ways = v.page.locator(".st-key-up-redemption_record .take")
    heard = f"{v.tx('request.evidence.add')} {v.tx('evidence_kind.redemption_record')}"
    expect(ways.get_by_label(heard)).to_have_count(1)  # what a screen reader says of the way in
    expect(v.page.get_by_test_id("stFileUploader").get_by_role("button")).to_have_count(0)  # Streamlit's own
    upload(v, "redemption_record", picture(tmp_path / "record.png"))
    expect(v.page.locator(".turned")).to_contain_text(v.tx("verdict_said.reject"))
    v.settle()
    v.next()
    v.step(3)
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
    expect(v.page.locator(".bad:visible")).to_have_count(1)
    upload(v, "missing_service", picture(tmp_path / "good.png"))
    shown = v.page.locator(".shot img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
    expect(v.page.locator(".bad:visible")).to_have_count(0)
    expect(v.page.locator(".st-key-next button")).to_be_enabled()
    v.settle()
    v.is_sound()
    stranger = page_factory()
    assert stranger.request.get(str(shown.get_attribute("src"))).status == 404


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_file_gets_one_sentence_and_no_old_one_stays(
    visit: OpenVisit, shop: Shop, tmp_path: Path, lang: str
):
    """R2.3: what the browser holds back, what we refuse, what is on its way: never Streamlit's own words."""
    order, v = shop.order("code_viewed", minor=30_000, kind="membership"), visit(360, lang)
    fill_in(v, order, "request.reason.service_failed.membership")
    v.next()
    v.step(3)
    v.next()
    v.step(4)
    large, text = tmp_path / "photo.jpg", tmp_path / "notes.txt"
    large.write_bytes(b"\xff\xd8\xff" + bytes(13 * 1024 * 1024))
    text.write_text("hello")
    refused = v.tx("picture.not_a_picture")
    held_back = v.tx("takes.too_large", n=10)

    def answer(file: Path, kind: str, sentence: str) -> None:
        upload(v, kind, file)
        shown = v.page.locator(".stMain [role=alert]:visible")
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text(sentence)
        expect(v.page.locator(f".st-key-up-{kind} [role=alert]:visible")).to_have_count(1)

    answer(text, "missing_service", refused)
    answer(large, "missing_service", held_back)
    v.is_sound()
    answer(text, "missing_service", refused)
    answer(large, "other", held_back)
    answer(text, "other", refused)
    upload(v, "missing_service", picture(tmp_path / "good.png"))
    expect(v.page.locator(".shot img")).to_be_visible()
    expect(v.page.locator(".stMain [role=alert]:visible")).to_have_count(0)
    expect(v.page.locator(".turned")).to_contain_text(v.tx("verdict_said.needs_evidence"))
    v.is_sound()


def test_a_file_on_its_way_says_so(visit: OpenVisit, shop: Shop, tmp_path: Path):
    order, v = shop.order("code_viewed", minor=30_000, kind="membership"), visit(360)
    fill_in(v, order, "request.reason.service_failed.membership")
    v.next()
    v.step(3)
    v.next()
    v.step(4)
    held: list[Route] = []
    v.page.route("**/_stcore/upload_file/**", lambda route: held.append(route))
    on_its_way = v.page.locator(".st-key-up-missing_service .going li")
    expect(on_its_way).to_have_count(0)
    with v.page.expect_request("**/_stcore/upload_file/**"):
        upload(v, "missing_service", picture(tmp_path / "good.png"))
    expect(on_its_way).to_be_visible()
    held.pop().continue_()
    expect(v.page.locator(".shot img")).to_be_visible()
    expect(on_its_way).to_have_count(0)
