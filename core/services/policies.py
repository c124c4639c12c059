"""Policies in the database: which one is in force when. A published document never changes."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from core.adapters.prepared import Prepared
from core.adapters.tables import from_micros, policies, policy_trials
from core.adapters.world import App
from core.domain import policy as documents
from core.domain.actors import Actor, same_person
from core.domain.analysis import Analysis, analyse
from core.domain.errors import (
    MeaningRequired,
    NotAllowed,
    NotFound,
    PolicyEntangled,
    PolicyFromThePast,
    PolicyUnchanged,
    PolicyUnsound,
    SamePerson,
    TextTooLong,
)
from core.domain.policy import Policy
from core.domain.regions import TooEntangled

_IN_FORCE: Final = Prepared(
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
_FIRST: Final = (
    select(policies.c.version).order_by(policies.c.version).limit(1).with_for_update(key_share=True)
)
_BEGINNING: Final = from_micros(0)  # of the first version, which setup publishes
SHIPPED_BY: Final = "portal"  # the author of what ships with the code
_NEWEST: Final = (
    select(policies.c.version, policies.c.author, policies.c.sha256)
    .where(policies.c.in_force_from.is_not(None))
    .order_by(policies.c.version.desc())
    .limit(1)
)
_SHA256: Final = select(policies.c.sha256).where(policies.c.version == bindparam("version"))
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
        return None if begins == _BEGINNING else begins


def timeline(conn: Connection) -> Timeline:
    rows = _TIMELINE.all(conn, {})
    return Timeline(tuple(row.in_force_from for row in rows), tuple(row.version for row in rows))


def in_force(app: App, conn: Connection, at: datetime) -> tuple[int, Policy]:
    """Version and policy in force at `at`; `NotFound(what='policy')` before the first was published."""
    row = _IN_FORCE.first(conn, {"at": at})
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


def in_line(conn: Connection) -> None:
    """Whoever changes what is to hold stands in line here, before anything else is locked: what is the last
    version stays so until the end of the transaction. Requests do not wait for it.
    """
    conn.execute(_FIRST).first()


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


def ensure_shipped(app: App, name: str = "standard") -> int:
    """Publish the shipped policy `name` when there is none yet, in force from the beginning; answers the
    version. In the demo a changed file is the next version, in force at once: that is what a demo is for.
    """
    with app.begin() as conn:
        newest = conn.execute(_NEWEST).first()
        if newest is not None and not (app.demo and _differs(newest, name)):
            return int(newest.version)
        return publish(
            app,
            conn,
            document := documents.shipped(name),
            author=SHIPPED_BY,
            approved_by="setup",
            in_force_from=_BEGINNING if newest is None else None,
            despite=faults(document) or None,  # a shop begins with what ships, as it is
        )


def newest(app: App) -> int | None:
    """The version that was published last, in force or not."""
    with app.read() as conn:
        row = conn.execute(_NEWEST).first()
    return None if row is None else int(row.version)


def shipped_differs(app: App, name: str = "standard") -> bool:
    """The file was changed since it was published, and nothing else was: somebody may expect it in force."""
    with app.read() as conn:
        newest = conn.execute(_NEWEST).first()
    return newest is not None and _differs(newest, name)


def _differs(newest: Row[Any, Any, Any], name: str) -> bool:
    return bool(newest.author == SHIPPED_BY and newest.sha256 != _sha256(documents.shipped(name)))


def _sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def analysed(document: str) -> Analysis:
    """The analysis of a text; `PolicyInvalid`, `PolicyEntangled`."""
    found = _analysed(document)
    if found is None:
        raise PolicyEntangled()
    return found


@lru_cache(maxsize=16)
def _analysed(document: str) -> Analysis | None:
    """None is kept too: to find out that a table cannot be read takes longest of all."""
    try:
        return analyse(documents.load(document))
    except TooEntangled:
        return None


def faults(document: str) -> int:
    """How many findings of the analysis must be mended; `PolicyInvalid`, `PolicyEntangled`."""
    return analysed(document).faults


def accept(document: str, despite: int | None) -> int | None:
    """How many faults are accepted with it, None for none; `PolicyUnsound` unless `despite` is as many,
    `PolicyEntangled` whatever it is.
    """
    found = faults(document)
    if found and despite != found:
        raise PolicyUnsound(faults=found)
    return found or None


def publish(
    app: App,
    conn: Connection,
    document: str,
    *,
    author: str,
    approved_by: str,
    in_force_from: datetime | None = None,
    despite: int | None = None,
) -> int:
    """Store a checked document as the next version, in force from now or later; `PolicyInvalid` names what is
    wrong with it, `PolicyUnsound` how many faults it has unless `despite` is that number. Only the first
    version, which setup publishes, is in force from the beginning. A
    trial for a share of the orders ends: what it is tried against is another policy now.
    """
    _check(document, author, approved_by)
    accepted = accept(document, despite)
    in_line(conn)
    now = app.now()
    in_force_from = in_force_from or now
    if in_force_from < now and conn.execute(_NEWEST).first() is not None:
        raise PolicyFromThePast()
    before = _IN_FORCE.first(conn, {"at": in_force_from})
    if before is not None:
        known = conn.execute(_SHA256, {"version": before.version}).scalar()
        if known == _sha256(document):
            raise PolicyUnchanged(version=before.version)
    t = policy_trials.c
    ended = {"state": "ended", "ended_by": approved_by.strip(), "ended_at": now, "cause": "published"}
    conn.execute(update(policy_trials).where(t.kind == "share", t.state != "ended").values(ended))
    people = {"author": author, "approved_by": approved_by}
    return store(app, conn, document, **people, in_force_from=in_force_from, despite=accepted)


def store(
    app: App,
    conn: Connection,
    document: str,
    *,
    author: str,
    approved_by: str,
    in_force_from: datetime | None,
    despite: int | None = None,
) -> int:
    """The next version, by two people. `in_force_from` None: never in force, decides what it is tried on."""
    policy = _check(document, author, approved_by)
    last = conn.execute(select(func.max(policies.c.version))).scalar() or 0
    conn.execute(
        insert(policies).values(
            version=last + 1,
            name=policy.name,
            document=document,
            sha256=_sha256(document),
            author=author.strip(),
            approved_by=approved_by.strip(),
            in_force_from=in_force_from,
            created_at=app.now(),
            despite=despite,
        )
    )
    return last + 1


def _check(document: str, author: str, approved_by: str) -> Policy:
    if same_person(author, approved_by):
        raise SamePerson()
    return documents.load(document)
