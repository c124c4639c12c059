"""Taking orders in: all or nothing, again changes nothing, refunds made outside are heeded (R6.1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from core.adapters.tables import (
    customers,
    external_refunds,
    orders,
    payments,
    waiting_refunds,
)
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import FileUnreadable, NothingLeft
from core.domain.workdays import ZONE
from core.services import orders as service
from tests.shop import REVIEWER, Shop

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bills"
AFTER_THE_FIXTURES = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
WECHAT = FIXTURES / "wechat_trade_all.csv"
ALIPAY = FIXTURES / "alipay_business_detail.csv"
GENERIC = FIXTURES / "orders_generic.csv"

HEADER = "order_no,customer_id,product,amount,channel,trade_no,paid_amount,paid_at,completed_at,delivery"
WECHAT_HEADER = WECHAT.read_text(encoding="utf-8-sig").splitlines()[0]


@pytest.fixture
def take(shop: Shop, tmp_path: Path):
    """Import rows of the generic kind, or a file."""

    def run(*rows: str, file: Path | None = None, **more: Any):
        if file is None:
            file = tmp_path / "orders.csv"
            file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        elif file.is_relative_to(FIXTURES):
            shop.clock.at = max(shop.clock.at, AFTER_THE_FIXTURES)
        return service.import_orders(shop.app, file, **more)

    return run


def row(
    order_no: str = "A1",
    *,
    customer: str = "u1",
    amount: str = "10.00",
    channel: str = "alipay",
    trade: str = "T1",
    paid: str = "",
    paid_at: str = "2026-08-30 10:00:00",
    completed_at: str = "2026-08-30 10:01:00",
    delivery: str = "code_issued",
) -> str:
    return f"{order_no},{customer},点卡,{amount},{channel},{trade},{paid},{paid_at},{completed_at},{delivery}"


def wechat(path: Path, *rows: tuple[str, str, str, str, str]) -> Path:
    """A bill of (trade, order, paid, refund_no, refunded)."""
    names = WECHAT_HEADER.split(",")
    lines = [WECHAT_HEADER]
    for trade, order, paid, refund_no, refunded in rows:
        cells = dict.fromkeys(names, "0") | {
            "交易时间": "2026-08-31 09:00:00",
            "微信订单号": trade,
            "商户订单号": order,
            "交易状态": "REFUND" if refund_no else "SUCCESS",
            "货币种类": "CNY",
            "商户退款单号": refund_no or "0",
            "退款状态": "SUCCESS" if refund_no else "",
            "商品名称": "点卡",
            "订单金额": paid or "0.00",
            "申请退款金额": refunded or "0.00",
        }
        lines.append(",".join("`" + cells[name] for name in names))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def everything(shop: Shop) -> dict[str, list[Any]]:
    tables = (orders, payments, external_refunds, waiting_refunds, customers)
    with shop.app.read() as conn:
        return {
            table.name: conn.execute(select(table).order_by(*table.primary_key.columns)).all()
            for table in tables
        }


def counts(result) -> dict[str, int]:
    names = ("imported", "updated", "unchanged", "skipped")
    found = {name: getattr(result, name) for name in names if getattr(result, name)}
    assert result.error_count or sum(found.values()) == result.rows
    return found


def errors(result) -> list[tuple[int, str]]:
    assert (result.imported, result.updated, result.unchanged, result.skipped) == (0, 0, 0, 0)
    return [(problem.line, problem.code) for problem in result.errors]


# --- the shop's own export


def test_orders_payments_and_customers_arrive(shop, take):
    result = take(file=GENERIC)
    assert (result.kind, result.rows, result.orders, counts(result)) == ("generic_csv", 5, 4, {"imported": 5})
    order = service.get(shop.app, SYSTEM, "SH1002")
    assert (order.amount_minor, order.quantity, order.kind, order.customer_id) == (
        20_000,
        2,
        "software_key",
        "u1",
    )
    assert [(p.channel, p.paid_minor, p.refundable_minor) for p in order.payments] == [
        ("alipay", 15_000, 15_000),
        ("balance", 5_000, 5_000),
    ]
    assert order.paid_at == datetime(2026, 11, 20, 17, 59, 30, tzinfo=ZONE)  # the earlier of the two
    assert (order.delivery, order.delivery_known, order.refundable_minor) == ("code_viewed", True, 20_000)
    abroad = service.get(shop.app, SYSTEM, "SH1003")
    assert (abroad.escrow, abroad.payments[0].is_open, abroad.completed_at) == (True, False, None)
    names = {customer.id: customer.name for customer in everything(shop)["customers"]}
    assert (names["u1"], names["u2"]) == ("林晓", "周宁")


def test_card_codes_are_nowhere_in_the_database(shop, take):
    take(file=GENERIC)
    assert "CARD-" not in repr(everything(shop))


def test_the_same_file_again_changes_nothing(shop, take):
    take(file=GENERIC)
    before = everything(shop)
    assert counts(take(file=GENERIC)) == {"unchanged": 5}
    assert everything(shop) == before


def test_the_same_orders_in_another_encoding_and_order_change_nothing(shop, take, tmp_path):
    take(file=GENERIC)
    before = everything(shop)
    header, *lines = GENERIC.read_text(encoding="utf-8").splitlines()
    again = tmp_path / "again.csv"
    again.write_bytes("\r\n".join([header, *reversed(lines)]).encode("gb18030"))
    assert counts(take(file=again)) == {"unchanged": 5}
    assert everything(shop) == before


def test_one_bad_row_and_nothing_is_imported_and_every_bad_line_is_told(shop, take):
    """Bad cells and rows that contradict one another are told together."""
    before = everything(shop)
    result = take(
        row("A1"),
        row("A2", amount="x", trade="T2"),
        row("A1", trade="T3", delivery="pending"),
        row("A4", trade="T1"),
    )
    assert sorted(errors(result)) == [
        (2, "trade_taken"),
        (3, "amount_invalid"),
        (4, "rows_disagree"),
        (5, "trade_taken"),
    ]
    assert [problem.line for problem in result.errors] == [2, 3, 4, 5]
    assert everything(shop) == before


def test_a_long_list_of_bad_rows_is_cut_and_counted(shop, take):
    result = take(*(row(f"A{n}", trade=f"T{n}", amount="x") for n in range(250)))
    assert (len(result.errors), result.error_count, result.rows) == (100, 250, 250)
    assert [problem.line for problem in result.errors] == list(range(2, 102))
    take(*(row(f"A{n}", trade=f"T{n}") for n in range(250)))
    result = take(*(row(f"A{n}", trade=f"T{n}", amount="9.00") for n in range(250)))
    assert (len(result.errors), result.error_count) == (100, 500)  # the order's amount and the payment's


def test_a_dry_run_says_what_would_happen_and_does_nothing(shop, take):
    before = everything(shop)
    result = take(file=GENERIC, dry_run=True)
    assert (result.dry_run, counts(result)) == (True, {"imported": 5})
    assert everything(shop) == before
    assert errors(take(row(delivery="gone"), dry_run=True)) == [(2, "value_unknown")]


def test_an_order_that_moved_forward_is_updated(shop, take):
    take(row(), row("A2", trade="T2"))
    result = take(row(delivery="redeemed", completed_at="2026-08-30 10:02:00"), row("A2", trade="T2"))
    assert counts(result) == {"updated": 1, "unchanged": 1}
    order = service.get(shop.app, SYSTEM, "A1")
    assert (order.delivery, order.completed_at) == ("redeemed", datetime(2026, 8, 30, 10, 2, tzinfo=ZONE))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "10.01"}, "amount_changed"),
        ({"paid": "9.00"}, "payment_changed"),
        ({"customer": "u2"}, "owner_changed"),
        ({"customer": ""}, "owner_changed"),
        ({"delivery": "pending"}, "older_than_known"),
        ({"completed_at": ""}, "older_than_known"),
        ({"completed_at": "2026-08-29 10:00:00"}, "older_than_known"),
    ],
)
def test_what_goes_back_or_touches_money_is_an_error(shop, take, change, code):
    take(row(paid="10.00"))
    before = everything(shop)
    result = take(row("A0", trade="T0"), row(**{"paid": "10.00", **change}))
    assert (3, code) in errors(result)
    assert everything(shop) == before


def test_a_guests_order_can_find_its_owner(shop, take):
    take(row(customer=""))
    assert counts(take(row(customer="u1"))) == {"updated": 1}
    assert service.get(shop.app, SYSTEM, "A1").customer_id == "u1"


def test_a_payment_that_comes_later_is_added(shop, take):
    take(row(amount="30.00", paid="20.00"))
    result = take(
        row(amount="30.00", paid="20.00"), row(amount="30.00", paid="10.00", channel="balance", trade="")
    )
    assert counts(result) == {"imported": 1, "unchanged": 1}
    assert service.get(shop.app, SYSTEM, "A1").refundable_minor == 3_000


def test_a_payment_without_a_number_gets_it_later_and_stays_one_payment(shop, take):
    take(row(trade=""))
    assert counts(take(row(trade="T1"))) == {"unchanged": 1}
    assert [p.trade_no for p in service.get(shop.app, SYSTEM, "A1").payments] == ["T1"]
    assert counts(take(row(trade=""))) == {"unchanged": 1}
    assert len(service.get(shop.app, SYSTEM, "A1").payments) == 1


def test_the_same_payment_twice_in_one_file_is_an_error(take):
    assert errors(take(row(), row())) == [(3, "payment_twice")]


def test_a_trade_number_that_another_order_has_is_an_error(take):
    take(row())
    assert errors(take(row("A2"))) == [(2, "trade_taken")]


def test_an_order_with_a_refund_in_progress_is_updated_without_touching_its_money(shop, take):
    take(row(customer="mei", completed_at=""))
    shop.apply("A1", 1_000)
    before = shop.payment("A1")
    assert before.reserved_minor == 1_000
    assert counts(take(row(customer="mei", delivery="code_viewed"))) == {"updated": 1}
    assert shop.payment("A1") == before
    assert shop.audit() == []


def test_two_imports_at_once_are_one(shop, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([HEADER, *(row(f"A{n}", trade=f"T{n}") for n in range(300))]))
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(service.import_orders(shop.app, path)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.imported for result in results) == [0, 0, 300]
    assert [result.error_count for result in results] == [0, 0, 0]


def test_a_connection_goes_back_to_the_pool_without_traces(shop, take):
    for _ in range(3):
        take(row())
        with pytest.raises(FileUnreadable):
            take(file=FIXTURES / "dujiaoka.toml")
    with shop.app.engine.connect() as conn, pytest.raises(DBAPIError, match="staged_trades"):
        conn.execute(text("SELECT 1 FROM staged_trades"))


# --- merchant bills


def test_a_wechat_bill_becomes_orders_and_refunds_made_outside(shop, take):
    result = take(file=WECHAT)
    assert (result.kind, result.rows, result.orders, result.refunds) == ("wechat_trade", 8, 4, 3)
    assert counts(result) == {"imported": 6, "skipped": 2}  # one refund waits, one failed
    assert (result.refunds_matched, result.refunds_unmatched, result.refunds_ours) == (2, 1, 0)
    assert [(r.line, r.refund_no, r.amount_minor) for r in result.unmatched] == [
        (2, "WXR2026112000000007", 3_000)
    ]
    found = {order.order_no: order.refundable_minor for order in service.list_for(shop.app, SYSTEM)}
    assert found == {"WX20261120001": 0, "WX20261120002": 4_000, "WX20261120003": 3, "WX20261120004": 36_525}
    order = service.get(shop.app, SYSTEM, "WX20261120001")
    assert (order.customer_id, order.delivery_known, order.refunded_minor) == ("", False, 10_000)


def test_a_bill_again_changes_nothing(shop, take):
    take(file=WECHAT)
    before = everything(shop)
    result = take(file=WECHAT)
    assert counts(result) == {"unchanged": 6, "skipped": 2}
    assert everything(shop) == before
    take(file=ALIPAY)
    before = everything(shop)
    assert counts(take(file=ALIPAY)) == {"unchanged": 4, "skipped": 1}
    assert everything(shop) == before


def test_alipay_request_numbers_may_repeat_from_trade_to_trade(shop, take):
    result = take(file=ALIPAY)
    assert (result.refunds_matched, result.refunds_unmatched) == (2, 1)
    assert service.get(shop.app, SYSTEM, "AL20261120001").refundable_minor == 6_000
    assert service.get(shop.app, SYSTEM, "AL20261120002").refundable_minor == 0


def test_a_refund_waits_for_its_payment_and_is_not_lost(shop, take, tmp_path):
    """Bills may be imported in any order."""
    later = wechat(tmp_path / "later.csv", ("W1", "M1", "", "R1", "4.00"))
    result = take(file=later)
    assert (counts(result), result.refunds_unmatched) == ({"skipped": 1}, 1)
    assert take(file=later).refunds_unmatched == 1
    earlier = wechat(tmp_path / "earlier.csv", ("W1", "M1", "10.00", "", ""))
    assert counts(take(file=earlier)) == {"imported": 1}
    assert service.get(shop.app, SYSTEM, "M1").refundable_minor == 600
    assert everything(shop)["waiting_refunds"] == []
    assert counts(take(file=later)) == {"unchanged": 1}


def test_a_shops_order_gains_what_the_bill_says_of_its_payment(shop, take, tmp_path):
    """The merchant's number in the bill may be another than the shop's; the trade number decides."""
    take(row(trade="W1", channel="wechat"))
    bill = wechat(
        tmp_path / "bill.csv", ("W1", "PAY-77", "10.00", "", ""), ("W1", "PAY-77", "", "R1", "10.00")
    )
    result = take(file=bill)
    assert counts(result) == {"imported": 1, "unchanged": 1}
    assert [order.order_no for order in service.list_for(shop.app, SYSTEM)] == ["A1"]
    assert service.get(shop.app, SYSTEM, "A1").refundable_minor == 0


def test_a_bill_gives_the_number_to_a_payment_that_had_none(shop, take, tmp_path):
    take(row(trade="", channel="wechat"))
    assert counts(take(file=wechat(tmp_path / "b.csv", ("W1", "A1", "10.00", "", "")))) == {"unchanged": 1}
    order = service.get(shop.app, SYSTEM, "A1")
    assert [payment.trade_no for payment in order.payments] == ["W1"]
    assert (order.delivery, order.delivery_known) == ("code_issued", True)


def test_a_bill_that_disagrees_about_an_amount_is_an_error(take, tmp_path):
    take(row(trade="W1", channel="wechat"))
    bill = wechat(tmp_path / "b.csv", ("W1", "A1", "11.00", "", ""))
    assert errors(take(file=bill)) == [(2, "payment_changed")]


def test_the_shops_export_replaces_what_a_bill_could_only_assume(shop, take, tmp_path):
    bill = wechat(tmp_path / "b.csv", ("W1", "A1", "10.00", "", ""), ("W1", "A1", "", "R1", "2.00"))
    take(file=bill)
    assert service.get(shop.app, SYSTEM, "A1").delivery_known is False
    result = take(row(trade="W1", channel="wechat", delivery="pending", completed_at=""))
    assert counts(result) == {"updated": 1}
    order = service.get(shop.app, SYSTEM, "A1")
    assert (order.delivery, order.delivery_known, order.customer_id) == ("pending", True, "u1")
    assert order.refundable_minor == 800
    assert counts(take(file=bill)) == {"unchanged": 2}


def test_an_order_known_from_a_bill_finds_its_own_number_in_the_shops_export(shop, take, tmp_path):
    bill = wechat(tmp_path / "b.csv", ("W1", "PAY-77", "10.00", "", ""), ("W1", "PAY-77", "", "R1", "2.00"))
    take(file=bill)
    assert counts(take(row(trade="W1", channel="wechat"))) == {"updated": 1}
    assert [order.order_no for order in service.list_for(shop.app, SYSTEM)] == ["A1"]
    assert service.get(shop.app, SYSTEM, "A1").refundable_minor == 800
    assert counts(take(file=bill)) == {"unchanged": 2}


def test_a_bills_order_with_a_case_is_not_taken_away(shop, take, tmp_path):
    take(file=wechat(tmp_path / "b.csv", ("W1", "PAY-77", "10.00", "", "")))
    shop.apply("PAY-77", 1_000, actor=Actor("guest", "", "PAY-77"))
    assert errors(take(row(trade="W1", channel="wechat"))) == [(2, "trade_taken")]


def test_our_own_refunds_in_a_bill_are_not_counted_twice(shop, take, tmp_path):
    take(row(trade="W1", channel="wechat", customer="mei", completed_at=""))
    case_no = shop.apply("A1", 400).case_no
    shop.work(minutes=1)
    (payout,) = shop.payouts(case_no)
    bill = wechat(
        tmp_path / "b.csv", ("W1", "A1", "", payout.key, "4.00"), ("W1", "A1", "", "BY-HAND", "1.00")
    )
    result = take(file=bill)
    assert (counts(result), result.refunds_ours) == ({"imported": 1, "skipped": 1}, 1)
    order = service.get(shop.app, SYSTEM, "A1")
    assert (order.refundable_minor, order.payments[0].external_minor) == (500, 100)
    assert shop.audit() == []


def test_more_refunded_outside_than_was_paid_is_said_and_leaves_nothing(shop, take, tmp_path):
    bill = wechat(
        tmp_path / "b.csv",
        ("W1", "A1", "10.00", "", ""),
        ("W1", "A1", "", "R1", "8.00"),
        ("W1", "A1", "", "R2", "8.00"),
    )
    result = take(file=bill)
    assert [notice.code for notice in result.notices if notice.code != "trailer_missing"] == [
        "refunded_beyond_paid"
    ]
    assert service.get(shop.app, SYSTEM, "A1").refundable_minor == 0


def test_a_known_refund_with_another_amount_is_an_error(take, tmp_path):
    take(file=wechat(tmp_path / "b.csv", ("W1", "A1", "10.00", "", ""), ("W1", "A1", "", "R1", "8.00")))
    bill = wechat(tmp_path / "c.csv", ("W1", "A1", "", "R1", "7.00"))
    assert errors(take(file=bill)) == [(2, "refund_changed")]
    bill = wechat(tmp_path / "d.csv", ("W1", "A1", "", "R9", "1.00"), ("W1", "A1", "", "R9", "2.00"))
    assert errors(take(file=bill)) == [(3, "refund_changed")]


def test_two_orders_with_one_trade_number_in_a_bill_are_kept_apart_and_said(shop, take, tmp_path):
    bill = wechat(
        tmp_path / "b.csv",
        ("W1", "M1", "10.00", "", ""),
        ("W1", "M2", "0.03", "", ""),
        ("W1", "M2", "", "R1", "0.03"),
    )
    result = take(file=bill)
    assert (result.orders, counts(result)) == (2, {"imported": 3})
    assert [n.params["line"] for n in result.notices if n.code == "trade_shared"] == [2, 3]
    assert service.get(shop.app, SYSTEM, "M1").refundable_minor == 1_000
    assert service.get(shop.app, SYSTEM, "M2").refundable_minor == 0


def test_two_payments_of_a_bills_order_are_no_proof_of_paying_twice(shop, take, tmp_path):
    take(file=wechat(tmp_path / "b.csv", ("W1", "M1", "10.00", "", ""), ("W2", "M1", "10.00", "", "")))
    order = service.get(shop.app, SYSTEM, "M1")
    assert (order.amount_minor, len(order.payments)) == (2_000, 2)


def test_an_order_covered_by_a_refund_outside_is_refused_with_that_reason(shop, take):
    take(file=WECHAT)
    with pytest.raises(NothingLeft):
        shop.apply("WX20261120001", 100, actor=Actor("guest", "", "WX20261120001"))


def test_an_order_from_a_bill_is_refunded_to_the_end(shop, take):
    """A person looks, because a bill does not know whether the goods were used."""
    take(file=WECHAT)
    shop.clock.at = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
    sent = shop.apply("WX20261120004", 36_525, actor=Actor("guest", "", "WX20261120004"))
    assert (sent.verdict, sent.state) == ("review", "in_review")
    shop.act(sent.case_no, "approve", REVIEWER)
    for _ in range(4):
        shop.work(days=2)
    assert shop.view(sent.case_no).state == "completed"
    assert service.get(shop.app, SYSTEM, "WX20261120004").refundable_minor == 0
    assert shop.audit() == []


# --- size


def test_writers_are_not_held_up_while_a_file_is_read(sqlite_shop, tmp_path, monkeypatch):
    """Staging takes no write lock: somebody else commits in the middle of it."""
    from core.adapters.bills.generic_csv import GenericCsv

    shop = sqlite_shop
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([HEADER, *(row(f"A{n}", trade=f"T{n}") for n in range(9_000))]))
    read = GenericCsv.rows

    def rows(self):
        for number, item in enumerate(read(self)):
            if number == 8_500:
                with shop.app.begin() as conn:
                    conn.execute(insert(customers).values(id="new", name="new", created_at=shop.clock.at))
            yield item

    monkeypatch.setattr(GenericCsv, "rows", rows)
    assert service.import_orders(shop.app, path).imported == 9_000


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("REFUND_MILLION"), reason="a minute; set REFUND_MILLION=1")
def test_a_million_rows_in_a_minute_and_half_a_gigabyte(sqlite_url, tmp_path):
    """In a process of its own, so that the memory is the import's."""
    path = tmp_path / "million.csv"
    start = datetime(2026, 1, 1)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for n in range(1_000_000):
            at = start + timedelta(seconds=n * 20)
            file.write(
                row(
                    f"{n * 7919 % 1_000_003:012d}",
                    customer=f"u{n % 50_000}",
                    trade=f"T{n:015d}",
                    paid_at=str(at),
                    completed_at=str(at),
                )
                + "\n"
            )
    script = "\n".join(
        [
            "import json, resource, sys, time",
            "from core.app import Settings, build",
            "from core.services.orders import import_orders",
            "app = build(Settings(database_url=sys.argv[1]))",
            "start = time.perf_counter()",
            "found = import_orders(app, sys.argv[2])",
            "kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
            "print(json.dumps([found.imported, time.perf_counter() - start, kilobytes]))",
        ]
    )
    out = subprocess.run(
        [sys.executable, "-c", script, sqlite_url, str(path)], check=True, capture_output=True, text=True
    )
    imported, seconds, kilobytes = json.loads(out.stdout)
    assert imported == 1_000_000
    assert seconds <= 60
    assert kilobytes <= 512 * 1024


# --- what cannot be -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"amount": "0"}, {"amount": "0.00"}, {"paid": "0.00"}])
def test_a_payment_of_nothing_is_refused(take, change: dict[str, str]):
    assert errors(take(row("A0", trade="T0"), row(**change))) == [(3, "amount_zero")]


def test_a_bill_with_a_payment_of_nothing_is_refused(shop: Shop, take, tmp_path: Path):
    bill = wechat(tmp_path / "bill.csv", ("W1", "M1", "10.00", "", ""), ("W2", "M2", "0.00", "", ""))
    assert errors(take(file=bill)) == [(3, "amount_zero")]
    text = ALIPAY.read_text(encoding="gb18030")
    bill = tmp_path / "alipay.csv"
    bill.write_text(text.replace("268.05", "0.00", 1), encoding="gb18030")
    line = text[: text.index("268.05")].count("\n") + 1
    shop.clock.at = AFTER_THE_FIXTURES
    assert errors(take(file=bill)) == [(line, "amount_zero")]


def test_a_payment_in_the_future_is_refused_by_the_shops_clock(shop: Shop, take):
    """A day of grace: another machine's clock, another time zone. The demo's clock may have been moved."""
    there = shop.clock.at.astimezone(ZONE)
    in_grace = f"{there + timedelta(hours=23):%Y-%m-%d %H:%M:%S}"
    beyond = f"{there + timedelta(hours=25):%Y-%m-%d %H:%M:%S}"
    assert errors(take(row("A0", trade="T0"), row(paid_at=beyond))) == [(3, "paid_in_future")]
    assert counts(take(row("A0", trade="T0", paid_at=in_grace))) == {"imported": 1}
    shop.clock.advance(timedelta(hours=2))
    assert counts(take(row(paid_at=beyond))) == {"imported": 1}


def test_a_refund_in_the_future_is_refused(shop: Shop, take, tmp_path: Path):
    bill = wechat(tmp_path / "bill.csv", ("W1", "M1", "10.00", "", ""), ("W1", "M1", "", "R1", "10.00"))
    shop.clock.at = datetime(2026, 8, 29, 4, 0, tzinfo=UTC)
    assert errors(take(file=bill)) == [(2, "paid_in_future"), (3, "refunded_in_future")]
