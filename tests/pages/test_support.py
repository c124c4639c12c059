"""Support's screen: what is typed, what is found, where it stands, and the one link (R5.6)."""

from __future__ import annotations

import pytest

from core.domain.actors import Actor
from core.services.support import MOST
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def test_before_anything_is_typed(open_page: OpenPage) -> None:
    assert "付款时间" in words(open_page("support", SUPPORT))


def test_found_with_its_step_and_its_link(open_page: OpenPage, shop: Shop) -> None:
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value("OD00000 100").run()
    said = words(page)
    assert "已交给支付宝，等它入账" in said and case_no in said and "订单号" in said and "金额" in said
    assert f'data-path="/track?case={case_no}"' in html(page)
    assert f'href="/desk?case={case_no}"' in html(page)


def test_an_order_without_a_request_leads_to_one(open_page: OpenPage, shop: Shop) -> None:
    order_no = shop.order()
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value(order_no).run()
    assert "还没有申请退款" in words(page) and f"/request?order={order_no}" in html(page)


def test_a_page_is_no_total(open_page: OpenPage, shop: Shop) -> None:
    """More than fit are said to be more; the rest is a button away, and another search begins at the top."""
    for _ in range(MOST + 2):
        shop.order(("alipay", 7_700))
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value("77.00").run()
    assert "超过 20 笔，这是前 20 笔" in words(page) and "找到" not in words(page)
    page.button(key="page-older").click().run()
    assert "第 21 到 22 笔" in words(page) and page.button(key="page-older").disabled
    page.text_input[0].set_value("OD00000").run()
    assert "找到 1 笔" in words(page) and not page.button


def test_of_a_part_what_was_approved_and_what_arrives(open_page: OpenPage, shop: Shop) -> None:
    case_no = shop.apply(shop.order(("alipay", 8_800)), 5_000).case_no
    shop.work()
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value("50.00").run()
    said = words(page)
    assert case_no in said and "批准 ¥50.00，客户收到 ¥50.00" in said
    assert " 用支付宝付款" in said and " 起" in said


def test_nothing_found_says_what_to_try(open_page: OpenPage) -> None:
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value("<img src=x>").run()
    assert "没有找到" in words(page)


@pytest.mark.parametrize("who", [REVIEWER, LEAD, FINANCE, ARBITER])
def test_other_staff_may_search_too(open_page: OpenPage, who: Actor) -> None:
    assert "客服查询" in words(open_page("support", who))


@pytest.mark.parametrize("who", [None, MEI, Actor("policy", "lu-jing")])
def test_nobody_else(open_page: OpenPage, who: Actor | None) -> None:
    assert "客户提供的信息" not in words(open_page("support", who))
    assert not open_page("support", who).text_input


def test_what_is_typed_stays_out_of_the_address(open_page: OpenPage) -> None:
    """Invariant 20: people type account names and phone numbers, and an address is logged and shared."""
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value("13800001234").run()
    assert dict(page.query_params) == {}
    assert not page.text_input[0].proto.query_param_key
