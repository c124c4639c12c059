"""A policy on its way (R6.3): whoever wrote it asks, another person puts it in force from a day or sends it
back. Until then nobody meets it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from core.adapters.prepared import Prepared
from core.adapters.tables import policies as versions
from core.adapters.tables import policy_drafts, policy_trials
from core.adapters.world import App
from core.domain import policy as documents
from core.domain.actors import Actor, same_person
from core.domain.errors import (
    DraftDecided,
    NotAllowed,
    NotFound,
    PolicyMovedOn,
    PolicySaysTheSame,
    SamePerson,
)
from core.services import policies, policy_publishing
from core.services.commands import once

SHOWN: Final = 20  # of those that are decided, the newest

_d = policy_drafts.c
_OPEN: Final = Prepared(select(_d.author).where(_d.state == "open"))
_SHOWN: Final = select(
    policy_drafts,
    versions.c.in_force_from.label("begins_at"),
    versions.c.despite.label("accepted"),
    versions.c.called_off_at.is_not(None).label("is_called_off"),
    versions.c.called_off_by,
).outerjoin(versions, versions.c.version == _d.version)


@dataclass(frozen=True, slots=True)
class Draft:
    """`state`: open, approved (it is `version`, from `begins_at` unless called off), sent_back (`says` why),
    withdrawn.
    """

    id: int
    document: str
    name: str
    meant: str
    author: str
    based_on: int
    state: str
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    says: str
    version: int | None
    despite: int | None  # so many faults were accepted by who asked for it …
    accepted: int | None  # … and by who put it in force
    begins_at: datetime | None
    is_called_off: bool  # before it began
    called_off_by: str | None

    def is_behind(self, last: int) -> bool:
        """Whether it waits for a yes that nobody can give: it is no edit of the last version."""
        return self.state == "open" and self.based_on != last

    def may_decide(self, actor: Actor) -> bool:
        """Somebody else than its author, while it is open (invariant 13)."""
        return self.state == "open" and not same_person(actor.id, self.author)


def drafts(app: App, actor: Actor) -> tuple[Draft, ...]:
    """What waits for a second person, the oldest first; then the newest of what was decided."""
    policies.may(actor)
    is_open = _d.state == "open"
    with app.read() as conn:
        waiting = conn.execute(_SHOWN.where(is_open).order_by(_d.created_at, _d.id)).all()
        done = _SHOWN.where(~is_open).order_by(_d.decided_at.desc(), _d.id.desc()).limit(SHOWN)
        return tuple(_draft(row) for row in (*waiting, *conn.execute(done)))


def for_them(app: App, actor: Actor) -> int:
    """How many drafts wait for this person's yes or no; 0 for who does not work on policies."""
    if actor.role not in policies.ROLES:
        return 0
    with app.glance() as conn:
        authors = _OPEN.all(conn, {})
    return sum(not same_person(actor.id, row.author) for row in authors)


def _draft(row: Row[Any]) -> Draft:
    return Draft(**row._mapping)


def get(app: App, actor: Actor, draft_id: int) -> Draft:
    policies.may(actor)
    with app.read() as conn:
        row = conn.execute(_SHOWN.where(_d.id == draft_id)).one_or_none()
    if row is None:
        raise NotFound()
    return _draft(row)


def ask(
    app: App,
    actor: Actor,
    document: str,
    meant: str,
    command_id: str,
    *,
    based_on: int | None = None,
    despite: int | None = None,
) -> int:
    """Ask a second person to approve a document: `PolicyInvalid` names what is wrong with it, `PolicyUnsound`
    how many faults it has unless `despite` is that number, `PolicyMovedOn` which version was published since
    `based_on`, `PolicySaysTheSame` that only comments differ from the last. Answers its number.
    """
    policies.may(actor)
    words = policies.said(meant)
    policy = documents.load(document)
    accepted = policy_publishing.accept(document, despite)

    def work(conn: Connection, _: None) -> dict[str, Any]:
        version = policies.last(conn)[0]
        if based_on not in (None, version):
            raise PolicyMovedOn(version=version)
        if policy == policies.get(app, conn, version):
            raise PolicySaysTheSame(version=version)
        values: dict[str, Any] = {
            "document": document,
            "name": policy.name,
            "meant": words,
            "author": actor.id,
        }
        values |= {"based_on": version, "state": "open", "created_at": app.now()}
        values["despite"] = accepted
        return {"id": conn.execute(insert(policy_drafts).values(values).returning(_d.id)).scalar_one()}

    done = once(app, actor, command_id, "ask for a policy", lambda conn: None, work)
    return int(done["id"])


def approve(
    app: App,
    actor: Actor,
    draft_id: int,
    command_id: str,
    start: datetime | None = None,
    *,
    despite: int | None = None,
) -> int:
    """Put it in force, from now or from `start`, as the next version. `SamePerson` for its author;
    `PolicyUnsound` unless this person says `despite` how many faults too;
    `PolicyMovedOn` where another version was published since it was asked for, or begins after it would.
    """

    def publish(conn: Connection, row: Row[Any]) -> dict[str, Any]:
        version, begins_at = policies.last(conn)
        # An edit of what is not the last word any more would take that back, and nobody would be told.
        if version != row.based_on or (start or app.now()) < begins_at:
            raise PolicyMovedOn(version=version)
        people = {"author": row.author, "approved_by": actor.id}
        version = policy_publishing.publish(
            app, conn, row.document, **people, in_force_from=start, despite=despite
        )
        return {"state": "approved", "version": version}

    return int(_decide(app, actor, draft_id, command_id, f"approve {start or 'now'}", publish)["version"])


def send_back(app: App, actor: Actor, draft_id: int, says: str, command_id: str) -> None:
    """Not like this: never without a word why."""
    words = policies.said(says)
    _decide(
        app,
        actor,
        draft_id,
        command_id,
        f"send back {words}",
        lambda *_: {"state": "sent_back", "says": words},
    )


def withdraw(app: App, actor: Actor, draft_id: int, command_id: str) -> None:
    """By its author."""

    def work(conn: Connection, row: Row[Any]) -> dict[str, Any]:
        return {"state": "withdrawn"}

    _decide(app, actor, draft_id, command_id, "withdraw", work, by_author=True)


def _decide(
    app: App,
    actor: Actor,
    draft_id: int,
    command_id: str,
    kind: str,
    work: Callable[[Connection, Row[Any]], dict[str, Any]],
    *,
    by_author: bool = False,
) -> dict[str, Any]:
    policies.may(actor)

    def decide(conn: Connection, row: Row[Any]) -> dict[str, Any]:
        if row.state != "open":
            raise DraftDecided()
        if same_person(actor.id, row.author) != by_author:
            raise NotAllowed(role=actor.role) if by_author else SamePerson()
        values = work(conn, row)
        decided = values | {"decided_by": actor.id, "decided_at": app.now()}
        conn.execute(update(policy_drafts).where(_d.id == draft_id).values(decided))
        # What is decided is not tried any more.
        t = policy_trials.c
        ended = {"state": "ended", "ended_by": actor.id, "ended_at": app.now(), "cause": "decided"}
        conn.execute(update(policy_trials).where(t.draft_id == draft_id, t.state != "ended").values(ended))
        return values

    hold = lambda conn: _locked(conn, draft_id)  # noqa: E731
    return once(app, actor, command_id, f"{kind}: policy draft {draft_id}", hold, decide)


def _locked(conn: Connection, draft_id: int) -> Row[Any]:
    policy_publishing.in_line(conn)
    row = conn.execute(select(policy_drafts).where(_d.id == draft_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound()
    return row
