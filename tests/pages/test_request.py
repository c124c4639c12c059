"""The first step of the wizard: which order, what went wrong, how much; kept at once (R2.1, R2.2, R2.5)."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from core.adapters.tables import orders, payments
from tests.pages.conftest import OpenPage, html, words
from tests.pages.filling import draft, filled, keyed, number_of_cases, press, step
from tests.shop import MEI, WEI, Shop

# --- choosing --------------------------------------------------------------------------------------------


def test_without_an_order_the_customer_chooses_one_with_something_left(open_page: OpenPage, shop: Shop):
    mine, theirs, spent = shop.order(), shop.order(customer="wei"), shop.order()
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == spent).values(external_minor=10_000))
    page = html(open_page("request", MEI))
    assert f"/request?order={mine}" in page and theirs not in page and spent not in page
    assert number_of_cases(shop) == 0, "looking opens nothing"


def test_with_nothing_left_the_page_says_where_to_look(open_page: OpenPage):
    assert "没有还能退的订单" in words(open_page("request", WEI))


@pytest.mark.parametrize(
    "order_no", ["OD99999", "'; DROP TABLE orders; --", "<script>alert(1)</script>", "订单" * 300]
)
def test_somebody_elses_order_and_none_at_all_look_the_same(open_page: OpenPage, shop: Shop, order_no: str):
    """Invariant 12."""
    theirs = shop.order(customer="wei")
    assert words(open_page("request", MEI, order=theirs)) == words(open_page("request", MEI, order=order_no))
    assert "没有找到这笔订单" in words(open_page("request", MEI, order=order_no))


def test_a_stranger_is_shown_the_door(open_page: OpenPage, shop: Shop):
    page = open_page("request", None, order=shop.order())
    assert "游戏点卡" not in words(page) and number_of_cases(shop) == 0


# --- step 1 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("game_card", "卡密用不了"),
        ("top_up", "显示成功，充值没到账"),
        ("membership", "会员没到账"),
        ("software_key", "密钥激活不了"),
    ],
)
def test_reasons_are_in_the_words_of_who_bought_this(open_page: OpenPage, shop: Shop, kind: str, said: str):
    page = open_page("request", MEI, order=shop.order(kind=kind))
    assert any(said in option for option in page.radio[0].options)


def test_without_a_reason_the_next_step_stays_closed(open_page: OpenPage, shop: Shop):
    page = press(open_page("request", MEI, order=shop.order()))
    assert "请选一个原因" in words(page) and "step" not in page.query_params


def test_every_choice_is_kept_at_once(open_page: OpenPage, shop: Shop):
    """R2.5: a reload, another device or a lost connection finds it again."""
    order_no = shop.order(("alipay", 30_000), quantity=3)
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    press(page, "fewer")
    keyed(page, "text_area", "words").set_value("等了两天").run()
    again = open_page("request", MEI, order=order_no)
    assert keyed(again, "radio", "reason").value == "not_delivered"
    assert keyed(again, "text_input", "pieces").value == "2" and "¥200.00" in words(again)
    assert keyed(again, "text_area", "words").value == "等了两天"
    assert number_of_cases(shop) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "要大于 0"),
        ("0.00", "要大于 0"),
        ("-5", "不能是负数"),
        ("100.01", "最多能退 ¥100.00"),
        ("99999999999999999999", "这不是一个金额"),
        ("NaN", "这不是一个金额"),
        ("inf", "这不是一个金额"),
        ("1e1", "这不是一个金额"),
        ("1_000", "这不是一个金额"),
        ("12.345", "这不是一个金额"),
        ("٣٤", "请用 0 到 9 这样的数字"),
        ("②", "请用 0 到 9 这样的数字"),
        ("10²", "请用 0 到 9 这样的数字"),
        ("𝟏𝟐", "请用 0 到 9 这样的数字"),
        ("－５", "不能是负数"),
        ("１２，５", "这不是一个金额"),
        ("十块", "这不是一个金额"),
        ("' OR 1=1", "这不是一个金额"),
        ("", "这不是一个金额"),
    ],
)
def test_an_amount_that_is_none_gets_its_sentence_and_is_not_kept(
    open_page: OpenPage, shop: Shop, typed: str, said: str
):
    order_no = shop.order()
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    keyed(page, "button_group", "part").set_value("part").run()
    keyed(page, "text_input", "amount").set_value(typed).run()
    press(page)
    assert said in words(page)
    assert "step" not in page.query_params and draft(shop, order_no).requested_minor in (None, 10_000)


@pytest.mark.parametrize("typed", ["33.33", "３３．３３", " ￥３３．３３ ", "¥33.33"])
def test_a_part_of_the_amount_to_the_fen(open_page: OpenPage, shop: Shop, typed: str):
    """As a Chinese keyboard writes it, too."""
    order_no = shop.order()
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    keyed(page, "button_group", "part").set_value("part").run()
    keyed(page, "text_input", "amount").set_value(typed).run()
    press(page)
    assert step(page) == "2" and draft(shop, order_no).requested_minor == 3_333


@pytest.mark.parametrize("typed", ["0", "4", "-1", "1.5", "４", "②", "٢", "abc", ""])
def test_pieces_are_whole_and_not_more_than_bought(open_page: OpenPage, shop: Shop, typed: str):
    page = open_page("request", MEI, order=shop.order(("alipay", 30_000), quantity=3))
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    keyed(page, "text_input", "pieces").set_value(typed).run()
    press(page)
    assert "1 到 3 之间的整数" in words(page) and "step" not in page.query_params


def test_full_width_pieces_are_read(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 30_000), quantity=3)
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    keyed(page, "text_input", "pieces").set_value("２").run()
    press(page)
    assert step(page) == "2" and draft(shop, order_no).requested_minor == 20_000


def test_pieces_of_an_amount_that_does_not_divide_never_ask_for_more(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 10_000), quantity=3)
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    press(page, "fewer")
    assert "¥66.66" in words(page)
    press(page, "more")
    assert "¥100.00" in words(page), "all pieces are all that was paid"


def test_ten_thousand_characters_get_a_sentence_and_stay_in_the_box(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("not_delivered").run()
    keyed(page, "text_area", "words").set_value("长" * 10_000).run()
    press(page)
    assert "10000 字，最多 2000 字" in words(page)
    assert keyed(page, "text_area", "words").value == "长" * 10_000 and "step" not in page.query_params
    assert draft(shop, order_no).description == ""


NASTY = (
    "<script>alert(1)</script> **b** ![x](http://evil/p.png) \u202egnp.exe مرحبا 😀 {0} '; DROP TABLE x; --"
)


def test_a_description_is_shown_as_text(open_page: OpenPage, shop: Shop):
    order_no = shop.order()
    filled(shop, order_no, description=NASTY, route="original")
    page = html(open_page("request", MEI, order=order_no, step="5"))
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\u202e" not in page and "😀" in page and "![x](http://evil/p.png)" in page


def test_who_was_charged_twice_asks_for_one_of_the_payments(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 10_000), ("alipay", 10_000))
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(amount_minor=10_000))
    page = open_page("request", MEI, order=order_no)
    keyed(page, "radio", "reason").set_value("duplicate_charge").run()
    assert keyed(page, "text_input", "amount").value == "100.00"
    press(page)
    assert step(page) == "2" and "可以退，提交后当场通过" in words(page)
