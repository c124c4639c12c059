"""R4.5 on the screens of both sides: what staff suggest, what its customer answers, and what is agreed on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import texts
from core.services import desk
from tests.core.services.test_negotiations import CARD, HE_MIN, approved_then, bounced, named, prove
from tests.core.services.test_suggestions import WHY, proposed
from tests.pages.conftest import OpenPage, html, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def suggested(shop: Shop, way: str = "balance") -> str:
    case_no = proposed(shop)
    shop.act(case_no, "counter", FINANCE, way=way, note=WHY)
    return case_no


@pytest.mark.parametrize(
    ("lang", "title", "tag"),
    [
        ("zh_CN", "我们建议退到平台余额", "轮到你了"),
        ("en", "We suggest paying it to your balance here", "Your turn"),
    ],
)
def test_a_suggestion_with_its_reason_and_one_button_that_takes_it(
    open_page: OpenPage, shop: Shop, lang: str, title: str, tag: str
) -> None:
    case_no = suggested(shop)
    page = open_page("track", MEI, case=case_no, lang=lang)
    said = words(page)
    assert title in said and WHY in said and tag in said
    assert said.count(WHY) == 2, "in the block and in the conversation"
    primary = [button.key for button in page.button if button.proto.type == "primary"]
    assert primary == [f"do-propose-{shop.view(case_no).last_word}"]
    page.button(key="do-propose").click().run()
    assert [event.way for event in shop.view(case_no).events][-1] == "balance"
    tx, said = texts.of(lang), words(page)
    assert tx("track.turn.talks_said", way=tx("track.turn.way.balance")) in said and title not in said


def test_theirs_is_kept_with_one_click(open_page: OpenPage, shop: Shop) -> None:
    """They gave the account once: nobody asks for it again."""
    named(shop, "梅雨")
    case_no = suggested(shop)
    page = open_page("track", MEI, case=case_no)
    assert page.button(key="keep-way").label == "仍然转到你本人的另一个账户"
    page.button(key="keep-way").click().run()
    last = shop.view(case_no).events[-1]
    assert (last.event, last.way, last.payee) == ("propose", "transfer", ("card", "****1234"))
    assert "你选择了：转到我本人的另一个账户" in words(page)


def test_or_a_third_way(open_page: OpenPage, shop: Shop) -> None:
    case_no = suggested(shop)
    page = open_page("track", MEI, case=case_no)
    assert not page.radio
    page.button(key="other-way").click().run()
    assert page.radio[0].value == "transfer", "theirs first"
    page.radio[0].set_value("discount").run()
    page.button(key="do-propose").click().run()
    assert shop.view(case_no).events[-1].way == "discount"


def test_who_said_nothing_yet_keeps_nothing(open_page: OpenPage, shop: Shop) -> None:
    case_no = bounced(shop)
    shop.act(case_no, "counter", LEAD, way="balance", note=WHY)
    page = open_page("track", MEI, case=case_no)
    assert not [button for button in page.button if str(button.key).startswith("keep-way")]
    page.button(key="do-propose").click().run()
    assert shop.view(case_no).events[-1].way == "balance"


def test_another_account_is_theirs_to_give(open_page: OpenPage, shop: Shop) -> None:
    """A suggestion to transfer it asks for the account beside the button, and says what is wrong with it."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "counter", FINANCE, way="transfer", note=WHY)
    page = open_page("track", MEI, case=case_no)
    page.button(key="do-propose").click().run()
    assert "收款账户有一处填写不对" in words(page)
    page.radio(key=f"payee-channel-{case_no}").set_value("card").run()
    page.text_input(key=f"payee-holder-{case_no}").set_value("梅雨").run()
    page.text_input(key=f"payee-account-{case_no}").set_value(CARD.account).run()
    page.button(key="do-propose").click().run()
    assert shop.view(case_no).events[-1].payee == ("card", "****1234")


def test_until_when_and_what_happens_then(open_page: OpenPage, shop: Shop) -> None:
    """R4.5: silence closes nothing; they are asked once more, and the story says so once."""
    case_no = suggested(shop)
    said = words(open_page("track", MEI, case=case_no))
    assert "到时没有选好，我们会再提醒你" in said and "等你答复我们的建议" in said
    for _ in range(3):
        due_at = shop.view(case_no).due_at
        assert due_at is not None
        shop.clock.at = due_at
        shop.work()
    said = words(open_page("track", MEI, case=case_no))
    assert said.count("再次请你选收款方式") == 1 and "我们建议退到平台余额" in said
    assert "建议了一种收款方式 退到平台余额" in said
    assert "我们建议了一种收款方式" in words(open_page("notices", MEI))


@pytest.mark.parametrize(
    ("lang", "one", "two"),
    [
        ("zh_CN", "退款已由一位同事批准，另一位核对", "两位同事核对后办理"),
        ("en", "One of us approved the refund; another checks", "Two of our people check it and then pay"),
    ],
)
def test_who_checks_it_is_said_as_it_is(
    open_page: OpenPage, shop: Shop, lang: str, one: str, two: str
) -> None:
    """Invariant 13: after a person's approval one more checks, after the portal's own two do."""
    by_person = shop.apply(shop.order(escrow=True)).case_no
    shop.act(by_person, "approve", REVIEWER)
    by_itself = bounced(shop)
    for case_no in (by_person, by_itself):
        before = words(open_page("track", MEI, case=case_no, lang=lang))
        assert one not in before and two not in before, "how many is not known yet"
        shop.act(case_no, "propose", MEI, way="balance")
    said = words(open_page("track", MEI, case=by_person, lang=lang))
    assert one in said and two not in said
    said = words(open_page("track", MEI, case=by_itself, lang=lang))
    assert two in said and one not in said
    assert shop.act(by_person, "agree", FINANCE).state == "paying"
    assert shop.act(by_itself, "agree", FINANCE).state == "negotiating"


def test_what_the_first_of_two_agreed_to_is_said_without_a_proposal(open_page: OpenPage, shop: Shop) -> None:
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    shop.act(case_no, "agree", FINANCE)
    said = words(open_page("track", MEI, case=case_no))
    assert "一位同事同意退回付款的账户，另一位核对后办理" in said and "轮到你了" not in said


def test_start_and_records_say_that_it_waits_for_them(open_page: OpenPage, shop: Shop) -> None:
    """R5.1: as a question does; once they have answered it is with us again."""
    case_no = suggested(shop)
    said = words(open_page("records", MEI))
    assert "等你回复" in said and "没能收下 ¥100.00，钱留在商家账户，等你说换到哪里" in said
    assert "去回答" in words(open_page("start", MEI))
    shop.act(case_no, "propose", MEI, way="balance")
    assert "等你回复" not in words(open_page("records", MEI))
    assert "去回答" not in words(open_page("start", MEI))


def test_staff_read_whose_turn_it_is(open_page: OpenPage, shop: Shop) -> None:
    """R5.6: in the list, in the file, and at support's."""
    case_no = suggested(shop)
    page = words(open_page("desk", LEAD, queue="talks", case=case_no))
    assert "等客户选收款方式" in page and "客户答复期限" in page and "安排期限" not in page
    assert "建议了另一种收款方式 · 退到平台余额" in page and WHY in page
    page = open_page("support", SUPPORT)
    page.text_input[0].set_value(case_no).run()
    assert "原路退不了，等客户选收款方式" in words(page)


def test_they_agree_on_theirs_with_two_keys(open_page: OpenPage, shop: Shop) -> None:
    named(shop, "梅雨")
    case_no = proposed(shop)
    page = open_page("desk", FINANCE, queue="talks", case=case_no)
    page.button(key="do-agree").click().run()
    said = words(page)
    assert "按客户选的方式：人工转到本人的另一个账户" in said and CARD.account in said
    assert not page.radio, "there is nothing to choose"
    page.button(key="desk-send").click().run()
    last = shop.view(case_no).events[-1]
    assert (last.event, last.way) == ("endorse", "transfer")


def test_what_was_read_is_agreed_on_and_nothing_newer(open_page: OpenPage, shop: Shop) -> None:
    """The customer changed it meanwhile: whoever sends the old form is told, and nothing has happened."""
    case_no = proposed(shop)
    page = open_page("desk", FINANCE, queue="talks", case=case_no)
    page.button(key="do-agree").click().run()
    shop.act(case_no, "propose", MEI, way="balance")
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).events[-1].event == "propose"


def test_before_they_have_spoken_the_form_says_what_may_be_done(open_page: OpenPage, shop: Shop) -> None:
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    page = open_page("desk", FINANCE, queue="talks", case=case_no)
    page.button(key="do-agree").click().run()
    assert "客户还没说怎么收款" in words(page)
    assert "phrase-checked" not in [button.key for button in page.button], "they chose nothing"
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).events[-1].way == "account"
    closed = bounced(shop)
    page = open_page("desk", FINANCE, queue="talks", case=closed)
    page.button(key="do-agree").click().run()
    assert "想用别的方式，请建议给客户，由客户决定" in words(page)


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_another_way_is_suggested_with_a_reason(open_page: OpenPage, shop: Shop, lang: str) -> None:
    """The preview is what the customer will read; what is missing is said before it is sent."""
    case_no = proposed(shop)
    page = open_page("desk", FINANCE, queue="talks", case=case_no, lang=lang)
    assert page.button(key="do-counter").label == texts.of(lang)("desk.act.counter")
    page.button(key="do-counter").click().run()
    ways = page.radio(key=f"desk-way-{case_no}-{len(shop.view(case_no).events)}")
    assert ways.value == "balance" and len(ways.options) == 4, "what is closed is not suggested"
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).events[-1].event == "propose", "without a reason nothing is sent"
    page.text_area(key=f"desk-note-{case_no}-counter").set_value(WHY).run()
    tx, said = texts.of(lang), words(page)
    assert WHY in said and tx("track.turn.suggest", way=tx("track.suggest.balance")) in said
    page.button(key="desk-send").click().run()
    last = shop.view(case_no).events[-1]
    assert (last.event, last.way, last.note) == ("counter", "balance", WHY)


def test_a_late_suggestion_is_late_no_more(open_page: OpenPage, shop: Shop) -> None:
    case_no = proposed(shop)
    due_at = shop.view(case_no).due_at
    assert due_at is not None
    shop.clock.at = due_at
    shop.work()
    shop.clock.advance(timedelta(hours=2))
    assert "已超时 2 小时" in words(open_page("desk", LEAD, queue="talks", case=case_no))
    shop.act(case_no, "counter", LEAD, way="balance", note=WHY)
    assert "已超时 2" not in words(open_page("desk", LEAD, queue="talks", case=case_no))


def test_an_account_that_support_named_is_looked_at_twice(open_page: OpenPage, shop: Shop) -> None:
    """Invariant 13: another name, who said it, the account before and now, in both forms; masked."""
    case_no = approved_then(shop)
    named(shop, "梅雨")
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    page = open_page("desk", FINANCE, queue="talks", case=case_no)
    page.button(key="do-agree").click().run()
    assert "payeewarn" not in html(page), "their own, in their own name"
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=HE_MIN)
    page = open_page("desk", FINANCE, queue="talks", case=case_no)
    page.button(key="do-agree").click().run()
    said = words(page)
    assert "收款人“He Min”和客户的名字“梅雨”不一样" in said and "客服代客户登记" in said
    assert "需要两位同事确认" in said and "本人的另一个账户" not in said.rpartition("确认协商结果")[2]
    warned = said[said.index("收款人“He Min”") :]
    assert warned.index("原来 银行卡 ****1234 客户") < warned.index(
        "现在 银行卡 ****9876 客服 he-min（代客户）"
    )
    page.button(key="desk-send").click().run()
    assert shop.view(case_no).state == "negotiating"
    desk.give_back(shop.app, FINANCE, case_no)
    shop.act(case_no, "agree", LEAD)
    shop.work()
    page = open_page("desk", FINANCE, queue="transfers", case=case_no)
    page.button(key="do-transfer").click().run()
    assert "payeewarn" in html(page) and "收款人“He Min”" in words(page)


def test_its_customer_reads_what_support_noted_for_them(open_page: OpenPage, shop: Shop) -> None:
    """R5.2: to which account, masked, and that it was not they who said so."""
    case_no = approved_then(shop)
    named(shop, "梅雨")
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=HE_MIN)
    said = words(open_page("track", MEI, case=case_no))
    assert "客服替你登记了：转到另一个账户 · 银行卡 ****9876。两位同事核对后办理" in said
    assert "收款人的名字和你账号上的名字不同" in said and "你选择了" not in said
    assert "转到我本人的另一个账户" not in said
    assert "客服替你登记了收款方式" in words(open_page("notices", MEI))
    shop.act(case_no, "propose", MEI, way="transfer")
    assert "你选择了：转到另一个账户 · 银行卡 ****9876。这个账户是客服替你登记的" in words(
        open_page("track", MEI, case=case_no)
    )
