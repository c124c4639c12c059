"""The form of a decision at the desk: what it shows, what it says, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.adapters.tables import orders
from core.domain.settlement import Payee
from portal.parts.desk_terms import OF_KINDS, PHRASES
from tests.core.services.test_desk import referred
from tests.core.services.test_negotiations import CARD, bounced, prove
from tests.core.services.test_weighing import PART, endorsed
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, Shop


def red(page: AppTest) -> bool:
    return 'role="alert"' in html(page)


def test_the_second_sees_one_amount_everywhere(open_page: OpenPage, shop: Shop) -> None:
    """In the queue what was approved first beside what was asked; in the box what a yes pays now."""
    case_no = endorsed(shop)
    page = open_page("desk", LEAD, queue="second")
    said = words(page)
    assert "¥1,600.00 买错了，或其他原因 第一位批准的金额，申请的是 ¥1,800.00" in said
    assert "批准了 ¥1,600.00，客户申请的是 ¥1,800.00" in said
    assert "按 ¥1,600.00 通过的话，客户收到 ¥1,520.00" in said and "¥1,710.00" not in said
    page.button(key="do-approve").click().run()
    key = next(field.key for field in page.text_input if field.key and "approve" in field.key)
    assert page.text_input(key=key).value == "1600.00"
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).refund_minor == 152_000


def test_the_box_follows_the_amount_that_is_typed(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop, 180_000)
    page = open_page("desk", REVIEWER)
    assert "通过的话，客户收到 ¥1,710.00" in words(page)
    page.button(key="do-approve").click().run()
    page.text_input(key=f"desk-amount-approve-{case_no}-0").set_value("1000").run()
    assert "按 ¥1,000.00 通过的话，客户收到 ¥950.00" in words(page) and "¥1,710.00" not in words(page)


def test_the_box_follows_the_route_that_is_offered(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop, 80_000)
    page = open_page("desk", REVIEWER)
    page.button(key="do-offer").click().run()
    page.radio(key=f"desk-route-{case_no}").set_value("balance").run()
    assert "客户收到 ¥800.00 平台余额" in words(page)


def test_another_amount_than_the_firsts_is_said_to_be_one_anew(open_page: OpenPage, shop: Shop) -> None:
    case_no = endorsed(shop)
    page = open_page("desk", LEAD, queue="second")
    page.button(key="do-approve").click().run()
    assert page.text_area(key=f"desk-note-{case_no}-approve").placeholder == PART
    assert PART in words(page).rpartition("客户会看到")[2], "what the customer will read is shown"
    key = next(field.key for field in page.text_input if field.key and "approve" in field.key)
    page.text_input(key=key).set_value("1500").run()
    page.text_area(key=f"desk-note-{case_no}-approve").set_value("只用了一天").run()
    assert "和第一位批准的 ¥1,600.00 不一样" in words(page)


def test_a_firsts_words_are_said_to_be_for_the_colleague(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop, 180_000)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    page.text_area(key=f"desk-note-{case_no}-approve").set_value("内部：查过核销记录").run()
    said = words(page)
    assert "批准以后客户才会看到" in said and "内部" not in said.rpartition("客户会看到")[2]
    page.button(key="desk-send").click().run()
    assert "内部" not in words(open_page("track", MEI, case=case_no))


def test_it_can_be_sent_from_the_start_and_says_what_is_missing_once_it_was_tried(
    open_page: OpenPage, shop: Shop
) -> None:
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-ask").click().run()
    assert "写一句话，客户要知道为什么" in words(page) and not red(page)
    page.button(key="desk-send").click().run()
    assert red(page) and shop.view(case_no).state == "in_review"
    page.button(key="do-reject").click().run()
    assert not red(page), "another form begins calmly"


@pytest.mark.parametrize("event", ["ask", "reject", "offer", "dispute"])
def test_what_is_typed_and_sent_in_one_go_is_sent(open_page: OpenPage, shop: Shop, event: str) -> None:
    """The browser hands over the text and the click together; the form was drawn without the text."""
    case_no = referred(shop, 80_000)
    page = open_page("desk", REVIEWER)
    page.button(key=f"do-{event}").click().run()
    if event == "offer":
        page.radio(key=f"desk-route-{case_no}").set_value("balance")
    page.text_area(key=f"desk-note-{case_no}-{event}").set_value("刚写完的话")
    page.button(key="desk-send").click().run()
    last = shop.view(case_no).events[-1]
    assert (last.event, last.note) == (event, "刚写完的话")


def has_used(shop: Shop, case_no: str) -> None:
    """Our records show by now that the code was redeemed."""
    order_no = shop.view(case_no).order.order_no
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(delivery="redeemed"))


def offered_words(page: AppTest) -> list[str]:
    return [b.key.removeprefix("phrase-") for b in page.button if b.key and b.key.startswith("phrase-")]


def test_nobody_is_told_of_a_use_or_a_delay_that_was_not(open_page: OpenPage, shop: Shop) -> None:
    """A key must not send what our own records contradict."""
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-reject").click().run()
    assert offered_words(page) == ["works", "unclear"]
    has_used(shop, case_no)
    page = open_page("desk", REVIEWER)
    page.button(key="do-reject").click().run()
    assert offered_words(page) == ["used", "works", "unclear"]


def test_of_what_was_asked_for_too_late_that_can_be_said(open_page: OpenPage, shop: Shop) -> None:
    completed_at = shop.clock.at - timedelta(days=40)
    order_no = shop.order(delivery="code_viewed", completed_at=completed_at, paid_at=completed_at)
    case_no = shop.apply(order_no, reason="other").case_no
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="早就报过")
    page = open_page("desk", REVIEWER, queue="appeal")
    page.button(key="do-reject").click().run()
    assert offered_words(page) == ["works_final", "late", "unclear_final"]


@pytest.mark.parametrize("state", ["in_appeal", "in_arbitration"])
def test_the_last_word_sends_nobody_on(open_page: OpenPage, shop: Shop, state: str) -> None:
    """R3.4, R3.6: after it there is no appeal and no other request."""
    case_no = referred(shop)
    if state == "in_appeal":
        shop.act(case_no, "reject", REVIEWER, note="看不清")
        shop.picture(case_no)
        shop.act(case_no, "appeal", MEI, note="请再看一次")
    else:
        shop.act(case_no, "dispute", REVIEWER, note="请仲裁")
    has_used(shop, case_no)
    actor, queue = (REVIEWER_2, "appeal") if state == "in_appeal" else (ARBITER, "arbitration")
    page = open_page("desk", actor, queue=queue)
    page.button(key="do-reject").click().run()
    offered = offered_words(page)
    assert tuple(offered) == ("used_final", "works_final", "unclear_final")
    for phrase in offered:
        page.button(key=f"phrase-{phrase}").click().run()
        said = page.text_area(key=f"desk-note-{case_no}-reject").value
        assert said and "申诉" not in said and "重新申请" not in said
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "closed"


def test_ready_words_are_true_of_the_amount_and_the_route(open_page: OpenPage, shop: Shop) -> None:
    """'As you applied' is not said of a part, nor 'to the balance' of another route."""
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    assert offered_words(page) == list(PHRASES["approve"])
    page.text_input(key=f"desk-amount-approve-{case_no}-0").set_value("40").run()
    assert offered_words(page) == ["part"]
    page.button(key="do-offer").click().run()
    assert not offered_words(page)
    page.radio(key=f"desk-route-{case_no}").set_value("balance").run()
    assert offered_words(page) == ["balance"]


def test_a_ruling_asks_for_its_reason(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    shop.act(case_no, "dispute", REVIEWER, note="请仲裁")
    page = open_page("desk", ARBITER, queue="arbitration")
    page.button(key="do-approve").click().run()
    page.button(key="desk-send").click().run()
    assert red(page) and shop.view(case_no).state == "in_arbitration"
    page.button(key="phrase-upheld").click().run()
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "approved"


@pytest.mark.parametrize(("lang", "title"), [("zh_CN", "登录已结束"), ("en", "Your sign-in has ended")])
def test_who_was_signed_in_reads_that_it_ended(
    open_page: OpenPage, shop: Shop, lang: str, title: str
) -> None:
    """Not the words for a guest who looks for an order."""
    page = open_page("desk", REVIEWER, lang=lang)
    shop.clock.advance(timedelta(days=31))
    page.run()
    said = words(page)
    assert title in said and "订单号" not in said and "order number" not in said


def test_the_page_for_staff_says_so(open_page: OpenPage) -> None:
    for page in (open_page("desk"), open_page("desk", MEI)):
        assert "这一页给工作人员用" in words(page) and "付款金额" not in words(page)


def test_who_is_paid_is_who_stood_in_the_form(open_page: OpenPage, shop: Shop) -> None:
    """R4.5: another account was named meanwhile. It is shown, nothing is done, and the words are kept."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    page = open_page("desk", FINANCE, queue="talks")
    page.button(key="do-agree").click().run()
    page.text_area(key=f"desk-note-{case_no}-agree").set_value("已核对").run()
    assert CARD.account in words(page)
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=Payee("alipay", "张三", "13900001111"))
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).events[-1].event == "propose"
    said = words(page)
    assert "有了新变化，这次没有提交" in said and "13900001111" in said and CARD.account not in said
    assert page.text_area(key=f"desk-note-{case_no}-agree").value == "已核对"
    page.button(key="desk-send").click().run()
    last = shop.view(case_no).events[-1]
    assert (last.event, last.note) == ("endorse", "已核对")


def test_a_transfer_that_nothing_speaks_against_is_entered(open_page: OpenPage, shop: Shop) -> None:
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=replace(CARD, holder=MEI.id))
    shop.act(case_no, "agree", FINANCE, way="transfer")
    shop.act(case_no, "agree", LEAD)
    shop.work()
    page = open_page("desk", FINANCE, queue="transfers")
    page.button(key="do-transfer").click().run()
    assert not red(page) and CARD.account in words(page)
    page.text_input(key=f"desk-reference-{case_no}").set_value("2026090312345").run()
    page.button(key="desk-send").click().run()
    assert "transfer" in [event.event for event in shop.view(case_no).events]


def test_a_form_that_is_drawn_anew_on_something_else_says_so(open_page: OpenPage, shop: Shop) -> None:
    """Leaving the field draws it, just before the click that was meant for what had stood there."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    page = open_page("desk", FINANCE, queue="talks")
    page.button(key="do-agree").click().run()
    before, note = page.button(key="desk-send").key, f"desk-note-{case_no}-agree"
    page.text_area(key=note).set_value("已核对").run()
    assert page.button(key="desk-send").key == before and "有了新变化" not in words(page)
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=Payee("alipay", "张三", "13900001111"))
    page.text_area(key=note).set_value("已核对过").run()
    assert "有了新变化" in words(page) and page.button(key="desk-send").key != before
    page.button(key="do-agree").click().run()
    assert "有了新变化" not in words(page), "opened anew, on what stands there"


def keys_of(page: AppTest, *names: str) -> set[str]:
    """The shortcuts of these buttons that would act."""
    return {b.proto.shortcut for b in page.button if b.key and b.key.startswith(names) and b.proto.shortcut}


def test_no_letter_of_what_is_written_decides_anything(open_page: OpenPage, shop: Shop) -> None:
    """After the amount the focus is nowhere: letters of the reason are not keys of other forms."""
    case_no = referred(shop)
    referred(shop)
    page = open_page("desk", REVIEWER, case=case_no)
    assert keys_of(page, "do-") >= {"a", "x", "q"} and keys_of(page, "put-back") == {"b"}
    page.button(key="do-approve").click().run()
    assert keys_of(page, "do-", "put-back") == set() and keys_of(page, "move-")
    page.text_input(key=f"desk-amount-approve-{case_no}-0").set_value("88").run()
    assert keys_of(page, "do-", "put-back", "move-") == set()
    page.button(key="desk-close").click().run()
    assert keys_of(page, "do-") >= {"a", "x", "q"} and keys_of(page, "move-")
    assert not page.text_input


def test_what_was_written_is_kept_while_another_form_is_open(open_page: OpenPage, shop: Shop) -> None:
    """Of each event; ready words come after one's own and do not take their place."""
    case_no = referred(shop)
    page = open_page("desk", REVIEWER, case=case_no)
    page.button(key="do-approve").click().run()
    page.text_input(key=f"desk-amount-approve-{case_no}-0").set_value("88").run()
    page.text_area(key=f"desk-note-{case_no}-approve").set_value("用过一次").run()
    page.button(key="do-reject").click().run()
    page.text_area(key=f"desk-note-{case_no}-reject").set_value("看不清").run()
    page.button(key="do-approve").click().run()
    assert page.text_input(key=f"desk-amount-approve-{case_no}-0").value == "88"
    assert page.text_area(key=f"desk-note-{case_no}-approve").value == "用过一次"
    page.button(key="phrase-part").click().run()
    said = page.text_area(key=f"desk-note-{case_no}-approve").value
    assert said is not None and said.startswith("用过一次\n") and len(said) > 10
    page.button(key="do-reject").click().run()
    assert page.text_area(key=f"desk-note-{case_no}-reject").value == "看不清"


def test_a_finding_says_what_it_does_and_marks_the_case(open_page: OpenPage, shop: Shop) -> None:
    """R6.5: points by the policy; not the button of an approval; the case stays open and is marked."""
    case_no = referred(shop)
    referred(shop)
    picture = shop.picture(case_no)
    page = open_page("desk", REVIEWER, case=case_no)
    page.button(key="do-find_forgery").click().run()
    assert "认定后客户扣 40 分信用（现在 100 分，扣后 60 分）" in words(page)
    assert "退不退款还要另外决定" in words(page)
    assert page.button(key="desk-send").proto.type == "secondary"
    page.text_area(key=f"desk-note-{case_no}-find_forgery").set_value("字体不同")
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).events[-1].picture == picture
    assert page.query_params["case"] in (case_no, [case_no])
    said = words(page)
    assert said.count("zhou-lan认定有图片不真实") == 2, "on the card and in the file"
    assert "仍然等你决定" in page.toast[0].value


def test_what_happened_meanwhile_stays_on_top_of_the_file(open_page: OpenPage, shop: Shop) -> None:
    """The customer withdrew it: no toast of success, no advice to load a fresh page, no 'if approved'."""
    case_no = referred(shop)
    shop.clock.advance(timedelta(hours=30))  # the other one is due later
    referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    shop.clock.advance(timedelta(minutes=1))
    shop.act(case_no, "withdraw", MEI)
    page.button(key="desk-send").click().run()
    assert "window.desk?.toTop()" in html(page), "where it is said comes into view"
    for _ in range(2):
        said = words(page)
        assert "在你填写的时候：客户撤回了申请（9月2日 18:01）" in said and "你的决定没有生效" in said
        assert not page.toast and "请刷新页面" not in said and "通过的话，客户收到" not in said
        page.run()
    page = open_page("desk", REVIEWER, case=case_no)
    assert "在你填写的时候" not in words(page)


@pytest.mark.parametrize(
    ("lang", "says", "never"),
    [("zh_CN", "告诉维护系统的同事", "告诉客服"), ("en", "give whoever runs the portal", "give support")],
)
def test_an_accident_in_the_form_is_told_in_the_form(
    open_page: OpenPage, shop: Shop, monkeypatch: pytest.MonkeyPatch, lang: str, says: str, never: str
) -> None:
    """In the panel, in words for staff; the rest of the file stays."""
    referred(shop)
    page = open_page("desk", REVIEWER, lang=lang)

    def fails(*told: object, **more: object) -> None:
        raise RuntimeError("no field today")

    monkeypatch.setattr("portal.parts.desk_terms.draw", fails)
    page.button(key="do-approve").click().run()
    assert not page.exception
    said = words(page)
    assert says in said and never not in said
    assert page.button(key="put-back"), "drawn below the panel"


def test_a_part_says_its_words_its_fee_and_how_much_it_was(open_page: OpenPage, shop: Shop) -> None:
    """The label asks for what the hint asks for; before the fee, and what the customer gets; 50 of 88."""
    case_no = referred(shop, 8_800)
    page = open_page("desk", REVIEWER)
    page.button(key="do-approve").click().run()
    amount, note = f"desk-amount-approve-{case_no}-0", f"desk-note-{case_no}-approve"
    assert page.text_input(key=amount).label == "批准金额，手续费另扣（CNY）"
    assert "扣除手续费 ¥4.40，客户实际收到 ¥83.60" in words(page)
    assert page.text_area(key=note).label == "给客户的话，可以不写"
    page.text_area(key=note).set_value("用过一次").run()
    page.text_input(key=amount).set_value("50").run()
    assert page.text_area(key=note).label == "为什么只退一部分，必填，客户会看到"
    assert page.text_area(key=note).value == "用过一次", "what was written stays"
    assert "扣除手续费 ¥2.50，客户实际收到 ¥47.50" in words(page)
    page.button(key="desk-send").click().run()
    assert "已通过 ¥50.00，申请的是 ¥88.00" in page.toast[0].value.replace("\\", "")


def test_who_sends_it_to_the_arbiter_knows_who_reads_it(open_page: OpenPage, shop: Shop) -> None:
    case_no = referred(shop)
    page = open_page("desk", REVIEWER)
    page.button(key="do-dispute").click().run()
    assert "客户也会看到" in page.text_area(key=f"desk-note-{case_no}-dispute").label


@pytest.mark.parametrize(
    ("kind", "used"),
    [
        ("game_card", "卡密已经使用"),
        ("software_key", "激活码已经使用"),
        ("top_up", "已经充值到你填写的账号"),
        ("membership", "会员已经开通使用"),
        ("other", "商品已经使用"),
    ],
)
def test_ready_words_speak_of_these_goods(open_page: OpenPage, shop: Shop, kind: str, used: str) -> None:
    """No card code where there is none."""
    order_no = shop.order(kind=kind, delivery="code_viewed", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, reason="other").case_no
    has_used(shop, case_no)
    page = open_page("desk", REVIEWER)
    page.button(key="do-reject").click().run()
    offered = offered_words(page)
    assert offered[1:] == ["works", "unclear"] and OF_KINDS[offered[0]] == (kind,)
    page.button(key=f"phrase-{offered[0]}").click().run()
    said = page.text_area(key=f"desk-note-{case_no}-reject").value or ""
    assert used in said and ("卡密" in said) == (kind == "game_card")
    page.button(key="do-ask").click().run()
    assert ("tried" in offered_words(page)) == (kind == "game_card")
