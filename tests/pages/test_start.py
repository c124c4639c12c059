"""Start: who sees what, and that nobody's words become markup (SCREENS, R2.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.adapters.tables import orders, payments, payouts
from core.domain.actors import Actor
from core.domain.workdays import ZONE
from tests.pages.conftest import OpenPage, html, words
from tests.shop import ARBITER, MEI, REVIEWER, WEI, Shop


def test_a_stranger_sees_the_doors_and_nobodys_orders(open_page: OpenPage, shop: Shop):
    shop.order()
    page = open_page("start")
    assert "我的订单" in words(page) and "查找订单" in words(page)
    assert "游戏点卡" not in words(page)


def test_a_stranger_who_wants_orders_is_told_the_way_in(open_page: OpenPage):
    assert "先找到订单" in words(open_page("start", view="orders"))


def test_a_customer_sees_their_own_orders_only(open_page: OpenPage, shop: Shop):
    mine, theirs = shop.order(customer="mei"), shop.order(customer="wei")
    page = html(open_page("start", MEI))
    assert f"order={mine}" in page and theirs not in page


def test_an_order_says_how_long_is_left_and_leads_to_the_request(open_page: OpenPage, shop: Shop):
    number = shop.order(completed_at=shop.clock.at - timedelta(days=2), delivery="code_viewed")
    page = open_page("start", MEI)
    assert "还剩 5 天" in words(page)
    assert f'href="/request?order={number}"' in html(page)


def test_past_its_window_an_order_says_so_and_shows_the_rule(open_page: OpenPage, shop: Shop):
    """R1.3, and 'too late' is a designed state."""
    shop.order(completed_at=shop.clock.at - timedelta(days=30), delivery="code_viewed")
    page = words(open_page("start", MEI))
    assert "一般期限已过" in page and "看看规则怎么说" in page and "申请退款" not in page


def test_an_open_request_is_a_card_with_one_sentence_and_a_way_on(open_page: OpenPage, shop: Shop):
    case = shop.apply(shop.order())
    shop.work()
    page = open_page("start", MEI)
    assert "进行中的退款 1 笔" in words(page) and "支付宝" in words(page)
    assert f'href="/track?case={case.case_no}"' in html(page)


def test_what_waits_for_the_customer_comes_first_and_is_counted(open_page: OpenPage, shop: Shop):
    shop.apply(shop.order())
    asked = shop.apply(shop.order(("alipay", 90_000), delivery="code_viewed"), 90_000)
    shop.apply(shop.order(("alipay", 80_000), delivery="code_viewed"), 80_000)
    shop.act(asked.case_no, "ask", REVIEWER, note="换过设备吗？")
    page = open_page("start", MEI)
    assert "有 1 件事 等你处理，另外 2 笔在进行" in words(page)
    cards = html(page).split('<li class="tile')[1:]
    assert cards[0].startswith(" act") and asked.case_no in cards[0]
    assert sum(card.startswith(" act") for card in cards) == 1
    assert html(page).count("button fill") == 1, "one filled button"


def test_a_draft_goes_on_where_it_stopped(open_page: OpenPage, shop: Shop):
    """R2.5"""
    from core.services import cases

    number = shop.order()
    draft = cases.open_draft(shop.app, MEI, number)
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered", requested_minor=10_000)
    page = open_page("start", MEI)
    assert "继续填写" in words(page) and f'href="/request?order={number}"' in html(page)


def test_an_order_that_was_only_looked_at_is_nothing_unfinished(open_page: OpenPage, shop: Shop):
    """Opening the wizard makes a draft; until a reason is chosen nobody has begun anything."""
    from core.services import cases

    number = shop.order()
    cases.open_draft(shop.app, MEI, number)
    for view in ("", "orders"):
        page = open_page("start", MEI, view=view)
        assert "继续填写" not in words(page) and '<li class="tile' not in html(page)
        assert f'href="/request?order={number}"' in html(page) and "申请退款" in words(page)


def test_a_draft_past_its_window_is_not_continued(open_page: OpenPage, shop: Shop):
    """R1.3, R1.4: since when it is too late, and the way to what remains, in the cards and the orders."""
    from core.services import cases

    number = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    draft = cases.open_draft(shop.app, MEI, number)
    cases.save_draft(shop.app, MEI, draft.case_no, reason="other", requested_minor=10_000)
    shop.clock.advance(timedelta(days=8))
    page = open_page("start", MEI)
    assert "继续填写" not in words(page) and "申请期限已过" in words(page) and "9月8日（周二）" in words(page)
    assert f'href="/track?case={draft.case_no}"' in html(page)
    listed = words(open_page("start", MEI, view="orders"))
    assert "继续填写" not in listed and "9月8日（周二） 一般期限已过" in listed


def test_a_late_draft_that_the_rules_still_look_at_goes_on(open_page: OpenPage, shop: Shop):
    """Never delivered: late is not too late."""
    from core.services import cases

    number = shop.order(delivery="pending", completed_at=shop.clock.at)
    draft = cases.open_draft(shop.app, MEI, number)
    cases.save_draft(shop.app, MEI, draft.case_no, reason="not_delivered", requested_minor=10_000)
    shop.clock.advance(timedelta(days=8))
    assert "继续填写" in words(open_page("start", MEI))


def test_what_ended_says_until_when_it_can_be_asked_for_again(open_page: OpenPage, shop: Shop):
    case_no = shop.apply(shop.order(("alipay", 90_000), completed_at=shop.clock.at), 90_000).case_no
    shop.act(case_no, "withdraw", MEI)
    assert "到 9月8日（周二）还可以再申请" in words(open_page("start", MEI))
    shop.clock.advance(timedelta(days=8))
    assert "还可以再申请" not in words(open_page("start", MEI))


def test_finished_requests_stand_beside(open_page: OpenPage, shop: Shop):
    shop.apply(shop.order())
    shop.work()
    shop.work(days=3)
    page = words(open_page("start", MEI))
    assert "最近完成" in page and "¥100.00" in page and "已到账" in page


def test_without_orders_the_page_says_where_they_come_from(open_page: OpenPage):
    assert "还没有订单" in words(open_page("start", WEI))


def test_a_guest_sees_the_proven_order_and_nothing_else(open_page: OpenPage, shop: Shop):
    """Invariant 12"""
    proven, other = shop.order(), shop.order()
    page = html(open_page("start", Actor("guest", "", proven)))
    assert proven in page and other not in page
    assert proven not in html(open_page("start", Actor("guest", "", proven), view="find"))


def test_a_guest_can_go_on_to_another_order(open_page: OpenPage, shop: Shop):
    order = shop.order()
    assert 'href="/?view=find"' in html(open_page("start", Actor("guest", "", order)))


def test_names_of_products_are_text_never_markup(open_page: OpenPage, shop: Shop):
    number = shop.order()
    with shop.app.begin() as conn:
        conn.execute(
            update(orders)
            .where(orders.c.order_no == number)
            .values(product='<img src=x onerror=alert(1)> "\u202egpj')
        )
    page = html(open_page("start", MEI))
    assert "<img src=x" not in page and "&lt;img src=x onerror=alert(1)&gt;" in page and "\u202e" not in page


def test_many_orders_can_be_searched_and_filtered(open_page: OpenPage, shop: Shop):
    numbers = [shop.order() for _ in range(10)]
    page = open_page("start", MEI, view="orders")
    assert all(number in html(page) for number in numbers)
    page.text_input(key="orders_search").input(numbers[3]).run()
    assert numbers[3] in html(page) and numbers[4] not in html(page)
    page.text_input(key="orders_search").input("没有的东西").run()
    assert "没有符合的订单" in words(page)


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_the_page_is_in_one_language(open_page: OpenPage, shop: Shop, lang: str):
    shop.order()
    page = words(open_page("start", MEI, lang=lang)).replace("游戏点卡", "")
    assert ("Recent orders" in page) == (lang == "en")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in page) == (lang == "zh_CN")


# --- drafts, final decisions, arrivals, the hour -----------------------------------------------------------


def begin(shop: Shop, **order: object) -> str:
    """The number of an order, completed just now, whose request was begun and not sent."""
    from core.services import cases

    number = shop.order(completed_at=shop.clock.at, **{"delivery": "code_viewed", **order})  # type: ignore[arg-type]
    draft = cases.open_draft(shop.app, MEI, number)
    cases.save_draft(shop.app, MEI, draft.case_no, reason="other", requested_minor=10_000)
    return number


def test_a_draft_is_no_refund_under_way(open_page: OpenPage, shop: Shop):
    """R2.5: no alarm either; it stands below what was sent, in one line, with the last day to send it."""
    begun = begin(shop)
    alone = words(open_page("start", MEI))
    assert (
        "有 1 份申请表填了一半" in alone
        and "等你处理" not in alone
        and "在进行" not in alone
        and "进行中的退款" not in alone
    )
    sent = shop.apply(shop.order())
    page = open_page("start", MEI)
    assert "1 笔退款在进行，没有要你处理的事" in words(page) and "进行中的退款 1 笔" in words(page)
    assert "还没提交 1 笔" in words(page) and "9月8日（周二）截止" in words(page)
    assert html(page).count('<li class="tile') == 1
    assert html(page).index(sent.case_no) < html(page).index(f"order={begun}")


def test_a_draft_that_came_too_late_is_nothing_to_do(open_page: OpenPage, shop: Shop):
    begin(shop)
    shop.clock.advance(timedelta(days=8))
    assert "等你处理" not in words(open_page("start", MEI))


def test_many_drafts_fold(open_page: OpenPage, shop: Shop):
    for _ in range(7):
        begin(shop)
    page = html(open_page("start", MEI))
    assert page.split('<ul class="drafts">')[1].count("<li>") == 5 and "还有 2" in words(
        open_page("start", MEI)
    )


def test_an_order_with_a_draft_keeps_its_days(open_page: OpenPage, shop: Shop):
    """R1.3: the window ends, whatever was begun."""
    begin(shop)
    page = words(open_page("start", MEI, view="orders"))
    assert "还剩 7 天" in page and "继续填写" in page


def lost(shop: Shop, **more: object) -> tuple[str, str]:
    """An order and its case that an arbiter refused, or granted in part."""
    number = shop.order(("alipay", 90_000))
    case_no = shop.apply(number, 90_000).case_no
    shop.act(case_no, "dispute", MEI, note="我不同意。")
    shop.act(case_no, "approve" if more else "reject", ARBITER, note="证据不足。", **more)
    return number, case_no


@pytest.mark.parametrize("amount", [None, 50_000])
def test_what_was_finally_decided_is_not_offered_again(open_page: OpenPage, shop: Shop, amount: int | None):
    """R3.4: in full, or in part once the money has arrived."""
    number, case_no = lost(shop, **({} if amount is None else {"amount_minor": amount}))
    shop.work()
    shop.work(days=3)
    for view in ("", "orders"):
        page = open_page("start", MEI, view=view)
        assert f"order={number}" not in html(page) and "已有最终结果" in words(page)
        assert f'href="/track?case={case_no}"' in html(page)
    assert f"order={number}" not in html(open_page("request", MEI))
    assert "已经有最终结果" in words(open_page("request", MEI, order=number))


def test_the_list_to_ask_from_says_the_same_as_my_orders(open_page: OpenPage, shop: Shop):
    """R1.3, R2.5: what was sent, what was begun, what is past its time and what is left of the rest."""
    past = shop.order(completed_at=shop.clock.at - timedelta(days=30), delivery="code_viewed")
    begun, looked, sent = begin(shop), shop.order(), shop.order()
    from core.services import cases

    cases.open_draft(shop.app, MEI, looked)
    shop.apply(sent)
    with shop.app.begin() as conn:
        conn.execute(
            update(payments).where(payments.c.order_no.in_([past, looked])).values(external_minor=4_000)
        )
    items = {n: item for item in html(open_page("request", MEI)).split("<li>")[1:]
             for n in (past, begun, looked, sent) if f"order={n}" in item}  # fmt: skip
    assert "还没提交" in items[begun] and "申请中" not in items[begun]
    assert "可退 ¥60.00" in items[looked] and "还没提交" not in items[looked]
    assert "一般期限已过" in items[past] and "可退" not in items[past]
    assert list(items)[-1] == past
    assert sent not in items  # nothing is left of it while its money is held


def test_an_arrival_has_one_date_on_every_screen(open_page: OpenPage, shop: Shop):
    """R5.1: when the money arrived, not when we heard of it."""
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    shop.work(days=5)
    arrived = shop.clock.at - timedelta(days=2)
    with shop.app.begin() as conn:
        conn.execute(update(payouts).values(arrived_at=arrived))
    moment, heard = "9月4日 12:00", "9月6日"
    for page in (open_page("start", MEI), open_page("records", MEI), open_page("track", MEI, case=case_no)):
        assert moment in words(page) and heard not in words(page)
    assert f"{moment} 到账" in words(open_page("records", MEI))
    from core import texts
    from core.services import cases
    from portal.blocks import record_table

    file = record_table.as_csv(texts.of("zh_CN"), cases.list_for(shop.app, MEI), {}, now=shop.clock.at)
    assert "2026-09-04 12:00" in file.decode("utf-8-sig") and "2026-09-06" not in file.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("hours", "said"), [(13.5, "，你好"), (16.9, "，你好"), (17, "，早上好"), (7, "，晚上好")]
)
def test_the_greeting_knows_the_hour(open_page: OpenPage, shop: Shop, hours: float, said: str):
    """It is noon at first; nobody is wished a good evening at half past one."""
    shop.clock.advance(timedelta(hours=hours))
    assert said in words(open_page("start", MEI))


# --- the guest's form --------------------------------------------------------------------------------------


def fill(page, number: str, amount: str, day, at: str = ""):  # type: ignore[no-untyped-def]
    page.text_input(key="find_order").input(number)
    page.text_input(key="find_amount").input(amount)
    page.text_input(key="find_time").input(at)
    page.date_input(key="find_date").set_value(day)
    page.button(key="find_go").click()
    return page.run()


@pytest.fixture
def order(shop: Shop) -> str:
    return shop.order()


def paid_on(shop: Shop):  # type: ignore[no-untyped-def]
    return (shop.clock.at - timedelta(days=1)).astimezone(ZONE)


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


def test_what_a_chinese_keyboard_writes_finds_the_order(open_page: OpenPage, shop: Shop, order: str):
    paid = paid_on(shop)
    page = fill(
        open_page("start", view="find"),
        full_width(order),
        "￥" + full_width("100.00"),
        paid.date(),
        full_width(f"{paid:%H:%M}"),
    )
    assert "找到了" in words(page)


@pytest.mark.parametrize("space", [" ", "\u3000", "\u00a0"])
def test_a_number_parted_by_spaces_finds_the_order(open_page: OpenPage, shop: Shop, order: str, space: str):
    number = f"{order[:3]}{space}{order[3:]}"
    page = fill(open_page("start", view="find"), number, "100.00", paid_on(shop).date())
    assert "找到了" in words(page)


def test_what_went_wrong_stands_above_the_button(open_page: OpenPage, shop: Shop, order: str):
    """On a phone of 360 × 780 what stands below is behind the bar."""
    page = fill(open_page("start", view="find"), order, "1.00", paid_on(shop).date())
    nodes = list(page.main)
    said = [place for place, node in enumerate(nodes) if 'class="alert' in getattr(node.proto, "body", "")]
    button = [place for place, node in enumerate(nodes) if getattr(node, "key", None) == "find_go"]
    assert len(said) == len(button) == 1 and said < button


def test_every_door_names_the_same_three_facts(open_page: OpenPage):
    for page in (open_page("start"), open_page("request")):
        assert "付款金额和付款日期" in words(page) and "订单号" in words(page)


def test_the_right_three_facts_open_the_order(open_page: OpenPage, shop: Shop, order: str):
    page = fill(
        open_page("start", view="find"), order, "100.00", paid_on(shop).date(), f"{paid_on(shop):%H:%M}"
    )
    assert "找到了" in words(page)
    from core.services import identity

    who = identity.who(shop.app, page.session_state["session_token"])
    assert who == Actor("guest", "", order)


@pytest.mark.parametrize(
    ("number", "amount", "said"),
    [
        ("", "100.00", "请填订单号"),
        ("OD00000", "", "请填付款金额"),
        ("OD00000", "一百", "请填付款金额"),
        ("OD00000", "1e2", "请填付款金额"),
        ("OD00000", "①⓪⓪", "请填付款金额"),
        ("OD00000", "١٠٠", "请填付款金额"),
        ("OD00000", "99.00", "没有对上的订单"),
        ("OD99999", "100.00", "没有对上的订单"),
        ("' OR 1=1 --", "100.00", "没有对上的订单"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    open_page: OpenPage, shop: Shop, order: str, number: str, amount: str, said: str
):
    page = fill(open_page("start", view="find"), number, amount, paid_on(shop).date())
    assert said in words(page)
    assert "session_token" not in page.session_state


def test_a_wrong_order_and_a_wrong_amount_read_the_same(open_page: OpenPage, shop: Shop, order: str):
    """Invariant 12: a stranger learns nothing from the answer."""
    day = paid_on(shop).date()
    assert words(fill(open_page("start", view="find"), order, "1.00", day)) == words(
        fill(open_page("start", view="find"), "OD99999", "100.00", day)
    )


def test_the_sixth_try_has_to_wait(open_page: OpenPage, shop: Shop, order: str):
    page, day = open_page("start", view="find"), paid_on(shop).date()
    for _ in range(5):
        fill(page, order, "1.00", day)
    assert "试的次数太多了" in words(fill(page, order, "100.00", day))


@pytest.mark.parametrize("wrong", ["number", "amount", "day", "time"])
def test_the_refusal_names_the_time_too_and_is_the_same_whatever_was_wrong(
    open_page: OpenPage, shop: Shop, order: str, wrong: str
):
    """Invariant 12: nobody learns which of them was right."""
    paid = paid_on(shop)
    page = fill(
        open_page("start", view="find"),
        "OD99999" if wrong == "number" else order,
        "1.00" if wrong == "amount" else "100.00",
        (paid - timedelta(days=wrong == "day")).date(),
        f"{paid + timedelta(minutes=wrong == 'time'):%H:%M}",
    )
    said = words(page)
    assert "订单号、金额、付款日期、付款时间（填了的话）里至少有一项对不上" in said and "找到了" not in said


def test_who_came_by_a_link_is_led_back_to_it(open_page: OpenPage, shop: Shop, order: str):
    sent = shop.apply(order)
    closed = html(open_page("track", case=sent.case_no))
    assert f"view=find&amp;to=%2F%3Fcase%3D{sent.case_no}" in closed
    page = open_page("start", view="find", to=f"/track?case={sent.case_no}")
    opened = html(fill(page, order, "100.00", paid_on(shop).date()))
    assert f'location.assign("/track?case={sent.case_no}")' in opened


def test_a_link_leads_to_nobody_elses_site(open_page: OpenPage, shop: Shop, order: str):
    page = open_page("start", view="find", to="https://example.com/")
    opened = html(fill(page, order, "100.00", paid_on(shop).date()))
    assert 'location.assign("/")' in opened and "example.com" not in opened


def test_a_guest_whose_time_is_over_never_signed_in(open_page: OpenPage, shop: Shop, order: str):
    page = open_page("track", Actor("guest", "", order), case=shop.apply(order).case_no)
    shop.clock.advance(timedelta(days=31))
    said = words(page.run())
    assert "这次查看已结束" in said and "再打开一次" in said and "登录已结束" not in said


def test_a_partly_refunded_order_says_how_much_is_left(open_page: OpenPage, shop: Shop):
    order_no = shop.order(("alipay", 20_000), quantity=2, completed_at=shop.clock.at)
    shop.apply(order_no, 10_000, quantity=1)
    shop.work()
    shop.work(days=3)
    assert "还可退 ¥100.00" in words(open_page("start", MEI, view="orders"))
