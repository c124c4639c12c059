"""Differences between bills and our books: each is what its events add up to, was put right by two people,
and is booked exactly as it was proposed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, func, or_, select

from core.adapters.tables import (
    bill_differences,
    billed_payouts,
    bills,
    cases,
    difference_events,
    differences,
    external_refunds,
    orders,
    payments,
    payouts,
    waiting_refunds,
)
from core.domain.accounts import balances
from core.domain.actors import person, same_person
from core.domain.errors import TransitionRefused
from core.domain.reconciling import (
    DIFFERENCE,
    OWNERS,
    PEOPLE,
    Correction,
    Difference,
    Ours,
    correction,
)
from core.services.audit.finding import Finding, body_of

_d, _v, _s = differences.c, difference_events.c, bill_differences.c


def movements(conn: Connection) -> Iterator[tuple[str, dict[str, int]]]:
    """Movements of the ledger that posted differences call for."""
    rows = select(_d.id, _d.correction, _d.currency).where(_d.state == "posted")
    for row in conn.execute(rows):
        lines: dict[str, int] = defaultdict(int)
        for account, minor in body_of(row.correction or "").get("lines", []):
            lines[f"{account} {row.currency}"] += minor
        if lines:
            yield f"reconcile:{row.id}", {line: minor for line, minor in lines.items() if minor}


def check(conn: Connection) -> Iterator[Finding]:
    """Invariants 3, 11 and 13 over bills and differences."""
    events: dict[int, list[Any]] = defaultdict(list)
    for row in conn.execute(select(difference_events).order_by(_v.difference_id, _v.seq)):
        events[row.difference_id].append(row)
    shown = set(conn.execute(select(_s.difference_id)).scalars())
    customers = _customers(conn)
    for row in conn.execute(select(differences).order_by(_d.id)):
        subject = f"difference {row.id}"
        if row.owner != OWNERS.get(row.kind):
            yield Finding(11, "difference_unowned", subject, f"{row.kind}: {row.owner!r}")
        if row.id not in shown:
            yield Finding(11, "difference_in_no_bill", subject)
        if row.digest != Difference.of(row).digest:
            yield Finding(11, "difference_altered", subject)
        yield from _told(subject, row, events.pop(row.id, []), customers.get(row.id, ""))
        yield from _corrected(conn, subject, row)
    yield from _bills(conn)


def _told(subject: str, row: Any, events: list[Any], customer: str) -> Iterator[Finding]:
    """The state is what happened to it; whoever posts has not proposed."""
    try:
        state = DIFFERENCE.fold(event.event for event in events)
    except TransitionRefused as refused:
        state = f"{refused.params['state']} and {refused.params['event']}"
    numbers = [event.seq for event in events]
    if state != row.state or numbers != list(range(1, len(numbers) + 1)):
        yield Finding(11, "difference_differs", subject, f"{row.state}, its events say {state}")
    for event in events:
        if event.event != "settle" and event.actor_role not in PEOPLE:
            yield Finding(13, "difference_by_role", subject, f"{event.event} by {event.actor_role}")
        if event.event in ("propose", "post") and customer and same_person(event.actor_id, customer):
            yield Finding(13, "difference_of_own", subject, f"{event.event} by {event.actor_id}")
    for first, second in pairwise(events):
        alone = (first.event, second.event) == ("propose", "post")
        if alone and same_person(first.actor_id, second.actor_id):
            yield Finding(13, "posted_alone", subject, person(second.actor_id))
    last = {event.event: f"{event.actor_role}:{event.actor_id}" for event in events}
    said = (last.get("propose") if row.state in ("proposed", "posted") else None, last.get("post"))
    if (row.proposed_by, row.posted_by) != said:
        yield Finding(13, "difference_signed_wrong", subject, f"{row.proposed_by}, {row.posted_by}")


def _corrected(conn: Connection, subject: str, row: Any) -> Iterator[Finding]:
    """What is proposed balances, and what left without us is taken up."""
    if row.correction is None:
        return
    told = body_of(row.correction)
    if not balances((account, minor) for account, minor in told.get("lines", [])):
        yield Finding(3, "correction_unbalanced", subject)
    taken = told.get("takes_up") or 0
    wanted = correction(Difference.of(row), _ours(conn, row.payout_id))
    if row.state == "posted" and told.get("lines") and (wanted is None or told != _plain(wanted)):
        yield Finding(11, "correction_differs", subject, row.kind)
    if row.state == "posted" and taken and not _is_taken_up(conn, row, taken, told.get("refund_no", "")):
        yield Finding(1, "not_taken_up", subject, f"{taken} of payment {row.payment_id}")


def _plain(wanted: Correction) -> dict[str, Any]:
    lines = [list(line) for line in wanted.lines]
    return {"lines": lines, "takes_up": wanted.takes_up, "refund_no": wanted.refund_no}


def _ours(conn: Connection, payout_id: int | None) -> Ours | None:
    p = payouts.c
    row = conn.execute(select(payouts).where(p.id == payout_id)).one_or_none()
    if row is None:
        return None
    return Ours(
        row.id, row.key, row.payment_id, row.case_no, row.amount_minor, row.currency, row.state,
        row.sent_at, row.accepted_at, row.arrived_at,
    )  # fmt: skip


def _is_taken_up(conn: Connection, row: Any, minor: int, refund_no: str) -> bool:
    x, w = external_refunds.c, waiting_refunds.c
    of_payment = select(x.amount_minor).where(x.payment_id == row.payment_id, x.refund_no == refund_no)
    waits = select(w.amount_minor).where(
        w.channel == row.channel,
        w.trade_no == row.trade_no,
        w.order_no == row.order_no,
        w.refund_no == refund_no,
    )
    joined = (  # it waited, and its order came
        select(x.amount_minor)
        .join(payments, payments.c.id == x.payment_id)
        .where(
            x.refund_no == refund_no,
            payments.c.channel == row.channel,
            or_(payments.c.trade_no == row.trade_no, payments.c.order_no == row.order_no),
        )
    )
    return any(minor in conn.execute(query).scalars().all() for query in (of_payment, waits, joined))


def _customers(conn: Connection) -> dict[int, str]:
    """difference → whose order it is about."""
    of_case = select(_d.id, cases.c.customer_id).join(cases, cases.c.case_no == _d.case_no)
    paid = payments.join(orders, orders.c.order_no == payments.c.order_no)
    of_payment = select(_d.id, orders.c.customer_id).select_from(
        differences.join(paid, payments.c.id == _d.payment_id)
    )
    found: dict[int, str] = {}
    for query in (of_payment, of_case):
        found.update({number: customer for number, customer in conn.execute(query)})
    return found


def _bills(conn: Connection) -> Iterator[Finding]:
    """A payout stands in a bill of its own channel, and a bill has not matched more than stand in it."""
    astray = (
        select(payouts.c.key)
        .join(billed_payouts, billed_payouts.c.payout_id == payouts.c.id)
        .join(bills, bills.c.id == billed_payouts.c.bill_id)
        .where(bills.c.channel != payouts.c.channel)
    )
    for (key,) in conn.execute(astray):
        yield Finding(11, "billed_elsewhere", key)
    count = func.count(billed_payouts.c.payout_id)
    more = (
        select(bills.c.id, bills.c.refunds, count)
        .join(billed_payouts, billed_payouts.c.bill_id == bills.c.id)
        .group_by(bills.c.id, bills.c.refunds)
        .having(count > bills.c.refunds)
    )
    for bill_id, refunds, found in conn.execute(more):
        yield Finding(11, "billed_more", f"bill {bill_id}", f"{found} of {refunds}")
