"""R2.6: the way to cover parts of a picture, at each line where it is still its sender's."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import update
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.errors import BidiComponentInvalidIdError
from streamlit.testing.v1 import AppTest

from core import texts
from core.adapters.tables import evidence as table
from core.domain.errors import (
    EvidenceBusy,
    EvidenceRefused,
    EvidenceSeen,
    MaskRefused,
    NotFound,
    Refusal,
)
from core.domain.reading import Covered, Reading, Shown
from core.services import cases, evidence, reading
from portal import components
from portal.parts import cover
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import filled, picture
from tests.shop import MEI, REVIEWER, Shop

PARTS = Path(components.__file__).parent / "mask"


class Browser:
    """The component's other side: what it was given, and what it says next. A dialog alone is not run again
    here: where it would be, the run ends.
    """

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.says: dict[str, Any] = {}

    def __call__(self, **mounted: Any) -> SimpleNamespace:
        self.given = json.loads(json.dumps(mounted["data"]))
        said, self.says = self.says, {}
        return SimpleNamespace(cover=said.get("cover"), cancel=said.get("cancel"))


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    found, real = Browser(), st.rerun

    def rerun(scope: str = "app") -> None:
        st.stop() if scope == "fragment" else real()

    monkeypatch.setattr(components, "mask", found)
    monkeypatch.setattr(st, "rerun", rerun)
    return found


@pytest.fixture
def order_no(shop: Shop) -> str:
    return shop.order(delivery="code_viewed", completed_at=shop.clock.at)


@pytest.fixture
def item(shop: Shop, order_no: str) -> evidence.EvidenceView:
    return evidence.add(shop.app, MEI, filled(shop, order_no, "not_as_described"), "product_page", picture())


def ways(page: AppTest) -> list[str]:
    """The buttons that lead to covering, by their words."""
    return [button.label for button in page.button if str(button.key).startswith("cover-")]


def opened(page: AppTest, item: evidence.EvidenceView, browser: Browser, **says: Any) -> AppTest:
    """The dialog, in which the visitor has done something already."""
    browser.says = says
    page.button(key=f"cover-{item.id}").click().run()
    assert not page.exception, page.exception
    return page


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_what_is_covered_is_told_at_the_picture(
    open_page: OpenPage, shop: Shop, order_no: str, item: evidence.EvidenceView, browser: Browser, lang: str
):
    page = open_page("request", MEI, lang=lang, order=order_no, step="4")
    assert ways(page) == ["遮挡" if lang == "zh_CN" else "Cover parts"]
    opened(page, item, browser, cover=[[30, 30, 200, 20], [30, 400, 200, 20]])
    (after,) = shop.view(evidence_case(shop, order_no)).evidence
    assert after.masks == 2 and after.id != item.id
    assert ("已遮挡 2 处" if lang == "zh_CN" else "2 places covered") in words(page)
    assert f"/files/evidence/{after.id}." in html(page) and item.id not in html(page)
    assert ways(page) == ["再遮挡" if lang == "zh_CN" else "Cover more"]


def evidence_case(shop: Shop, order_no: str) -> str:
    return cases.open_draft(shop.app, MEI, order_no).case_no


def test_nothing_covered_changes_nothing(
    open_page: OpenPage, shop: Shop, order_no: str, item: evidence.EvidenceView, browser: Browser
):
    page = open_page("request", MEI, order=order_no, step="4")
    opened(page, item, browser, cancel=1)
    assert "盖住的内容会从图片里彻底去掉" not in words(page), "the dialog is closed"
    assert shop.view(evidence_case(shop, order_no)).evidence == (item,)


@pytest.mark.parametrize("told", [[[9, 9, 0, 0]], [[5000, 5000, 9, 9]], "x", [[1, 2]], 7])
def test_what_covers_nothing_is_refused_in_the_dialog(
    open_page: OpenPage, shop: Shop, order_no: str, item: evidence.EvidenceView, browser: Browser, told: Any
):
    """Whatever the browser tells; the dialog stays, and opened again it says nothing of the last time."""
    page = opened(open_page("request", MEI, order=order_no, step="4"), item, browser, cover=told)
    assert page.session_state["cover_refused"].code == "mask_refused"
    assert "盖住的内容会从图片里彻底去掉" in words(page)
    assert shop.view(evidence_case(shop, order_no)).evidence == (item,)
    opened(page, item, browser)
    assert browser.given["problem"] == "" and browser.given["try"] == 1


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (EvidenceBusy(), "这次没有来得及遮挡，图片没有改动。请再点一次。"),
        (EvidenceRefused(reason="took_too_long"), "这次没有来得及遮挡，图片没有改动。请再点一次。"),
        (MaskRefused(mask="empty"), "图片没有改动，请再画一次要遮挡的地方。有一处太小了。"),
        (MaskRefused(mask="too_many", limit=20), "一次最多遮挡 20 处"),
        (EvidenceSeen(), "处理人员已经看过这张图片"),
        (None, ""),
    ],
)
def test_no_time_for_it_is_no_fault_of_the_picture(refused: Refusal | None, says: str):
    assert says in cover._problem(texts.of("zh_CN"), refused)


def test_what_was_read_is_proposed(
    open_page: OpenPage, shop: Shop, order_no: str, item: evidence.EvidenceView, browser: Browser
):
    page = open_page("request", MEI, order=order_no, step="4")
    opened(page, item, browser)
    assert browser.given["boxes"] == browser.given["keep"] == []
    assert browser.given["words"]["how"] == "在要遮的号码上横着划一下，再拖动调整。"
    read = Reading(
        "same",
        covered=(Covered("card_code", (9, 8, 70, 20)),),
        shown=(Shown("order", (9, 40, 70, 20)), Shown("amount", (9, 80, 70, 20))),
    )
    with shop.app.begin() as conn:
        told = json.dumps(read.as_dict())
        conn.execute(update(table).where(table.c.id == item.id).values(reading=told))
    opened(page, item, browser)
    assert browser.given["boxes"] == [[9, 8, 70, 20]]
    assert browser.given["keep"] == [["order", 9, 40, 70, 20], ["amount", 9, 80, 70, 20]]
    assert "请核对" in browser.given["words"]["how"]


def test_beside_an_answer_it_can_be_covered_until_it_is_sent(
    open_page: OpenPage, shop: Shop, order_no: str, browser: Browser
):
    case_no = shop.apply(order_no, reason="other").case_no
    shop.act(case_no, "ask", REVIEWER, note="…")
    shop.clock.advance(timedelta(minutes=1))
    item = evidence.add(shop.app, MEI, case_no, "other", picture())
    page = open_page("track", MEI, case=case_no)
    opened(page, item, browser, cover=[[30, 30, 200, 20]])
    assert "已遮挡 1 处" in words(page) and ways(page) == ["再遮挡"]
    (after,) = shop.view(case_no).evidence
    evidence.read(shop.app, REVIEWER, after.id)
    opened(page, after, browser, cover=[[30, 300, 200, 20]])
    assert page.session_state["cover_refused"].code == "evidence_seen"
    shop.act(case_no, "answer", MEI, note="…")
    assert ways(open_page("track", MEI, case=case_no)) == []


def test_gone_meanwhile_is_said_in_place_of_the_picture(
    open_page: OpenPage, shop: Shop, order_no: str, item: evidence.EvidenceView, browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """Taken back in another tab between the page and its dialog."""

    def gone(*_: object) -> None:
        raise NotFound()

    monkeypatch.setattr(reading, "read_from", gone)
    page = opened(open_page("request", MEI, order=order_no, step="4"), item, browser)
    assert browser.given == {} and texts.of("zh_CN").refusal(NotFound()) in words(page)


def test_the_browsers_side_and_ours_know_the_same_words(
    open_page: OpenPage, order_no: str, item: evidence.EvidenceView, browser: Browser
):
    opened(open_page("request", MEI, order=order_no, step="4"), item, browser)
    script, page = (PARTS / "mask.js").read_text(), (PARTS / "mask.html").read_text()
    asked = set(re.findall(r"words\.(\w+)", script)) | set(re.findall(r'data-say="(\w+)"', page))
    asked |= {"smaller", "larger", "hides_order", "hides_amount"}  # by a computed name
    assert asked == set(browser.given["words"])
    assert set(re.findall(r"data\.(\w+)", script)) | {"margin"} == set(browser.given) - {"try"} | {"width"}
    assert "http" not in script + page and "eval" not in script, "nothing is loaded, nothing compiled"


@pytest.mark.parametrize("number", ["ab__cd", "_ab_", "__", "Ab-9"])
def test_every_picture_has_a_key_that_streamlit_takes(number: str) -> None:
    """Numbers of pictures are random: one in two hundred has two underlines, which it refuses in a key."""
    key = cover._key(SimpleNamespace(id=number))  # type: ignore[arg-type]
    assert "_" not in key and key != cover._key(SimpleNamespace(id=f"{number}x"))  # type: ignore[arg-type]
    assert _make_trigger_id(f"$$ID-0-{key}", "events")
    if "__" in number:
        with pytest.raises(BidiComponentInvalidIdError):
            _make_trigger_id(f"$$ID-0-mask-{number}", "events")
