"""Track: every state has its sentence, its turn, its future, in both languages, for its owner only (R5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core import texts
from core.adapters.tables import orders
from core.domain.actors import Actor
from core.domain.lifecycle import CASE
from core.services import cases, evidence
from portal.parts import track_turn
from portal.parts.dots import dots
from portal.parts.turn import Turn
from tests.core.services.test_negotiations import transfer_agreed
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import picture
from tests.shop import ARBITER, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop

BIG = 90_000  # above what is approved automatically


def reviewed(shop: Shop, **more: object) -> str:
    return shop.apply(shop.order(("alipay", BIG)), BIG, **more).case_no


def draft(shop: Shop) -> str:
    return cases.open_draft(shop.app, MEI, shop.order()).case_no


def acted(shop: Shop, case_no: str, event: str, who: Actor, note: str) -> str:
    shop.act(case_no, event, who, note=note)
    return case_no


def asked(shop: Shop) -> str:
    return acted(shop, reviewed(shop), "ask", REVIEWER, "你在哪台设备上登录的？")


def rejected(shop: Shop) -> str:
    return acted(shop, reviewed(shop), "reject", REVIEWER, "截图里的账号不是你的。")


def appealed(shop: Shop) -> str:
    case_no = rejected(shop)
    shop.picture(case_no)
    return acted(shop, case_no, "appeal", MEI, "账号改过名，见附件。")


def arbitrated(shop: Shop) -> str:
    return acted(shop, reviewed(shop), "dispute", MEI, "我不同意。")


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
    "draft": (draft, ("申请表填到一半", "还没有提交", "继续填写")),
    "in_review": (reviewed, ("¥900.00", "正在核对", "最晚 9月4日（周五）")),
    "awaiting_customer": (asked, ("轮到你了", "你在哪台设备上登录的？", "还剩 3 天", "退款单会关闭")),
    "rejected": (rejected, ("轮到你了", "截图里的账号不是你的。", "另一个人复核", "9月10日")),
    "in_appeal": (appealed, ("提出申诉", "账号改过名", "正在核对")),
    "in_arbitration": (arbitrated, ("第三方仲裁", "我不同意。")),
    "approved": (approved, ("自动审核通过", "准备打款")),
    "paying": (paying, ("支付宝已受理 ¥100.00", "渠道退款号", "预计最晚 9月3日（周四）", "你将收到 ¥100.00")),
    "asking": (asking, ("不会重复退",)),
    "completed": (completed, ("¥100.00 已到账", "退款完成", "你已收到 ¥100.00", "138****2046")),
    "in_balance": (in_balance, ("¥100.00 已进平台余额", "2027年9月1日（周三）到期", "只能在本店用")),
    "split": (split, ("分 2 笔退回", "¥60.00", "¥40.00")),
    "closed": (closed, ("维持不通过", "改名记录对不上。")),
    "lapsed": (lapsed, ("没有等到回复，自动关闭",)),
    "withdrawn": (withdrawn, ("撤回申请",)),
    "overdue": (
        overdue,
        ("超过时限，已升级给主管", "最晚 9月10日（周四）给你结果", "现在 审核主管 正在核对"),
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_every_state_says_where_the_money_is_and_what_comes_next(open_page: OpenPage, shop: Shop, name: str):
    """R5.1, R5.2, R5.3."""
    make, said = STATES[name]
    case_no = make(shop)
    page = open_page("track", MEI, case=case_no)
    assert "钱在哪里" in words(page) and (case_no in words(page)) is (name != "draft")
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


def test_in_the_list_what_waits_for_an_answer_comes_first_and_it_alone_is_amber(
    open_page: OpenPage, shop: Shop
):
    question = asked(shop)
    shop.clock.advance(timedelta(minutes=1))
    begun_one = begun(shop)
    page = html(open_page("track", MEI))
    draft_order = shop.view(begun_one).order.order_no
    assert page.index(question) < page.index(f"order={draft_order}") and page.count('class="track act"') == 1


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


def test_what_was_wrong_with_an_answer_goes_once_it_is_changed(open_page: OpenPage, shop: Shop):
    page = say(open_page("track", MEI, case=asked(shop)), "", "answer")
    assert "先写几个字" in words(page)
    page.text_area[0].set_value("一直用手机登录").run()
    assert "先写几个字" not in words(page)


def test_a_picture_beside_an_answer_is_seen_before_it_is_sent(open_page: OpenPage, shop: Shop):
    case_no = asked(shop)
    before = words(open_page("track", MEI, case=case_no))
    assert "请不要写卡密、密码或完整手机号" in before and "已附上，审核员看得到" not in before
    shop.clock.advance(timedelta(minutes=5))
    kept = evidence.add(shop.app, MEI, case_no, "other", picture())
    page = open_page("track", MEI, case=case_no)
    assert re.search(rf"已附上，审核员看得到：</p>.*?/files/evidence/{kept.id}", html(page), re.DOTALL)


def test_in_a_hurry_a_withdrawal_is_not_confirmed(open_page: OpenPage, shop: Shop):
    """The filled button keeps the request."""
    page = open_page("track", MEI, case=asked(shop))
    page.button(key="withdraw").click().run()
    assert "说明和图片不会带过去" in words(page)
    kinds = {key: page.button(key=f"{key}-withdraw").proto.type for key in ("no", "yes")}
    assert kinds == {"no": "primary", "yes": "secondary"}


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
    assert shop.view(case_no).state == "rejected" and "至少一张被拒之后的新图片" in words(page)
    shop.picture(case_no)
    page = say(page, "有新凭证", "appeal")
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
    assert {button.key for button in early.button} == {"withdraw"}
    assert not late.button
    for make in (asked, overdue):
        page = open_page("track", MEI, case=make(shop))
        assert {button.key for button in page.button} >= {"withdraw", "dispute"}


def test_an_arbiters_word_is_told_to_the_customer(open_page: OpenPage, shop: Shop):
    case_no = arbitrated(shop)
    shop.act(case_no, "approve", ARBITER, amount_minor=50_000, note="一半合理")
    page = words(open_page("track", MEI, case=case_no))
    assert "审核通过" in page and "一半合理" in page and "−¥400.00" in page and "¥500.00" in page


@pytest.mark.parametrize(
    ("final", "late", "said"),
    [
        (False, False, "为余下的 ¥400.00 再申请，写明理由、附上凭证；没有通过还可以申诉"),
        (False, True, "打款之前可以撤回，或者找客服"),
        (True, False, "是最终的"),
    ],
)
def test_who_is_given_a_part_reads_how_to_object(
    open_page: OpenPage, shop: Shop, final: bool, late: bool, said: str
):
    """R3.5: what the lifecycle allows, and until when; after the last word, that it is the last."""
    case_no = arbitrated(shop) if final else reviewed(shop)
    shop.act(case_no, "approve", ARBITER if final else REVIEWER, amount_minor=50_000, note="一半合理")
    if late:
        with shop.app.begin() as conn:
            conn.execute(update(orders).values(completed_at=shop.clock.at - timedelta(days=90)))
    page = words(open_page("track", MEI, case=case_no))
    assert said in page and page.count("再申请") <= 1
    whole = reviewed(shop)
    shop.act(whole, "approve", REVIEWER)
    assert said not in words(open_page("track", MEI, case=whole))


def test_a_fee_of_a_part_is_said_to_be_of_it(open_page: OpenPage, shop: Shop):
    """R4.6: paid from the balance as well, which is free of the fee."""
    order_no = shop.order(
        ("alipay", 4_540), ("balance", 2_260), delivery="code_viewed", completed_at=shop.clock.at
    )
    case_no = shop.apply(order_no, 6_800, reason="other").case_no
    shop.act(case_no, "approve", REVIEWER)
    assert "手续费 5%，按余额以外的 ¥45.40 收" in words(open_page("track", MEI, case=case_no))


# --- parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("state", CASE.states)
def test_the_dots_of_every_state(state: str, language: str):
    class Card:
        payouts = ()
        waiting_for = "we"

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


# --- too late, and once more -----------------------------------------------------------------------------


def begun(shop: Shop, **order: object) -> str:
    """A draft with a reason and an amount, of an order completed just now."""
    order_no = shop.order(completed_at=shop.clock.at, **{"delivery": "code_viewed", **order})
    case_no = cases.open_draft(shop.app, MEI, order_no).case_no
    cases.save_draft(shop.app, MEI, case_no, reason="other", requested_minor=10_000)
    return case_no


def test_a_draft_says_until_when_it_can_be_sent(open_page: OpenPage, shop: Shop):
    """R1.3: the window, not the date until which we keep the draft."""
    page = words(open_page("track", MEI, case=begun(shop)))
    assert "9月8日（周二） 截止" in page and "不能申请了" in page and "没有回复" not in page


def test_a_draft_past_its_window_says_so_and_what_remains(open_page: OpenPage, shop: Shop):
    """R1.4: since when, to a person all the same, or to support; nothing that says go on."""
    case_no = begun(shop)
    shop.clock.advance(timedelta(days=8))
    page = open_page("track", MEI, case=case_no)
    seen = words(page)
    assert "申请期限已过" in seen and "9月8日（周二）" in seen and "已过去 12 小时" in seen
    assert "继续填写" not in seen and "轮到你了" not in seen
    assert "仍然提交" in seen and "anyway=1" in html(page) and "找客服" in seen
    assert "The time to ask is over" in words(open_page("track", MEI, lang="en", case=case_no))


def test_a_draft_that_names_nothing_is_late_too_but_has_nothing_to_send(open_page: OpenPage, shop: Shop):
    case_no = cases.open_draft(shop.app, MEI, shop.order(completed_at=shop.clock.at)).case_no
    shop.clock.advance(timedelta(days=8))
    page = open_page("track", MEI, case=case_no)
    assert "申请期限已过" in words(page) and "anyway=1" not in html(page)


def test_what_the_rules_still_look_at_is_not_too_late(open_page: OpenPage, shop: Shop):
    """Never delivered: a person looks, however late; the draft goes on."""
    case_no = begun(shop, delivery="pending")
    shop.clock.advance(timedelta(days=8))
    assert "继续填写" in words(open_page("track", MEI, case=case_no))


@pytest.mark.parametrize("screen", ["track", "request"])
def test_what_was_withdrawn_can_be_asked_for_again_until_a_date(open_page: OpenPage, shop: Shop, screen: str):
    """R3.5, R3.7."""
    order_no = shop.order(("alipay", BIG), completed_at=shop.clock.at)
    case_no = shop.apply(order_no, BIG).case_no
    shop.act(case_no, "withdraw", MEI)
    query = {"case": case_no} if screen == "track" else {"sent": case_no}
    page = open_page(screen, MEI, **query)
    assert "还有 ¥900.00 可以退，到 9月8日（周二）都可以申请" in words(page)
    assert f'href="/request?order={order_no}"' in html(page) and "再次申请这笔订单" in words(page)
    shop.clock.advance(timedelta(days=8))
    late = open_page(screen, MEI, **query)
    assert "不能再申请了" in words(late) and "9月8日（周二）" in words(late)
    assert "再次申请这笔订单" not in words(late) and f'href="/request?order={order_no}"' not in html(late)


def test_a_final_word_is_not_asked_for_again_as_if_nothing_had_been(open_page: OpenPage, shop: Shop):
    """R3.6: the same matter is closed; silence was no final word."""
    page = open_page("track", MEI, case=closed(shop))
    assert "结果是最终的" in words(page) and 'class="btn"' not in html(page)
    again = open_page("track", MEI, case=lapsed(shop))
    assert "还可以再申请" in words(again) and "最终" not in words(again)


def test_asked_for_again_the_old_request_leads_to_the_new_one(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", BIG))
    first = shop.apply(order_no, BIG).case_no
    shop.act(first, "withdraw", MEI)
    second = shop.apply(order_no, BIG).case_no
    page = open_page("track", MEI, case=first)
    assert "已经有新的退款单" in words(page) and f'href="/track?case={second}"' in html(page)


def test_a_form_only_looked_at_hides_no_finished_refund(open_page: OpenPage, shop: Shop):
    """R2.5: a draft is a form that was begun, no request with a number and no alarm."""
    order_no = shop.order(("alipay", 10_000))
    first = shop.apply(order_no, 4_000).case_no
    shop.work()
    shop.work(days=3)
    begun = cases.open_draft(shop.app, MEI, order_no).case_no
    page = open_page("track", MEI, case=first)
    assert "新的退款单" not in words(page) and begun not in html(page)
    assert "还有 ¥60.00 可以退" in words(page) and f'href="/request?order={order_no}"' in html(page)
    form = words(open_page("track", MEI, case=begun))
    assert "轮到你了" not in form and f"退款单 {begun}" not in form and "没有提交的申请表" in form


@pytest.mark.parametrize(("lang", "mark"), [("zh_CN", "接下来"), ("en", "To come")])
def test_what_is_to_come_says_so(open_page: OpenPage, shop: Shop, lang: str, mark: str):
    """R5.2: the newest stands on top, and the money's arrival is the newest before it has happened."""
    lines = html(open_page("track", MEI, lang=lang, case=paying(shop))).split('<ol class="tl"')[1]
    first, *others = lines.split("</ol>")[0].split("<li ")[1:]
    assert first.startswith('class="fut"') and mark in first
    assert all((mark in line) is line.startswith('class="fut"') for line in others)


def test_nothing_left_is_nothing_to_ask_for(open_page: OpenPage, shop: Shop):
    page = words(open_page("track", MEI, case=completed(shop)))
    assert "再申请" not in page and "没有可以再退" not in page


def test_the_same_request_that_would_be_refused_is_told_so(open_page: OpenPage, shop: Shop):
    case_no = reviewed(shop)
    shop.act(case_no, "withdraw", MEI)
    with shop.app.begin() as conn:
        conn.execute(update(orders).values(delivery="redeemed"))
    assert "按规则不会通过：商品已于" in words(open_page("track", MEI, case=case_no))


def test_a_refusal_past_the_window_can_be_appealed_but_not_applied_for_anew(open_page: OpenPage, shop: Shop):
    """R3.5, R3.6: what is applied for anew counts from then."""
    order_no = shop.order(("alipay", BIG), completed_at=shop.clock.at - timedelta(days=6))
    case_no = shop.apply(order_no, BIG).case_no
    shop.act(case_no, "reject", REVIEWER, note="对不上。")
    keys = {button.key for button in open_page("track", MEI, case=case_no).button}
    assert {"do-appeal", "reapply"} <= keys
    shop.clock.advance(timedelta(days=2))
    late = open_page("track", MEI, case=case_no)
    assert "do-appeal" in {button.key for button in late.button}
    assert "reapply" not in {button.key for button in late.button} and "不能再重新申请" in words(late)


# --- dates that were missed ------------------------------------------------------------------------------


def test_a_date_that_has_passed_is_not_promised(open_page: OpenPage, shop: Shop):
    """R3.2: also before anybody has escalated it."""
    case_no = reviewed(shop)
    shop.clock.advance(timedelta(days=5))
    page = words(open_page("track", MEI, case=case_no))
    assert "已超过处理时限" in page and "已过时限，马上有人跟进" in page and "9月4日" not in page


def test_every_promise_that_was_missed_stands(open_page: OpenPage, shop: Shop):
    """R5.2: the newest does not push the earlier off the timeline."""
    case_no = overdue(shop)
    shop.work(days=5)
    shop.work(days=5)
    assert [event.event for event in shop.view(case_no).events].count("escalate") == 3
    assert words(open_page("track", MEI, case=case_no)).count("已升级给主管") == 3


def test_where_it_went_is_asked_only_when_it_should_be_there(open_page: OpenPage, shop: Shop):
    """R5.4."""

    def asks(case_no: str) -> bool:
        labels = [expander.label for expander in open_page("track", MEI, case=case_no).expander]
        return any("没收到" in label for label in labels)

    on_its_way = paying(shop)
    assert not asks(on_its_way) and not asks(in_balance(shop))
    shop.clock.advance(timedelta(days=4))
    assert asks(on_its_way)
    assert asks(completed(shop))


def test_the_terms_of_arbitration(shop: Shop):
    """R3.4: who decides, that it binds, and by when."""
    turn = Turn(shop.app, MEI, texts.of("zh_CN"), shop.view(asked(shop), MEI), shop.clock.at)
    said = track_turn.terms_of_dispute(turn)
    assert "独立的仲裁员" in said and "最终" in said and "5 个工作日" in said and "9月8日（周二）" in said


# --- drafts, refusals past the window, final words, parts --------------------------------------------------


def test_a_draft_names_the_last_day_everywhere(open_page: OpenPage, shop: Shop):
    """R1.3: headline, timeline and list say the end of the window, which comes before the draft's."""
    case_no = begun(shop)
    page = words(open_page("track", MEI, case=case_no))
    assert "到 9月8日（周二）都可以提交" in page and "最晚 9月8日（周二）" in page and "草稿保留" not in page
    assert "9月8日（周二）截止" in words(open_page("track", MEI))
    shop.clock.advance(timedelta(days=8))
    assert "草稿保留" not in words(open_page("track", MEI, case=case_no))
    listed = open_page("track", MEI)
    assert "申请期限已过" in words(listed) and f"case={case_no}" in html(listed)


def test_in_the_list_a_draft_is_a_line_below_the_refunds(open_page: OpenPage, shop: Shop):
    sent = reviewed(shop)
    shop.clock.advance(timedelta(minutes=1))
    order_no = shop.view(begun(shop)).order.order_no
    page = html(open_page("track", MEI))
    assert page.count('class="track"') == 1 and page.index(sent) < page.index(f"order={order_no}")


def test_a_draft_never_sent_is_deleted_not_withdrawn(open_page: OpenPage, shop: Shop):
    case_no = begun(shop)
    page = open_page("track", MEI, case=case_no)
    assert [button.label for button in page.button if button.key == "withdraw"] == ["删除草稿"]
    shop.act(case_no, "withdraw", MEI)
    gone = words(open_page("track", MEI, case=case_no))
    assert "草稿已经不在了" in gone and "删除草稿" in gone and "撤回" not in gone
    sent = open_page("track", MEI, case=reviewed(shop))
    assert [button.label for button in sent.button if button.key == "withdraw"] == ["撤回申请"]


def test_past_the_window_nothing_says_that_a_refusal_can_be_asked_again(open_page: OpenPage, shop: Shop):
    """R3.5, R3.6: headline, box, timeline and the cards agree."""
    order_no = shop.order(("alipay", BIG), completed_at=shop.clock.at - timedelta(days=6))
    case_no = shop.apply(order_no, BIG).case_no
    shop.act(case_no, "reject", REVIEWER, note="对不上。")
    shop.clock.advance(timedelta(days=2))
    pages = [open_page("track", MEI, case=case_no), open_page("track", MEI), open_page("start", MEI)]
    for page in map(words, pages):
        assert "都可以申诉" in page
        assert "再申请" not in page.replace("不能再重新申请", "") and "修改后重新申请" not in page


def test_a_ruling_against_it_is_the_last_word(open_page: OpenPage, shop: Shop):
    """R3.4: no button to ask again; 'upheld' only where something was refused before."""
    case_no = arbitrated(shop)
    shop.act(case_no, "reject", ARBITER, note="证据不足。")
    page = open_page("track", MEI, case=case_no)
    assert "结果是最终的" in words(page) and "没有通过，退款单关闭" in words(page)
    assert "维持" not in words(page) and "/request?order=" not in html(page) and "可以退" not in words(page)


def test_of_an_earlier_request_the_last_word_is_elsewhere(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", BIG))
    first = shop.apply(order_no, BIG).case_no
    shop.act(first, "withdraw", MEI)
    second = shop.apply(order_no, BIG).case_no
    shop.act(second, "dispute", MEI, note="我不同意。")
    shop.act(second, "reject", ARBITER, note="证据不足。")
    page = open_page("track", MEI, case=first)
    assert "已经有最终结果" in words(page) and f"case={second}" in html(page)
    assert f"order={order_no}" not in html(page)


def test_a_part_says_of_what_and_why_and_the_fee_its_rate(open_page: OpenPage, shop: Shop):
    """R4.6."""
    order_no = shop.order(("alipay", BIG), delivery="code_viewed", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, BIG, reason="other").case_no
    shop.act(case_no, "approve", REVIEWER, amount_minor=20_000, note="只退没用过的那张。")
    page = words(open_page("track", MEI, case=case_no))
    assert "你申请了 ¥900.00，批准了一部分" in page
    assert "手续费 5%（买错了，或其他原因） −¥10.00" in page and "你将收到 ¥190.00" in page
    assert "只批准一部分的原因 只退没用过的那张。" in page
    assert "批准了一部分" not in words(open_page("track", MEI, case=approved(shop)))


def test_two_ways_on_with_a_time_of_their_own_each(open_page: OpenPage, shop: Shop):
    """R3.5, R3.6: the window to ask ends before the appeal does; nobody is told one date for both."""
    number = shop.order(
        ("alipay", 90_000), delivery="code_viewed", completed_at=shop.clock.at - timedelta(days=4)
    )
    case_no = shop.apply(number, 90_000).case_no
    shop.act(case_no, "reject", REVIEWER, note="账号不是你的")
    page = words(open_page("track", MEI, case=case_no))
    again, appeal = page.index("可以修改后重新申请。"), page.index("可以申诉，之后退款单会关闭。")
    assert again < appeal and "可以申诉或修改后重新申请" not in page


def test_pieces_stay_known(open_page: OpenPage, shop: Shop):
    number = shop.order(("alipay", 20_000), quantity=2)
    case_no = shop.apply(number, 10_000, quantity=1).case_no
    assert "2 件中的 1 件" in words(open_page("track", MEI, case=case_no))


def test_a_fee_is_known_before_the_decision(open_page: OpenPage, shop: Shop) -> None:
    """R4.6: as the last step before sending said it: all of it, the fee and its reason, what is left."""
    case_no = reviewed(shop, reason="other")
    said = words(open_page("track", MEI, case=case_no))
    assert "申请金额 ¥900.00 手续费 5%（买错了，或其他原因） −¥45.00 通过后你将收到 ¥855.00" in said
    assert "You receive if approved ¥855.00" in words(open_page("track", MEI, lang="en", case=case_no))
    shop.act(case_no, "approve", LEAD)
    view = shop.view(case_no, MEI)
    assert (view.expected, view.refund_minor) == (None, 85_500), "as it was said"
    assert "你将收到 ¥855.00" in words(open_page("track", MEI, case=case_no))


def test_without_a_fee_the_whole_is_promised(open_page: OpenPage, shop: Shop) -> None:
    for case_no in (reviewed(shop), asked(shop), arbitrated(shop), appealed(shop)):
        said = words(open_page("track", MEI, case=case_no))
        assert "手续费 ¥0.00 通过后你将收到 ¥900.00" in said, shop.view(case_no).state
    for case_no in (rejected(shop), withdrawn(shop)):
        assert "通过后你将收到" not in words(open_page("track", MEI, case=case_no))


def test_the_balance_is_free_of_the_fee_before_the_decision_too(open_page: OpenPage, shop: Shop) -> None:
    """And nobody who chose it is told of talks about where the money goes."""
    case_no = shop.apply(
        shop.order(("alipay", BIG), is_open=False), BIG, reason="other", route="balance"
    ).case_no
    said = words(open_page("track", MEI, case=case_no))
    assert shop.view(case_no).state == "in_review"
    assert "手续费 ¥0.00 通过后你将收到 ¥900.00" in said and "通过后打款" in said and "商定" not in said


def test_only_what_is_negotiated_is_said_to_be_settled_first(open_page: OpenPage, shop: Shop) -> None:
    """R4.5. That a third party holds it does not say that it cannot go back: that is one of the ways."""
    assert "商定" not in words(open_page("track", MEI, case=reviewed(shop)))
    case_no = shop.apply(shop.order(escrow=True)).case_no
    assert "通过后先商定退到哪里，再打款" in words(open_page("track", MEI, case=case_no))
    shop.act(case_no, "approve", LEAD)
    page = open_page("track", MEI, case=case_no)
    [ways] = [radio for radio in page.radio if radio.key.startswith("way-")]
    assert "退回付款的账户" in ways.options and "退回付款的账户也可以" in words(page)
    assert "不能直接" not in words(page)
    english = words(open_page("track", MEI, lang="en", case=case_no))
    assert "cannot simply go back" not in english and "the account that paid included" in english


def twice(shop: Shop) -> str:
    """An order whose goods were redeemed and that was paid once too often, by our own books."""
    order_no = shop.order(
        ("alipay", 10_000), ("wechat", 10_000), delivery="redeemed", completed_at=shop.clock.at
    )
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(amount_minor=10_000))
    return order_no


def test_what_was_charged_twice_is_never_too_late(open_page: OpenPage, shop: Shop):
    """R1.3: past the time to ask, what step 2 would still give back is not said to be over, on any screen."""
    order_no = twice(shop)
    shop.order(("alipay", 9_000), completed_at=shop.clock.at)
    case_no = cases.open_draft(shop.app, MEI, order_no).case_no
    shop.clock.advance(timedelta(days=8))
    page = open_page("track", MEI, case=case_no)
    assert "继续填写" in words(page) and "期限已过" not in words(page), "it names no reason yet"
    assert "已经过了" not in words(page)
    for view in ("orders", ""):
        start = words(open_page("start", MEI, view=view))
        assert "重复扣的 ¥100.00 还能退" in start and start.count("一般期限已过") == 1
    assert "重复扣的 ¥100.00 还能退" in words(open_page("request", MEI))
    assert "¥100.00 charged twice can still go back" in words(open_page("start", MEI, lang="en"))
    cases.save_draft(shop.app, MEI, case_no, reason="duplicate_charge", requested_minor=10_000)
    for name, query in (("track", {"case": case_no}), ("track", {}), ("start", {})):
        assert "申请期限" not in words(open_page(name, MEI, **query)), (name, query)
    assert shop.view(case_no, MEI).locator.key == "locator.draft_kept"
    cases.save_draft(shop.app, MEI, case_no, reason="other", requested_minor=20_000)
    said = words(open_page("track", MEI, case=case_no))
    assert "草稿里的原因已过申请期限" in said and "账上有一笔 ¥100.00 的重复扣款" in said
    assert "改成申请重复扣款" in said


def test_after_the_end_what_was_charged_twice_can_still_be_asked_for(open_page: OpenPage, shop: Shop):
    order_no = twice(shop)
    shop.apply(order_no, 20_000, reason="other")
    [card] = cases.list_for(shop.app, MEI)
    shop.work(days=12)
    assert shop.view(card.case_no).state == "closed"
    page = open_page("track", MEI, case=card.case_no)
    assert "账上有一笔 ¥100.00 的重复扣款" in words(page) and "再次申请这笔订单" in words(page)
    assert "不能再申请了" not in words(page)


LONG = "\n".join(f"第 {line} 行：登录不上，客服让我再等等。" for line in range(12))


def test_long_words_push_nothing_away(open_page: OpenPage, shop: Shop) -> None:
    """Some lines of them, all of them at a click, and every word in the page; short words have no button."""
    short = acted(shop, reviewed(shop), "ask", REVIEWER, "哪一天？")
    assert "展开全部" not in words(open_page("track", MEI, case=short))
    shop.act(short, "answer", MEI, note=LONG)
    page = open_page("track", MEI, case=short)
    assert words(page).count("展开全部") == 1 and "第 11 行" in words(page)
    assert '<div class="long"><details><summary>' in html(page)
    assert "Show all" in words(open_page("track", MEI, lang="en", case=short))


def test_a_number_typed_in_small_letters_is_found(open_page: OpenPage, shop: Shop):
    sent = shop.apply(shop.order())
    assert sent.case_no in words(open_page("track", MEI, case=f" {sent.case_no.lower()}"))


@pytest.mark.parametrize(
    ("lang", "says"), [("zh_CN", "你在替客户办理"), ("en", "“You” on this page is the customer")]
)
def test_support_reads_for_whom_they_act(open_page: OpenPage, shop: Shop, lang: str, says: str) -> None:
    """By account, or of a guest by the order; customers read nothing of it."""
    case_no = shop.apply(shop.order()).case_no
    said = words(open_page("track", SUPPORT, lang=lang, case=case_no))
    assert says in said and "mei" in said
    assert says not in words(open_page("track", MEI, lang=lang, case=case_no))


def test_a_transfer_goes_to_the_account_they_named(open_page: OpenPage, shop: Shop) -> None:
    said = words(open_page("track", MEI, case=transfer_agreed(shop)))
    assert "你的人工转账" not in said and "你的银行卡" in said
