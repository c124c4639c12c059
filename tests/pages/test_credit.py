"""Credit on screen: one's own figure with its reasons, an appeal, and another person's answer (R6.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.actors import Actor
from core.services import credit
from portal import session
from tests.core.services.test_decisions import in_review
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, WEI, Shop


def found(shop: Shop) -> str:
    case_no = in_review(shop)
    shop.act(case_no, "find_forgery", REVIEWER, note="字体不同 <b>", picture=shop.picture(case_no))
    return case_no


def test_it_begins_with_a_hundred_and_nothing_to_explain(open_page: OpenPage) -> None:
    said = words(open_page("credit", WEI))
    assert "100 分" in said and "信用良好" in said and "还没有变化" in said


def test_a_loss_its_reason_and_the_appeal(open_page: OpenPage, shop: Shop) -> None:
    case_no = found(shop)
    page = open_page("credit", MEI)
    said = words(page)
    assert "60 分" in said and "−40" in said and "字体不同 <b>" in said and case_no in said
    assert "<b>" not in html(page).replace("<b>60</b>", "").replace("<b>一张", "")  # nobody's HTML
    page.button[0].click().run()
    assert "请写几句说明" in words(page)
    page.text_area[0].set_value("截图是真的").run()
    page.button[0].click().run()
    assert "申诉已提交" in words(page) and not page.button
    assert [entry.appeal_words for entry in credit.open_appeals(shop.app, LEAD)] == ["截图是真的"]


def appealed(shop: Shop) -> int:
    found(shop)
    entry = credit.account(shop.app, MEI, "mei").entries[0].id
    credit.appeal(shop.app, MEI, entry, "是真的", "say")
    return entry


def answered(page: AppTest, entry: int, verdict: str, text: str) -> AppTest:
    """The words and the verdict are there, nothing is sent yet."""
    page.radio(key=f"credit-answer-{entry}-verdict").set_value(verdict).run()
    return page.text_area(key=f"credit-answer-{entry}").set_value(text).run()


@pytest.mark.parametrize(
    ("verdict", "points", "said"), [("granted", 100, "申诉成立"), ("refused", 60, "维持扣分")]
)
def test_another_person_answers_what_they_saw_before(
    open_page: OpenPage, shop: Shop, verdict: str, points: int, said: str
) -> None:
    entry = appealed(shop)
    page = open_page("credit", REVIEWER_2)
    assert not page.button, "nothing to press before there are words and a verdict"
    page = answered(page, entry, verdict, "核对过")
    assert f"客户会看到 {said}" in words(page).replace("申诉不成立，", "") and "核对过" in words(page)
    assert f"60 分 → {points} 分" in words(page)
    assert credit.account(shop.app, MEI, "mei").entries[0].appeal == "open"
    page.button(key=f"credit-answer-{entry}-send").click().run()
    assert "没有等着答复的申诉" in words(page) and "mei 的申诉已答复" in words(page)
    assert credit.account(shop.app, MEI, "mei").points == points
    assert said in words(open_page("credit", MEI))


def test_whoever_answers_sees_who_it_is_and_the_picture(open_page: OpenPage, shop: Shop) -> None:
    appealed(shop)
    for page in (open_page("credit", LEAD), open_page("credit", LEAD, customer="mei")):
        assert "mei · 信用 60" in words(page)
        assert "/files/evidence/" in html(page) and 'alt="被认定不真实的图片"' in html(page)
        assert page.text_area


def test_who_found_it_gets_a_sentence_and_no_form(open_page: OpenPage, shop: Shop) -> None:
    appealed(shop)
    page = open_page("credit", REVIEWER)
    assert "这是你认定的，由另一位同事答复" in words(page)
    assert not page.text_area and not page.button


def test_a_colleague_was_quicker(open_page: OpenPage, shop: Shop) -> None:
    """What was written is not lost without a word."""
    entry = appealed(shop)
    page = answered(open_page("credit", REVIEWER_2), entry, "granted", "我核对了原图")
    credit.answer(shop.app, LEAD, entry, False, "看过了", "first")
    page.button(key=f"credit-answer-{entry}-send").click().run()
    assert "刚刚已经由同事答复" in words(page) and "我核对了原图" in words(page)
    assert credit.account(shop.app, MEI, "mei").entries[0].answer == "看过了"
    assert "我核对了原图" not in words(page.run())


def test_people_have_names(open_page: OpenPage, shop: Shop) -> None:
    session.use(replace(shop.app, demo=True))
    appealed(shop)
    page = words(open_page("credit", LEAD))
    assert "由 周岚 登记" in page and "zhou-lan" not in page


def test_who_sees_what(open_page: OpenPage, shop: Shop) -> None:
    """Invariant 12: one's own account; staff any; guests have none."""
    found(shop)
    assert "−40" not in words(open_page("credit", WEI, customer="mei"))
    guest = Actor("guest", order_no=shop.order())
    assert "没有信用分" in words(open_page("credit", guest, customer="mei"))
    for who in (LEAD, FINANCE, ARBITER):
        assert "−40" in words(open_page("credit", who, customer="mei"))
    assert "没有找到" in words(open_page("credit", LEAD, customer="nobody"))
    assert "先找到订单" in words(open_page("credit"))


def test_in_english(open_page: OpenPage, shop: Shop) -> None:
    found(shop)
    said = words(open_page("credit", MEI, lang="en"))
    assert "A picture was found not to be genuine" in said and "Some requests wait for a person" in said
