"""Versions that are published to begin later, and calling one off before it does (R6.3).

Nothing that applies changes by it: what holds today holds on. So one person may do it alone, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from core.adapters.tables import from_micros, policy_drafts, to_micros
from core.adapters.tables import policies as policies_table
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NoSuchVersion, PolicyBegun, PolicyCalledOff, PolicyFollowed
from core.services import policies, policy_publishing
from core.services.commands import once

# A request reads the time before it asks which version holds, and another machine's clock may be ahead.
AHEAD: Final = timedelta(minutes=1)
SHOWN: Final = 5  # of those that were called off, the newest

_v = policies_table.c
_WITH_DRAFT: Final = policies_table.outerjoin(policy_drafts, policy_drafts.c.version == _v.version)
_OF_DRAFT: Final = (policy_drafts.c.id.label("draft_id"), policy_drafts.c.meant)

_CALLED_OFF: Final = (
    select(
        _v.version,
        _v.called_off_from.label("would_begin"),
        _v.called_off_at.label("at"),
        _v.called_off_by.label("by"),
        _v.called_off_because.label("because"),
        _OF_DRAFT[0],
    )
    .select_from(_WITH_DRAFT)
    .where(_v.called_off_at.is_not(None))
)


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
    followed_by: int | None = None  # a newer one that begins after it: that one has to be called off first


@dataclass(frozen=True, slots=True)
class Version:
    """`state`: past, in_force, coming or called_off (then `begins_at` is its former day)."""

    version: int
    state: str
    begins_at: datetime
    author: str
    approved_by: str
    called_off_by: str | None
    because: str


@dataclass(frozen=True, slots=True)
class Left:
    """What there is once a version was called off: `version` is in force, and `coming` begins later."""

    version: int
    coming: tuple[tuple[int, datetime], ...]


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
    """What begins later, the soonest first."""
    policies.may(actor)
    now = app.now()
    columns = (_v.version, _v.in_force_from.label("begins_at"), _v.author, _v.approved_by, *_OF_DRAFT)
    query = select(*columns).select_from(_WITH_DRAFT).where(_v.in_force_from > now)
    query = query.order_by(_v.in_force_from, _v.version)
    with app.read() as conn:
        found = conn.execute(query).all()
    times = {row.version: row.begins_at for row in found}
    return tuple(Coming(**row._mapping, followed_by=_follower(row.version, times)) for row in found)


def _follower(version: int, times: dict[int, datetime]) -> int | None:
    """The newest version that was written on top of this one and begins after it."""
    newer = [other for other, at in times.items() if other > version and at >= times[version]]
    return max(newer, default=None)


def called_off(app: App, actor: Actor) -> tuple[CalledOff, ...]:
    """What was called off, the newest first."""
    policies.may(actor)
    query = _CALLED_OFF.order_by(_v.called_off_at.desc(), _v.version.desc()).limit(SHOWN)
    with app.read() as conn:
        return tuple(CalledOff(**row._mapping) for row in conn.execute(query))


def versions(app: App) -> tuple[Version, ...]:
    """Every version that was published, by its beginning, former or real; for whoever runs the portal."""
    now = app.now()
    begins = func.coalesce(_v.in_force_from, _v.called_off_from).label("begins_at")
    query = select(policies_table, begins).where(begins.is_not(None)).order_by(begins, _v.version)
    with app.read() as conn:
        found, holds = conn.execute(query).all(), policies.in_force(app, conn, now)[0]
    return tuple(
        Version(
            row.version,
            "called_off" if row.called_off_at is not None
            else "in_force" if row.version == holds
            else "coming" if row.begins_at > now
            else "past",
            row.begins_at, row.author, row.approved_by, row.called_off_by, row.called_off_because,
        )
        for row in found
    )  # fmt: skip


def one_called_off(app: App, actor: Actor, version: int) -> CalledOff | None:
    """Who called off this version, and why; None: nobody did."""
    policies.may(actor)
    with app.read() as conn:
        row = conn.execute(_CALLED_OFF.where(_v.version == version)).one_or_none()
    return None if row is None else CalledOff(**row._mapping)


def call_off(app: App, actor: Actor, version: int, because: str, command_id: str) -> Left:
    """Let a version never begin; answers what is left. `NoSuchVersion`; `PolicyBegun` from a minute before it
    begins; `PolicyFollowed` where a newer one is scheduled after it, which was written on top of it;
    `PolicyCalledOff`; `MeaningRequired`.
    """
    policies.may(actor)
    words = policies.said(because)

    def work(conn: Connection, _: None) -> dict[str, Any]:
        row = conn.execute(select(policies_table).where(_v.version == version)).one_or_none()
        if row is None or (row.in_force_from is None and row.called_off_at is None):  # of a trial: no version
            raise NoSuchVersion(version=version)
        if row.called_off_at is not None:
            raise PolicyCalledOff(version=version)
        now = app.now()  # read after the lock: whoever waited for it may be too late
        if row.in_force_from <= now + AHEAD:
            raise PolicyBegun(version=version)
        begins = conn.execute(select(_v.version, _v.in_force_from).where(_v.in_force_from > now))
        times = {found.version: found.in_force_from for found in begins}
        follower = _follower(version, times)
        if follower is not None:
            raise PolicyFollowed(version=follower, called=version)
        gone = {"in_force_from": None, "called_off_from": row.in_force_from, "called_off_at": now}
        gone |= {"called_off_by": actor.id, "called_off_because": words}
        conn.execute(update(policies_table).where(_v.version == version).values(gone))
        coming = sorted((to_micros(at), other) for other, at in times.items() if other != version)
        return {"version": policies.in_force(app, conn, now)[0], "coming": coming}

    kind = f"call off policy {version}"
    done = once(app, actor, command_id, kind, policy_publishing.in_line, work)
    return Left(done["version"], tuple((other, from_micros(at)) for at, other in done["coming"]))
