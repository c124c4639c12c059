"""Track's turns about an offer and about how to be paid."""

from __future__ import annotations

import pytest

from core import texts
from core.domain.settlement import Payee
from tests.core.services.test_negotiations import bounced
from tests.core.services.test_offers import WORDS, offered
from tests.pages.conftest import OpenPage, words
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def test_an_offer_with_its_sum_and_dates_taken_with_one_click(open_page: OpenPage, shop: Shop) -> None:
    case_no = offered(shop, amount_minor=6_000, route="balance")
    page = open_page("track", MEI, case=case_no)
    said = words(page)
    assert "我们给出一个方案" in said and "你将收到 ¥60.00" in said and "平台余额" in said
    page.button(key="do-accept").click().run()
    assert shop.view(case_no).state == "approved" and "接受了方案" in words(page)


@pytest.mark.parametrize(
    ("lang", "stays", "until"),
    [("zh_CN", "只能在本店用，不可提现", "到期"), ("en", "For use here only, not withdrawable", "expires")],
)
def test_an_offer_to_the_balance_says_that_it_stays_here_and_until_when(
    open_page: OpenPage, shop: Shop, lang: str, stays: str, until: str
) -> None:
    """R4.4: before it is accepted."""
    case_no = offered(shop, amount_minor=6_000, route="balance")
    offer = shop.view(case_no, MEI).offer
    assert offer is not None and offer.expires_on is not None
    said = words(open_page("track", MEI, case=case_no, lang=lang))
    assert stays in said and until in said and texts.of(lang).day_long(offer.expires_on) in said
    other = words(open_page("track", MEI, case=offered(shop), lang=lang))
    assert stays not in other


def test_declined_with_a_word(open_page: OpenPage, shop: Shop) -> None:
    case_no = offered(shop)
    page = open_page("track", MEI, case=case_no, lang="en")
    assert "We have an offer for you" in words(page)
    page.text_area(key=f"decline-{case_no}").set_value("only one day used").run()
    page.button(key="do-decline").click().run()
    view = shop.view(case_no)
    assert (view.state, view.events[-1].note) == ("in_review", "only one day used")


def test_how_to_be_paid_and_what_is_wrong_with_it(open_page: OpenPage, shop: Shop) -> None:
    """R4.5: typed mistakes and missing proof are said beside the button; then it is quiet."""
    case_no = bounced(shop)
    page = open_page("track", MEI, case=case_no)
    assert "商量怎么把钱给你" in words(page)
    way = page.radio[0]
    assert way.options == [
        "退到平台余额，审核后马上到账",
        "转到我本人的另一个账户",
        "换成等值的兑换码",
        "换成等值的会员折扣券",
    ]  # the one that paid is closed
    way.set_value("transfer").run()
    page.button(key="do-propose").click().run()
    assert "收款账户有一处填写不对" in words(page)
    page.text_input(key=f"payee-holder-{case_no}").set_value("Mei").run()
    page.text_input(key=f"payee-account-{case_no}").set_value("6222 0212 3456 1234").run()
    page.button(key="do-propose").click().run()
    assert "需要原账户已注销的证明" in words(page)
    shop.picture(case_no, "account_closed")
    page.button(key="do-propose").click().run()
    said = words(page)
    assert "你选择了：转到我本人的另一个账户" in said and "商量怎么把钱给你" not in said


def test_while_it_is_transferred_by_hand(open_page: OpenPage, shop: Shop) -> None:
    """R5.3: who has it, where to, and by when; nobody's whole number."""
    case_no = bounced(shop)
    shop.picture(case_no, "account_closed")
    shop.act(case_no, "propose", MEI, way="transfer", payee=Payee("card", "梅雨", "6222021234561234"))
    shop.act(case_no, "agree", FINANCE, way="transfer")
    shop.act(case_no, "agree", LEAD)
    assert "财务转到约定的银行卡 ****1234" in words(open_page("track", MEI, case=case_no))
    shop.work()
    page = open_page("track", MEI, case=case_no)
    assert "****1234，最晚" in words(page) and "6222021234561234" not in words(page)
    shop.act(case_no, "transfer", FINANCE, reference="TR-2026-77")
    assert "TR-2026-77" in words(open_page("track", MEI, case=case_no))


def test_the_button_of_an_old_offer_takes_no_other(open_page: OpenPage, shop: Shop) -> None:
    """R2.2: what was offered meanwhile is read first; the second of two quick clicks is not for it either."""
    case_no = offered(shop, amount_minor=9_000, route="balance")
    page = open_page("track", MEI, case=case_no)
    assert "你将收到 ¥90.00" in words(page)
    shop.act(case_no, "decline", SUPPORT)
    shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=100, route="balance")
    page.button(key="do-accept").click().run()
    assert shop.view(case_no).state == "awaiting_customer"
    said = words(page)
    assert "有了新变化，这次没有提交" in said and "你将收到 ¥1.00" in said
    page.button(key="do-accept").click().run()
    assert shop.view(case_no).approved_minor == 100


def test_words_of_a_decline_that_came_too_late_are_kept(open_page: OpenPage, shop: Shop) -> None:
    case_no = offered(shop, amount_minor=9_000)
    page = open_page("track", MEI, case=case_no)
    page.text_area(key=f"decline-{case_no}").set_value("太少了").run()
    shop.act(case_no, "decline", SUPPORT)
    shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=9_500)
    page.button(key="do-decline").click().run()
    assert shop.view(case_no).state == "awaiting_customer"
    assert page.text_area(key=f"decline-{case_no}").value == "太少了"


def test_an_offer_that_is_gone_is_said_to_be(open_page: OpenPage, shop: Shop) -> None:
    """Somebody declined it for them: no silence that could be read as a yes."""
    case_no = offered(shop)
    page = open_page("track", MEI, case=case_no)
    shop.act(case_no, "decline", SUPPORT)
    page.button(key="do-accept").click().run()
    assert shop.view(case_no).state == "in_review" and "现在做不了这一步" in words(page)
    assert "现在做不了这一步" not in words(page.run()), "said once"
