"""A policy is put in force: checked, accepted as it is, by two people, as the next version."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from core.adapters.tables import policies as table
from core.adapters.tables import policy_trials
from core.adapters.world import App
from core.domain import policy as documents
from core.domain.actors import same_person
from core.domain.analysis import Analysis, analyse
from core.domain.errors import PolicyEntangled, PolicyFromThePast, PolicyUnchanged, PolicyUnsound, SamePerson
from core.domain.policy import Policy
from core.domain.regions import TooEntangled
from core.services import policies

_FIRST: Final = select(table.c.version).order_by(table.c.version).limit(1).with_for_update(key_share=True)
_SHA256: Final = select(table.c.sha256).where(table.c.version == bindparam("version"))
SHIPPED_BY: Final = "portal"  # the author of what ships with the code


def in_line(conn: Connection) -> None:
    """Whoever changes what is to hold stands in line here, before anything else is locked: what is the last
    version stays so until the end of the transaction. Requests do not wait for it.
    """
    conn.execute(_FIRST).first()


def ensure_shipped(app: App, name: str = "standard") -> int:
    """Publish the shipped policy `name` when there is none yet, in force from the beginning; answers the
    version. In the demo a changed file is the next version, in force at once: that is what a demo is for.
    """
    with app.begin() as conn:
        newest = conn.execute(policies.NEWEST).first()
        if newest is not None and not (app.demo and _differs(newest, name)):
            return int(newest.version)
        return publish(
            app,
            conn,
            document := documents.shipped(name),
            author=SHIPPED_BY,
            approved_by="setup",
            in_force_from=policies.BEGINNING if newest is None else None,
            despite=faults(document) or None,  # a shop begins with what ships, as it is
        )


def shipped_differs(app: App, name: str = "standard") -> bool:
    """The file was changed and is no version of any time, also where somebody published another one since it
    shipped: who changed it may expect it in force.
    """
    sha256 = _sha256(documents.shipped(name))
    with app.read() as conn:
        is_first = conn.execute(policies.NEWEST).first() is None
        is_known = conn.execute(select(table.c.version).where(table.c.sha256 == sha256).limit(1)).first()
    return not is_first and is_known is None


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
    if in_force_from < now and conn.execute(policies.NEWEST).first() is not None:
        raise PolicyFromThePast()
    before = policies.IN_FORCE.first(conn, {"at": in_force_from})
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
    last = conn.execute(select(func.max(table.c.version))).scalar() or 0
    conn.execute(
        insert(table).values(
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
