"""A phone of 360 px in both languages: what a thumb can hit, which keyboard comes up, what stands where."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

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


def as_another(v: Visit, person: str) -> None:
    v.page.request.get(f"/session/demo?as={person}&to=/robots.txt")


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
