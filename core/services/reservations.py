"""What is held of each payment: taken when a refund is granted, given back or settled later, never more than
is left.

One conditional UPDATE per payment; the CHECK of the table stands behind it (invariant 1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select, update

from core.adapters.prepared import Prepared
from core.adapters.tables import case_events, payments
from core.domain.errors import AmountAboveRemaining
from core.domain.lifecycle import GRANTING
from core.domain.routes import Leg


@dataclass(frozen=True, slots=True)
class Hold:
    """A leg of a grant as its event keeps it."""

    payment_id: int
    route: str
    channel: str
    reserved_minor: int
    amount_minor: int

    @classmethod
    def of(cls, leg: Leg | dict[str, Any]) -> Hold:
        if isinstance(leg, dict):
            return cls(**leg)
        return cls(leg.payment_id, leg.route, leg.channel, leg.reserved_minor, leg.amount_minor)


_GRANT: Final = Prepared(
    select(case_events.c.body)
    .where(
        case_events.c.case_no == bindparam("case_no"),
        or_(*(case_events.c.event == event for event in sorted(GRANTING))),
    )
    .order_by(case_events.c.seq.desc())
    .limit(1)
)
_c = payments.c
_MINOR: Final = bindparam("minor", type_=_c.paid_minor.type)
_THIS: Final = _c.id == bindparam("payment")
_LEFT: Final = select(
    _c.paid_minor - _c.refunded_minor - _c.reserved_minor - _c.external_minor, _c.currency
).where(_THIS)
_HOLD: Final = Prepared(
    update(payments)
    .where(_THIS, _c.refunded_minor + _c.reserved_minor + _c.external_minor + _MINOR <= _c.paid_minor)
    .values(reserved_minor=_c.reserved_minor + _MINOR)
)
_RELEASE: Final = Prepared(
    update(payments)
    .where(_THIS, _c.reserved_minor >= _MINOR)
    .values(reserved_minor=_c.reserved_minor - _MINOR)
)
_SETTLE: Final = Prepared(
    update(payments)
    .where(_THIS, _c.reserved_minor >= _MINOR)
    .values(reserved_minor=_c.reserved_minor - _MINOR, refunded_minor=_c.refunded_minor + _MINOR)
)


def hold(conn: Connection, legs: Iterable[Leg]) -> None:
    """Reserve every leg, or `AmountAboveRemaining` and the caller's transaction ends."""
    for leg in sorted(legs, key=lambda leg: leg.payment_id):  # one order for everybody: no deadlock
        if not _changes(conn, _HOLD, leg.payment_id, leg.reserved_minor):
            left, currency = conn.execute(_LEFT, {"payment": leg.payment_id}).one()
            raise AmountAboveRemaining(remaining_minor=max(0, left), currency=currency)


def release(conn: Connection, holds: Iterable[Hold]) -> None:
    """Give back what was held; nothing has been sent."""
    for held in sorted(holds, key=lambda held: held.payment_id):
        _must(conn, _RELEASE, held.payment_id, held.reserved_minor)


def settle(conn: Connection, payment_id: int, minor: int) -> None:
    """What was held has reached the customer (or was the shop's fee)."""
    _must(conn, _SETTLE, payment_id, minor)


def _changes(conn: Connection, statement: Prepared, payment_id: int, minor: int) -> bool:
    return statement.change(conn, {"payment": payment_id, "minor": minor}) == 1


def _must(conn: Connection, statement: Prepared, payment_id: int, minor: int) -> None:
    if not _changes(conn, statement, payment_id, minor):
        raise RuntimeError(f"payment {payment_id} does not hold {minor}")


def holds(conn: Connection, case_no: str) -> list[Hold]:
    """What the case's approval holds of its payments, or held before it was paid."""
    row: Any = _GRANT.first(conn, {"case_no": case_no})
    body: dict[str, Any] = json.loads(row.body)
    return [Hold.of(leg) for leg in body["option"]["legs"]]
