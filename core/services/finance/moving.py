"""Money under way: how much, where, what holds it up; who sees to it, and what the worker does next.

Nothing here moves money: who asks a payout 'now' only brings forward what the worker does anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update

from core.adapters import database
from core.adapters.tables import payout_care, payouts, sessions
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotAllowed, NotFound, PayoutUnasked, PersonUnknown
from core.domain.lifecycle import PAYOUT
from core.domain.reconciling import PEOPLE
from core.domain.settlement import HERE
from core.domain.stuck import Payment, Stuck, stuck
from core.services import staff
from core.services.commands import once
from core.services.identity import DEMO_STAFF
from core.services.payouts import BY_HAND

ROLES: Final = PEOPLE
PAGE: Final = 20
# state → what 'now' means: send it, or ask the channel (and send the same again if it never came there)
NOW: Final = {"planned": "send", "unknown": "ask", "accepted": "ask"}
HELD_UP: Final = frozenset(  # causes that do not pass by themselves
    {"no_channel", "key_expired", "misconfigured", "low_funds", "differs", "sent_twice", "not_understood"}
)
SLOW: Final = timedelta(minutes=10)  # longer than any queue
_p, _care = payouts.c, payout_care.c
_OPEN: Final = _p.due_at.is_not(None)  # what is not final has a date, and an index on it


@dataclass(frozen=True, slots=True)
class Pile:
    """Payouts under way in one channel and state."""

    channel: str
    state: str
    currency: str
    count: int
    amount_minor: int
    oldest_at: datetime
    late: int  # of them past their date


@dataclass(frozen=True, slots=True)
class Money:
    """One payout under way. `at`: where it stands, in `stuck`'s codes; `is_stuck`: it waits for people.
    `now`: send, ask or '' where nobody can be asked.
    """

    id: int
    case_no: str
    key: str
    channel: str
    state: str
    amount_minor: int
    currency: str
    cause: str | None
    tries: int
    due_at: datetime | None
    created_at: datetime
    at: Stuck
    is_stuck: bool
    now: str
    care: str  # a person's id
    is_asked: bool  # the worker has it next


def check(actor: Actor) -> None:
    """`NotAllowed` for whoever has no part in money."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role, event="finance")


def piles(app: App, actor: Actor) -> list[Pile]:
    """What is under way, by channel and state."""
    check(actor)
    late = func.sum(case((_is_late(app.now()), 1), else_=0))
    query = (
        select(
            _p.channel, _p.state, _p.currency, func.count(), func.sum(_p.amount_minor),
            func.min(_p.created_at), late,
        )
        .where(_OPEN)
        .group_by(_p.channel, _p.state, _p.currency)
        .order_by(_p.channel, _p.currency, _p.state)
    )  # fmt: skip
    with app.read() as conn:
        return [Pile(r[0], r[1], r[2], r[3], int(r[4]), r[5], int(r[6])) for r in conn.execute(query)]


def under_way(
    app: App, actor: Actor, page: int = 0, *, channel: str = "", only_stuck: bool = False
) -> tuple[list[Money], bool]:
    """A page of payouts, what waits for people on top, then the oldest; and whether there are more."""
    check(actor)
    now = app.now()
    is_stuck = _is_stuck(now)
    where = [_OPEN, *([_p.channel == channel] if channel else []), *([is_stuck] if only_stuck else [])]
    query = (
        select(payouts, _care.person_id, is_stuck.label("is_stuck"))
        .join(payout_care, _care.payout_id == _p.id, isouter=True)
        .where(*where)
        .order_by(case((is_stuck, 0), (_p.state == "unknown", 1), else_=2), _p.created_at, _p.id)
        .limit(PAGE + 1)
        .offset(max(0, page) * PAGE)
    )
    with app.read() as conn:
        rows = conn.execute(query).all()
    return [_money(row, now) for row in rows[:PAGE]], len(rows) > PAGE


def stuck_count(app: App, actor: Actor) -> int:
    """How many wait for people."""
    check(actor)
    with app.read() as conn:
        return int(conn.execute(select(func.count()).where(_OPEN, _is_stuck(app.now()))).scalar_one())


def _is_late(now: datetime) -> ColumnElement[bool]:
    return and_(_p.state == "accepted", _p.eta_at <= now)


def _is_stuck(now: datetime) -> ColumnElement[bool]:
    slow = and_(_p.state.in_(("planned", "sending")), _p.due_at < now - SLOW)
    return or_(_is_late(now), and_(_p.state != "arrived", _p.cause.in_(sorted(HELD_UP))), slow)


def _money(row: Any, now: datetime) -> Money:
    since = row.accepted_at or row.sent_at or row.created_at
    payment = Payment(row.channel, row.state, row.cause, row.due_at, row.eta_at)
    at = stuck("paying", since=since, due_at=None, due_action=None, owner=None, payouts=[payment], now=now)
    return Money(
        row.id, row.case_no, row.key, row.channel, row.state, row.amount_minor, row.currency, row.cause,
        row.tries, row.due_at, row.created_at, at, bool(row.is_stuck), _now(row), row.person_id or "",
        row.due_at is not None and row.due_at <= now,
    )  # fmt: skip


def _now(row: Any) -> str:
    return "" if row.channel in (BY_HAND, *HERE) else NOW.get(row.state, "")


def ask_now(app: App, actor: Actor, payout_id: int, command_id: str) -> str:
    """Let the worker see to it next: `send`, or `ask`, which sends the same once more only when the channel
    says that it never came (invariants 5 to 7). `PayoutUnasked` where there is nobody to ask.
    """
    check(actor)

    def work(conn: Connection, row: Any) -> dict[str, Any]:
        how = _now(row)
        if not how:
            raise PayoutUnasked(state=row.state)
        now = app.now()
        if row.due_at is None or row.due_at > now:
            conn.execute(update(payouts).where(_p.id == payout_id).values(due_at=now))
        return {"how": how}

    return str(once(app, actor, command_id, f"payout_now {payout_id}", _holding(payout_id), work)["how"])


def give(app: App, actor: Actor, payout_id: int, person_id: str, command_id: str) -> None:
    """Into whose hands a payout goes; '' for nobody's. `PersonUnknown` outside `colleagues`."""
    check(actor)

    def work(conn: Connection, row: Any) -> dict[str, Any]:
        if not person_id:
            conn.execute(delete(payout_care).where(_care.payout_id == payout_id))
            return {}
        if person_id not in _people(app, conn):
            raise PersonUnknown(person=person_id)
        values = {"person_id": person_id, "given_by": str(actor), "given_at": app.now()}
        conn.execute(
            database.insert(conn, payout_care)
            .values(payout_id=payout_id, **values)
            .on_conflict_do_update(index_elements=[_care.payout_id], set_=values)
        )
        return {}

    once(app, actor, command_id, f"payout_give {payout_id} {person_id}", _holding(payout_id), work)


def _holding(payout_id: int) -> Any:
    def hold(conn: Connection) -> Any:
        row = conn.execute(select(payouts).where(_p.id == payout_id).with_for_update()).one_or_none()
        if row is None or row.state in PAYOUT.final_states:
            raise NotFound()
        return row

    return hold


def colleagues(app: App, actor: Actor) -> dict[str, str]:
    """Who may be given a payout, by id, with their names: people of finance and leads who were ever here."""
    check(actor)
    names = staff.names(app)
    with app.read() as conn:
        return {person: staff.name(names, person) for person in sorted(_people(app, conn))}


def _people(app: App, conn: Connection) -> set[str]:
    s = sessions.c
    seen = conn.execute(select(s.person_id).where(s.role.in_(ROLES)).distinct()).scalars()
    return {*seen, *(person for role, person, _ in DEMO_STAFF if app.demo and role in ROLES)} - {""}
