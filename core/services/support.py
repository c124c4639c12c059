"""Support: find a refund by any part of what its customer can tell, and at which step it stands (R5.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    union,
)

from core.adapters.tables import case_events, cases, customers, orders, payments, payouts, tickets
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.asked import Asked, read
from core.domain.errors import NotAllowed
from core.domain.lifecycle import CASE
from core.domain.stuck import Payment, Stuck, stuck
from core.domain.workdays import ZONE
from core.services import numbers, turns

log = structlog.get_logger(__name__)

ROLES: Final = ("support", "reviewer", "lead", "finance", "arbiter")
MOST: Final = 20  # results on a page
_o, _p, _c = orders.c, payments.c, cases.c


@dataclass(frozen=True, slots=True)
class Hit:
    """An order that was found, with its newest case. `matched`: by what, as codes."""

    order_no: str
    product: str
    amount_minor: int
    currency: str
    paid_at: datetime
    customer_id: str
    customer_name: str
    channels: tuple[str, ...]
    matched: tuple[str, ...]
    case_no: str | None
    state: str | None
    requested_minor: int | None
    approved_minor: int | None
    arrives_minor: int | None  # of it, after fees
    at: Stuck | None
    cases: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what fits, open requests first, then the newest payment. `has_more`: there is a
    next page. `is_cut`: a word names more orders than are looked at, so that others may fit as well.
    """

    hits: tuple[Hit, ...]
    has_more: bool = False
    is_cut: bool = False


def search(app: App, actor: Actor, text: str, page: int = 0) -> Found:
    """Every word must fit somewhere; a plain number may be a part of one, or an amount: either is enough."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role)
    asked = read(text, app.now())
    if asked.is_empty:
        return Found(())
    with app.read() as conn:
        rows, is_cut = _orders(conn, asked, app.now(), max(0, page))
        hits = tuple(_hit(conn, row, matched, app.now()) for row, matched in rows[:MOST])
    log.info("support_search", role=actor.role, person=actor.id, results=len(hits))
    return Found(hits, len(rows) > MOST, is_cut)


Named = dict[str, set[str]]  # order → by what it was named


def _orders(
    conn: Connection, asked: Asked, now: datetime, page: int
) -> tuple[list[tuple[Any, tuple[str, ...]]], bool]:
    """A page of orders and one more, each with what it was found by; and whether a word named too many."""
    conditions: list[ColumnElement[bool]] = []
    terms: list[tuple[Named, str]] = []  # what each word names, and by what else it may fit
    first: list[ColumnElement[Any]] = []
    is_cut = False
    for word in asked.words:
        named, too_many = numbers.named(conn, word, now)
        is_cut |= too_many
        conditions.append(_o.order_no.in_(sorted(named)))
        terms.append((named, ""))
    for word, minor in asked.either:
        named, too_many = numbers.named(conn, word, now) if len(word) >= numbers.SHORTEST else ({}, False)
        is_cut |= too_many
        by_number = _o.order_no.in_(sorted(named))
        conditions.append(or_(by_number, _amount(minor, now)) if minor else by_number)
        if named and minor:
            first.append(by_number.desc())  # a number says more than an amount
        terms.append((named, "amount"))
    conditions += [_amount(minor, now) for minor in asked.amounts]
    terms += [({}, "amount") for _ in asked.amounts]
    for day in asked.days:
        begins = datetime.combine(day, time(), ZONE)
        conditions.append(and_(_o.paid_at >= begins, _o.paid_at < begins + timedelta(days=1)))
        terms.append(({}, "day"))
    for clock in asked.times:
        conditions.append(_at(clock))
        terms.append(({}, "time"))
    query = (
        select(_o.order_no, _o.product, _o.amount_minor, _o.currency, _o.paid_at, _o.customer_id)
        .where(*conditions)
        .order_by(*first, case((_IS_OPEN, 0), else_=1), _o.paid_at.desc(), _o.order_no)
        .limit(MOST + 1)
        .offset(page * MOST)
    )
    return [(row, _matched(row.order_no, terms)) for row in conn.execute(query)], is_cut


def _matched(order_no: str, terms: Iterable[tuple[Named, str]]) -> tuple[str, ...]:
    codes: dict[str, None] = {}
    for named, otherwise in terms:
        codes.update(dict.fromkeys(sorted(named.get(order_no, ())) or [otherwise]))
    return tuple(codes)


# Minutes of the day in Shanghai; whole numbers on both databases.
_MINUTE: Final = literal_column("((orders.paid_at / 60000000 + 480) % 1440)", Integer)


def _at(clock: time) -> ColumnElement[bool]:
    """To the minute, and one beside it: clocks differ."""
    wanted = clock.hour * 60 + clock.minute
    return _MINUTE.in_([(wanted + beside) % 1440 for beside in (-1, 0, 1)])


def _amount(minor: int, now: datetime) -> ColumnElement[bool]:
    """Of the order, of one of its payments, or of what was approved of it and arrives."""
    of_orders = select(_o.order_no).where(_o.amount_minor == minor)
    of_payments = select(_p.order_no).where(_p.paid_minor == minor)
    return _o.order_no.in_(union(of_orders, of_payments, numbers.granted(minor, now)))


# A request that somebody still has to see to stands before those that are over.
_IS_OPEN: Final = (
    exists().where(_c.order_no == _o.order_no, _c.state.not_in(sorted(CASE.final_states))).correlate(orders)
)


def _hit(conn: Connection, row: Any, matched: tuple[str, ...], now: datetime) -> Hit:
    channels = conn.execute(select(_p.channel).where(_p.order_no == row.order_no).order_by(_p.id)).scalars()
    mine = conn.execute(
        select(cases).where(_c.order_no == row.order_no).order_by(_c.created_at.desc(), _c.case_no)
    ).all()
    newest = mine[0] if mine else None
    return Hit(
        row.order_no,
        row.product,
        row.amount_minor,
        row.currency,
        row.paid_at,
        row.customer_id,
        _name(conn, row.customer_id),
        tuple(dict.fromkeys(channels)),
        matched,
        newest.case_no if newest else None,
        newest.state if newest else None,
        newest.requested_minor if newest else None,
        newest.approved_minor if newest else None,
        newest.refund_minor if newest else None,
        _stuck(conn, newest, now) if newest else None,
        len(mine),
    )


def _name(conn: Connection, customer_id: str) -> str:
    return conn.execute(select(customers.c.name).where(customers.c.id == customer_id)).scalar() or ""


def _stuck(conn: Connection, row: Any, now: datetime) -> Stuck:
    e, p = case_events.c, payouts.c
    since = conn.execute(select(func.max(e.at)).where(e.case_no == row.case_no)).scalar()
    rows = conn.execute(
        select(p.channel, p.state, p.cause, p.due_at, p.eta_at).where(p.case_no == row.case_no)
    )
    t = tickets.c
    waits = select(t.at, t.due_at).where(t.case_no == row.case_no, t.state == "open")
    ticket = conn.execute(waits).one_or_none()
    return stuck(
        row.state,
        since=since or row.created_at,
        due_at=row.due_at,
        due_action=row.due_action,
        owner=row.owner,
        payouts=[Payment(*each) for each in rows],
        now=now,
        missing=(ticket.at, ticket.due_at) if ticket else None,
        is_theirs=row.state == "negotiating" and bool(turns.waiting(conn, [row.case_no])),
    )


def called(app: App, actor: Actor, customer_id: str) -> str:
    """A customer's name, for those who act for them; '' where none is known."""
    if actor.role != "support":
        raise NotAllowed(role=actor.role, event="act_for")
    with app.read() as conn:
        return _name(conn, customer_id)


def state_of(app: App, actor: Actor, case_no: str) -> Stuck | None:
    """At which step one case stands, for staff; None when there is no such case."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        row = conn.execute(select(cases).where(_c.case_no == case_no)).one_or_none()
        return None if row is None else _stuck(conn, row, app.now())
