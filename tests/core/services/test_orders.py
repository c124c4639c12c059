"""Orders as people see them and the facts of a claim: who sees what, what is left, what was paid twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, update

from core.adapters.tables import customers, exchange_rates, orders, payments
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import NotFound
from core.services import orders as service
from core.services.order_facts import fx_loss_bp
from tests import pinned
from tests.shop import FINANCE, MEI, REVIEWER, SUPPORT, WEI, Shop

POLICY = pinned.POLICY


def facts(shop: Shop, order_no: str, *, reason: str = "not_delivered", amount: int = 10_000, evidence=()):
    with shop.app.read() as conn:
        return service.facts_for(
            conn,
            order_no,
            reason=reason,
            requested_minor=amount,
            evidence=evidence,
            policy=POLICY,
            at=shop.clock.at,
        )


# --- who sees what (invariant 12)


def test_a_customer_sees_their_own_orders_newest_first(shop):
    old = shop.order(paid_at=shop.clock.at - timedelta(days=9))
    new = shop.order()
    shop.order(customer="wei")
    assert [order.order_no for order in service.list_for(shop.app, MEI)] == [new, old]
    assert [order.order_no for order in service.list_for(shop.app, MEI, limit=1)] == [new]


def test_a_stranger_is_told_the_same_as_for_an_order_that_is_not_there(shop):
    order_no = shop.order()
    for actor, number in (
        (WEI, order_no),
        (MEI, "NOWHERE"),
        (Actor("guest", "", "OTHER"), order_no),
        (Actor("customer", ""), order_no),
    ):
        with pytest.raises(NotFound) as refused:
            service.get(shop.app, actor, number)
        assert refused.value.params == {}


def test_orders_of_guests_belong_to_nobody_who_signs_in_without_a_name(shop):
    order_no = shop.order(customer="")
    for actor in (MEI, Actor("customer", ""), Actor("guest", ""), Actor("guest", "", "OTHER")):
        assert service.list_for(shop.app, actor) == []
        with pytest.raises(NotFound):
            service.get(shop.app, actor, order_no)


def test_a_guest_sees_the_order_they_proved_and_no_other(shop):
    order_no, _ = shop.order(), shop.order()
    guest = Actor("guest", "", order_no)
    assert [order.order_no for order in service.list_for(shop.app, guest)] == [order_no]
    assert service.get(shop.app, guest, order_no).order_no == order_no


@pytest.mark.parametrize("actor", [SUPPORT, REVIEWER, FINANCE, SYSTEM])
def test_staff_read_every_order_or_one_customers(shop, actor):
    mine, theirs = shop.order(), shop.order(customer="wei")
    assert {order.order_no for order in service.list_for(shop.app, actor)} == {mine, theirs}
    assert [order.order_no for order in service.list_for(shop.app, actor, customer_id="wei")] == [theirs]
    assert service.get(shop.app, actor, mine).customer_id == "mei"


def test_a_customer_cannot_ask_for_another_customers_list(shop):
    shop.order(customer="wei")
    assert service.list_for(shop.app, MEI, customer_id="wei") == []


# --- what is left


def test_what_is_left_counts_held_refunded_and_refunded_outside(shop):
    order_no = shop.order(("alipay", 10_000), ("balance", 5_000))
    with shop.app.begin() as conn:
        conn.execute(
            update(payments)
            .where(payments.c.order_no == order_no, payments.c.channel == "alipay")
            .values(reserved_minor=1_000, refunded_minor=2_000, external_minor=3_000)
        )
    order = service.get(shop.app, MEI, order_no)
    assert [payment.refundable_minor for payment in order.payments] == [4_000, 5_000]
    assert (order.refundable_minor, order.amount_minor) == (9_000, 15_000)
    assert (order.refunded_minor, order.held_minor) == (5_000, 1_000)
    found = facts(shop, order_no)
    assert (found.refundable_minor, found.paid_minor) == (9_000, 15_000)


def test_refunded_outside_beyond_what_was_paid_leaves_nothing_rather_than_less(shop):
    order_no = shop.order(("alipay", 10_000), ("balance", 5_000))
    with shop.app.begin() as conn:
        conn.execute(
            update(payments)
            .where(payments.c.order_no == order_no, payments.c.channel == "alipay")
            .values(external_minor=12_000)
        )
    assert service.get(shop.app, MEI, order_no).refundable_minor == 5_000
    assert facts(shop, order_no).refundable_minor == 5_000


def test_the_open_case_is_named_a_draft_included_a_final_one_not(shop):
    from core.services import cases

    order_no = shop.order()
    assert service.get(shop.app, MEI, order_no).open_case is None
    case_no = cases.open_draft(shop.app, MEI, order_no).case_no
    assert service.get(shop.app, MEI, order_no).open_case == case_no
    shop.act(case_no, "withdraw", MEI)
    assert service.get(shop.app, MEI, order_no).open_case is None


def test_an_order_without_a_payment_is_shown_with_nothing_to_refund(shop):
    order_no = shop.order()
    with shop.app.begin() as conn:
        conn.execute(payments.delete())
    order = service.get(shop.app, MEI, order_no)
    assert (order.payments, order.refundable_minor) == ((), 0)


def test_reading_costs_one_query_and_uses_the_indexes(sqlite_shop):
    """These run at every rerun of a page."""
    shop = sqlite_shop
    order_no = shop.order(("alipay", 6_000), ("balance", 4_000))
    said: list[tuple[str, object]] = []
    listen = event.listens_for(shop.app.engine, "before_cursor_execute")

    @listen
    def heard(conn, cursor, statement, parameters, context, executemany):
        said.append((statement, parameters))

    try:
        for call in (
            lambda: service.get(shop.app, MEI, order_no),
            lambda: service.list_for(shop.app, MEI),
            lambda: facts(shop, order_no),
        ):
            said.clear()
            call()
            assert len(said) == 1
            with shop.app.engine.connect() as conn:
                plan = conn.exec_driver_sql("EXPLAIN QUERY PLAN " + said[0][0], said[0][1]).all()
            scans = [
                row[3]
                for row in plan
                if row[3].startswith("SCAN") and "newest" not in row[3] and "anon" not in row[3]
            ]
            assert scans == [], plan
    finally:
        event.remove(shop.app.engine, "before_cursor_execute", heard)


# --- the facts of a claim


def test_facts_carry_the_order_and_its_tenders(shop):
    order_no = shop.order(
        ("alipay", 6_000), ("card", 4_000), quantity=3, escrow=True, is_open=False, kind="membership"
    )
    found = facts(shop, order_no, evidence={"product_page"})
    assert (found.kind, found.quantity, found.escrow, found.delivery) == (
        "membership",
        3,
        True,
        "code_issued",
    )
    assert [(tender.channel, tender.paid_minor, tender.is_open) for tender in found.tenders] == [
        ("alipay", 6_000, False),
        ("card", 4_000, False),
    ]
    assert found.evidence == {"product_page"}
    assert type(found).from_dict(found.as_dict()) == found


def test_facts_of_an_order_that_is_not_there_are_not_found(shop):
    with pytest.raises(NotFound):
        facts(shop, "NOWHERE")


def test_a_guest_has_no_account_and_full_credit(shop):
    found = facts(shop, shop.order(customer=""))
    assert (found.has_account, found.credit, found.recent_refunds) == (False, 100, 0)
    with shop.app.begin() as conn:
        conn.execute(update(customers).where(customers.c.id == "mei").values(credit=55))
    found = facts(shop, shop.order())
    assert (found.has_account, found.credit) == (True, 55)


def test_refunds_granted_in_the_look_back_are_counted_and_no_others(shop):
    for _ in range(2):
        shop.apply(shop.order())
    shop.apply(shop.order(delivery="redeemed"))  # refused
    withdrawn = shop.apply(shop.order())
    shop.act(withdrawn.case_no, "withdraw", MEI)
    shop.apply(shop.order(customer="wei"), actor=WEI)
    order_no = shop.order()
    assert facts(shop, order_no).recent_refunds == 2
    shop.clock.advance(timedelta(days=POLICY.limits.look_back_days + 1))
    assert facts(shop, order_no).recent_refunds == 0


def test_a_guest_has_the_history_of_the_account_that_paid(shop):
    """R6.5: guests' orders paid from one account are one payer's; nobody else waits for them."""
    for number in range(7):
        order_no = shop.order(("alipay", 2_000), ("alipay", 3_000), customer="", account="139****0001")
        sent = shop.apply(order_no, 5_000, actor=Actor("guest", order_no=order_no))
        assert sent.state == ("approved" if number < 6 else "in_review")
    assert sent.rule == "not_delivered_often"
    found = facts(shop, shop.order(customer="", account="139****0001"))
    assert (found.recent_refunds, found.unnamed_refunds) == (6, 0)
    other = shop.order(customer="", account="139****0002")
    assert facts(shop, other).recent_refunds == 0
    assert shop.apply(other, actor=Actor("guest", order_no=other)).state == "approved"
    assert facts(shop, shop.order(("wechat", 9), customer="", account="139****0001")).recent_refunds == 0
    shop.clock.advance(timedelta(days=POLICY.limits.look_back_days + 1))
    assert facts(shop, shop.order(customer="", account="139****0001")).recent_refunds == 0
    assert shop.audit() == []


@pytest.mark.parametrize("account", ["", "零钱", "支付宝用户"])
def test_guests_whom_nobody_can_tell_apart_share_a_measure_a_day(shop, account):
    """R6.5: what was approved at once counts, for a day; whoever can be told apart is not touched by it."""
    for _ in range(21):
        order_no = shop.order(customer="", account=account)
        assert shop.apply(order_no, actor=Actor("guest", order_no=order_no)).state == "approved"
    withdrawn = shop.order(customer="", account=account)
    found = facts(shop, withdrawn)
    assert (found.recent_refunds, found.unnamed_refunds) == (0, 21)
    waiting = shop.apply(withdrawn, actor=Actor("guest", order_no=withdrawn))
    assert (waiting.state, waiting.rule) == ("in_review", "not_delivered_unnamed")
    shop.act(waiting.case_no, "approve", REVIEWER)
    assert facts(shop, shop.order(customer="", account=account)).unnamed_refunds == 21
    assert facts(shop, shop.order()).unnamed_refunds == 0
    assert facts(shop, shop.order(customer="", account="mei***@qq.com")).unnamed_refunds == 0
    shop.clock.advance(timedelta(days=1, seconds=1))
    assert facts(shop, shop.order(customer="", account=account)).unnamed_refunds == 0
    assert shop.audit() == []


def test_paid_beyond_the_orders_amount_is_paid_twice(shop):
    order_no = shop.order(("alipay", 10_000), ("wechat", 10_000), delivery="redeemed")
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == order_no).values(amount_minor=10_000))
    assert facts(shop, order_no).duplicate_minor == 10_000
    with shop.app.begin() as conn:  # one of the two went back already
        conn.execute(
            update(payments)
            .where(payments.c.order_no == order_no, payments.c.channel == "wechat")
            .values(external_minor=10_000)
        )
    assert facts(shop, order_no).duplicate_minor == 0


def test_the_same_order_twice_within_minutes_is_paid_twice_while_its_goods_are_untouched(shop):
    """Two cards can be meant, so an order whose code was looked at is not called a mistake."""
    paid_at = shop.clock.at - timedelta(days=1)
    first = shop.order(paid_at=paid_at)
    assert facts(shop, first).duplicate_minor == 0
    second = shop.order(paid_at=paid_at + timedelta(minutes=10))
    assert facts(shop, first).duplicate_minor == 10_000
    assert facts(shop, second).duplicate_minor == 10_000
    with shop.app.begin() as conn:
        conn.execute(update(orders).where(orders.c.order_no == second).values(delivery="code_viewed"))
    assert facts(shop, second).duplicate_minor == 0
    assert facts(shop, first).duplicate_minor == 10_000


def test_of_two_orders_only_one_can_be_the_mistake(shop):
    paid_at = shop.clock.at - timedelta(days=1)
    first, second = (shop.order(paid_at=paid_at) for _ in range(2))
    shop.apply(first, reason="duplicate_charge")
    assert facts(shop, second).duplicate_minor == 0


@pytest.mark.parametrize(
    "other",
    [
        {"customer": "wei"},
        {"tenders": (("alipay", 9_999),)},
        {"quantity": 2},
        {"minutes": 11},
        {"product": "另一种点卡"},
    ],
)
def test_orders_that_differ_are_two_orders(shop, other):
    other = dict(other)
    paid_at = shop.clock.at - timedelta(days=1)
    first = shop.order(paid_at=paid_at)
    product, minutes = other.pop("product", None), other.pop("minutes", 5)
    second = shop.order(*other.pop("tenders", ()), paid_at=paid_at + timedelta(minutes=minutes), **other)
    if product:
        with shop.app.begin() as conn:
            conn.execute(update(orders).where(orders.c.order_no == second).values(product=product))
    assert facts(shop, first).duplicate_minor == 0


def test_guests_orders_have_no_twins(shop):
    first, _ = shop.order(customer=""), shop.order(customer="")
    assert facts(shop, first).duplicate_minor == 0


def test_a_payment_from_abroad_knows_what_sending_it_back_loses(shop):
    order_no = shop.order(("card", 36_500))
    with shop.app.begin() as conn:
        conn.execute(
            update(payments)
            .where(payments.c.order_no == order_no)
            .values(charged_currency="USD", charged_minor=5_000)
        )
    assert facts(shop, order_no).tenders[0].fx_loss_bp == 0  # no rate: nothing is guessed
    with shop.app.begin() as conn:
        conn.execute(insert(exchange_rates).values(currency="USD", micro_rate=7_400_000, at=shop.clock.at))
    # 365.00 were 50.00 abroad; today they are 365 / 7.4 = 49.32: 135 ten-thousandths less.
    assert facts(shop, order_no).tenders[0].fx_loss_bp == 135


@pytest.mark.parametrize(
    ("paid", "charged", "abroad", "rate", "loss"),
    [
        (36_500, 5_000, "USD", 7_300_000, 0),
        (36_500, 5_000, "USD", 7_600_000, 395),
        (36_500, 5_000, "USD", 7_000_000, -429),  # a gain
        (10_000, 2_000, "JPY", 50_000, 0),  # 100.00 = 2000 yen at 0.05
        (10_000, 2_000, "JPY", 52_000, 385),
        (10_000, 10_000, "CNY", 1_000_000, 0),
        (10_000, None, None, 7_300_000, 0),
        (10_000, 1_400, "USD", None, 0),
    ],
)
def test_exchange_loss_is_the_part_that_is_missing_when_it_arrives(paid, charged, abroad, rate, loss):
    assert fx_loss_bp(paid, "CNY", charged, abroad, rate) == loss
