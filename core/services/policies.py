"""Policies in the database: which one is in force when. A published document never changes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from core.adapters.prepared import Prepared
from core.adapters.tables import from_micros, policies
from core.adapters.world import App
from core.domain import policy as documents
from core.domain.actors import Actor
from core.domain.errors import (
    MeaningRequired,
    NotAllowed,
    NotFound,
    TextTooLong,
)
from core.domain.policy import Policy

IN_FORCE: Final = Prepared(
    select(policies.c.version)
    .where(policies.c.in_force_from <= bindparam("at", type_=policies.c.in_force_from.type))
    .order_by(policies.c.in_force_from.desc(), policies.c.version.desc())
    .limit(1)
)
_TIMELINE: Final = Prepared(
    select(policies.c.version, policies.c.in_force_from)
    .where(policies.c.in_force_from.is_not(None))
    .order_by(policies.c.in_force_from, policies.c.version)
)
ROLES: Final = ("policy", "lead")  # who works on policies
LONGEST: Final = 500  # characters of what is meant by a draft, and of why something was turned down
BEGINNING: Final = from_micros(0)  # of the first version, which setup publishes
NEWEST: Final = (
    select(policies.c.version, policies.c.author, policies.c.sha256)
    .where(policies.c.in_force_from.is_not(None))
    .order_by(policies.c.version.desc())
    .limit(1)
)
_LAST: Final = (
    select(policies.c.version, policies.c.in_force_from)
    .where(policies.c.in_force_from.is_not(None))
    .order_by(policies.c.in_force_from.desc(), policies.c.version.desc())
    .limit(1)
)
_NEXT: Final = (
    select(policies.c.version, policies.c.in_force_from)
    .where(policies.c.in_force_from > bindparam("at", type_=policies.c.in_force_from.type))
    .order_by(policies.c.in_force_from, policies.c.version.desc())
    .limit(1)
)
_DOCUMENT: Final = select(policies.c.document).where(policies.c.version == bindparam("version"))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every published version by its beginning, those to come too: `versions[i]` from `begins[i]` on."""

    begins: tuple[datetime, ...]
    versions: tuple[int, ...]

    def at(self, instant: datetime) -> int | None:
        """The version in force then; None: none was."""
        place = bisect_right(self.begins, instant)
        return self.versions[place - 1] if place else None

    def since(self, version: int) -> datetime | None:
        """From when a version is in force; None: from the beginning, or never."""
        begins = dict(zip(self.versions, self.begins, strict=True)).get(version)
        return None if begins == BEGINNING else begins


def timeline(conn: Connection) -> Timeline:
    rows = _TIMELINE.all(conn, {})
    return Timeline(tuple(row.in_force_from for row in rows), tuple(row.version for row in rows))


def in_force(app: App, conn: Connection, at: datetime) -> tuple[int, Policy]:
    """Version and policy in force at `at`; `NotFound(what='policy')` before the first was published."""
    row = IN_FORCE.first(conn, {"at": at})
    if row is None:
        raise NotFound(what="policy")
    return row.version, get(app, conn, row.version)


def begins(conn: Connection, version: int) -> datetime:
    """From when this version is in force."""
    beginning: datetime = conn.execute(
        select(policies.c.in_force_from).where(policies.c.version == version)
    ).scalar_one()
    return beginning


def next_after(conn: Connection, at: datetime) -> tuple[int, datetime] | None:
    """Version and beginning of the policy that comes into force next after `at`, if one is published."""
    row = conn.execute(_NEXT, {"at": at}).first()
    return None if row is None else (row.version, row.in_force_from)


def current(app: App) -> tuple[int, Policy]:
    """`in_force` now, for a screen."""
    now = app.now()
    with app.glance() as conn:
        return in_force(app, conn, now)


def last_document(app: App) -> tuple[int, str, datetime]:
    """Version, text and beginning of the document that holds once everything published has begun."""
    with app.read() as conn:
        version, begins_at = last(conn)
        document: str = conn.execute(_DOCUMENT, {"version": version}).scalar_one()
    return version, document, begins_at


def earlier(app: App, most: int) -> tuple[int, ...]:
    """Published versions that are in force or were, the newest first, without the one that holds last: what
    one goes back to.
    """
    with app.read() as conn:
        newest, known = last(conn)[0], timeline(conn)
    return tuple(version for version in reversed(known.versions) if version != newest)[:most]


def document(app: App, version: int) -> str:
    """The text of a version; `NotFound(what='policy')`."""
    with app.read() as conn:
        found = conn.execute(_DOCUMENT, {"version": version}).scalar()
    if found is None:
        raise NotFound(what="policy")
    return str(found)


def is_published(app: App, version: int) -> bool:
    """Whether this number is of a version that was published, though it may have been called off since; one
    of a trial was not.
    """
    one = (
        policies.c.version == version,
        policies.c.in_force_from.is_not(None) | policies.c.called_off_at.is_not(None),
    )
    with app.read() as conn:
        return conn.execute(select(policies.c.version).where(*one)).first() is not None


def may(actor: Actor) -> None:
    """`NotAllowed` for whoever does not work on policies."""
    if actor.role not in ROLES:
        raise NotAllowed(role=actor.role)


def said(text: str) -> str:
    """What a person says about a policy, in one line; `MeaningRequired`, `TextTooLong`."""
    words = " ".join(text.split())
    if not words:
        raise MeaningRequired()
    if len(words) > LONGEST:
        raise TextTooLong(limit=LONGEST, length=len(words))
    return words


def last(conn: Connection) -> tuple[int, datetime]:
    """Version that holds once everything published has begun, and from when: what a new one is an edit of."""
    row = conn.execute(_LAST).one()
    return row.version, row.in_force_from


def of_version(app: App, version: int) -> Policy:
    """The policy that a case is decided by; from this process's memory after the first time."""
    known = app.policies.get(version)
    if known is not None:
        return known
    with app.read() as conn:
        return get(app, conn, version)


def get(app: App, conn: Connection, version: int) -> Policy:
    """The policy of `version`. Read once per process: documents are immutable."""
    known = app.policies.get(version)
    if known is None:
        document = conn.execute(_DOCUMENT, {"version": version}).scalar()
        if document is None:
            raise NotFound(what="policy")
        known = app.policies[version] = documents.cached(document)
    return known


def newest(app: App) -> int | None:
    """The version that was published last, in force or not."""
    with app.read() as conn:
        row = conn.execute(NEWEST).first()
    return None if row is None else int(row.version)
