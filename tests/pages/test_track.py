"""Track: every state has its sentence, its turn, its future, in both languages, for its owner only (R5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core import texts
from core.adapters.tables import orders
from core.domain.lifecycle import CASE
from core.services import cases
from portal.parts.dots import dots
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, LEAD, MEI, REVIEWER, REVIEWER_2, WEI, Shop

BIG = 90_000  # above what is approved automatically


def reviewed(shop: Shop, **more: object) -> str:
    return shop.apply(shop.order(("alipay", BIG)), BIG, **more).case_no


def draft(shop: Shop) -> str:
    return cases.open_draft(shop.app, MEI, shop.order()).case_no


def asked(shop: Shop) -> str:
    case_no = reviewed(shop)
    shop.act(case_no, "ask", REVIEWER, note="你在哪台设备上登录的？")
    return case_no


def rejected(shop: Shop) -> str:
    case_no = reviewed(shop)
    shop.act(case_no, "reject", REVIEWER, note="截图里的账号不是你的。")
    return case_no


def appealed(shop: Shop) -> str:
    case_no = rejected(shop)
    shop.act(case_no, "appeal", MEI, note="账号改过名，见附件。")
    return case_no


def arbitrated(shop: Shop) -> str:
    case_no = reviewed(shop)
    shop.act(case_no, "dispute", MEI, note="我不同意。")
    return case_no


def approved(shop: Shop) -> str:
    return shop.apply(shop.order()).case_no


def paying(shop: Shop) -> str:
    case_no = approved(shop)
    shop.work()
    return case_no


def asking(shop: Shop) -> str:
    shop.alipay.faults.append("lose_after")
    return paying(shop)


def completed(shop: Shop) -> str:
    case_no = paying(shop)
    shop.work(days=3)
    return case_no


def in_balance(shop: Shop) -> str:
    case_no = shop.apply(shop.order(), route="balance").case_no
    shop.work()
    return case_no


def split(shop: Shop) -> str:
    case_no = shop.apply(shop.order(("alipay", 6_000), ("balance", 4_000)), 10_000).case_no
    shop.work()
    return case_no


def closed(shop: Shop) -> str:
    case_no = appealed(shop)
    shop.act(case_no, "reject", REVIEWER_2, note="改名记录对不上。")
    return case_no


def lapsed(shop: Shop) -> str:
    case_no = asked(shop)
    shop.work(days=10)
    return case_no


def withdrawn(shop: Shop) -> str:
    case_no = reviewed(shop)
    shop.act(case_no, "withdraw", MEI)
    return case_no


def overdue(shop: Shop) -> str:
    case_no = reviewed(shop)
    shop.work(days=8)
    return case_no


STATES: dict[str, tuple[Callable[[Shop], str], tuple[str, ...]]] = {
    "draft": (draft, ("轮到你了", "还没有提交", "继续填写")),
    "in_review": (reviewed, ("¥900.00", "正在核对", "最晚 9月4日（周五）")),
    "awaiting_customer": (asked, ("轮到你了", "你在哪台设备上登录的？", "还剩 3 天", "退款单会关闭")),
    "rejected": (rejected, ("轮到你了", "截图里的账号不是你的。", "另一个人复核", "9月10日")),
    "in_appeal": (appealed, ("提出申诉", "账号改过名", "正在核对")),
    "in_arbitration": (arbitrated, ("第三方仲裁", "我不同意。")),
    "approved": (approved, ("自动审核通过", "准备打款")),
    "paying": (paying, ("支付宝已受理 ¥100.00", "渠道凭证号", "预计 9月3日（周四）前", "你将收到 ¥100.00")),
    "asking": (asking, ("不会重复退",)),
    "completed": (completed, ("¥100.00 已到账", "退款完成", "你已收到 ¥100.00", "138****2046")),
    "in_balance": (in_balance, ("¥100.00 已进平台余额", "2027年9月1日（周三）到期", "只能在本店用")),
    "split": (split, ("分 2 笔退回", "¥60.00", "¥40.00")),
    "closed": (closed, ("维持不通过", "改名记录对不上。")),
    "lapsed": (lapsed, ("没有等到回复，自动关闭",)),
    "withdrawn": (withdrawn, ("撤回申请",)),
    "overdue": (overdue, ("超过时限，已升级处理",)),
}


@pytest.mark.parametrize("name", STATES)
def test_every_state_says_where_the_money_is_and_what_comes_next(open_page: OpenPage, shop: Shop, name: str):
    """R5.1, R5.2, R5.3."""
    make, said = STATES[name]
    case_no = make(shop)
    page = open_page("track", MEI, case=case_no)
    assert "钱在哪里" in words(page) and case_no in words(page)
    for sentence in said:
        assert sentence in words(page), sentence


@pytest.mark.parametrize("name", STATES)
def test_every_state_is_in_english_too(open_page: OpenPage, shop: Shop, name: str):
    case_no = STATES[name][0](shop)
    with shop.app.begin() as conn:
        conn.execute(update(orders).values(product="Game card"))
    page = open_page("track", MEI, lang="en", case=case_no)
    seen = words(page) + " ".join(
        str(widget.label) for widget in [*page.button, *page.text_area, *page.expander]
    )
    for note in [event.note for event in shop.view(case_no).events]:
        seen = seen.replace(note, "") if note else seen
    assert not [letter for letter in seen if "\u4e00" <= letter <= "\u9fff"], seen
    assert "Where the money is" in seen and "track." not in seen and "locator." not in seen


def test_the_newest_stands_on_top(open_page: OpenPage, shop: Shop):
    page = words(open_page("track", MEI, case=asked(shop)))
    order = ["等你回答", "问你一个问题", "转人工核对", "提交申请"]
    places = [page.index(step) for step in order]
    assert places == sorted(places)


# --- whose it is -----------------------------------------------------------------------------------------


def test_another_customers_case_and_none_look_the_same(open_page: OpenPage, shop: Shop):
    """Invariant 12."""
    theirs = words(open_page("track", WEI, case=reviewed(shop)))
    assert (
        theirs
        == words(open_page("track", WEI, case="R260901-NOSUCH"))
        == words(open_page("track", WEI, case="<b>' OR 1"))
    )
    assert "没有找到这张退款单" in theirs


def test_without_a_case_the_open_ones_come_first(open_page: OpenPage, shop: Shop):
    done, open_one = completed(shop), reviewed(shop)
    page = html(open_page("track", MEI))
    assert page.index(open_one) < page.index("已结束") < page.index(done)
    assert "还没有退款单" in words(open_page("track", WEI))


# --- acting ----------------------------------------------------------------------------------------------


def say(page: AppTest, text: str, event: str) -> AppTest:
    page.text_area[0].set_value(text)
    page.button(key=f"do-{event}").click().run()
    assert not page.exception, page.exception
    return page


def test_an_answer_goes_to_the_reviewer_and_stands_in_the_conversation(open_page: OpenPage, shop: Shop):
    """R3.3."""
    case_no = asked(shop)
    page = say(open_page("track", MEI, case=case_no), "一直用手机 <b>登录</b>", "answer")
    assert shop.view(case_no).state == "in_review"
    assert "一直用手机 &lt;b&gt;登录&lt;/b&gt;" in html(page) and "轮到你了" not in words(page)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_answer_is_no_answer(open_page: OpenPage, shop: Shop, text: str):
    case_no = asked(shop)
    assert "先写几个字" in words(say(open_page("track", MEI, case=case_no), text, "answer"))
    assert shop.view(case_no).state == "awaiting_customer"


def test_too_long_an_answer_stays_in_the_box(open_page: OpenPage, shop: Shop):
    case_no = asked(shop)
    page = say(open_page("track", MEI, case=case_no), "长" * 5_000, "answer")
    assert "最多 2000 个" in words(page) and page.text_area[0].value == "长" * 5_000
    assert shop.view(case_no).state == "awaiting_customer"


def test_an_answer_that_comes_too_late_says_so(open_page: OpenPage, shop: Shop):
    case_no = asked(shop)
    page = open_page("track", MEI, case=case_no)
    shop.work(days=10)
    say(page, "抱歉才看到", "answer")
    assert shop.view(case_no).state == "closed" and "没有等到回复，自动关闭" in words(page)


def test_an_appeal_and_a_second_appeal(open_page: OpenPage, shop: Shop):
    """R3.6: another person decides, and after that it is closed."""
    case_no = rejected(shop)
    page = say(open_page("track", MEI, case=case_no), "有新凭证", "appeal")
    assert shop.view(case_no).state == "in_appeal" and "提出申诉" in words(page)
    shop.act(case_no, "reject", LEAD, note="维持")
    page.run()
    assert "轮到你了" not in words(page) and "维持不通过" in words(page)


def test_two_tabs_send_one_answer(open_page: OpenPage, shop: Shop):
    """Invariant 17."""
    case_no = asked(shop)
    tabs = [open_page("track", MEI, case=case_no) for _ in range(2)]
    for tab in tabs:
        say(tab, "同一句话", "answer")
    assert [event.event for event in shop.view(case_no).events].count("answer") == 1


def test_only_what_is_allowed_is_offered(open_page: OpenPage, shop: Shop):
    """R3.7: withdraw until money has been sent."""
    early, late = open_page("track", MEI, case=reviewed(shop)), open_page("track", MEI, case=paying(shop))
    assert {button.key for button in early.button} >= {"withdraw", "dispute"}
    assert not late.button


def test_an_arbiters_word_is_told_to_the_customer(open_page: OpenPage, shop: Shop):
    case_no = arbitrated(shop)
    shop.act(case_no, "approve", ARBITER, amount_minor=50_000, note="一半合理")
    page = words(open_page("track", MEI, case=case_no))
    assert "审核通过" in page and "一半合理" in page and "−¥400.00" in page and "¥500.00" in page


# --- parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("state", CASE.states)
def test_the_dots_of_every_state(state: str, language: str):
    class Card:
        payouts = ()

    card = Card()
    card.state = state  # type: ignore[attr-defined]
    line = dots(card, texts.of(language))
    assert line.count("<li") == 5 and line.count('aria-current="step"') == (0 if state == "completed" else 1)


def test_the_page_looks_again_by_itself_and_says_when(open_page: OpenPage, shop: Shop):
    case_no = reviewed(shop)
    page = open_page("track", MEI, case=case_no)
    assert "12:00 更新" in words(page)
    shop.clock.advance(timedelta(minutes=7))
    page.run()
    assert "12:07 更新" in words(page)
