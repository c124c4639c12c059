"""Support: find a refund by any part of what its customer can tell, and at which step it stands (R5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Connection, and_, func, select, union

from core.adapters.tables import case_events, cases, customers, orders, payments, payouts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.asked import Asked, read
from core.domain.errors import NotAllowed
from core.domain.stuck import Payment, Stuck, stuck
from core.domain.workdays import ZONE

log = structlog.get_logger(__name__)

ROLES: Final = ("support", "reviewer", "lead", "finance", "arbiter")
MOST: Final = 20  # results
CANDIDATES: Final = 60  # orders that one word may name
SHORTEST: Final = 3  # characters of a beginning that are looked for
INSIDE_SHORTEST: Final = 4  # … and of a part from the middle or the end
INSIDE_DAYS: Final = 90  # a part is looked for in the orders of so many days: there is no index for it
_LAST: Final = chr(0x10FFFF)
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
    at: Stuck | None
    cases: int


def search(app: App, actor: Actor, text: str) -> list[Hit]:
    """What fits best on top. Every word must fit somewhere; a plain number may be one, or an amount."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role)
    asked = read(text, app.now())
    if asked.is_empty:
        return []
    with app.read() as conn:
        found = _orders(conn, asked, app.now())
        hits = [_hit(conn, row, matched, app.now()) for row, matched in found]
    log.info("support_search", role=actor.role, person=actor.id, results=len(hits))
    return hits


def _orders(conn: Connection, asked: Asked, now: datetime) -> list[tuple[Any, tuple[str, ...]]]:
    named: dict[str, set[str]] | None = None  # order → by what it was named
    conditions: list[ColumnElement[bool]] = []
    how: list[str] = []
    for word in asked.words:
        named = _both(named, _named(conn, word, now))
    for word, minor in asked.either:
        by_name = _named(conn, word, now) if len(word) >= SHORTEST else {}
        if by_name or not minor:
            named = _both(named, by_name)
        else:
            conditions.append(_amount(minor))
            how.append("amount")
    for minor in asked.amounts:
        conditions.append(_amount(minor))
        how.append("amount")
    for day in asked.days:
        begins = datetime.combine(day, time(), ZONE)
        conditions.append(and_(_o.paid_at >= begins, _o.paid_at < begins + timedelta(days=1)))
        how.append("day")
    if named is not None:
        if not named:
            return []
        conditions.append(_o.order_no.in_(sorted(named)))
    query = (
        select(_o.order_no, _o.product, _o.amount_minor, _o.currency, _o.paid_at, _o.customer_id)
        .where(*conditions)
        .order_by(_o.paid_at.desc(), _o.order_no)
    )
    limit = CANDIDATES if asked.times else MOST
    rows: Sequence[Any] = conn.execute(query.limit(limit)).all()
    if asked.times:
        rows = [row for row in rows if _is_at(row.paid_at, asked.times)][:MOST]
        how.append("time")
    found = [(row, (*sorted((named or {}).get(row.order_no, ())), *how)) for row in rows]
    return sorted(found, key=lambda each: -len(each[1]))


def _is_at(at: datetime, times: Iterable[time]) -> bool:
    """To the minute, and one beside it: clocks differ."""
    local = at.astimezone(ZONE)
    minute = local.hour * 60 + local.minute
    return all(abs(minute - (each.hour * 60 + each.minute)) <= 1 for each in times)


def _amount(minor: int) -> ColumnElement[bool]:
    """Of the order, or of one of its payments."""
    of_orders = select(_o.order_no).where(_o.amount_minor == minor)
    return _o.order_no.in_(union(of_orders, select(_p.order_no).where(_p.paid_minor == minor)))


def _both(one: dict[str, set[str]] | None, other: dict[str, set[str]]) -> dict[str, set[str]]:
    if one is None:
        return other
    return {number: one[number] | other[number] for number in one.keys() & other.keys()}


def _named(conn: Connection, word: str, now: datetime) -> dict[str, set[str]]:
    """Orders that this word names: by a beginning, and only where there is none, by a part."""
    found: dict[str, set[str]] = {}

    def add(code: str, numbers: Iterable[str]) -> None:
        for number in numbers:
            found.setdefault(number, set()).add(code)

    for spelled in dict.fromkeys((word, word.upper())):
        for code, query in _beginnings(conn, spelled):
            add(code, conn.execute(query.limit(CANDIDATES)).scalars())
    if not found and len(word) >= INSIDE_SHORTEST:
        since = now - timedelta(days=INSIDE_DAYS)
        part = f"%{_escaped(word)}%"
        recent = select(_o.order_no).where(_o.paid_at >= since)
        query = recent.where(_o.order_no.like(part, escape="\\")).order_by(_o.paid_at.desc())
        add("order_part", conn.execute(query.limit(CANDIDATES)).scalars())
        query = recent.join(payments, _p.order_no == _o.order_no).where(_p.trade_no.like(part, escape="\\"))
        add("trade_part", conn.execute(query.limit(CANDIDATES)).scalars())
    return found


def _beginnings(conn: Connection, word: str) -> list[tuple[str, Any]]:
    """Index-backed look-ups, each giving order numbers."""
    by_customer = select(_o.order_no).where(_o.customer_id == word)
    found = [("customer", by_customer)]
    if len(word) >= SHORTEST:
        found += [
            ("order", select(_o.order_no).where(_begins(conn, _o.order_no, word))),
            ("case", select(_c.order_no).where(_begins(conn, _c.case_no, word))),
            ("trade", select(_p.order_no).where(_begins(conn, _p.trade_no, word))),
            (
                "refund",
                select(_c.order_no)
                .join(payouts, payouts.c.case_no == _c.case_no)
                .where(_begins(conn, payouts.c.reference, word)),
            ),
        ]
    if len(word) >= 2:
        named = select(customers.c.id).where(_begins(conn, customers.c.name, word)).limit(CANDIDATES)
        found.append(("name", select(_o.order_no).where(_o.customer_id.in_(named))))
    return found


def _begins(conn: Connection, column: Any, word: str) -> ColumnElement[bool]:
    """So that each database uses its index: a range of bytes, or a pattern."""
    if conn.dialect.name == "sqlite":
        return and_(column >= word, column < word + _LAST)
    found: ColumnElement[bool] = column.like(f"{_escaped(word)}%", escape="\\")
    return found


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _hit(conn: Connection, row: Any, matched: tuple[str, ...], now: datetime) -> Hit:
    name = conn.execute(select(customers.c.name).where(customers.c.id == row.customer_id)).scalar()
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
        name or "",
        tuple(dict.fromkeys(channels)),
        matched,
        newest.case_no if newest else None,
        newest.state if newest else None,
        newest.requested_minor if newest else None,
        _stuck(conn, newest, now) if newest else None,
        len(mine),
    )


def _stuck(conn: Connection, case: Any, now: datetime) -> Stuck:
    e, p = case_events.c, payouts.c
    since = conn.execute(select(func.max(e.at)).where(e.case_no == case.case_no)).scalar()
    rows = conn.execute(
        select(p.channel, p.state, p.cause, p.due_at, p.eta_at).where(p.case_no == case.case_no)
    )
    return stuck(
        case.state,
        since=since or case.created_at,
        due_at=case.due_at,
        due_action=case.due_action,
        owner=case.owner,
        payouts=[Payment(*row) for row in rows],
        now=now,
    )


def state_of(app: App, actor: Actor, case_no: str) -> Stuck | None:
    """At which step one case stands, for staff; None when there is no such case."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        row = conn.execute(select(cases).where(_c.case_no == case_no)).one_or_none()
        return None if row is None else _stuck(conn, row, app.now())
