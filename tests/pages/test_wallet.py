"""Balance and vouchers on screen: what there is, spending in the demo, a code shown once (R4.4, R4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.domain.actors import Actor
from core.services import wallet
from portal import session
from tests.core.services.test_negotiations import bounced, prove
from tests.core.services.test_vouchers import issued, owner
from tests.core.services.test_wallet import pay, refunded
from tests.pages.conftest import OpenPage, html, words
from tests.shop import FINANCE, MEI, REVIEWER, SUPPORT, WEI, Shop


@pytest.fixture
def demo(shop: Shop) -> Iterator[Shop]:
    """Where anybody may spend."""
    shop.app = replace(shop.app, demo=True)
    session.use(shop.app)
    yield shop


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def code_of(page: AppTest) -> str:
    [shown] = page.code
    return str(shown.value)


def test_nothing_yet_says_how_it_comes(open_page: OpenPage) -> None:
    said = words(open_page("wallet", WEI))
    assert "可用余额 ¥0.00" in said and "这里还是空的" in said and "不能提现" in said
    assert "Nothing here yet" in words(open_page("wallet", WEI, lang="en"))


def test_total_lots_and_where_they_came_from(open_page: OpenPage, shop: Shop) -> None:
    """What ends first stands first, with its date; of a lot that was begun also what it was."""
    first = refunded(shop, 1_000)
    shop.clock.advance(timedelta(days=3))
    second = refunded(shop, 2_500)
    pay(shop, 400, "S-1")
    page = open_page("wallet", MEI)
    said = words(page)
    assert "可用余额 ¥31.00" in said and "最早到期：¥6.00，2027年9月1日（周三）" in said
    assert said.index("有效至 2027年9月1日（周三） 先用这笔") < said.index("有效至 2027年9月4日（周六）")
    assert "共 ¥10.00" in said and said.count(first) == 2 and said.count(second) == 2
    assert "购物使用" in said and "−¥4.00" in said and "+¥25.00" in said
    assert not [label for label in labels(page) if "支付" in label], "outside the demo the shop spends"
    english = words(open_page("wallet", MEI, lang="en"))
    assert "¥31.00" in english and "spent from the top down" in english


def test_what_ends_on_one_day_is_summed(open_page: OpenPage, shop: Shop) -> None:
    refunded(shop, 1_000)
    refunded(shop, 2_500)
    shop.clock.advance(timedelta(days=1))
    refunded(shop, 400)
    assert "最早到期：¥35.00，2027年9月1日（周三）" in words(open_page("wallet", MEI))


def test_spending_in_the_demo(open_page: OpenPage, demo: Shop) -> None:
    """One button pays once: then the purchase is said, and another one has to be asked for."""
    refunded(demo, 1_000)
    page = open_page("wallet", MEI)
    page.button(key="shop-pay").click().run()
    assert "手游点卡：已用余额支付 ¥6.00，还剩 ¥4.00" in words(page) and "可用余额 ¥4.00" in words(page)
    assert "shop-pay" not in [button.key for button in page.button]
    page.button(key="shop-again").click().run()
    assert "这件要 ¥6.00，余额只有 ¥4.00" in words(page)
    assert "shop-pay" not in [button.key for button in page.button], "no button that only refuses"
    refunded(demo, 1_000)
    page.run()
    assert "shop-pay" in [button.key for button in page.button]
    pay(demo, 1_000, "S-elsewhere")
    page.button(key="shop-pay").click().run()
    assert "余额不够：现在能用的是 ¥4.00" in words(page), "spent in another tab meanwhile"
    assert wallet.wallet(demo.app, MEI).totals == {"CNY": 400}


def test_nothing_to_spend_has_no_button(open_page: OpenPage, demo: Shop) -> None:
    """At ¥0.00 a sentence, before the first refund as after the last purchase; a discount still pays."""
    page = open_page("wallet", MEI)
    assert "现在没有可以花的" in words(page) and not page.radio
    assert not [button for button in page.button if (button.key or "").startswith("shop-")]
    refunded(demo, 600)
    page = open_page("wallet", MEI)
    page.button(key="shop-pay").click().run()
    assert "还剩 ¥0.00" in words(page) and "现在没有可以花的" in words(page)
    assert not [button for button in page.button if (button.key or "").startswith("shop-")]
    assert "nothing to spend now" in words(open_page("wallet", MEI, lang="en"))
    issued(demo, "discount")
    page = open_page("wallet", MEI)
    assert "余额只有 ¥0.00" in words(page)
    page.radio(key="shop_item").set_value("year").run()
    assert "shop-pay" in [button.key for button in page.button]


def test_a_code_is_shown_once(open_page: OpenPage, shop: Shop) -> None:
    """Until it is kept; then its end remains, and the way to another one."""
    issued(shop)
    page = open_page("wallet", MEI)
    assert "¥100.00 可用" in words(page) and "还没有看过" in words(page) and not page.code
    page.button(key="code-show-1").click().run()
    code = code_of(page)
    assert "只显示这一次" in words(page) and len(code) == 23
    page.run()
    assert code_of(page) == code, "a rerun takes nothing away"
    page.button(key="code-have-1").click().run()
    assert not page.code and code not in html(page) and f"尾号 {code[-4:]}" in words(page)
    assert "code-show-1" not in [button.key for button in page.button]
    page.button(key="code-renew-1").click().run()
    assert code_of(page) != code
    fresh = open_page("wallet", MEI)
    assert not fresh.code, "another tab knows nothing of it"


def test_two_tabs_make_one_code(open_page: OpenPage, shop: Shop) -> None:
    issued(shop)
    one, other = open_page("wallet", MEI), open_page("wallet", MEI)
    one.button(key="code-show-1").click().run()
    other.button(key="code-show-1").click().run()
    assert one.code and not other.code and "刚才已经显示过" in words(other)


def test_a_code_becomes_balance(open_page: OpenPage, shop: Shop) -> None:
    """Typed as one likes; a slip is said, and what is done is said once."""
    voucher_id, _ = issued(shop)
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    page = open_page("wallet", MEI)
    page.text_input(key="voucher-entry").set_value(code[:-1] + ("2" if code[-1] != "2" else "3"))
    page.button[-1].click().run()
    assert "输错了" in words(page)
    page.text_input(key="voucher-entry").set_value(code.lower().replace("-", " "))
    page.button[-1].click().run()
    assert "¥100.00 已进平台余额" in words(page) and "可用余额 ¥100.00" in words(page)
    assert "已使用" in words(page) and "兑换码换成余额" in words(page)
    assert code not in html(page) and page.text_input(key="voucher-entry").value == ""
    page.button[-1].click().run()
    assert "¥100.00 已进平台余额" in words(page), "the second click of two takes no word back"


def test_a_discount_pays_a_membership_in_the_demo(open_page: OpenPage, demo: Shop) -> None:
    voucher_id, _ = issued(demo, "discount")
    code = wallet.show_code(demo.app, MEI, voucher_id, 0)
    page = open_page("wallet", MEI)
    assert "shop_code" not in [field.key for field in page.text_input], "nothing else is paid with it"
    page.radio(key="shop_item").set_value("month").run()
    page.text_input(key="shop_code").set_value(code).run()
    page.button(key="shop-pay").click().run()
    assert "请选价格不低于 ¥100.00 的会员" in words(page)
    page.radio(key="shop_item").set_value("year").run()
    page.button(key="shop-pay").click().run()
    assert "折扣券抵了 ¥100.00，余下 ¥98.00" in words(page) and "已使用" in words(page)


def test_a_guest_sees_the_vouchers_of_the_order(open_page: OpenPage, shop: Shop) -> None:
    _, case_no = issued(shop, is_guest=True)
    page = open_page("wallet", owner(shop, case_no))
    page.button(key="code-show-1").click().run()
    assert len(code_of(page)) == 23 and not page.text_input, "a balance needs an account"
    nothing = words(open_page("wallet", Actor("guest", order_no="OD99999")))
    assert "没有退成券" in nothing


def test_staff_see_it_without_codes(open_page: OpenPage, shop: Shop) -> None:
    """Lots, dates and the state of vouchers; nothing to press."""
    case_no = refunded(shop, 1_000)
    voucher_id, _ = issued(shop)
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    for who in (SUPPORT, FINANCE, REVIEWER):
        page = open_page("wallet", who, customer="mei")
        said = words(page)
        assert "¥10.00" in said and case_no in said and f"尾号 {code[-4:]}" in said
        assert not page.button and not page.text_input and code not in html(page)
    assert "/desk?case=" in html(page) and "/track?case=" not in html(page)
    assert "券码只有客户自己能看" in words(open_page("wallet", SUPPORT))
    assert open_page("wallet", SUPPORT, customer="nobody").get("html")


def test_nobody_elses(open_page: OpenPage, shop: Shop) -> None:
    """Invariant 12: the address of another account shows one's own."""
    refunded(shop, 1_000)
    assert "可用余额 ¥0.00" in words(open_page("wallet", WEI, customer="mei"))


def test_the_way_there(open_page: OpenPage, shop: Shop) -> None:
    """From Start, Records and Track, where a refund went there; not where none did."""
    elsewhere = shop.apply(shop.order()).case_no
    shop.work(days=2)
    assert 'href="/wallet"' not in html(open_page("start", MEI))
    case_no = refunded(shop, 1_000)
    for name, query in (("start", {}), ("records", {}), ("track", {"case": case_no})):
        assert 'href="/wallet"' in html(open_page(name, MEI, **query)), name
    assert 'href="/wallet"' not in html(open_page("track", MEI, case=elsewhere))
    guest = Actor("guest", order_no=shop.view(case_no).order.order_no)
    assert 'href="/wallet"' not in html(open_page("track", guest, case=case_no)), "it is the account's"
    _, by_voucher = issued(shop)
    assert "看券和券码" in words(open_page("track", MEI, case=by_voucher))


def test_track_says_what_was_credited_and_what_the_balance_holds(open_page: OpenPage, shop: Shop) -> None:
    """After it was spent nothing 'is here': it was credited that day, and so much is left of the balance."""
    first, second = refunded(shop, 1_000), refunded(shop, 2_500)
    said = words(open_page("track", MEI, case=first))
    assert "¥10.00 已于 9月1日（周二）退到你的平台余额，有效至 2027年9月1日（周三）" in said
    assert "你的平台余额现在一共有 ¥35.00" in said and "9月1日 （周二）入账" in said
    pay(shop, 1_000, "S-1")
    said = words(open_page("track", MEI, case=first))
    assert "退到你的平台余额，之后已经用掉" in said and "你的平台余额现在一共有 ¥25.00" in said
    assert "已到账 · 已经用掉" in said and "在这里" not in said and "有效至" not in said
    assert "有效至 2027年9月1日" in words(open_page("track", MEI, case=second))
    english = words(open_page("track", MEI, lang="en", case=first))
    assert "has been spent since" in english and "is here" not in english


def test_track_says_when_a_voucher_was_used(open_page: OpenPage, shop: Shop) -> None:
    voucher_id, case_no = issued(shop)
    assert "有效至 2027年9月1日（周三）" in words(open_page("track", MEI, case=case_no))
    wallet.redeem(shop.app, MEI, wallet.show_code(shop.app, MEI, voucher_id, 0), "mei", "R-1")
    said = words(open_page("track", MEI, case=case_no))
    assert "这张券已于 9月1日（周二）使用" in said and "在这里" not in said
    assert "已到账 · 9月1日（周二）已使用" in said


def test_a_voucher_is_chosen_and_agreed_on(open_page: OpenPage, shop: Shop) -> None:
    """On Track the customer picks it with proof; nobody is asked for an account."""
    case_no = bounced(shop)
    page = open_page("track", MEI, case=case_no)
    way = next(radio for radio in page.radio if radio.key.startswith(f"way-{case_no}"))
    way.set_value("redeem_code").run()
    assert "在“余额与券”里看券码" in words(page) and not page.text_input
    page.button(key="do-propose").click().run()
    assert "注销" in words(page) and shop.view(case_no).events[-1].event != "propose"
    prove(shop, case_no)
    page.button(key="do-propose").click().run()
    assert shop.view(case_no).events[-1].way == "redeem_code"


def test_a_notice_of_a_balance_leads_there(open_page: OpenPage, shop: Shop) -> None:
    refunded(shop, 1_000)
    shop.work(days=340)
    page = open_page("notices", MEI)
    assert "有一笔余额快到期了" in words(page) and 'href="/wallet"' in html(page)
    assert "暂定" not in words(page), "a day of the calendar, whatever days will be worked on"


def test_finance_sees_what_vouchers_owe(open_page: OpenPage, shop: Shop) -> None:
    refunded(shop, 1_000)
    issued(shop, "discount")
    said = words(open_page("finance", FINANCE, view="books"))
    assert "可用的券 1 张" in said and "券面合计 ¥100.00" in said and "账上的券 ¥100.00" in said
    assert "待兑付的券" in said
