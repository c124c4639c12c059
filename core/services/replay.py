"""A policy over the shop's own history: what the requests of a period would be told, beside what they are
told by another one (R6.3).

The facts are those of the day on which each request was sent, as the decision kept them. What was never sent,
because the page said no, is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import bindparam, func, select

from core.adapters import event_facts
from core.adapters.tables import case_events, cases
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.effects import Effect, Seen, effect
from core.domain.errors import NotAllowed
from core.domain.history import History
from core.domain.policy import Policy
from core.domain.simulation import Outcome, simulate
from core.domain.table import VERDICTS

ROLES: Final = ("policy", "lead")  # who tries policies
MOST: Final = 1_000_000  # requests that are looked at, the newest
_AT_ONCE: Final = 20_000  # of them in memory with all that their decision kept
SHOWN: Final = 5  # case numbers that are named of each move

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
class Told:
    """The answers of one policy and what they cost."""

    outcome: Outcome
    effect: Effect


@dataclass(frozen=True, slots=True)
class Replay:
    """What each policy tells the same requests, and what that costs."""

    before: Outcome
    after: Outcome
    moves: tuple[Moved, ...]
    was: Effect
    will: Effect


def sent_since(app: App, actor: Actor, since: datetime) -> Sent:
    """The newest `MOST` requests from then on; one that was sent again counts each time. `NotAllowed` but for
    `ROLES`.
    """
    may(actor)
    numbers: list[str] = []
    parts: list[History] = []
    seen: list[tuple[bool, int]] = []
    with app.read() as conn:
        for rows in conn.execute(_DECIDED, {"since": since}).partitions(_AT_ONCE):
            for row in rows:
                is_last = not numbers or numbers[-1] != row.case_no
                numbers.append(row.case_no)
                seen.append(_became(row, is_last))
            parts.append(event_facts.history([row.body for row in rows]))
    return Sent(
        tuple(numbers),
        History.joined(parts) if parts else History.of([]),
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
    """What is another whenever `sent_since` or `handling.measured` might be: how many cases and how many
    events are there. Cases and events never go.
    """
    may(actor)
    with app.read() as conn:
        count, events = conn.execute(_STAMP).one()
    return int(count), int(events or 0)


def told(sent: Sent, policy: Policy) -> Told:
    """What one policy tells the requests."""
    outcome = simulate(sent.history, policy)
    return Told(outcome, effect(sent.history, policy, outcome, sent.seen))


def replay(sent: Sent, before: Policy, after: Policy) -> Replay:
    """Both policies over the same requests."""
    return beside(sent, told(sent, before), told(sent, after))


def beside(sent: Sent, was: Told, will: Told) -> Replay:
    """The answers of two policies to the same requests."""
    moves = tuple(_moves(sent, was.outcome, will.outcome))
    return Replay(was.outcome, will.outcome, moves, was.effect, will.effect)


def may(actor: Actor) -> None:
    """`NotAllowed` but for `ROLES`."""
    if actor.role not in (*ROLES, "system"):
        raise NotAllowed(role=actor.role)


def _moves(sent: Sent, was: Outcome, will: Outcome) -> Iterator[Moved]:
    """The most numerous first."""
    history, many = sent.history, len(VERDICTS)
    rows = np.flatnonzero(was.moved(will))
    moves = was.verdict[rows].astype(np.int64) * many + will.verdict[rows]
    kinds, counts = np.unique(moves, return_counts=True)
    for place in np.argsort(-counts, kind="stable"):
        found = rows[moves == kinds[place]]
        before, after = divmod(int(kinds[place]), many)
        codes, amounts = history.currency[found], history.requested_minor[found]
        asked = {
            history.currencies[code]: int(amounts[codes == code].sum())
            for code in dict.fromkeys(codes.tolist())
        }
        names = tuple(sent.case_nos[row] for row in found[:SHOWN])
        yield Moved(VERDICTS[before], VERDICTS[after], len(found), asked, names)
