"""A made-up shop with thousands of payouts, and Alipay's bill of one day about them with planted differences.

The same every time. Every planted one is named in `planted`: kind → the numbers it must be found by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import insert

from core.adapters.tables import cases, ledger_entries, orders, payments, payouts
from core.app import App
from core.domain.workdays import ZONE
from core.services.record import canonical

DAY: Final = datetime(2026, 8, 20, 0, 0, tzinfo=ZONE)
KINDS: Final = (
    "amount", "status", "only_ours", "only_theirs", "duplicate", "fee", "ledger", "timing",
)  # fmt: skip
_HEAD: Final = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_BATCH: Final = 5_000


class Row(NamedTuple):
    """A refund as it stands in the file."""

    trade_no: str
    order_no: str
    number: str
    minor: int
    at: datetime
    fee: int = 0


@dataclass
class Bill:
    planted: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    rows: list[Row] = field(default_factory=list)


def make(app: App, payouts_wanted: int, of_each: int, first: int = 0) -> Bill:
    """Payouts of `DAY` in the database and the bill that goes with them."""
    bill = Bill()
    batch: list[dict[str, dict[str, Any]]] = []
    for number in range(payouts_wanted):
        # Spread over the whole set, so that no kind stands in one place only.
        place, turn = number % (payouts_wanted // of_each), number // (payouts_wanted // of_each)
        kind = KINDS[place] if place < len(KINDS) and turn < of_each else ""
        batch.append(_payout(bill, first + number, kind))
        if len(batch) == _BATCH:
            _store(app, batch)
            batch = []
    if batch:
        _store(app, batch)
    return bill


def _payout(bill: Bill, number: int, kind: str) -> dict[str, dict[str, Any]]:
    case_no, order_no, trade_no = f"R260820-{number:07d}", f"RC{number:08d}", f"20260819220014{number:014d}"
    key, minor = f"{case_no}-{number + 1}-1", 100 + number % 9_000
    # From two in the night to ten in the evening; timing stands at the edge, a minute before midnight.
    at = (DAY + timedelta(hours=2, seconds=number % 72_000)).astimezone(UTC)
    if kind == "timing":
        at = (DAY + timedelta(hours=23, minutes=59, seconds=number % 30)).astimezone(UTC)
    state = "replanned" if kind == "status" else "arrived"
    is_external = kind == "only_theirs"
    if is_external:
        bill.planted[kind].append(f"EXT{number}")
        bill.rows.append(Row(trade_no, order_no, f"EXT{number}", minor, at))
    else:
        _row(bill, kind, Row(trade_no, order_no, key, minor, at))
    paid = {"order_no": order_no, "currency": "CNY", "paid_at": DAY - timedelta(days=1)}
    found: dict[str, dict[str, Any]] = {
        "order": {
            **paid, "customer_id": "mei", "product": "点卡", "kind": "game_card", "amount_minor": 20_000,
            "delivery": "code_issued", "source": "shop", "digest": "",
        },
        "payment": {
            **paid, "id": number + 1, "channel": "alipay", "trade_no": trade_no, "paid_minor": 20_000,
            "refunded_minor": 0 if is_external or kind == "status" else minor,
        },
    }  # fmt: skip
    if is_external:
        return found
    found["case"] = {
        "case_no": case_no, "order_no": order_no, "customer_id": "mei", "state": "completed",
        "policy_version": 1, "currency": "CNY", "created_at": at, "finished_at": at,
    }  # fmt: skip
    found["payout"] = {
        "case_no": case_no, "payment_id": number + 1, "route": "original", "channel": "alipay",
        "reserved_minor": minor, "amount_minor": minor, "currency": "CNY", "state": state, "key": key,
        "request": canonical({"key": key}), "cause": "refused" if state == "replanned" else None,
        "created_at": at, "sent_at": at, "accepted_at": None if state == "replanned" else at,
        "arrived_at": None if state == "replanned" else at,
    }  # fmt: skip
    if state == "arrived" and kind != "ledger":
        line = {"movement": f"arrive:{key}", "at": at, "currency": "CNY", "case_no": case_no}
        found["debit"] = {**line, "line": 1, "account": "liabilities:customer_refunds", "amount_minor": minor}
        found["credit"] = {**line, "line": 2, "account": "assets:channel:alipay", "amount_minor": -minor}
    return found


def _row(bill: Bill, kind: str, row: Row) -> None:
    if kind:
        bill.planted[kind].append(row.number)
    if kind in ("only_ours", "timing"):
        return
    bill.rows.append(row._replace(minor=row.minor + 7 * (kind == "amount"), fee=3 * (kind == "fee")))
    if kind == "duplicate":
        bill.rows.append(row)


def _store(app: App, batch: list[dict[str, dict[str, Any]]]) -> None:
    with app.begin() as conn:
        for name, table in (
            ("order", orders), ("payment", payments), ("case", cases), ("payout", payouts),
            ("debit", ledger_entries), ("credit", ledger_entries),
        ):  # fmt: skip
            rows = [found[name] for found in batch if name in found]
            if rows:
                conn.execute(insert(table), rows)


def write(bill: Bill, path: Path) -> Path:
    """The bill of `DAY` as Alipay writes it."""
    return bill_of(path, bill.rows, DAY)


def bill_of(path: Path, rows: Sequence[Row], at: datetime, days: int = 1) -> Path:
    """A bill that covers `days` from the day of `at` in Shanghai, in GB18030, with its totals."""
    day = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    path.write_text("\r\n".join([*_lines(rows, day, days), ""]), encoding="gb18030", newline="")
    return path


def _lines(rows: Sequence[Row], day: datetime, days: int) -> Iterator[str]:
    total = sum(row.minor for row in rows)
    yield "#支付宝业务明细查询"
    first, last = (f"{day + timedelta(days=after):%Y年%m月%d日 00:00:00}" for after in (0, days))
    yield f"#起始日期：[{first}]   终止日期：[{last}]"
    yield _HEAD
    for trade_no, order_no, number, minor, at, fee in rows:
        when = f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
        amount = f"-{minor // 100}.{minor % 100:02d}"
        yield (
            f"{trade_no}\t,{order_no}\t,退款      ,点卡        ,{when},{when},  ,  ,  ,  ,*(138****2046),"
            f"{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{number}\t,-0.0{fee},0.00,"
        )
    yield "#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元"
    back = f"-{total // 100}.{total % 100:02d}"
    yield f"#退款合计：{len(rows)}笔，商家实收退款共{back}元，商家优惠退款共0.00元"
