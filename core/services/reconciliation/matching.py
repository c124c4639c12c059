"""Rows of a bill beside the rows of ours that have the same numbers, some hundred at a time. Reading only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select

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
_WITH_REFERENCES: Final = (
    select(*PAYOUT, _p.reference, _t.trade_no, _t.order_no)
    .join(payments, _t.id == _p.payment_id)
    .where(_p.channel == bindparam("channel"), _p.reference.in_(bindparam("references", expanding=True)))
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
    numbers = {row.refund_no for row in rows}
    for groups in _chunks(channel, rows):
        groups = _by_our_key(conn, channel, groups, numbers)
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


def _by_our_key(
    conn: Connection, channel: str, groups: list[list[BillRefund]], numbers: set[str]
) -> list[list[BillRefund]]:
    """Where a bill has the channel's own number of a payout instead of ours, that payout's key in its place:
    the same order, amount and number is the same money. Not of a payout that stands in this bill by its key.
    """
    found = by_reference(conn, channel, [group[0] for group in groups if group[0].refund_no])
    keys = {place: key for place, key in found.items() if key not in numbers}
    return [
        [
            replace(row, refund_no=keys[of_row(channel, row)]) if of_row(channel, row) in keys else row
            for row in group
        ]
        for group in groups
    ]


def by_reference(conn: Connection, channel: str, rows: Sequence[BillRefund]) -> dict[tuple[str, ...], str]:
    """`of_row` → the key of the one payout with that channel number, that payment and that amount."""
    told = {"channel": channel, "references": [row.refund_no for row in rows]}
    made: dict[str, list[Any]] = {}
    for payout in conn.execute(_WITH_REFERENCES, told):
        made.setdefault(payout.reference, []).append(payout)
    found: dict[tuple[str, ...], str] = {}
    for row in rows:
        fits = [
            each.key
            for each in made.get(row.refund_no, ())
            if (each.amount_minor, each.currency) == (row.amount_minor, row.currency)
            and each.state != "replanned"
            and row.trade_no in ("", each.trade_no)
            and row.order_no in ("", each.order_no)
            and (row.trade_no or row.order_no)
        ]
        if len(fits) == 1:
            found[of_row(channel, row)] = fits[0]
    return found


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


def shown(row: Row[Any], minor: int) -> BillRefund:
    """A difference as the row of a bill that it was."""
    return BillRefund(0, row.trade_no, row.refund_no, row.order_no, minor, row.currency, row.at, row.said)


def named_ours(conn: Connection, row: Row[Any]) -> str | None:
    """The key of the payout that the channel has given this difference's number since, for this payment and
    amount.
    """
    if not row.refund_no:
        return None
    found = by_reference(conn, row.channel, [shown(row, row.theirs_minor or 0)])
    return next(iter(found.values()), None)


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
