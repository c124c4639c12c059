"""What cannot go back to the account that paid: no screen sends it there or promises a call."""

from __future__ import annotations

import pytest

from core.domain.actors import Actor
from tests.core.services.test_negotiations import transfer_agreed
from tests.pages.conftest import OpenPage, words
from tests.pages.filling import keyed, press
from tests.shop import LEAD, MEI, REVIEWER, Shop

ACCOUNT = "138****2046"


def guest_of(shop: Shop) -> Actor:
    """A guest whose account was closed: nothing but an agreement is left."""
    return Actor("guest", "", shop.order(customer="", is_open=False))


def test_every_step_says_the_same(open_page: OpenPage, shop: Shop):
    guest = guest_of(shop)
    page = open_page("request", guest, order=guest.order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    assert f"支付宝 {ACCOUNT} 已经不能收款" in words(press(page)), "why it cannot simply go back"
    press(page)
    (caption,) = page.radio[0].captions
    assert "个工作日内定下来" in caption and "这张退款单的页面上" in caption and "通知" in caption
    assert "联系你" not in caption, "we have no way to call"
    press(page)
    assert "协商处理" in words(page) and ACCOUNT not in words(page)
    said = words(press(page))
    assert "商定的账户 先商定退到哪里，最晚 9月11日（周五）定下来 ¥100.00" in said and ACCOUNT not in said


def test_while_it_is_arranged_it_says_whose_turn_it_is_and_until_when(open_page: OpenPage, shop: Shop):
    guest = guest_of(shop)
    case_no = shop.apply(guest.order_no, actor=guest).case_no
    assert "先商定退到哪里" in words(open_page("track", guest, case=case_no))
    shop.act(case_no, "approve", REVIEWER)
    assert shop.view(case_no).state == "negotiating"
    for page in (open_page("track", guest, case=case_no), open_page("request", guest, sent=case_no)):
        assert "请在 9月8日（周二）前选好" in words(page) and "我们核对后办理" in words(page)
        assert "不用做什么" not in words(page) and "正在退给你" not in words(page)
    told = words(open_page("notices", guest))
    assert "请在 9月8日（周二）前到退款进度里说你想怎么收" in told
    assert "马上开始打款" not in told and "财务正在" not in told


def test_once_agreed_the_money_goes_where_it_was_agreed(open_page: OpenPage, shop: Shop):
    """Not to the account that paid: that one is closed."""
    mei = Actor("customer", "mei")
    case_no = shop.apply(shop.order(is_open=False), route="negotiated").case_no
    shop.act(case_no, "approve", REVIEWER)
    shop.act(case_no, "propose", mei, way="balance")
    shop.act(case_no, "agree", LEAD)
    said = words(open_page("request", mei, sent=case_no))
    assert "退到平台余额" in said and "退到支付宝" not in said


@pytest.mark.parametrize(("lang", "says"), [("zh_CN", "银行卡"), ("en", "Bank card")])
def test_after_a_transfer_was_agreed_the_old_address_still_answers(
    open_page: OpenPage, shop: Shop, lang: str, says: str
) -> None:
    """To the account that was agreed on, by a date of people's and no channel's."""
    case_no = transfer_agreed(shop)
    assert says in words(open_page("request", MEI, lang=lang, sent=case_no))
