"""A policy over the shop's own history: what the requests of a period would be told, beside what they are
told by another one (R6.3).

The facts are those of the day on which each request was sent, as the decision kept them. What was never sent,
because the page said no, is not among them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from sqlalchemy import bindparam, func, select

from core.adapters.tables import case_events, cases
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.effects import Effect, Seen, effect
from core.domain.errors import NotAllowed
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.policy import Policy
from core.domain.simulation import Outcome, simulate
from core.domain.table import VERDICTS

ROLES: Final = ("policy", "lead")  # who tries policies
MOST: Final = 100_000  # requests that are looked at, the newest
SHOWN: Final = 5  # case numbers that are named of each move

REVIEW_MINUTES: Final = 10  # of one decision by a person, where too few were made here to tell
PAUSE: Final = timedelta(minutes=30)  # a longer gap between one person's decisions is no work on a case
LEAST: Final = 20  # fewer make no median
_LOOKED_AT: Final = 20_000  # of people's decisions, the newest

_e, _c = case_events.c, cases.c
_DECIDED: Final = (
    select(_e.case_no, _e.body, _e.to_state, _c.state, _c.decided_by, _c.approved_minor)
    .join_from(case_events, cases, _c.case_no == _e.case_no)
    .where(_e.from_state == "screening", _e.at >= bindparam("since", type_=_e.at.type))
    .order_by(_e.case_no.desc(), _e.seq.desc())
    .limit(MOST)
)
_STAMP: Final = select(func.count(), func.sum(_c.last_seq))
_OPEN: Final = ("in_review", "awaiting_customer", "in_arbitration", "in_appeal", "screening", "draft")
_BY_PEOPLE: Final = (
    select(_e.actor_id, _e.at)
    .where(
        _e.actor_role.in_(("reviewer", "lead", "arbiter")),
        _e.from_state.in_(("in_review", "in_appeal", "in_arbitration")),
        _e.at >= bindparam("since", type_=_e.at.type),
    )
    .order_by(_e.at.desc())
    .limit(_LOOKED_AT)
)


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests as they were sent: `case_nos[i]` is row i of `history`, and `seen` what became of it."""

    case_nos: tuple[str, ...]
    history: History
    seen: Seen


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows whose verdict differs. `asked_minor`: what they ask for, by currency; `case_nos`: some of them."""

    before: str
    after: str
    rows: int
    asked_minor: dict[str, int]
    case_nos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """What each policy tells the same requests, and what that costs."""

    before: Outcome
    after: Outcome
    moves: tuple[Moved, ...]
    was: Effect
    will: Effect


@dataclass(frozen=True, slots=True)
class Handling:
    """Minutes of a person for one decision: the median of `decisions` here; of none, `REVIEW_MINUTES`."""

    minutes: int
    decisions: int


def sent_since(app: App, actor: Actor, since: datetime) -> Sent:
    """The newest `MOST` requests from then on; one that was sent again counts each time. `NotAllowed` but for
    `ROLES`.
    """
    _may(actor)
    numbers: list[str] = []
    rows: list[Facts] = []
    seen: list[tuple[bool, int]] = []
    with app.read() as conn:
        for row in conn.execute(_DECIDED, {"since": since}):
            is_last = not numbers or numbers[-1] != row.case_no
            numbers.append(row.case_no)
            rows.append(Facts.from_dict(json.loads(row.body)["facts"]))
            seen.append(_became(row, is_last))
    return Sent(
        tuple(numbers),
        History.of(rows),
        Seen(
            np.array([known for known, _ in seen], np.bool_), np.array([minor for _, minor in seen], np.int64)
        ),
    )


def _became(row: Any, is_last: bool) -> tuple[bool, int]:
    """Whether people decided this request, and what they granted. One that was sent again was refused."""
    if not is_last:
        return row.to_state == "in_review", 0
    granted = int(row.approved_minor or 0)
    if granted:
        return row.decided_by != str(SYSTEM), granted
    return row.to_state == "in_review" and row.state not in _OPEN, 0


def stamp(app: App, actor: Actor) -> tuple[int, int]:
    """What is another whenever `sent_since` or `handling` might be: how many cases and how many events are
    there. Cases and events never go.
    """
    _may(actor)
    with app.read() as conn:
        count, events = conn.execute(_STAMP).one()
    return int(count), int(events or 0)


def handling(app: App, actor: Actor, since: datetime) -> Handling:
    """How long a person has for one decision: from their decision before it, pauses left out."""
    _may(actor)
    by_person: dict[str, list[datetime]] = defaultdict(list)
    with app.read() as conn:
        for person, at in conn.execute(_BY_PEOPLE, {"since": since}):
            by_person[person].append(at)
    gaps = sorted(
        later - earlier
        for times in by_person.values()
        for later, earlier in pairwise(times)
        if later - earlier <= PAUSE
    )
    if len(gaps) < LEAST:
        return Handling(REVIEW_MINUTES, 0)
    return Handling(max(1, round(gaps[len(gaps) // 2] / timedelta(minutes=1))), len(gaps))


def replay(sent: Sent, before: Policy, after: Policy) -> Replay:
    """Both policies over the same requests."""
    was, will = simulate(sent.history, before), simulate(sent.history, after)
    return Replay(
        was,
        will,
        tuple(_moves(sent, was, will)),
        effect(sent.history, before, was, sent.seen),
        effect(sent.history, after, will, sent.seen),
    )


def _may(actor: Actor) -> None:
    if actor.role not in (*ROLES, "system"):
        raise NotAllowed(role=actor.role)


def _moves(sent: Sent, was: Outcome, will: Outcome) -> Iterator[Moved]:
    """The most numerous first."""
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in map(int, np.flatnonzero(was.moved(will))):
        rows[int(was.verdict[row]), int(will.verdict[row])].append(row)
    history = sent.history
    for (before, after), found in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        asked: dict[str, int] = defaultdict(int)
        for row in found:
            asked[history.currencies[history.currency[row]]] += int(history.requested_minor[row])
        names = tuple(sent.case_nos[row] for row in found[:SHOWN])
        yield Moved(VERDICTS[before], VERDICTS[after], len(found), dict(asked), names)
