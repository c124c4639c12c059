"""Versions that are published to begin later, and calling one off before it does (R6.3).

Nothing that applies changes by it: what holds today holds on. So one person may do it alone, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select, update

from core.adapters.tables import policies as versions
from core.adapters.tables import policy_drafts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotFound, PolicyBegun, PolicyCalledOff, PolicyFollowed
from core.services import policies
from core.services.commands import once

# A request reads the time before it asks which version holds, and another machine's clock may be ahead.
AHEAD: Final = timedelta(minutes=1)
SHOWN: Final = 5  # of those that were called off, the newest

_v = versions.c
_WITH_DRAFT: Final = versions.outerjoin(policy_drafts, policy_drafts.c.version == _v.version)
_OF_DRAFT: Final = (policy_drafts.c.id.label("draft_id"), policy_drafts.c.meant)


@dataclass(frozen=True, slots=True)
class Coming:
    """A version that begins later. `approved_by` put it there; `draft_id`, what it was asked for as, and what
    was `meant` by it: None for one that was published by the command line.
    """

    version: int
    begins_at: datetime
    author: str
    approved_by: str
    draft_id: int | None
    meant: str | None


@dataclass(frozen=True, slots=True)
class CalledOff:
    """A version that never began: it was to do so at `would_begin`."""

    version: int
    would_begin: datetime
    at: datetime
    by: str
    because: str
    draft_id: int | None


def coming(app: App, actor: Actor) -> tuple[Coming, ...]:
    """What begins later, the soonest first: the last one can be called off."""
    policies.may(actor)
    now = app.now()
    columns = (_v.version, _v.in_force_from.label("begins_at"), _v.author, _v.approved_by, *_OF_DRAFT)
    query = select(*columns).select_from(_WITH_DRAFT).where(_v.in_force_from > now)
    query = query.order_by(_v.in_force_from, _v.version)
    with app.read() as conn:
        return tuple(Coming(**row._mapping) for row in conn.execute(query))


def called_off(app: App, actor: Actor) -> tuple[CalledOff, ...]:
    """What was called off, the newest first."""
    policies.may(actor)
    columns = (
        _v.version,
        _v.called_off_from.label("would_begin"),
        _v.called_off_at.label("at"),
        _v.called_off_by.label("by"),
        _v.called_off_because.label("because"),
        _OF_DRAFT[0],
    )
    query = select(*columns).select_from(_WITH_DRAFT).where(_v.called_off_at.is_not(None))
    query = query.order_by(_v.called_off_at.desc(), _v.version.desc()).limit(SHOWN)
    with app.read() as conn:
        return tuple(CalledOff(**row._mapping) for row in conn.execute(query))


def call_off(app: App, actor: Actor, version: int, because: str, command_id: str) -> int:
    """Let a version never begin; answers the one that holds on in its place. `NotFound`; `PolicyBegun` from
    a minute before it begins; `PolicyFollowed` where another one is scheduled after it, which was written on
    top of it; `PolicyCalledOff`.
    """
    policies.may(actor)
    words = policies.said(because)

    def work(conn: Connection, _: None) -> dict[str, Any]:
        row = conn.execute(select(versions).where(_v.version == version)).one_or_none()
        if row is None or (row.in_force_from is None and row.called_off_at is None):  # of a trial: no version
            raise NotFound(what="policy")
        if row.called_off_at is not None:
            raise PolicyCalledOff(version=version)
        now = app.now()  # read after the lock: whoever waited for it may be too late
        if row.in_force_from <= now + AHEAD:
            raise PolicyBegun(version=version)
        last = policies.last(conn)[0]
        if last != version:
            raise PolicyFollowed(version=last, called=version)
        gone = {"in_force_from": None, "called_off_from": row.in_force_from, "called_off_at": now}
        gone |= {"called_off_by": actor.id, "called_off_because": words}
        conn.execute(update(versions).where(_v.version == version).values(gone))
        return {"version": policies.last(conn)[0]}

    return int(once(app, actor, command_id, f"call off policy {version}", policies.in_line, work)["version"])
