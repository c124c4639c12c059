"""The desk's queues: what people must decide, what is late on top, then what is due first. Read only."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
    text,
)

from core.adapters import tables
from core.adapters.prepared import Prepared
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
from core.services import findings, promises, turns

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
_newest = (
    select(case_events.c.case_no, func.max(case_events.c.seq).label("seq"))
    .where(case_events.c.case_no.in_(bindparam("numbers", expanding=True)), case_events.c.event != "escalate")
    .group_by(case_events.c.case_no)
    .subquery()
)
_FIRSTS: Final = (
    select(case_events.c.case_no, case_events.c.body)
    .join(_newest, and_(_newest.c.case_no == case_events.c.case_no, _newest.c.seq == case_events.c.seq))
    .where(case_events.c.event == "endorse")
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits in a queue; both stop at `MANY`."""

    name: str
    cases: int
    late: int


@dataclass(frozen=True, slots=True)
class DeskCard:
    """One case in a queue. `held_by`: who has it in hand now. `late_since`: when its customer should have
    been answered, or its transfer made; of what was escalated `due_at` is by when a lead answers.
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
    forgery_by: str | None = None  # who found one of its pictures forged, unless it was taken back
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
        return and_(
            text(f"cases.owner = '{SECOND}'"), or_(*(cases.c.state == state for state in queue.states))
        )
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


_NOW: Final = bindparam("now", type_=cases.c.due_at.type)
# The date at which finance should have made the transfer, once it has passed.
_UNTRANSFERRED: Final = (
    select(func.min(_p.eta_at))
    .where(_p.case_no == cases.c.case_no, _p.channel == "transfer", _p.state == "accepted", _p.eta_at <= _NOW)
    .correlate(cases)
    .scalar_subquery()
)


def waiting(app: App, actor: Actor) -> list[Waiting]:
    """The actor's queues with what waits in them."""
    now = app.now()
    with app.read() as conn:
        return [_waiting(conn, queue, now) for queue in mine(actor)]


def _waiting(conn: Connection, queue: Queue, now: datetime) -> Waiting:
    count, late = _count(queue).all(conn, {"now": now})[0]
    if queue.name not in _MIXED:
        more = _count_late(queue).all(conn, {})[0][0]
        count, late = count + more, late + more
    return Waiting(queue.name, min(count, MANY), min(late, MANY))


# Queues are few, and building a statement costs more than running it.


@cache
def _count(queue: Queue) -> Prepared:
    overdue: ColumnElement[bool] = cases.c.due_at <= _NOW
    if queue.name == "transfers":  # its clock only looks again each day
        overdue = _UNTRANSFERRED.is_not(None)
    some = select(case((overdue, 1), else_=0).label("late")).select_from(cases).where(_in(queue))
    some_of = some.order_by(cases.c.due_at).limit(MANY).subquery()
    late = func.coalesce(func.sum(some_of.c.late), 0).label("late")
    return Prepared(select(func.count().label("cases"), late).select_from(some_of))


@cache
def _count_late(queue: Queue) -> Prepared:
    escalated = select(cases.c.case_no).where(_late(queue)).limit(MANY).subquery()
    return Prepared(select(func.count().label("late")).select_from(escalated))


@cache
def _prepared(queue: Queue, *, is_late: bool) -> Prepared:
    return Prepared(rows_of(queue, is_late=is_late))


def queue(app: App, actor: Actor, name: str, *, limit: int = 30) -> list[DeskCard]:
    """What waits in the queue: what was escalated on top, then what is due first; `NotAllowed` where it is
    not this role's.
    """
    now, found = app.now(), named(actor, name)
    with app.read() as conn:
        rows: list[Any] = []
        if name not in _MIXED:
            rows = _prepared(found, is_late=True).all(conn, {"now": now, "limit": limit})
        if len(rows) < limit:
            rows += _prepared(found, is_late=False).all(conn, {"now": now, "limit": limit - len(rows)})
        numbers = [row.case_no for row in rows]
        firsts = first_approvals(conn, numbers)
        theirs = turns.waiting(conn, numbers) if name == "talks" else frozenset()
        promised = (
            {} if name in _MIXED else promises.missed(conn, [row.case_no for row in rows if row.late_since])
        )
        forged = findings.standing(conn, numbers)
    cards = [_card(row, firsts.get(row.case_no), row.case_no in theirs, now) for row in rows]
    return [
        replace(
            card,
            forgery_by=forged.get(card.case_no),
            late_since=promised.get(card.case_no, card.late_since),
        )
        for card in cards
    ]


def rows_of(queue: Queue, *, is_late: bool) -> Any:
    """The cards of a queue, read by an index of its own: those that were escalated, or the others. `now` and
    `limit` are given when it is run.
    """
    c, o = cases.c, tables.orders.c
    # What was escalated and is not late any more (its customer was asked) is in nobody's list of late ones.
    since = _UNTRANSFERRED if queue.name == "transfers" else _ESCALATED if is_late else null()
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
        .limit(bindparam("limit", type_=Integer))
    )  # fmt: skip


def _card(row: Any, approved_minor: int | None, is_theirs: bool, now: datetime) -> DeskCard:
    values = row._asdict()
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
    if not numbers:
        return {}
    rows = conn.execute(_FIRSTS, {"numbers": list(numbers)})
    bodies = {row.case_no: json.loads(row.body) for row in rows}
    return {number: body["option"]["approved"] for number, body in bodies.items() if "option" in body}
