"""The wizard from the verdict to the case: what it answers, and nothing sent twice (R1.4, R1.5, R2.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.adapters.tables import orders, payments
from core.domain.actors import Actor
from core.services import evidence
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import draft, filled, keyed, number_of_cases, picture, press, step
from tests.shop import MEI, REVIEWER, WEI, Shop

# --- step 2 ----------------------------------------------------------------------------------------------


def test_green_at_once(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    filled(shop, order_no)
    page = open_page("request", MEI, order=order_no, step="2")
    assert "可以退，提交后当场通过" in words(page)
    assert "申请期还没开始计算" in words(page)


def test_amber_with_the_day_of_the_answer(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 90_000))
    filled(shop, order_no, amount=90_000)
    assert "需要人工看一下，最晚 9月4日（周五）给你结果" in words(
        open_page("request", MEI, order=order_no, step="2")
    )


def test_a_fee_is_no_surprise_after_the_verdict(open_page: OpenPage, shop: Shop):
    """R4.6: before a person looks as well."""
    order_no = shop.order(("alipay", 20_000), delivery="code_issued", completed_at=shop.clock.at)
    filled(shop, order_no, "other", 20_000)
    page = open_page("request", MEI, order=order_no, step="2")
    assert "你将收到 ¥190.00 已扣：手续费 ¥10.00（5%）" in words(page)
    reviewed = shop.order(("alipay", 20_000), delivery="code_viewed", completed_at=shop.clock.at)
    filled(shop, reviewed, "other", 20_000)
    said = words(open_page("request", MEI, order=reviewed, step="2"))
    assert "审核通过的话，你将收到 ¥190.00 已扣：手续费 ¥10.00（5%）" in said


def test_without_a_fee_nothing_is_taken_off(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    filled(shop, order_no)
    page = open_page("request", MEI, order=order_no, step="2")
    assert "你将收到 ¥100.00" in words(page) and "已扣" not in words(page)


def redeemed(shop: Shop) -> str:
    return shop.order(
        delivery="redeemed",
        completed_at=shop.clock.at - timedelta(days=1),
        paid_at=shop.clock.at - timedelta(days=1),
    )


def test_a_refusal_names_the_rule_the_fact_with_its_time_and_what_would_change_it(
    open_page: OpenPage, shop: Shop
):
    """R1.2, R1.4."""
    order_no = redeemed(shop)
    filled(shop, order_no, "other")
    page = open_page("request", MEI, order=order_no, step="2")
    said = words(page)
    assert "按规则不能退" in said and "8月31日 12:00 核销" in said
    assert "怎样会改变结果" in said and "核销记录" in said and "到 9月7日（周一）有效" in said
    assert "你的情况适用这一条" in said and "（你的：" in said, "and why the other rules do not"
    assert "剩余时间" in said


def test_the_change_in_hand_leads_through_the_evidence_to_a_person(open_page: OpenPage, shop: Shop):
    order_no = redeemed(shop)
    case_no = filled(shop, order_no, "other")
    page = press(open_page("request", MEI, order=order_no, step="2"), "add-proof")
    assert step(page) == "4" and "核销记录" in words(page)
    evidence.add(shop.app, MEI, case_no, "redemption_record", picture())
    assert "需要人工看一下" in words(open_page("request", MEI, order=order_no, step="2"))


def test_a_refusal_has_no_route_to_choose(open_page: OpenPage, shop: Shop):
    order_no = redeemed(shop)
    filled(shop, order_no, "other")
    for number in ("3", "4x", "5", "9", "-1"):
        page = open_page("request", MEI, order=order_no, step=number)
        assert "退到哪里" not in words(page).replace("退到哪里 ", "", 1) or "按规则不能退" in words(page)


def test_sent_anyway_it_is_refused_in_writing_and_can_be_appealed(open_page: OpenPage, shop: Shop):
    order_no = redeemed(shop)
    case_no = filled(shop, order_no, "other")
    page = press(open_page("request", MEI, order=order_no, step="5", anyway="1"))
    assert "按规则没有通过" in words(page) and "可以申诉" in words(page)
    sent = shop.view(case_no)
    assert sent.says["zh"] and sent.says["zh"] in words(page), "the reason in writing, as promised"
    assert f'<a class="btn" href="/track?case={sent.case_no}">去申诉</a>' in html(page)
    assert shop.view(case_no).state == "rejected"


def test_what_is_left_elsewhere_cannot_be_had_again(open_page: OpenPage, shop: Shop):
    """R6.1: an external refund already covers it."""
    order_no = shop.order()
    filled(shop, order_no)
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == order_no).values(external_minor=10_000))
    page = open_page("request", MEI, order=order_no, step="5", anyway="1")
    assert "没有剩下可退的" in words(page) and "仍然提交" not in words(page) and not page.radio


# --- steps 3 to 5 ----------------------------------------------------------------------------------------


def test_the_amount_sums_for_each_route(open_page: OpenPage, shop: Shop):
    """R4.6: paid − fee = you receive, to the fen, and the balance keeps its own."""
    order_no = shop.order(("alipay", 1_999), delivery="code_viewed", completed_at=shop.clock.at)
    filled(shop, order_no, "other", 1_999)
    page = open_page("request", MEI, order=order_no, step="3")
    assert "¥19.99" in words(page) and "−¥1.00" in words(page) and "你将收到 ¥18.99" in words(page)
    page.radio[0].set_value("balance").run()
    assert "你将收到 ¥19.99" in words(page) and draft(shop, order_no).route == "balance"
    assert any("不可提现" in caption for caption in page.radio[0].captions)


def test_evidence_is_asked_for_by_the_checklist_and_no_step_skips_it(open_page: OpenPage, shop: Shop):
    """R2.3."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = filled(shop, order_no, "not_as_described", route="original")
    page = open_page("request", MEI, order=order_no, step="5")
    assert "还缺：商品页面截图、收到的商品截图" in words(page) and page.button(key="next").disabled
    for kind in ("product_page", "product_shown"):
        evidence.add(shop.app, MEI, case_no, kind, picture())
    page = open_page("request", MEI, order=order_no, step="4")
    assert "需要人工看一下" in words(page) and html(page).count('src="/files/evidence/') == 2
    assert step(press(page)) == "5"


def test_a_picture_taken_back_is_gone(open_page: OpenPage, shop: Shop):
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = filled(shop, order_no, "not_as_described", route="original")
    kept = evidence.add(shop.app, MEI, case_no, "product_page", picture())
    page = press(open_page("request", MEI, order=order_no, step="4"), f"drop-{kept.id}")
    assert "/files/evidence/" not in html(page)


def test_sending_shows_the_number_the_amount_and_the_day(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    case_no = filled(shop, order_no, route="original")
    page = open_page("request", MEI, order=order_no, step="5")
    assert "退款服务协议" in page.expander[0].label
    press(page)
    said = words(page)
    assert "通过了，¥100.00 正在退给你" in said and case_no in said and "最晚 9月3日（周四）到账" in said
    assert f"/track?case={case_no}" in html(page)
    assert case_no in page.query_params["sent"]


def test_each_part_has_its_account_its_amount_and_its_date(open_page: OpenPage, shop: Shop):
    """R4.3, R4.4: on the last step, after sending, and when the money is on its way."""
    order_no = shop.order(("alipay", 6_000), ("balance", 4_000))
    filled(shop, order_no, route="original")
    page = open_page("request", MEI, order=order_no, step="5")
    alipay, balance = "支付宝 138****2046 预计最晚 9月3日（周四） ¥60.00", "平台余额 立即到账"
    parts = f"{alipay} {balance} · 有效至 2027年9月1日（周三） ¥40.00"
    assert parts in words(page)
    press(page)
    assert "通过了" in words(page) and parts in words(page)
    shop.work()
    page.run()
    assert "支付宝 138****2046 渠道已受理 · 预计最晚 9月3日（周四） ¥60.00" in words(page)
    assert "平台余额 已到账 · 有效至 2027年9月1日（周三） ¥40.00" in words(page)


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("original", "支付宝原路返回 138****2046"),
        ("balance", "立即到账 · 有效至 2027年9月1日（周三）"),
    ],
)
def test_a_single_way_names_its_account_or_its_expiry(open_page: OpenPage, shop: Shop, route: str, said: str):
    order_no = shop.order()
    filled(shop, order_no, route=route)
    page = open_page("request", MEI, order=order_no, step="5")
    assert said in words(page)


def test_under_review_the_parts_are_what_will_be(open_page: OpenPage, shop: Shop):
    """Three working days of review, then two of Alipay."""
    order_no = shop.order(("alipay", 90_000))
    filled(shop, order_no, amount=90_000, route="original")
    page = press(open_page("request", MEI, order=order_no, step="5"))
    assert "最晚 9月4日（周五）给你结果" in words(page)
    assert "审核通过后 支付宝 138****2046 预计最晚 9月8日（周二） ¥900.00" in words(page)


@pytest.mark.parametrize(
    ("description", "with_picture", "said"),
    [
        ("", False, "有人会看这笔申请。"),
        ("三天前就没到", False, "有人会看你的说明。"),
        ("", True, "有人会看你的凭证。"),
        ("三天前就没到", True, "有人会看你的说明和凭证。"),
    ],
)
def test_nobody_promises_to_read_what_was_not_sent(
    open_page: OpenPage, shop: Shop, description: str, with_picture: bool, said: str
):
    order_no = shop.order(("alipay", 90_000))
    case_no = filled(shop, order_no, amount=90_000, route="original", description=description)
    if with_picture:
        evidence.add(shop.app, MEI, case_no, "other", picture())
    assert said in words(press(open_page("request", MEI, order=order_no, step="5")))


def test_after_a_review_the_balance_is_good_until_about_a_date(open_page: OpenPage, shop: Shop):
    """Three working days of review, then 365 days: Help counts from the arrival too."""
    order_no = shop.order(("alipay", 90_000))
    filled(shop, order_no, amount=90_000, route="balance")
    page = open_page("request", MEI, order=order_no, step="3")
    assert any(
        "从到账那天起 365" in caption and "约到 2027年9月4日" in caption for caption in page.radio[0].captions
    )
    page = open_page("request", MEI, order=order_no, step="5")
    assert "约到 2027年9月4日（周六）有效" in words(page)
    assert "约到 2027年9月4日（周六）有效" in words(press(page))


def test_many_clicks_many_tabs_one_case(open_page: OpenPage, shop: Shop):
    """Invariant 17."""
    order_no = shop.order()
    case_no = filled(shop, order_no, route="original")
    tabs = [open_page("request", MEI, order=order_no, step="5") for _ in range(3)]
    for tab in tabs:
        press(tab)
        assert "正在退给你" in words(tab) and case_no in words(tab)
    assert number_of_cases(shop) == 1
    assert [event.event for event in shop.view(case_no).events].count("submit") == 1


# --- meanwhile -------------------------------------------------------------------------------------------


def test_a_window_that_closes_between_step_two_and_five_sends_nothing(open_page: OpenPage, shop: Shop):
    """R1.5: what the customer saw is no longer true."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = filled(shop, order_no, "other", 10_000, route="original")
    page = open_page("request", MEI, order=order_no, step="2")
    page.query_params["step"] = "5"
    page.run()
    shop.clock.advance(timedelta(days=8))
    press(page)
    said = words(page)
    assert "情况变了，请再看一眼" in said and "什么都没有提交" in said
    assert "按规则不能退" in said and "截止" in said
    assert shop.view(case_no).state == "draft"


def test_a_case_already_open_is_shown_instead(open_page: OpenPage, shop: Shop):
    """R2.5."""
    order_no = shop.order(("alipay", 90_000))
    sent = shop.apply(order_no, 90_000)
    page = open_page("request", MEI, order=order_no)
    assert "已经有一张退款单" in words(page) and f"/track?case={sent.case_no}" in html(page)
    assert number_of_cases(shop) == 1


def test_a_draft_that_lapsed_is_begun_anew(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    page = open_page("request", MEI, order=order_no)
    shop.work(days=20)
    page.run()
    assert not page.exception and "哪里不对" in words(page)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh_CN", ("只能在本店用，不可提现", "2027年")),
        ("en", ("For use here only, not withdrawable", "2027")),
    ],
)
@pytest.mark.parametrize("tenders", [(("alipay", 10_000),), (("alipay", 6_000), ("balance", 4_000))])
def test_what_becomes_balance_says_where_and_until_when_it_is_good(
    open_page: OpenPage, shop: Shop, lang: str, said: tuple[str, ...], tenders: tuple[tuple[str, int], ...]
):
    """R4.4: where the route is chosen and where it is sent; also where only a part goes there."""
    order_no = shop.order(*tenders)
    filled(shop, order_no, route="balance" if len(tenders) == 1 else "original")
    for number in ("3", "5"):
        page = open_page("request", MEI, lang=lang, order=order_no, step=number)
        captions = " ".join(str(c) for c in page.radio[0].proto.captions) if number == "3" else ""
        seen = f"{words(page)} {captions if len(tenders) == 1 else ''}"
        assert all(each in seen for each in said), number


def test_sent_and_refused_it_says_to_apply_again_only_while_that_is_so(open_page: OpenPage, shop: Shop):
    """R3.5, R3.6: what is applied for anew counts from then."""
    order_no = shop.order(("alipay", 90_000), completed_at=shop.clock.at - timedelta(days=6))
    case_no = shop.apply(order_no, 90_000).case_no
    shop.act(case_no, "reject", REVIEWER, note="对不上。")
    early = words(open_page("request", MEI, sent=case_no))
    assert "修改后重新申请，到 9月2日" in early
    shop.clock.advance(timedelta(days=2))
    late = words(open_page("request", MEI, sent=case_no))
    assert "都可以申诉" in late and "不能再重新申请" in late and "也可以修改后" not in late


def test_an_old_link_to_what_was_sent_is_not_for_others(open_page: OpenPage, shop: Shop):
    sent = shop.apply(shop.order())
    assert "没有找到" in words(open_page("request", WEI, sent=sent.case_no))
    assert sent.case_no in words(open_page("request", MEI, sent=sent.case_no))


def test_a_guest_does_it_all_for_the_order_they_proved(open_page: OpenPage, shop: Shop):
    order_no, other = shop.order(customer=""), shop.order()
    guest = Actor("guest", "", order_no)
    page = open_page("request", guest, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    for expected in ("2", "3", "5"):
        press(page)
        assert step(page) == expected
    assert not any("平台余额" in option for option in page.get("radio") or [])
    press(page)
    assert "正在退给你" in words(page)
    assert "没有找到" in words(open_page("request", guest, order=other))


@pytest.mark.parametrize("number", ["1", "2", "3", "4", "5"])
def test_every_step_is_in_one_language(open_page: OpenPage, shop: Shop, number: str):
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at, kind="membership")
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(product="Video year"))
    filled(shop, order_no, "other", route="original")
    page = open_page("request", MEI, lang="en", order=order_no, step=number)
    seen = words(page) + " ".join(
        str(widget.label) for widget in [*page.button, *page.radio, *page.text_area, *page.expander]
    )
    assert not [letter for letter in seen if "\u4e00" <= letter <= "\u9fff"]
    assert "request." not in seen


def test_a_guest_is_not_promised_a_message(open_page: OpenPage, shop: Shop):
    order_no = shop.order(customer="")
    guest = Actor("guest", "", order_no)
    sent = shop.apply(order_no, actor=guest)
    said = words(open_page("request", guest, sent=sent.case_no))
    assert "到账不会另外通知你" in said and "到账后会告诉你" not in said
    mine = shop.apply(shop.order())
    assert "到账后会告诉你" in words(open_page("request", MEI, sent=mine.case_no))
    assert "通知你" not in words(open_page("track", guest, case=sent.case_no))


def test_an_order_with_an_open_request_leads_to_it_and_says_when_the_rest_can_be_asked_for(
    open_page: OpenPage, shop: Shop
):
    order_no = shop.order(("alipay", 20_000), quantity=2)
    sent = shop.apply(order_no, 10_000, quantity=1)
    page = open_page("request", MEI)
    assert f'href="/track?case={sent.case_no}"' in html(page)
    assert "这张结束后可再退 ¥100.00" in words(page)
    assert "等这张结束（到账，或者撤回）以后可以再申请" in words(open_page("request", MEI, order=order_no))


@pytest.mark.parametrize(("reason", "leads"), [("not_delivered", True), ("other", False)])
def test_a_refusal_leads_to_what_helps_and_never_to_giving_up(
    open_page: OpenPage, shop: Shop, reason: str, leads: bool
):
    """Who did not say so is not led to say that it was somebody else."""
    order_no = redeemed(shop)
    filled(shop, order_no, reason)
    page = open_page("request", MEI, order=order_no, step="2")
    filled_in = {key: page.button(key=key).proto.type == "primary" for key in ("add-proof", "leave")}
    assert filled_in == {"add-proof": leads, "leave": False}
