"""Of cases in talks: why the money cannot simply go back, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, exists, select

from core.adapters.tables import case_events, cases, orders, payments
from core.domain.located import Talks
from core.domain.rights import Step
from core.domain.settlement import ASKING, TURNS, is_suggested, is_theirs, why_not_back
from core.services.orders import OrderView
from core.services.record import Case

_e = case_events.c
_LAST: Final = (
    select(_e.event)
    .where(_e.case_no == cases.c.case_no, _e.event.in_(TURNS))
    .order_by(_e.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_TALKS: Final = select(
    cases.c.case_no,
    orders.c.escrow,
    exists()
    .where(payments.c.order_no == cases.c.order_no, payments.c.is_open.is_(False))
    .label("any_closed"),
    _LAST.label("last"),
).join(orders, orders.c.order_no == cases.c.order_no)


def of_case(case: Case, order: OrderView, history: Sequence[Step]) -> Talks | None:
    """None for a case that is not in talks."""
    if case.state != "negotiating":
        return None
    any_closed = any(not payment.is_open for payment in order.payments)
    why = why_not_back(escrow=order.escrow, any_closed=any_closed)
    events = [event for event, _, _ in history]
    return Talks(why, is_theirs(events), is_suggested(events))


def of_many(conn: Connection, numbers: Collection[str]) -> dict[str, Talks]:
    """By case, in one query."""
    found = {}
    for row in conn.execute(_TALKS.where(cases.c.case_no.in_(numbers))):
        why = why_not_back(escrow=row.escrow, any_closed=row.any_closed)
        found[row.case_no] = Talks(why, is_theirs([row.last]), is_suggested([row.last]))
    return found


def waiting(conn: Connection, numbers: Collection[str]) -> frozenset[str]:
    """Those of the cases that are in talks and wait for their customers, in one query."""
    theirs = select(cases.c.case_no).where(
        cases.c.case_no.in_(numbers), cases.c.state == "negotiating", _LAST.in_(ASKING)
    )
    return frozenset(conn.execute(theirs).scalars())
