"""The desk's queues: what people must decide, what is late on top, then what is due first. Read only."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, null, or_, select, text

from core.adapters import tables
from core.adapters.tables import (
    AT_THE_DESK,
    BY_HAND,
    LATE,
    case_events,
    cases,
    customers,
    desk_leases,
    payouts,
)
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.deadlines import ESCALATED_TO, SECOND
from core.domain.errors import NotAllowed
from core.domain.lifecycle import CASE
from core.services import turns

MANY: Final = 100  # counting stops here: 'more than 99' is enough to know


@dataclass(frozen=True, slots=True)
class Queue:
    """Open cases that wait for the same kind of decision by people of `roles`."""

    name: str
    states: tuple[str, ...]
    roles: tuple[str, ...]


QUEUES: Final = (
    Queue("review", ("in_review",), ("reviewer", "lead")),
    Queue("second", ("in_review", "in_appeal", "in_arbitration"), ("lead", "arbiter")),
    Queue("appeal", ("in_appeal",), ("reviewer", "lead")),
    Queue("arbitration", ("in_arbitration",), ("arbiter",)),
    Queue("talks", ("negotiating",), ("lead", "finance")),
    Queue("transfers", ("paying",), ("finance", "lead")),
    Queue("waiting", ("awaiting_customer",), ("reviewer", "lead", "support")),
)
ROLES: Final = tuple(dict.fromkeys(role for queue in QUEUES for role in queue.roles))
_BY_NAME: Final = {queue.name: queue for queue in QUEUES}
_MIXED: Final = ("second", "transfers", "waiting")  # where no owner tells what is late


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits in a queue; both stop at `MANY`."""

    name: str
    cases: int
    late: int


@dataclass(frozen=True, slots=True)
class DeskCard:
    """One case in a queue. `held_by`: who has it in hand now. `late_since`: when it was escalated, or when
    its transfer should have been made; the clock counts anew from there.
    """

    case_no: str
    order_no: str
    customer_id: str
    customer_name: str
    credit: int
    product: str
    kind: str
    reason: str
    requested_minor: int
    currency: str
    rule: str
    state: str
    due_at: datetime | None
    late_since: datetime | None
    submitted_at: datetime | None
    held_by: str | None
    held_until: datetime | None
    approved_minor: int | None  # by the first of two, while a second has to say the same
    is_theirs: bool = False  # talks that wait for the customer


def mine(actor: Actor) -> tuple[Queue, ...]:
    """The queues of this role, in the order in which they are worked off."""
    return tuple(_for(actor.role, queue) for queue in QUEUES if actor.role in queue.roles)


def _for(role: str, queue: Queue) -> Queue:
    """Of the second approvals, those that this role may give."""
    if queue.name != "second":
        return queue
    states = tuple(state for state in queue.states if role in CASE.row(state, "approve").roles)
    return replace(queue, states=states)


def named(actor: Actor, name: str) -> Queue:
    """The queue of this name; `NotAllowed` where it is not this role's."""
    found = _BY_NAME.get(name)
    if found is None or actor.role not in found.roles:
        raise NotAllowed(role=actor.role)
    return _for(actor.role, found)


def _in(queue: Queue) -> ColumnElement[bool]:
    """Spelled like the partial index `ix_cases_desk`, or SQLite would not use it."""
    if queue.name == "second":
        return and_(text(f"cases.owner = '{SECOND}'"), cases.c.state.in_(queue.states))
    if queue.name == "transfers":
        return and_(text(f"cases.{BY_HAND.replace(' AND owner', ' AND cases.owner')}"))
    here = and_(text(f"cases.{AT_THE_DESK}"), text(f"cases.state = '{queue.states[0]}'"))
    return and_(here, cases.c.owner.is_distinct_from(SECOND), cases.c.owner.is_distinct_from(ESCALATED_TO))


def _late(queue: Queue) -> ColumnElement[bool]:
    """Escalated, by an index of its own."""
    return and_(text(f"cases.{LATE}"), text(f"cases.state = '{queue.states[0]}'"))


_e, _p = case_events.alias("late"), payouts.c
_entered = case_events.alias("entered")
_ENTERED: Final = (
    select(func.coalesce(func.max(_entered.c.seq), 0))
    .where(
        _entered.c.case_no == cases.c.case_no,
        or_(_entered.c.from_state != _entered.c.to_state, _entered.c.event == "counter"),
    )
    .correlate(cases)
    .scalar_subquery()
)
_ESCALATED: Final = (
    select(func.min(_e.c.at))
    .where(_e.c.case_no == cases.c.case_no, _e.c.event == "escalate", _e.c.seq > _ENTERED)
    .correlate(cases)
    .scalar_subquery()
)


def _untransferred(now: datetime) -> Any:
    """The date at which finance should have made the transfer, once it has passed."""
    hand = (_p.channel == "transfer", _p.state == "accepted", _p.eta_at <= now)
    overdue = select(func.min(_p.eta_at)).where(_p.case_no == cases.c.case_no, *hand)
    return overdue.correlate(cases).scalar_subquery()


def waiting(app: App, actor: Actor) -> list[Waiting]:
    """The actor's queues with what waits in them."""
    now = app.now()
    with app.read() as conn:
        return [_waiting(conn, queue, now) for queue in mine(actor)]


def _waiting(conn: Connection, queue: Queue, now: datetime) -> Waiting:
    overdue: ColumnElement[bool] = cases.c.due_at <= now
    if queue.name == "transfers":  # its clock only looks again each day
        overdue = _untransferred(now).is_not(None)
    some = select(case((overdue, 1), else_=0).label("late")).select_from(cases).where(_in(queue))
    some_of = some.order_by(cases.c.due_at).limit(MANY).subquery()
    count, late = conn.execute(
        select(func.count(), func.coalesce(func.sum(some_of.c.late), 0)).select_from(some_of)
    ).one()
    if queue.name not in _MIXED:
        escalated = select(cases.c.case_no).where(_late(queue)).limit(MANY).subquery()
        more = conn.execute(select(func.count()).select_from(escalated)).scalar_one()
        count, late = count + more, late + more
    return Waiting(queue.name, min(count, MANY), min(late, MANY))


def queue(app: App, actor: Actor, name: str, *, limit: int = 30) -> list[DeskCard]:
    """What waits in the queue: what was escalated on top, then what is due first; `NotAllowed` where it is
    not this role's.
    """
    now, found = app.now(), named(actor, name)
    with app.read() as conn:
        rows = [] if name in _MIXED else list(conn.execute(rows_of(found, limit, now, is_late=True)))
        if len(rows) < limit:
            rows += conn.execute(rows_of(found, limit - len(rows), now))
        numbers = [row.case_no for row in rows]
        firsts = first_approvals(conn, numbers)
        theirs = turns.waiting(conn, numbers) if name == "talks" else frozenset()
    return [_card(row, firsts.get(row.case_no), row.case_no in theirs, now) for row in rows]


def rows_of(queue: Queue, limit: int, now: datetime, *, is_late: bool = False) -> Any:
    """The cards of a queue, read by an index of its own: those that were escalated, or the others."""
    c, o = cases.c, tables.orders.c
    # What was escalated and is not late any more (its customer was asked) is in nobody's list of late ones.
    since = _untransferred(now) if queue.name == "transfers" else _ESCALATED if is_late else null()
    return (
        select(
            c.case_no, c.order_no, c.customer_id, c.reason, c.requested_minor, c.currency, c.state, c.due_at,
            c.submitted_at, o.product, o.kind, func.coalesce(c.rule, "").label("rule"),
            func.coalesce(customers.c.name, "").label("customer_name"),
            func.coalesce(customers.c.credit, 100).label("credit"),
            since.label("late_since"), desk_leases.c.person_id, desk_leases.c.until,
        )
        .join(tables.orders, o.order_no == c.order_no)
        .outerjoin(customers, customers.c.id == c.customer_id)
        .outerjoin(desk_leases, desk_leases.c.case_no == c.case_no)
        .where(_late(queue) if is_late else _in(queue))
        .order_by(c.due_at, c.case_no)
        .limit(limit)
    )  # fmt: skip


def _card(row: Any, approved_minor: int | None, is_theirs: bool, now: datetime) -> DeskCard:
    values = dict(row._mapping)
    holder, until = values.pop("person_id"), values.pop("until")
    is_held = until is not None and until > now
    return DeskCard(
        **values,
        held_by=holder if is_held else None,
        held_until=until if is_held else None,
        approved_minor=approved_minor,
        is_theirs=is_theirs,
    )


def first_approvals(conn: Connection, numbers: Collection[str]) -> dict[str, int]:
    """The amounts of the first approvals that are in force, of many cases at once."""
    e = case_events.c
    newest = (
        select(e.case_no, func.max(e.seq).label("seq"))
        .where(e.case_no.in_(numbers), e.event != "escalate")
        .group_by(e.case_no)
        .subquery()
    )
    query = (
        select(e.case_no, e.body)
        .join(newest, and_(newest.c.case_no == e.case_no, newest.c.seq == e.seq))
        .where(e.event == "endorse")
    )
    bodies = {row.case_no: json.loads(row.body) for row in conn.execute(query)}
    return {number: body["option"]["approved"] for number, body in bodies.items() if "option" in body}
