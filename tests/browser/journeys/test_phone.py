"""A phone of 360 px in both languages: what a thumb can hit, which keyboard comes up, what stands where."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.conftest import RunningApp
from tests.browser.journeys.conftest import OpenVisit, Shop, Visit, fill_in, picture, rows
from tests.browser.journeys.conftest import upload as choose
from tests.browser.journeys.test_people import applied

PHONE = pytest.mark.parametrize("lang", ["zh_CN", "en"])
LEAST = 24  # pixels: WCAG 2.5.8
# Folds are opened: what is in them is pressed as well.
TOO_LOW = """least => {
  document.querySelectorAll(".stMain details").forEach((fold) => { fold.open = true; });
  return [...document.querySelectorAll(".stApp :is(a[href], button, summary)")]
    .filter((each) => each.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true }))
    .map((each) => [each.getBoundingClientRect().height, each.outerHTML.slice(0, 160)])
    .filter(([height]) => height > 1 && height < least);
}"""


def at(v: Visit, path: str) -> None:
    v.go(path)
    low = v.page.evaluate(TOO_LOW, LEAST)
    assert not low, (path, low)


def box(found: Locator) -> FloatRect:
    expect(found).to_be_visible()
    said = found.bounding_box()
    assert said is not None
    return said


def as_another(v: Visit, person: str) -> None:
    v.page.request.get(f"/session/demo?as={person}&to=/robots.txt")


def calls_up(v: Visit, field: str, mode: str) -> None:
    expect(v.page.locator(f"{field} input")).to_have_js_property("inputMode", mode)


@PHONE
def test_a_thumb_hits_every_link(visit: OpenVisit, shop: Shop, app: RunningApp, lang: str) -> None:
    v = visit(360, lang)
    case_no = applied(app, shop.order(minor=90_000))
    for path in (
        "/request",
        "/track?case=none",
        f"/evidence?case={case_no}",
        "/notices",
        "/records",
        "/help",
    ):
        at(v, path)
    app.core("act", case_no, "ask", "--as", "reviewer:r1", "--note", "哪一天发现的？")
    at(v, f"/track?case={case_no}")
    fill_in(v, shop.order())
    at(v, v.page.url)
    [done, *_] = rows(app, "SELECT case_no, customer_id FROM cases WHERE state = 'completed'")
    as_another(v, done[1])
    for path in (f"/track?case={done[0]}", "/verify", "/"):
        at(v, path)
    [owner, *_] = rows(app, "SELECT customer_id FROM balance_lots WHERE payout_id IS NOT NULL")
    as_another(v, owner[0])
    at(v, "/wallet")
    expect(v.page.locator("small a").first).to_be_visible()
    v.page.context.clear_cookies()
    v.page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    at(v, "/?view=find")


def test_numbers_call_up_the_keypad(visit: OpenVisit, shop: Shop, app: RunningApp) -> None:
    """Only where nothing but digits can stand: an order's number may have letters."""
    v = visit(360)
    v.go(f"/request?order={shop.order().order_no}")
    v.page.get_by_text(v.tx("request.wrong.part"), exact=True).click()
    calls_up(v, "[class*=st-key-amount-]", "decimal")
    v.go(f"/request?order={shop.order(quantity=3).order_no}")
    calls_up(v, "[class*=st-key-pieces-]", "numeric")

    case_no = applied(app, shop.order(minor=90_000, escrow=True))
    app.core("act", case_no, "approve", "--as", "reviewer:r1", "--note", "ok")
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-act-turn label", has_text=v.tx("track.turn.way.transfer")).click()
    for channel, mode in (("alipay", ""), ("card", "numeric"), ("wechat", "")):
        v.page.locator("[class*=st-key-payee-channel-] label", has_text=v.tx(f"channel.{channel}")).click()
        v.settle()
        calls_up(v, "[class*=st-key-payee-account-]", mode)
    calls_up(v, "[class*=st-key-payee-holder-]", "")

    v.page.context.clear_cookies()
    v.go("/?view=find")
    calls_up(v, ".st-key-find_amount", "decimal")
    calls_up(v, ".st-key-find_order", "")


@PHONE
def test_who_misses_their_money_finds_where_to_ask(visit: OpenVisit, app: RunningApp, lang: str) -> None:
    """Below the sentence that it arrived, not at the end of the page; closed, as most do not need it."""
    v = visit(360, lang)
    [done, *_] = rows(
        app,
        "SELECT c.case_no, c.customer_id FROM cases c JOIN payouts p ON p.case_no = c.case_no "
        "WHERE c.state = 'completed' AND p.state = 'arrived' AND p.channel = 'alipay'",
    )
    as_another(v, done[1])
    v.go(f"/track?case={done[0]}")
    asks = v.page.locator("details", has_text=v.tx("track.missing.title"))
    money, story = box(v.page.locator(".st-key-card-loc")), box(v.page.locator(".st-key-card-tl"))
    assert money["y"] + money["height"] <= box(asks)["y"] < story["y"]
    assert asks.get_attribute("open") is None
    v.is_sound()


@PHONE
def test_what_can_be_done_with_a_picture_stands_in_one_row(
    visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path, lang: str
) -> None:
    v = visit(360, lang)
    case_no = applied(app, shop.order(minor=90_000))
    v.go(f"/evidence?case={case_no}")
    choose(v, "other", picture(tmp_path / "own.png"))
    acts = v.page.locator("[class*=st-key-acts-]")
    expect(acts).to_be_visible()
    v.settle()
    things = acts.locator("button:visible, .take.swap:visible")
    expect(things).to_have_count(3)
    boxes = [box(each) for each in things.all()]
    middles = [each["y"] + each["height"] / 2 for each in boxes]
    assert max(middles) - min(middles) < 2, boxes
    assert all(each["height"] >= 44 for each in boxes), boxes
    v.is_sound()


@PHONE
def test_in_the_talk_a_picture_is_on_its_senders_side(
    visit: OpenVisit, shop: Shop, app: RunningApp, tmp_path: Path, lang: str
) -> None:
    v, case_no = visit(360, lang), applied(app, shop.order(minor=90_000))
    v.go(f"/evidence?case={case_no}")
    choose(v, "other", picture(tmp_path / "own.png"))
    expect(v.page.locator(".shot")).to_have_count(1)
    app.core("act", case_no, "ask", "--as", "reviewer:r1", "--note", "哪一天发现的？")
    v.go(f"/track?case={case_no}")
    v.page.locator(".st-key-act-turn textarea").fill("Last week.")
    v.page.locator(".st-key-do-answer button").click()
    v.sees(v.tx("track.did.answer"))
    v.settle()
    talk = box(v.page.locator(".chat"))
    shown = box(v.page.locator(".chat .out .shots img"))
    assert shown["x"] + shown["width"] == pytest.approx(talk["x"] + talk["width"], abs=2)
