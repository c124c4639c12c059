"""Rows of a bill beside the rows of ours that have the same numbers, some hundred at a time. Reading only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, or_, select

from core.adapters.tables import billed_payouts, bills, ledger_entries, orders, payments, payouts
from core.domain.accounts import channel_account
from core.domain.bills import BillRefund, Coverage
from core.domain.reconciling import EDGE, Difference, Ours, compare, joined, missing, of_row

CHUNK: Final = 500
# A payout whose answer was lost may be accepted long after it was sent; older ones are nobody's any more.
LONGEST_WAY: Final = timedelta(days=31)

_p, _t, _b, _e = payouts.c, payments.c, billed_payouts.c, ledger_entries.c
PAYOUT: Final = (
    _p.id, _p.key, _p.payment_id, _p.case_no, _p.amount_minor, _p.currency, _p.state,
    _p.sent_at, _p.accepted_at, _p.arrived_at,
)  # fmt: skip
_WITH_KEYS: Final = select(*PAYOUT).where(
    _p.channel == bindparam("channel"), _p.key.in_(bindparam("keys", expanding=True))
)
_BOOKED: Final = (
    select(_e.movement, func.sum(_e.amount_minor).label("minor"))
    .where(_e.movement.in_(bindparam("movements", expanding=True)), _e.account == bindparam("account"))
    .group_by(_e.movement)
)
_PAYMENTS: Final = (
    select(_t.id, _t.trade_no, _t.order_no, _t.currency, orders.c.source)
    .join(orders, orders.c.order_no == _t.order_no)
    .where(
        _t.channel == bindparam("channel"),
        or_(
            _t.trade_no.in_(bindparam("trades", expanding=True)),
            _t.order_no.in_(bindparam("orders", expanding=True)),
        ),
    )
)
_IN_NO_BILL: Final = (
    select(*PAYOUT)
    .join(billed_payouts, _b.payout_id == _p.id, isouter=True)
    .where(
        _p.channel == bindparam("channel"),
        _p.state.in_(("accepted", "arrived")),
        _p.sent_at.between(bindparam("since", type_=_p.sent_at.type), bindparam("until")),
        _b.payout_id.is_(None),
    )
)
_BILLS: Final = ("alipay_merchant", "wechat_trade")  # sources whose orders carry both of the bill's numbers


@dataclass
class Held:
    """A bill held against the books. `billed`: (payout, amount, moment) of every row that is ours."""

    differences: list[Difference] = field(default_factory=list)
    billed: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    matched: int = 0  # payouts that fit in all


def hold(conn: Connection, kind: str, channel: str, rows: Sequence[BillRefund]) -> Held:
    """Every row, by its number; what should be in the bill and is not stands in `absent`."""
    held = Held()
    for groups in _chunks(channel, rows):
        ours = _ours(conn, channel, [group[0].refund_no for group in groups])
        strangers = [group[0] for group in groups if group[0].refund_no not in ours]
        paid = _payments(conn, channel, strangers)
        for group in groups:
            mine = ours.get(group[0].refund_no)
            found = compare(channel, group, mine)
            if mine is None:
                payment_id = payment_of(paid, group[0])
                found = [replace(each, payment_id=payment_id) for each in found]
            else:
                held.billed[mine.payout_id] = (group[0].amount_minor, group[0].at)
                held.matched += all(each.kind == "fee" for each in found)
            held.differences += found
    return held


def _chunks(channel: str, rows: Sequence[BillRefund]) -> Iterator[list[list[BillRefund]]]:
    """Rows that are one refund together, `CHUNK` refunds at a time."""
    ordered = sorted(rows, key=lambda row: (of_row(channel, row), row.line))
    chunk: list[list[BillRefund]] = []
    for _, group in groupby(ordered, key=lambda row: of_row(channel, row)):
        chunk.append(list(group))
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _ours(conn: Connection, channel: str, keys: list[str]) -> dict[str, Ours]:
    rows = conn.execute(_WITH_KEYS, {"channel": channel, "keys": keys}).all()
    arrived = {f"arrive:{row.key}": row.key for row in rows if row.state == "arrived"}
    booked: dict[str, int] = {}
    if arrived:
        told = {"movements": list(arrived), "account": channel_account(channel)}
        booked = {arrived[row.movement]: -int(row.minor) for row in conn.execute(_BOOKED, told)}
    return {row.key: ours_of(row, booked.get(row.key)) for row in rows}


def ours_of(row: Any, booked_minor: int | None = None) -> Ours:
    """A row that was selected as `PAYOUT`."""
    return Ours(
        row.id, row.key, row.payment_id, row.case_no, row.amount_minor, row.currency, row.state,
        row.sent_at, row.accepted_at, row.arrived_at, booked_minor,
    )  # fmt: skip


Paid = Sequence[Any]


def _payments(conn: Connection, channel: str, rows: Sequence[BillRefund]) -> Paid:
    trades = sorted({row.trade_no for row in rows} - {""})
    numbers = sorted({row.order_no for row in rows} - {""})
    if not trades and not numbers:
        return ()
    return conn.execute(_PAYMENTS, {"channel": channel, "trades": trades, "orders": numbers}).all()


def payment_of(paid: Paid, row: BillRefund) -> int | None:
    """The one payment that a refund from elsewhere is of, found as an import finds it."""
    here = [each for each in paid if each.currency == row.currency]
    by_trade = [each for each in here if row.trade_no and each.trade_no == row.trade_no]
    by_order = [each for each in here if row.order_no and each.order_no == row.order_no]
    both = [each for each in by_trade if each.order_no == row.order_no]
    ours = [each for each in by_trade if each.source not in _BILLS]
    return next((int(found[0].id) for found in (both, ours, by_order) if len(found) == 1), None)


def payment_now(conn: Connection, row: BillRefund, channel: str) -> int | None:
    """`payment_of` for one row."""
    return payment_of(_payments(conn, channel, [row]), row)


def absent(conn: Connection, kind: str, channel: str, covers: Coverage, held: Held) -> Iterator[Difference]:
    """Payouts that this bill should have or may have, and that stand in no bill so far."""
    covered = stretches(conn, channel, covers)
    told = {
        "channel": channel,
        "since": covers.begins - EDGE - LONGEST_WAY,
        "until": covers.ends + EDGE,
    }
    for row in conn.execute(_IN_NO_BILL, told).yield_per(2_000):
        if (
            row.id in held.billed
            or max(row.sent_at, row.arrived_at or row.accepted_at) < covers.begins - EDGE
        ):
            continue
        found = missing(channel, kind, ours_of(row), covered)
        if found is not None:
            yield found


def stretches(conn: Connection, channel: str, *more: Coverage) -> list[tuple[datetime, datetime]]:
    """What the bills of this channel cover without a gap, with `more` that is not stored yet."""
    rows = conn.execute(
        select(bills.c.begins_at, bills.c.ends_at, bills.c.is_said).where(
            bills.c.channel == channel, bills.c.ends_at.is_not(None)
        )
    )
    return joined([*(Coverage(*row) for row in rows), *more])
