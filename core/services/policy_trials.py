"""Trying a policy that is asked for: beside the one in force, unseen, or really, for a share of the orders.

The shadow acts on nothing, so one person starts it. A share acts on money: another person agrees, as to a
policy that is put in force (invariant 13). Any of them stops it, alone and at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from core.adapters.tables import cases, policy_drafts, policy_trials, trial_answers
from core.adapters.world import App
from core.domain.actors import Actor, same_person
from core.domain.errors import (
    DraftDecided,
    NotFound,
    PolicyMovedOn,
    SamePerson,
    ShareOutOfRange,
    TrialEnded,
    TrialRunning,
    TrialsFull,
)
from core.domain.trials import LEAST, MOST, MOST_SHADOWS
from core.services import policies, policy_publishing
from core.services.commands import once

EXAMPLES: Final = 4  # requests to look at
PAIRS: Final = 5  # pairs of rules that differ, most requests first

_t, _a, _d = policy_trials.c, trial_answers.c, policy_drafts.c
_SHOWN: Final = select(policy_trials, _d.author, _d.meant).join(
    policy_drafts, policy_drafts.c.id == _t.draft_id
)
_NOT_SHOWN: Final = ("secret",)


@dataclass(frozen=True, slots=True)
class Trial:
    """`kind`: shadow or share. `state`: asked (a share, for a second person), running, ended (`cause`)."""

    id: int
    draft_id: int
    kind: str
    state: str
    percent: int
    version: int | None
    asked_by: str
    asked_at: datetime
    agreed_by: str | None
    begun_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    cause: str
    author: str  # of the draft
    meant: str

    def may_agree(self, actor: Actor) -> bool:
        """Somebody else than who asks for it and than who wrote it."""
        return self.state == "asked" and not any(
            same_person(actor.id, person) for person in (self.asked_by, self.author)
        )


@dataclass(frozen=True, slots=True)
class Example:
    """One request that was answered otherwise. Amounts arrive, or would; None: nothing does."""

    case_no: str
    real: tuple[str, str, int | None]  # verdict, rule, minor units
    shadow: tuple[str, str, int | None]
    currency: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What has accrued: of a shadow, by what it would be for the customer; of a share, its requests."""

    answers: int
    same: int
    better: int
    worse: int
    pairs: tuple[tuple[str, str, int], ...]  # the rule that decided, the one that would have, requests
    examples: tuple[Example, ...]
    cases: int


def of_draft(app: App, actor: Actor, draft_id: int) -> tuple[Trial, ...]:
    """The newest first."""
    return _found(app, actor, _t.draft_id == draft_id)


def going_on(app: App, actor: Actor) -> tuple[Trial, ...]:
    """All that are asked for or running, shares first."""
    return _found(app, actor, _t.state != "ended")


def _found(app: App, actor: Actor, which: Any) -> tuple[Trial, ...]:
    policies.may(actor)
    with app.read() as conn:
        rows = conn.execute(_SHOWN.where(which).order_by(_t.kind, _t.id.desc())).all()
    return tuple(_trial(row) for row in rows)


def _trial(row: Row[Any]) -> Trial:
    return Trial(**{name: value for name, value in row._mapping.items() if name not in _NOT_SHOWN})


def seen(app: App, actor: Actor, trial: Trial) -> Seen:
    """What came of it so far."""
    policies.may(actor)
    with app.read() as conn:
        mine = _a.trial_id == trial.id
        counts: dict[int, int] = {
            better: n
            for better, n in conn.execute(select(_a.better, func.count()).where(mine).group_by(_a.better))
        }
        differs = (_a.real_rule != _a.rule) | (_a.better != 0)
        n = func.count()
        pairs = conn.execute(
            select(_a.real_rule, _a.rule, n)
            .where(mine, differs)
            .group_by(_a.real_rule, _a.rule)
            .order_by(n.desc(), _a.real_rule, _a.rule)
            .limit(PAIRS)
        ).all()
        rows = conn.execute(
            select(trial_answers).where(mine, differs).order_by(_a.at.desc(), _a.case_no).limit(EXAMPLES)
        ).all()
        under = 0
        if trial.version is not None:
            of_version = cases.c.policy_version == trial.version
            under = conn.execute(select(func.count()).where(of_version, cases.c.last_seq > 0)).scalar_one()
    return Seen(
        sum(counts.values()),
        counts.get(0, 0),
        counts.get(1, 0),
        counts.get(-1, 0),
        tuple((real, rule, count) for real, rule, count in pairs),
        tuple(
            Example(
                row.case_no,
                (row.real_verdict, row.real_rule, row.real_minor),
                (row.verdict, row.rule, row.minor),
                row.currency,
            )
            for row in rows
        ),
        under,
    )


def start_shadow(app: App, actor: Actor, draft_id: int, command_id: str) -> int:
    """Let a draft decide beside what is in force, without a word to anybody; answers the trial's number.
    `TrialsFull(most)`, `TrialRunning` where it does so already.
    """

    def work(conn: Connection, draft: Row[Any]) -> dict[str, Any]:
        is_shadow = (_t.kind == "shadow", _t.state != "ended")
        open_ones = conn.execute(select(_t.draft_id).where(*is_shadow)).scalars().all()
        if draft.id in open_ones:
            raise TrialRunning()
        if len(open_ones) >= MOST_SHADOWS:
            raise TrialsFull(most=MOST_SHADOWS)
        at = app.now()
        return _add(conn, actor, draft, at, kind="shadow", state="running", percent=0, begun_at=at)

    return _ask(app, actor, draft_id, command_id, "start a shadow", work)


def ask_share(app: App, actor: Actor, draft_id: int, percent: int, command_id: str) -> int:
    """Ask a second person to let a draft really decide this share of the orders: `ShareOutOfRange`,
    `TrialRunning` where another share is asked for or running.
    """
    if isinstance(percent, bool) or not LEAST <= percent <= MOST:
        raise ShareOutOfRange(least=LEAST, most=MOST)

    def work(conn: Connection, draft: Row[Any]) -> dict[str, Any]:
        _is_current(conn, draft)
        if conn.execute(select(_t.id).where(_t.kind == "share", _t.state != "ended")).first():
            raise TrialRunning()
        return _add(conn, actor, draft, app.now(), kind="share", state="asked", percent=percent)

    return _ask(app, actor, draft_id, command_id, f"ask for a share of {percent}", work)


def agree(app: App, actor: Actor, trial_id: int, command_id: str, *, despite: int | None = None) -> int:
    """Let it begin, for requests from now on; answers the version that decides them. `SamePerson` for who
    asked for it and for its author, `PolicyMovedOn` where another version was published meanwhile,
    `PolicyUnsound` how many faults the draft has unless `despite` is that number.
    """

    def work(conn: Connection, row: Row[Any]) -> dict[str, Any]:
        if row.state != "asked":
            raise TrialEnded()
        if same_person(actor.id, row.asked_by) or same_person(actor.id, row.author):
            raise SamePerson()
        draft = conn.execute(select(policy_drafts).where(_d.id == row.draft_id)).one()
        _is_current(conn, draft)
        accepted = policy_publishing.accept(draft.document, despite)
        people = {"author": draft.author, "approved_by": actor.id}
        version = policy_publishing.store(
            app, conn, draft.document, **people, in_force_from=None, despite=accepted
        )
        begun = {"state": "running", "version": version, "agreed_by": actor.id, "begun_at": app.now()}
        conn.execute(update(policy_trials).where(_t.id == trial_id).values(begun))
        return {"version": version}

    return int(_decide(app, actor, trial_id, command_id, "agree to", work)["version"])


def stop(app: App, actor: Actor, trial_id: int, command_id: str) -> None:
    """At once and alone: once this has returned nothing more is sent under it. What was sent keeps its
    version. A share that is only asked for is turned down by it; one that has ended stays as it is.
    """

    def work(conn: Connection, row: Row[Any]) -> dict[str, Any]:
        if row.state != "ended":
            # Read after the lock: whatever was sent under it was sent before.
            ended = {"state": "ended", "ended_by": actor.id, "ended_at": app.now(), "cause": "stopped"}
            conn.execute(update(policy_trials).where(_t.id == trial_id).values(ended))
        return {}

    _decide(app, actor, trial_id, command_id, "stop", work)


def _add(conn: Connection, actor: Actor, draft: Row[Any], at: datetime, **values: Any) -> dict[str, Any]:
    values |= {"draft_id": draft.id, "secret": secrets.token_hex(16), "asked_by": actor.id, "asked_at": at}
    return {"id": conn.execute(insert(policy_trials).values(values).returning(_t.id)).scalar_one()}


def _is_current(conn: Connection, draft: Row[Any]) -> None:
    """An edit of what is not the last word any more would try something that nobody wants."""
    version = policies.last(conn)[0]
    if version != draft.based_on:
        raise PolicyMovedOn(version=version)


def _ask(
    app: App,
    actor: Actor,
    draft_id: int,
    command_id: str,
    kind: str,
    work: Callable[[Connection, Row[Any]], dict[str, Any]],
) -> int:
    policies.may(actor)

    def hold(conn: Connection) -> Row[Any]:
        policy_publishing.in_line(conn)  # at most so many shadows, at most one share
        row = conn.execute(select(policy_drafts).where(_d.id == draft_id).with_for_update()).one_or_none()
        if row is None:
            raise NotFound()
        return row

    def begin(conn: Connection, draft: Row[Any]) -> dict[str, Any]:
        if draft.state != "open":
            raise DraftDecided()
        return work(conn, draft)

    return int(once(app, actor, command_id, f"{kind}: policy draft {draft_id}", hold, begin)["id"])


def _decide(
    app: App,
    actor: Actor,
    trial_id: int,
    command_id: str,
    kind: str,
    work: Callable[[Connection, Row[Any]], dict[str, Any]],
) -> dict[str, Any]:
    policies.may(actor)

    def hold(conn: Connection) -> Row[Any]:
        policy_publishing.in_line(conn)
        held = conn.execute(select(_t.id).where(_t.id == trial_id).with_for_update()).one_or_none()
        if held is None:
            raise NotFound()
        return conn.execute(_SHOWN.where(_t.id == trial_id)).one()

    return once(app, actor, command_id, f"{kind} policy trial {trial_id}", hold, work)
