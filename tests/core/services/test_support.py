"""R5.6: a refund is found by whatever its customer can tell, and by nobody who may not look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from bench.desk import fill
from core.adapters.tables import cases, customers, orders, payments
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.services import numbers as found_by
from core.services import support
from core.services.support import search
from tests.core.services.test_negotiations import transfer_agreed
from tests.plans import scans
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop


def numbers(shop: Shop, asked: str) -> list[str]:
    return [hit.order_no for hit in search(shop.app, SUPPORT, asked).hits]


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


@pytest.mark.parametrize("asked", ["Ana Lopes", "ana", "ANA", "Lopes", "lopes ana", "49 lopes"])
def test_any_part_of_a_name_of_several(told: Shop, asked: str) -> None:
    with told.app.begin() as conn:
        conn.execute(update(customers).where(customers.c.id == "wei").values(name="Ana Lopes"))
    assert numbers(told, asked) == ["OD00001"]


def test_day_and_time_narrow_it(told: Shop) -> None:
    local = (told.clock.at - timedelta(days=1)).astimezone(support.ZONE)
    day, clock = f"{local:%m-%d}", f"{local:%H:%M}"
    assert numbers(told, day) == ["OD00001", "OD00002"]
    assert numbers(told, f"49 {day} {clock}") == ["OD00001", "OD00002"]
    beside = (local + timedelta(minutes=1)).strftime("%H:%M")  # clocks differ
    assert numbers(told, f"wei {day} {beside}") == ["OD00001"]
    later = (local + timedelta(minutes=5)).strftime("%H:%M")
    assert numbers(told, f"wei {day} {later}") == []


def test_the_parts_of_numbers_that_people_read_out(told: Shop) -> None:
    """Of a request what comes after the day; of long numbers the end; also of a transfer made by hand."""
    case_no = told.apply("OD00000", 4_900).case_no
    told.work()
    reference = told.view(case_no).payouts[0].reference
    assert reference is not None
    own = case_no.partition("-")[2]
    for asked in (own, own.lower(), own[:3], own[1:5], reference[-4:], reference[-7:], reference[3:9]):
        assert numbers(told, asked) == ["OD00000"], asked
    (hit,) = search(told.app, SUPPORT, own).hits
    assert (hit.case_no, hit.matched) == (case_no, ("case_part",))
    by_hand = transfer_agreed(told)
    told.act(by_hand, "transfer", FINANCE, reference="ICBC2026112700418362")
    order_no = told.view(by_hand).order.order_no
    for asked in ("ICBC2026", "8362", "00418362", "icbc20261127", "112700418"):
        assert numbers(told, asked) == [order_no], asked


def test_an_end_is_found_however_old(told: Shop) -> None:
    with told.app.begin() as conn:
        values = {"trade_no": "42000019992026060188"}
        conn.execute(update(payments).where(payments.c.order_no == "OD00003").values(values))
    assert numbers(told, "060188") == ["OD00003"] and numbers(told, "2026060") == []


def test_a_plain_number_is_the_end_of_one_or_an_amount(told: Shop) -> None:
    """A number first: it says more; the amount is not lost behind it."""
    with told.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == "OD00003").values(trade_no="42004900"))
        conn.execute(update(orders).where(orders.c.order_no == "OD00001").values(amount_minor=490_000))
    assert numbers(told, "4900") == ["OD00003", "OD00001"]


def test_more_than_a_page_is_said_and_turned_over(told: Shop) -> None:
    for number in range(support.MOST + 2):
        told.order(("alipay", 7_700), paid_at=told.clock.at - timedelta(minutes=number + 1))
    first = search(told.app, SUPPORT, "77.00")
    second = search(told.app, SUPPORT, "77.00", 1)
    assert (len(first.hits), first.has_more, len(second.hits), second.has_more) == (20, True, 2, False)
    paid = [hit.paid_at for hit in (*first.hits, *second.hits)]
    assert paid == sorted(paid, reverse=True) and len(set(paid)) == len(paid)
    assert not first.is_cut


def test_a_word_that_names_too_many_says_so(told: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_by, "CANDIDATES", 3)
    assert search(told.app, SUPPORT, "OD0000").is_cut
    assert not search(told.app, SUPPORT, "OD00001").is_cut


def test_a_part_is_looked_for_in_recent_orders_only(told: Shop) -> None:
    assert numbers(told, "OD00003") == ["OD00003"]  # a beginning is found however old it is
    assert numbers(told, "D0000") == ["OD00001", "OD00002", "OD00000"]


def test_the_case_its_refund_number_and_where_it_stands(told: Shop) -> None:
    case_no = told.apply("OD00000", 4_900).case_no
    told.work()
    (hit,) = search(told.app, SUPPORT, case_no).hits
    assert (hit.order_no, hit.case_no, hit.matched) == ("OD00000", case_no, ("case",))
    assert hit.at is not None and (hit.at.code, hit.at.waits_for) == ("at_channel", "channel")
    reference = told.view(case_no).payouts[0].reference
    assert reference is not None
    assert [each.matched for each in search(told.app, SUPPORT, reference).hits] == [("refund", "refund_part")]
    assert search(told.app, SUPPORT, "OD00001").hits[0].at is None


def test_what_was_approved_and_arrives_is_told_and_found(told: Shop) -> None:
    """The customer sees ¥50.00 arrive of an order of ¥88.00."""
    order_no = told.order(("alipay", 8_800))
    case_no = told.apply(order_no, 8_800).case_no
    with told.app.begin() as conn:
        granted = {"approved_minor": 5_100, "fee_minor": 100, "fx_minor": 0, "refund_minor": 5_000}
        conn.execute(update(cases).where(cases.c.case_no == case_no).values(granted))
    for asked in ("50.00", "50", "51元"):
        (hit,) = search(told.app, SUPPORT, asked).hits
        assert (hit.order_no, hit.approved_minor, hit.arrives_minor) == (order_no, 5_100, 5_000), asked
        assert hit.matched == ("amount",)


def test_open_requests_come_before_those_that_are_over(told: Shop) -> None:
    told.apply("OD00001", 4_900, actor=Actor("customer", "wei"))
    assert numbers(told, "49.00")[0] == "OD00001"
    with told.app.begin() as conn:
        conn.execute(update(cases).values(state="closed", due_at=None, finished_at=told.clock.at))
    told.apply("OD00000", 4_900)
    assert numbers(told, "49.00") == ["OD00000", "OD00001", "OD00002"]


def test_the_account_as_its_customer_sees_it(told: Shop) -> None:
    with told.app.begin() as conn:
        values = {"account": "138****2110"}
        conn.execute(update(payments).where(payments.c.order_no == "OD00002").values(values))
    assert numbers(told, "138****2110") == ["OD00002"] and numbers(told, "138****2111") == []
    assert search(told.app, SUPPORT, "138****2110").hits[0].matched == ("account",)


@pytest.mark.parametrize("said", ["昨天", "yesterday", "Yesterday"])
def test_yesterday(told: Shop, said: str) -> None:
    assert numbers(told, said) == ["OD00001", "OD00002"] and numbers(told, "前天") == ["OD00000"]


@pytest.mark.parametrize("who", [SUPPORT, REVIEWER, LEAD, FINANCE, ARBITER])
def test_who_may_search(sqlite_shop: Shop, who: Actor) -> None:
    sqlite_shop.order()
    assert len(search(sqlite_shop.app, who, "OD00000").hits) == 1


@pytest.mark.parametrize("who", [MEI, Actor("guest", order_no="OD00000"), Actor("policy", "lu-jing")])
def test_who_may_not(sqlite_shop: Shop, who: Actor) -> None:
    """Invariant 12: nobody learns of an order by searching for it."""
    order_no = sqlite_shop.order()
    for asked in (order_no, "nothing"):
        with pytest.raises(NotAllowed):
            search(sqlite_shop.app, who, asked)


PAID: str = (
    "INSERT INTO payouts (case_no, payment_id, route, channel, reserved_minor, amount_minor, currency, state,"
    " key, request, reference, created_at) SELECT c.case_no, p.id, 'original', p.channel, 1, 1, 'CNY',"
    " 'arrived', c.case_no, '{}', 'REF' || c.case_no, c.created_at"
    " FROM cases c JOIN payments p ON p.order_no = c.order_no"
)


def test_parts_with_an_end_use_an_index(shop: Shop) -> None:
    """On both databases, with enough rows that a planner minds."""
    fill(shop.app, 3_000, is_open=False)
    with shop.app.begin() as conn:
        conn.exec_driver_sql(PAID)
    with shop.app.engine.connect() as conn:
        conn.execute(text("ANALYZE"))
        conn.commit()
        for code, query in found_by._indexed(conn, "B00000123"):
            assert scans(conn, query.limit(5), "orders", "payments", "cases", "payouts") == [], code
        amount = support.select(orders.c.order_no).where(support._amount(123, shop.clock.at))
        assert scans(conn, amount, "orders", "payments") == []
