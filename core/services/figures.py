"""How the shop does: cases by day, reasons, rules, and how long a decision and the money took (R6).

One read of the cases asked for in a period, by the day that their numbers begin with; kept for some minutes,
because nobody decides by the second.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, select, text

from core.adapters.tables import AT_THE_DESK, LATE, cases, payouts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.deadlines import ESCALATED_TO
from core.domain.errors import NotAllowed
from core.domain.workdays import local_date
from core.services.arrivals import half_and_most

ROLES: Final = ("lead", "finance", "policy")
PERIODS: Final = (7, 30, 90)  # days
MOST: Final = 100_000  # cases that are looked at, the newest; more say the same
LEAST: Final = 5  # fewer make no median
# What became of a case. `at_once`: the rules approved it, nobody had to look.
BECAME: Final = ("at_once", "approved", "refused", "open", "taken_back")

_c, _p = cases.c, payouts.c
_CASES: Final = (
    select(
        _c.submitted_at, _c.decided_at, _c.decided_by, _c.reason, _c.rule, _c.state, _c.approved_minor,
        _c.requested_minor, _c.currency,
    )
    .where(_c.case_no >= bindparam("first"), _c.submitted_at.is_not(None))
    .order_by(_c.case_no.desc())
    .limit(MOST)
)  # fmt: skip
_MONEY: Final = (
    select(_p.channel, _p.arrived_at, _c.submitted_at)
    .join(cases, _c.case_no == _p.case_no)
    .where(_p.arrived_at >= bindparam("since", type_=_p.arrived_at.type), _p.arrived_at.is_not(None))
    .order_by(_p.arrived_at.desc())
    .limit(MOST)
)
_LATE: Final = (
    select(_p.channel, _p.currency, func.count(), func.sum(_p.amount_minor), func.min(_p.created_at))
    .where(_p.due_at.is_not(None), _p.eta_at < bindparam("now", type_=_p.eta_at.type))
    .group_by(_p.channel, _p.currency)
    .order_by(func.count().desc())
)
# Reviews and appeals whose time is over: a lead has them, or will at the next turn of the worker. Two counts,
# each spelled like the index that it uses.
DECIDED_IN_TIME: Final = ("in_review", "in_appeal")
_COUNTED: Final = select(_c.state, func.count()).where(_c.state.in_(DECIDED_IN_TIME)).group_by(_c.state)
_ESCALATED: Final = _COUNTED.where(text(LATE))
_OVERDUE: Final = _COUNTED.where(
    text(AT_THE_DESK),
    _c.due_action == "escalate",
    _c.due_at <= bindparam("now", type_=_c.due_at.type),
    _c.owner.is_distinct_from(ESCALATED_TO),
)


@dataclass(frozen=True, slots=True)
class Day:
    """Cases sent on one day, by what became of them since."""

    day: date
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Took:
    """Of `n` half took at most `half`, nine of ten at most `most`."""

    name: str
    n: int
    half: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class Share:
    """Of `n` cases of a reason or rule `decided` have a result, and `approved` of these a good one."""

    name: str
    n: int
    decided: int
    approved: int


@dataclass(frozen=True, slots=True)
class Late:
    """Payouts whose promised date is over, by channel."""

    channel: str
    currency: str
    n: int
    amount_minor: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the cases sent since `first`. `decisions`: by the rules alone (`at_once`) are not in it."""

    first: date
    days: tuple[Day, ...]
    total: dict[str, int]
    reasons: tuple[Share, ...]
    rules: tuple[Share, ...]
    decisions: Took | None
    money: tuple[Took, ...]
    late: tuple[Late, ...]
    undecided: dict[str, int]  # state → how many should have been decided by now, whenever they were sent


def figures(app: App, actor: Actor, period: int) -> Figures:
    """For leads, finance and policy; `period` days (`PERIODS`) up to today."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role)
    now = app.now()
    first = local_date(now) - timedelta(days=period - 1)
    with app.read() as conn:
        rows = conn.execute(_CASES, {"first": f"R{first:%y%m%d}-"}).all()
        arrived = conn.execute(_MONEY, {"since": now - timedelta(days=period)}).all()
        late = conn.execute(_LATE, {"now": now}).all()
        undecided = dict.fromkeys(DECIDED_IN_TIME, 0)
        for state, n in (*conn.execute(_ESCALATED), *conn.execute(_OVERDUE, {"now": now})):
            undecided[state] += n
    became = [_became(row) for row in rows]
    by_channel: dict[str, list[timedelta]] = defaultdict(list)
    for row in arrived:
        if row.submitted_at is not None:
            by_channel[row.channel].append(row.arrived_at - row.submitted_at)
    by_people = [
        row.decided_at - row.submitted_at
        for row, what in zip(rows, became, strict=True)
        if row.decided_at is not None and what in ("approved", "refused")
    ]
    return Figures(
        first,
        _days(first, local_date(now), zip(rows, became, strict=True)),
        {what: became.count(what) for what in BECAME},
        _shares(zip((row.reason or "other" for row in rows), became, strict=True)),
        _shares((row.rule, what) for row, what in zip(rows, became, strict=True) if row.rule),
        took("", by_people),
        tuple(found for name in sorted(by_channel) if (found := took(name, by_channel[name]))),
        tuple(Late(name, currency, n, int(minor), since) for name, currency, n, minor, since in late),
        undecided,
    )


def took(name: str, spans: Sequence[timedelta]) -> Took | None:
    """None where they are too few."""
    return None if len(spans) < LEAST else Took(name, len(spans), *half_and_most(spans))


def _became(row: Any) -> str:
    if row.state == "withdrawn":
        return "taken_back"
    if row.approved_minor:
        return "at_once" if row.decided_by == "system:portal" else "approved"
    if row.decided_at is not None and row.state in ("rejected", "closed"):
        return "refused"
    return "taken_back" if row.state == "closed" else "open"


def _days(first: date, last: date, rows: Iterable[tuple[Any, str]]) -> tuple[Day, ...]:
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    for row, what in rows:
        counts[local_date(row.submitted_at)][what] += 1
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(Day(day, {what: counts[day][what] for what in BECAME}) for day in every)


def _shares(named: Iterable[tuple[str, str]]) -> tuple[Share, ...]:
    """Most cases first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, what in named:
        counts[name][what] += 1
    found = []
    for name, became in counts.items():
        approved = became["at_once"] + became["approved"]
        found.append(Share(name, became.total(), approved + became["refused"], approved))
    return tuple(sorted(found, key=lambda share: (-share.n, share.name)))
