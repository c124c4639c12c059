"""Credit on screen: one's own figure with its reasons, an appeal, and another person's answer (R6.5)."""

from __future__ import annotations

import pytest

from core.domain.actors import Actor
from core.services import credit
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


@pytest.mark.parametrize(("label", "points", "said"), [("True", 100, "申诉成立"), ("False", 60, "维持扣分")])
def test_another_person_answers(open_page: OpenPage, shop: Shop, label: str, points: int, said: str) -> None:
    found(shop)
    entry = credit.account(shop.app, MEI, "mei").entries[0].id
    credit.appeal(shop.app, MEI, entry, "是真的", "say")
    mine = open_page("credit", REVIEWER)
    mine.text_area[0].set_value("好").run()
    mine.button(key=f"credit-answer-{entry}-True").click().run()
    assert "另一个人" in words(mine)  # who found it does not answer
    page = open_page("credit", REVIEWER_2)
    page.text_area[0].set_value("核对过").run()
    page.button(key=f"credit-answer-{entry}-{label}").click().run()
    assert "没有等着答复的申诉" in words(page)
    assert credit.account(shop.app, MEI, "mei").points == points
    assert said in words(open_page("credit", MEI))


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
