"""What the file of a case tells whoever decides, and what the desk says where nothing is to be decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core import texts
from core.domain.actors import Actor
from core.domain.settlement import Payee
from core.services import credit, desk
from portal import session
from tests.core.services.test_desk import referred
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, Shop

NOBODY = "你的账号做不了这一步"

ZH = texts.of("zh_CN")


def negotiated(shop: Shop) -> str:
    """Approved, and people settle how it is paid."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, escrow=True)
    case_no = shop.apply(order_no, reason="other").case_no
    assert shop.act(case_no, "approve", REVIEWER, note="核实过了").state == "negotiating"
    return case_no


def accused(shop: Shop, case_no: str) -> credit.Entry:
    """Its second picture was found forged."""
    shop.picture(case_no)
    picture = shop.picture(case_no)
    shop.act(case_no, "find_forgery", REVIEWER, note="字体和官网不一致", picture=picture)
    return credit.account(shop.app, LEAD, "mei").entries[0]


def test_what_is_only_held_is_not_called_refunded(open_page: OpenPage, shop: Shop) -> None:
    case_no = negotiated(shop)
    page = words(open_page("desk", FINANCE, case=case_no))
    assert "已批准，还没到账 ¥100.00" in page and "已退过" not in page
    shop.act(case_no, "propose", MEI, way="balance")
    shop.act(case_no, "agree", FINANCE, way="balance")
    shop.work(days=1)
    page = words(open_page("desk", LEAD, case=case_no))
    assert "已退过（含手续费） ¥100.00" in page and "还没到账" not in page


def test_a_contested_finding_is_told_to_whoever_decides(open_page: OpenPage, shop: Shop) -> None:
    """R6.5: which picture, found by whom with what words; the appeal, its words, and what came of it."""
    case_no = referred(shop)
    entry = accused(shop, case_no)
    page = words(open_page("desk", REVIEWER_2, case=case_no))
    assert "第 2 张 · 其他凭证 认定不真实" in page and "第 1 张 · 其他凭证 认定" not in page
    assert "审核员 zhou-lan" in page and "字体和官网不一致" in page and "客户没有申诉，" in page
    credit.appeal(shop.app, MEI, entry.id, "截图是真的，调大了字体", "appeal")
    shop.act(case_no, "dispute", MEI, note="请仲裁")
    for actor in (REVIEWER_2, ARBITER):  # on arbitration as well
        page = open_page("desk", actor, case=case_no)
        assert "认定不真实，客户申诉中" in words(page) and "截图是真的，调大了字体" in words(page)
        assert f'href="/credit?customer={MEI.id}"' in html(page)
    credit.answer(shop.app, LEAD, entry.id, True, "核对了原图", "answer")
    page = words(open_page("desk", ARBITER, case=case_no))
    assert "申诉成立，认定撤销" in page and "核对了原图" in page and "客户申诉中" not in page


def test_a_late_case_says_since_when(open_page: OpenPage, shop: Shop) -> None:
    """R3.2: in the list and in the file since the promise, and by when a lead answers, in one way."""
    case_no = referred(shop)
    promised = shop.view(case_no).due_at
    assert promised is not None
    assert "已超时" not in words(open_page("desk", LEAD, case=case_no))
    shop.work(days=5)
    shop.clock.advance(timedelta(hours=2))
    page = words(open_page("desk", LEAD, queue="review"))
    late, by = ZH.duration(shop.clock.at - promised), shop.view(case_no).due_at
    assert by is not None
    assert f"已超时 {late} · 主管须在 {ZH.until(by, shop.clock.at)} 前答复" in page
    assert f"原定 {ZH.when(promised, shop.clock.at)} 前答复客户，已超时 {late}" in page
    assert f"主管最晚答复 {ZH.until(by, shop.clock.at)}" in page and " 剩 " not in page.partition("规则")[0]
    assert "待审核 1 1 件超时" in page, "on its tab"
    assert case_no in page


def test_talks_show_their_date_at_the_desk(open_page: OpenPage, shop: Shop) -> None:
    case_no = negotiated(shop)
    page = words(open_page("desk", FINANCE, case=case_no))
    assert "客户答复期限 剩 7 天" in page and "没有期限" not in page and "等客户选收款方式" in page
    shop.act(case_no, "propose", MEI, way="balance")
    page = words(open_page("desk", FINANCE, case=case_no))
    assert "安排期限 剩 7 天" in page and "等客户选收款方式" not in page


def test_what_was_agreed_stands_in_the_story(open_page: OpenPage, shop: Shop) -> None:
    """R4.5: the way and the masked account, at the desk and for the customer."""
    case_no = negotiated(shop)
    shop.picture(case_no, "account_closed")
    payee = Payee("card", "mei", "6222021234561234")
    shop.act(case_no, "propose", MEI, way="transfer", payee=payee)
    shop.act(case_no, "agree", FINANCE, way="transfer")
    page = words(open_page("desk", FINANCE, case=case_no))
    assert "确认了协商结果 · 人工转到本人的另一个账户 · 银行卡 ****1234" in page
    page = words(open_page("track", MEI, case=case_no))
    assert "转到我本人的另一个账户 · 银行卡 ****1234" in page


def test_what_is_new_stands_on_top(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    shop.picture(case_no)
    shop.act(case_no, "reject", REVIEWER, note="看不清")
    assert "新的内容" not in words(open_page("desk", REVIEWER_2, case=case_no))
    shop.clock.advance(timedelta(minutes=1))
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="这张清楚了")
    page = html(open_page("desk", REVIEWER_2, queue="appeal"))
    news, proof = page.index('class="news"'), page.index('class="big"')
    assert news < page.index("这张清楚了") < proof
    assert "第 2 张" in page[news:proof] and "第 1 张" not in page[news:proof]


def test_support_acting_for_a_customer_is_marked(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    shop.act(case_no, "ask", REVIEWER, note="哪天买的")
    shop.act(case_no, "answer", SUPPORT, note="他电话里说是昨天")
    assert "客服 he-min（代客户）" in words(open_page("desk", REVIEWER, case=case_no))
    assert "客服（代你操作）" in words(open_page("track", MEI, case=case_no))


def test_people_have_names(open_page: OpenPage, shop: Shop) -> None:
    """Where the portal knows them; an id is for machines."""
    session.use(replace(shop.app, demo=True))
    case_no = referred(shop)
    desk.take(shop.app, REVIEWER_2, case_no)
    accused(shop, other := referred(shop))
    for page in (open_page("desk", REVIEWER, case=case_no), open_page("desk", LEAD, case=other)):
        assert "qian-yu" not in words(page) and "zhou-lan" not in words(page)
    assert "钱宇 在处理" in words(page) and "审核员 周岚" in words(page)


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_staff_are_not_spoken_to_as_the_customer(open_page: OpenPage, shop: Shop, lang: str) -> None:
    asked = referred(shop)
    shop.act(asked, "ask", REVIEWER, note="?")
    page = words(open_page("desk", REVIEWER, lang=lang, case=referred(shop)))
    theirs = ("由你承担", "你的情况", "（你的：", "等你回复", "你将收到")
    theirs += ("paid by you", "applies to you", "(yours", "Your turn", "You paid", "You receive")
    assert [said for said in theirs if said in page] == []
    assert ("手续费 5%，由客户承担" if lang == "zh_CN" else "Fee of 5%, borne by the customer") in page


def test_why_a_case_can_only_be_read_is_said_as_it_is(open_page: OpenPage, shop: Shop) -> None:
    waiting, refused, done = referred(shop), referred(shop), referred(shop)
    shop.act(waiting, "ask", REVIEWER, note="哪天买的")
    shop.act(refused, "reject", REVIEWER, note="看不清")
    page = words(open_page("desk", REVIEWER, case=waiting))
    assert "现在：等客户回答我们的问题" in page and "客户答复期限" in page and NOBODY not in page
    page = words(open_page("desk", REVIEWER, case=refused))
    assert "客户申诉期限" in page and "答复期限 " not in page and NOBODY not in page
    shop.picture(refused)
    shop.act(refused, "appeal", MEI, note="再看一次")
    page = words(open_page("desk", REVIEWER, case=refused, queue="appeal"))
    assert "你拒绝过这件，所以要由另一位同事来决定" in page and "要由第二个人确认" not in page
    shop.act(done, "approve", REVIEWER, note="好")
    page = words(open_page("desk", REVIEWER, case=done))
    assert "超时" not in page and NOBODY not in page and "进度 已通过" in page


def test_a_case_is_put_back(open_page: OpenPage, shop: Shop) -> None:
    """Opening takes it; put back, a colleague has it at once and nothing else is taken."""
    case_no, other = sorted([referred(shop), referred(shop)])
    page = open_page("desk", REVIEWER)
    assert desk.open_file(shop.app, REVIEWER, case_no).lease is not None
    page.button(key="put-back").click().run()
    for each in (case_no, other):
        assert desk.open_file(shop.app, REVIEWER, each).lease is None
    assert "没有打开的退款单" in words(page)
    desk.take(shop.app, REVIEWER_2, case_no)
    page.button(key="open-next").click().run()
    assert desk.open_file(shop.app, REVIEWER, other).lease is not None


def test_who_has_the_rest_is_said(open_page: OpenPage, shop: Shop) -> None:
    for _ in range(2):
        desk.take(shop.app, REVIEWER_2, referred(shop))
    page = words(open_page("desk", REVIEWER))
    assert "其余的都有同事在处理" in page and "qian-yu 2 件" in page and "这里处理完了" not in page


def test_nobody_is_told_anything_by_the_desk_who_is_no_staff(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    assert case_no not in words(open_page("desk", Actor("customer", "mei"), case=case_no))


def test_a_long_file_leads_to_its_decisions_where_there_are_any(open_page: OpenPage, shop: Shop) -> None:
    """On a phone they stand below all of it."""
    case_no = referred(shop)
    page = html(open_page("desk", REVIEWER, case=case_no))
    assert 'href="#desk-decisions"' in page and 'id="desk-decisions"' in page
    assert 'href="#desk-decisions"' not in html(open_page("desk", REVIEWER_2, case=case_no))  # in his hands
