"""R5.6: a refund is found by whatever its customer can tell, and by nobody who may not look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update

from core.adapters.tables import customers, orders, payments
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.services import support
from core.services.support import search
from tests.plans import scans
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def numbers(shop: Shop, asked: str) -> list[str]:
    return [hit.order_no for hit in search(shop.app, SUPPORT, asked)]


@pytest.fixture
def told(shop: Shop) -> Shop:
    """Orders that differ in what can be told of them."""
    now = shop.clock.at
    shop.order(("alipay", 4_900), paid_at=now - timedelta(days=2))
    shop.order(("wechat", 4_900), paid_at=now - timedelta(days=1), customer="wei")
    shop.order(("alipay", 3_000), ("balance", 1_900), paid_at=now - timedelta(days=1))
    shop.order(("card", 12_345), paid_at=now - timedelta(days=200), customer="")
    with shop.app.begin() as conn:
        conn.execute(update(customers).where(customers.c.id == "mei").values(name="梅雨"))
        conn.execute(
            update(payments).where(payments.c.order_no == "OD00000").values(trade_no="2026110322001")
        )
    return shop


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("OD00001", ["OD00001"]),
        ("od00001", ["OD00001"]),
        ("OD0000", ["OD00001", "OD00002", "OD00000", "OD00003"]),
        ("20261103", ["OD00000"]),
        ("0322001", ["OD00000"]),  # the end of the trade number
        ("D00002", ["OD00002"]),  # a part of the order number
        ("49.00", ["OD00001", "OD00002", "OD00000"]),
        ("49", ["OD00001", "OD00002", "OD00000"]),
        ("30元", ["OD00002"]),  # one of two payments
        ("梅", []),
        ("梅雨", ["OD00002", "OD00000"]),
        ("wei", ["OD00001"]),
        ("wei 49", ["OD00001"]),
        ("wei 123.45", []),
        ("OD00000 49.00", ["OD00000"]),
        ("OD00000 50.00", []),
        ("OD9", []),
        ("%", []),
        ("O_00001", []),
    ],
)
def test_what_finds_which(told: Shop, asked: str, found: list[str]) -> None:
    assert numbers(told, asked) == found


def test_day_and_time_narrow_it(told: Shop) -> None:
    local = (told.clock.at - timedelta(days=1)).astimezone(support.ZONE)
    day, clock = f"{local:%m-%d}", f"{local:%H:%M}"
    assert numbers(told, day) == ["OD00001", "OD00002"]
    assert numbers(told, f"49 {day} {clock}") == ["OD00001", "OD00002"]
    beside = (local + timedelta(minutes=1)).strftime("%H:%M")  # clocks differ
    assert numbers(told, f"wei {day} {beside}") == ["OD00001"]
    later = (local + timedelta(minutes=5)).strftime("%H:%M")
    assert numbers(told, f"wei {day} {later}") == []


def test_a_part_is_looked_for_in_recent_orders_only(told: Shop) -> None:
    assert numbers(told, "OD00003") == ["OD00003"]  # a beginning is found however old it is
    assert numbers(told, "D00003") == []


def test_the_case_its_refund_number_and_where_it_stands(told: Shop) -> None:
    case_no = told.apply("OD00000", 4_900).case_no
    told.work()
    (hit,) = search(told.app, SUPPORT, case_no)
    assert (hit.order_no, hit.case_no, hit.matched) == ("OD00000", case_no, ("case",))
    assert hit.at is not None and (hit.at.code, hit.at.waits_for) == ("at_channel", "channel")
    reference = told.view(case_no).payouts[0].reference
    assert reference is not None
    assert [each.matched for each in search(told.app, SUPPORT, reference)] == [("refund",)]
    assert search(told.app, SUPPORT, "OD00001")[0].at is None


@pytest.mark.parametrize("who", [SUPPORT, REVIEWER, LEAD, FINANCE, ARBITER])
def test_who_may_search(sqlite_shop: Shop, who: Actor) -> None:
    sqlite_shop.order()
    assert len(search(sqlite_shop.app, who, "OD00000")) == 1


@pytest.mark.parametrize("who", [MEI, Actor("guest", order_no="OD00000"), Actor("policy", "lu-jing")])
def test_who_may_not(sqlite_shop: Shop, who: Actor) -> None:
    """Invariant 12: nobody learns of an order by searching for it."""
    order_no = sqlite_shop.order()
    for asked in (order_no, "nothing"):
        with pytest.raises(NotAllowed):
            search(sqlite_shop.app, who, asked)


def test_beginnings_use_an_index(shop: Shop) -> None:
    """On both databases, with enough rows that a planner minds."""
    with shop.app.begin() as conn:
        rows = [
            {
                "order_no": f"X{number:06d}", "customer_id": f"C{number}", "product": "卡", "kind": "other",
                "amount_minor": number, "currency": "CNY", "delivery": "pending", "paid_at": shop.clock.at,
                "source": "shop", "digest": "",
            }
            for number in range(3_000)
        ]  # fmt: skip
        conn.execute(insert(orders), rows)
        tenders = [
            {
                "order_no": row["order_no"], "channel": "alipay", "trade_no": f"T{row['order_no']}",
                "currency": "CNY", "paid_minor": row["amount_minor"], "paid_at": shop.clock.at,
            }
            for row in rows
        ]  # fmt: skip
        conn.execute(insert(payments), tenders)
    with shop.app.engine.connect() as conn:
        conn.execute(text("ANALYZE"))
        conn.commit()
        for code, query in support._beginnings(conn, "X00123"):
            assert scans(conn, query.limit(5), "orders", "payments") == [], code
        amount = support.select(orders.c.order_no).where(support._amount(123))
        assert scans(conn, amount, "orders", "payments") == []
