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
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import bindparam, select

from core.adapters.tables import case_events
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.policy import Policy
from core.domain.simulation import Outcome, simulate
from core.domain.table import VERDICTS

ROLES: Final = ("policy", "lead")  # who tries policies
MOST: Final = 100_000  # requests that are looked at, the newest
SHOWN: Final = 5  # case numbers that are named of each move

_e = case_events.c
_DECIDED: Final = (
    select(_e.case_no, _e.body)
    .where(_e.from_state == "screening", _e.at >= bindparam("since", type_=_e.at.type))
    .order_by(_e.case_no.desc(), _e.seq)
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests as they were sent: `case_nos[i]` is row i of `history`."""

    case_nos: tuple[str, ...]
    history: History


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
    """What each policy tells the same requests."""

    before: Outcome
    after: Outcome
    moves: tuple[Moved, ...]


def sent_since(app: App, actor: Actor, since: datetime) -> Sent:
    """The newest `MOST` requests from then on; one that was sent again counts each time. `NotAllowed` but for
    `ROLES`.
    """
    if actor.role not in (*ROLES, "system"):
        raise NotAllowed(role=actor.role)
    numbers: list[str] = []
    rows: list[Facts] = []
    with app.read() as conn:
        for case_no, body in conn.execute(_DECIDED, {"since": since}):
            numbers.append(case_no)
            rows.append(Facts.from_dict(json.loads(body)["facts"]))
    return Sent(tuple(numbers), History.of(rows))


def replay(sent: Sent, before: Policy, after: Policy) -> Replay:
    """Both policies over the same requests."""
    was, will = simulate(sent.history, before), simulate(sent.history, after)
    return Replay(was, will, tuple(_moves(sent, was, will)))


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
