"""Payments, payouts and reservations: what is held and settled is exactly what cases and payouts
account for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, func, select

from core.adapters.channels import UNDECIDED
from core.adapters.tables import balance_lots, case_events, cases, external_refunds, payments, payouts
from core.domain.lifecycle import GRANTING, PAYOUT
from core.services.audit.finding import Finding, body_of

GRANTED: Final = ("approved", "negotiating", "paying")
# Causes that are our own not knowing: no channel said them, so nothing may be given up because of them
# (invariant 6).
NOT_A_WORD: Final = UNDECIDED | {None, "unknown", "channel_error", "no_channel", "key_expired", "never_seen"}


@dataclass
class _Expected:
    """Per payment, what cases and payouts add up to."""

    reserved: Counter[int] = field(default_factory=Counter)
    settled: Counter[int] = field(default_factory=Counter)


def check(conn: Connection) -> Iterator[Finding]:
    """Invariants 1, 5, 6, 15 and 19, as far as rows can tell."""
    rows: list[Any] = list(conn.execute(select(payouts)))
    by_case: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_case[row.case_no].append(row)
    trades = {row.id: row for row in conn.execute(select(payments))}
    expected = _Expected()
    for row in rows:
        yield from _payout(row, trades.get(row.payment_id))
        if row.state == "arrived":
            expected.settled[row.payment_id] += row.reserved_minor
    yield from _grants(conn, by_case, expected)
    x = external_refunds.c
    sums = select(x.payment_id, func.sum(x.amount_minor)).group_by(x.payment_id)
    outside = {payment_id: int(total) for payment_id, total in conn.execute(sums)}
    for trade in trades.values():
        yield from _payment(trade, expected, outside.get(trade.id, 0))
    yield from _lots(conn, rows)


def _payment(trade: Any, expected: _Expected, outside: int) -> Iterator[Finding]:
    subject = f"payment {trade.id}"
    if trade.reserved_minor + trade.refunded_minor > trade.paid_minor:
        detail = f"{trade.refunded_minor} + {trade.reserved_minor} > {trade.paid_minor}"
        yield Finding(1, "beyond_paid", subject, detail)
    elif trade.reserved_minor + trade.refunded_minor + trade.external_minor > trade.paid_minor:
        gone = f"{trade.refunded_minor} + {trade.reserved_minor}, {trade.external_minor} elsewhere"
        yield Finding(1, "beyond_paid_elsewhere", subject, f"{gone} > {trade.paid_minor}")
    for code, actual, wanted in (
        ("reservation_differs", trade.reserved_minor, expected.reserved[trade.id]),
        ("settled_differs", trade.refunded_minor, expected.settled[trade.id]),
        ("external_differs", trade.external_minor, outside),
    ):
        if actual != wanted:
            yield Finding(1, code, subject, f"{actual}, accounted for {wanted}")


def _grants(conn: Connection, by_case: dict[str, list[Any]], expected: _Expected) -> Iterator[Finding]:
    """Every granted case holds its legs, less what has arrived; its amounts sum (invariant 15)."""
    c, e = cases.c, case_events.c
    bodies: dict[str, dict[str, Any]] = {}
    events = select(e.case_no, e.body).where(e.event.in_(GRANTING)).order_by(e.case_no, e.seq)
    for case_no, body in conn.execute(events):
        bodies[case_no] = body_of(body)
    amounts = select(
        c.case_no, c.state, c.requested_minor, c.approved_minor, c.fee_minor, c.fx_minor, c.refund_minor
    )
    for row in conn.execute(amounts.where(c.approved_minor.is_not(None))):
        legs = (bodies.get(row.case_no, {}).get("option") or {}).get("legs", [])
        sums = row.fee_minor + row.fx_minor + row.refund_minor == row.approved_minor
        sums &= sum(leg["reserved_minor"] for leg in legs) == row.approved_minor
        sums &= sum(leg["amount_minor"] for leg in legs) == row.refund_minor
        if not sums or min(row.fee_minor, row.fx_minor, row.refund_minor) < 0:
            yield Finding(15, "does_not_sum", row.case_no, f"approved {row.approved_minor}")
        if row.approved_minor > (row.requested_minor or 0):
            yield Finding(
                15, "more_than_asked", row.case_no, f"{row.approved_minor} of {row.requested_minor}"
            )
        yield from _paid_as_granted(row, legs, by_case[row.case_no])
        if row.state not in GRANTED:
            if row.state != "completed" and any(made.state != "replanned" for made in by_case[row.case_no]):
                yield Finding(6, "paid_without_grant", row.case_no, f"{row.state}, and a payout is under way")
            continue
        held: Counter[int] = Counter()
        for leg in legs:
            held[leg["payment_id"]] += leg["reserved_minor"]
        for payout in by_case[row.case_no]:
            if payout.state == "arrived":
                held[payout.payment_id] -= payout.reserved_minor
        expected.reserved.update(held)


def _paid_as_granted(row: Any, legs: list[dict[str, Any]], made: list[Any]) -> Iterator[Finding]:
    """No leg is paid twice or with another amount, and a completed case has paid them all."""
    granted = {leg["payment_id"]: (leg["reserved_minor"], leg["amount_minor"]) for leg in legs}
    live = Counter(payout.payment_id for payout in made if payout.state != "replanned")
    for payment_id, count in live.items():
        if count > 1:
            yield Finding(5, "leg_paid_twice", row.case_no, f"payment {payment_id}: {count} payouts")
    for payout in made:
        if granted.get(payout.payment_id) != (payout.reserved_minor, payout.amount_minor):
            yield Finding(5, "payout_differs", payout.key, f"granted {granted.get(payout.payment_id)}")
    if row.state == "completed":
        arrived = {payout.payment_id for payout in made if payout.state == "arrived"}
        if arrived != set(granted):
            yield Finding(9, "completed_unpaid", row.case_no)


def _payout(row: Any, trade: Any) -> Iterator[Finding]:
    request = body_of(row.request)
    intended = {
        "key": row.key,
        "channel": row.channel,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "trade_no": trade.trade_no if trade else None,
        "total_minor": trade.paid_minor if trade else None,
    }
    if request != intended:
        yield Finding(5, "request_differs", row.key)
    if row.state == "replanned" and row.cause in NOT_A_WORD:
        yield Finding(6, "given_up_without_word", row.key, str(row.cause))
    times = {
        "sending": (row.sent_at,),
        "unknown": (row.sent_at,),
        "accepted": (row.sent_at, row.accepted_at, row.eta_at),
        "arrived": (row.sent_at, row.accepted_at, row.arrived_at),
    }
    if row.state not in PAYOUT.states or None in times.get(row.state, ()):
        yield Finding(5, "step_without_time", row.key, row.state)


def _lots(conn: Connection, rows: list[Any]) -> Iterator[Finding]:
    """A balance payout that arrived is one lot, and a lot of a payout is one that arrived (invariant 19)."""
    lots: dict[int, list[Any]] = defaultdict(list)
    for lot in conn.execute(select(balance_lots).where(balance_lots.c.payout_id.is_not(None))):
        lots[lot.payout_id].append(lot)
    owners = {
        number: customer for number, customer in conn.execute(select(cases.c.case_no, cases.c.customer_id))
    }
    for row in rows:
        mine = lots.pop(row.id, [])
        if row.channel == "redeem_code" and row.state == "arrived":
            continue  # a lot once the code is redeemed: see `audit.wallet`
        if row.channel != "balance" or row.state != "arrived":
            if mine:
                yield Finding(19, "credit_without_arrival", row.key)
        elif not mine:
            yield Finding(19, "credit_missing", row.key)
        elif len(mine) > 1:
            yield Finding(19, "credited_twice", row.key)
        elif (mine[0].amount_minor, mine[0].customer_id) != (row.amount_minor, owners.get(row.case_no)):
            yield Finding(19, "credit_differs", row.key, f"{mine[0].amount_minor} of {row.amount_minor}")
    for payout_id in lots:
        yield Finding(19, "credit_without_arrival", f"payout {payout_id}")
