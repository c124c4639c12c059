"""Notices: what is new is marked once, leads to its refund, and is nobody else's (R5.8)."""

from __future__ import annotations

from core.domain.actors import Actor
from core.services import identity, notices
from tests.pages.conftest import OpenPage, html, words
from tests.shop import MEI, REVIEWER, WEI, Shop


def test_only_for_somebody(open_page: OpenPage):
    assert "先找到订单" in words(open_page("notices"))
    assert "你现在的身份看不了这一页" in words(open_page("notices", REVIEWER))


def test_an_empty_inbox_says_what_will_be_in_it(open_page: OpenPage):
    assert "还没有通知" in words(open_page("notices", WEI))


def test_every_change_stands_there_newest_first_and_leads_to_its_refund(open_page: OpenPage, shop: Shop):
    case = shop.apply(shop.order())
    shop.work()
    shop.work(days=2)
    page = open_page("notices", MEI)
    said = words(page)
    assert said.index("退款已全部到账") < said.index("退款开始办理了") < said.index("退款申请通过了")
    assert "¥100.00 已经到账" in said and "游戏点卡" in said
    assert html(page).count(f'href="/track?case={case.case_no}"') == 3
    assert "Your refund has arrived" in words(open_page("notices", MEI, lang="en"))


def test_opening_is_reading(open_page: OpenPage, shop: Shop):
    shop.apply(shop.order())
    page = open_page("notices", MEI)
    assert words(page).count("未读") == 1
    page.run()
    assert "未读" not in words(page)
    shop.work()
    assert words(open_page("notices", MEI)).count("未读") == 1, "only the new one"


def test_others_notices_are_not_here(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    case = shop.apply(order_no)
    assert case.case_no not in html(open_page("notices", WEI))
    assert case.case_no not in html(open_page("notices", Actor("guest", "", shop.order())))
    assert [line.is_read for line in notices.inbox(shop.app, MEI)] == [False]
    assert case.case_no in html(open_page("notices", Actor("guest", "", order_no)))


def test_a_session_that_ended_reads_nothing(open_page: OpenPage, shop: Shop):
    shop.apply(shop.order())
    page = open_page("notices", MEI)
    identity.end_session(shop.app, page.session_state["session_token"])
    page.run()
    assert "游戏点卡" not in words(page)
