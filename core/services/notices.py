"""The inbox: what a customer was told about their cases, and which of it is new. What changes a case stages
its notice itself (`record.Change`); here are the warnings that no event makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, or_, select, update

from core.adapters.prepared import Prepared
from core.adapters.tables import notices, orders
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.notices import EVENTLESS, HELD
from core.services.record import Change

_n = notices.c
_TOLD: Final = select(
    exists().where(
        _n.case_no == bindparam("case_no"),
        _n.seq == bindparam("seq"),
        _n.kind == bindparam("kind"),
        _n.about == bindparam("about"),
    )
)
_LINES: Final = select(
    _n.id,
    _n.case_no,
    orders.c.product,
    orders.c.quantity,
    _n.kind,
    _n.amount_minor,
    _n.currency,
    _n.by_at,
    _n.at,
).join(orders, orders.c.order_no == _n.order_no)


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the inbox."""

    id: int
    case_no: str
    product: str
    quantity: int
    kind: str
    amount_minor: int | None
    currency: str
    by_at: datetime | None
    at: datetime
    is_read: bool


def warn(change: Change, kind: str, at: datetime, about: str = "") -> None:
    """Tell the customer what no event tells, once `about` each thing for each state of the case; stored with
    `change`.
    """
    if kind not in EVENTLESS:
        raise ValueError(kind)
    case = change.case
    told = {"case_no": case.case_no, "seq": case.last_seq, "kind": kind, "about": about}
    if not change.conn.execute(_TOLD, told).scalar_one():
        change.tell(kind, at, about=about)


def inbox(app: App, actor: Actor, limit: int = 100) -> list[Notice]:
    """The actor's notices, newest first; nobody has one for another person."""
    lines = _LINES.add_columns(_mark(actor.role).is_not(None).label("is_read"))
    mine = lines.where(_mine(actor.role)).order_by(_n.id.desc()).limit(limit)
    with app.read() as conn:
        return [Notice(**row) for row in conn.execute(mine, _whose(actor)).mappings()]


def mark_read(app: App, actor: Actor, up_to: int) -> int:
    """The actor has seen what came up to this notice; again, it changes nothing. How many were new."""
    return _read(app, actor, _n.id <= up_to)


def mark_case(app: App, actor: Actor, case_no: str) -> int:
    """Who has the case before their eyes has read what was told of it. How many were new."""
    with app.glance() as conn:  # Track asks at each look, and mostly there is nothing new to write
        if _of_case(actor.role).first(conn, _whose(actor) | {"case_no": case_no}) is None:
            return 0
    return _read(app, actor, _n.case_no == case_no)


@cache
def _of_case(role: str) -> Prepared:
    unread = (_mine(role), _n.case_no == bindparam("case_no"), _mark(role).is_(None))
    return Prepared(select(_n.id).where(*unread).limit(1))


def _read(app: App, actor: Actor, which: ColumnElement[bool]) -> int:
    mark = _mark(actor.role)
    unread = update(notices).where(_mine(actor.role), which, mark.is_(None))
    with app.begin() as conn:
        return conn.execute(unread.values({mark.name: app.now()}), _whose(actor)).rowcount


def _mark(role: str) -> Any:
    """Whose mark it is: a guest who reads an account's order does not read for its owner."""
    return _n.guest_read_at if role == "guest" else _n.read_at


def _mine(role: str) -> ColumnElement[bool]:
    """As `Actor.owns`, without the staff: they have no inbox here. With the values of `_whose`."""
    if role == "customer":
        return and_(_n.customer_id == bindparam("whose"), _n.customer_id != "")
    if role == "guest":
        # An account's balance is nobody else's business, whatever order it came from.
        is_open = and_(*(_n.kind != kind for kind in sorted(HELD)))
        is_theirs = or_(is_open, _n.customer_id == "")
        return and_(_n.order_no == bindparam("whose_order"), is_theirs)
    return false()


def _whose(actor: Actor) -> dict[str, Any]:
    return {"whose": actor.id, "whose_order": actor.order_no}
