"""Of cases in talks: why the money cannot simply go back, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, exists, select

from core.adapters.tables import cases, orders, payments
from core.domain.located import Talks
from core.domain.rights import Step
from core.domain.settlement import is_suggested, is_theirs, why_not_back
from core.services.orders import OrderView
from core.services.record import Case
from core.services.turns import LAST

_TALKS: Final = select(
    cases.c.case_no,
    orders.c.escrow,
    exists()
    .where(payments.c.order_no == cases.c.order_no, payments.c.is_open.is_(False))
    .label("any_closed"),
    LAST.label("last"),
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
