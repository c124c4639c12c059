"""The desk in the hands of staff: keys, previews, one case at a time."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from core.adapters.tables import sessions
from core.domain import proof
from core.domain.actors import Actor
from core.services import desk, policy_drafts
from tests import pinned
from tests.core.services.test_desk import referred
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, LEAD, MEI, REVIEWER, REVIEWER_2, Shop


def test_not_for_customers(open_page: OpenPage) -> None:
    assert "你现在的身份看不了这一页" in words(open_page("desk", MEI))


def test_an_empty_desk_says_so(open_page: OpenPage) -> None:
    assert "这里处理完了" in words(open_page("desk", REVIEWER))


@pytest.mark.parametrize(
    ("lang", "one", "two"),
    [
        ("zh_CN", "有 1 份规则草稿等你批准或退回", "有 2 份规则草稿等你批准或退回"),
        ("en", "A draft of the rules waits for your yes or no", "2 drafts of the rules wait"),
    ],
)
def test_a_lead_hears_of_drafts_that_wait_for_them(
    open_page: OpenPage, shop: Shop, lang: str, one: str, two: str
) -> None:
    author = Actor("policy", "lu-jing")
    changed = pinned.TEXT.replace("\nmembership = 15", "\nmembership = 20")
    policy_drafts.ask(shop.app, LEAD, changed, "自己的", "own")
    assert 'class="note drafts"' not in html(open_page("desk", LEAD, lang=lang)), "not their own"
    policy_drafts.ask(shop.app, author, changed, "少一点", "first")
    assert one in words(open_page("desk", LEAD, lang=lang))
    assert 'class="note drafts"' not in html(open_page("desk", REVIEWER, lang=lang)), "no say in it"
    policy_drafts.ask(shop.app, author, changed, "再少一点", "second")
    assert two in words(open_page("desk", LEAD, lang=lang))


@pytest.mark.parametrize(("lang", "reads"), [("zh_CN", "客户会看到"), ("en", "The customer will read")])
def test_a_simple_case_takes_two_keys(open_page: OpenPage, shop: Shop, lang: str, reads: str) -> None:
    """A, then Ctrl+Enter; the next case is open by itself."""
    first, second = sorted([referred(shop), referred(shop)])  # due together: by number
    page = open_page("desk", REVIEWER, lang=lang)
    page.button(key="do-approve").click().run()
    assert reads in words(page) and shop.view(first).state == "in_review"
    page.button(key="desk-send").click().run()
    assert shop.view(first).state == "approved"
    assert page.query_params["case"] == second
    assert desk.open_file(shop.app, REVIEWER, second).lease is not None


def test_a_refusal_needs_its_reason(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-reject").click().run()
    assert "写一句话" in words(page)
    page.text_area(key=f"desk-note-{case_no}-reject").set_value("截图里的订单号对不上").run()
    assert "截图里的订单号对不上" in words(page)
    page.button(key="desk-send").click().run()
    view = shop.view(case_no)
    assert (view.state, view.events[-1].note) == ("rejected", "截图里的订单号对不上")


def test_a_ready_phrase_fills_the_reason(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-ask").click().run()
    page.button(key="phrase-picture").click().run()
    page.button(key="desk-send").click().run()
    assert "补一张完整的截图" in shop.view(case_no).events[-1].note


def test_part_of_the_amount(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    page.text_input(key=f"desk-amount-approve-{case_no}-0").set_value("40").run()
    assert "写一句话" in words(page), "who gets less is told why"
    page.text_area(key=f"desk-note-{case_no}-approve").set_value("只退没用的部分").run()
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).approved_minor == 4_000


def test_a_colleague_is_at_it(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    desk.take(shop.app, REVIEWER_2, case_no)
    page = open_page("desk", REVIEWER, case=case_no)
    assert "正在处理这件退款单" in words(page)
    assert not [button for button in page.button if button.key and button.key.startswith("do-")]


def test_a_large_amount_goes_to_a_second_person(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop, 300_000)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "in_review"
    page = open_page("desk", LEAD, queue="second")
    page.button(key="do-approve").click().run()
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "approved"


def test_the_second_person_sees_and_confirms_what_the_first_approved(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop, 300_000)
    shop.act(case_no, "approve", REVIEWER, amount_minor=200_000, note="部分已经用掉")
    page = open_page("desk", LEAD, queue="second")
    assert "¥2,000.00" in words(page)
    page.button(key="do-approve").click().run()
    page.text_area(key=f"desk-note-{case_no}-approve").set_value("同意").run()
    page.button(key="desk-send").click().run()
    view = shop.view(case_no)
    assert (view.state, view.approved_minor) == ("approved", 200_000)


def test_an_arbiter_has_one_queue(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    shop.act(case_no, "dispute", REVIEWER, note="请仲裁")
    assert case_no in html(open_page("desk", ARBITER))


def test_hostile_words_stay_words(open_page: OpenPage, shop: Shop) -> None:
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    shop.apply(order_no, reason="other", description="<script>alert(1)</script>\u202eabc")
    page = open_page("desk", REVIEWER)
    assert "<script>alert" not in html(page) and "&lt;script&gt;alert(1)" in html(page)


def test_before_money_moves_staff_show_again_who_they_are(shop: Shop, open_page: OpenPage) -> None:
    """The way to the provider and back stands where the button would; another decision needs none."""
    case_no = referred(shop)
    page = open_page("desk", REVIEWER, case=case_no)
    with shop.app.begin() as conn:
        conn.execute(update(sessions).values(proved_at=shop.clock.at - proof.LASTS + proof.AHEAD))
    page.button(key="do-approve").click().run()
    assert not [button for button in page.button if str(button.key).startswith("desk-send")]
    assert "确认是我本人" in words(page) and "as=staff&amp;again=1" in html(page)
    page.button(key="do-reject").click().run()
    assert [button for button in page.button if str(button.key).startswith("desk-send")]
    with shop.app.begin() as conn:
        conn.execute(update(sessions).values(proved_at=shop.clock.at))
    page.button(key="do-approve").click().run()
    assert [button for button in page.button if str(button.key).startswith("desk-send")]


@pytest.mark.parametrize(
    ("demo", "says"), [(True, "In the demo, staff are"), (False, "no identity provider is set up")]
)
def test_a_stranger_at_the_desk_is_told_the_way_that_there_is(
    open_page: OpenPage, shop: Shop, demo: bool, says: str
) -> None:
    shop.app.demo = demo
    assert says in words(open_page("desk", None, lang="en"))


def test_staff_with_other_work_are_not_told_that_it_is_for_staff(open_page: OpenPage) -> None:
    said = words(open_page("lab", REVIEWER, lang="en"))
    assert "not for your role" in said and "This page is for staff" not in said
