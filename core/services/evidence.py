"""Evidence of a case: pictures, re-encoded before they are kept, shown only to who may see the case."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from core.adapters.pictures import Picture
from core.adapters.pictures.process import intake
from core.adapters.tables import case_events, evidence, evidence_views
from core.adapters.world import App
from core.domain.actors import BUYERS, Actor
from core.domain.errors import EvidenceRefused, EvidenceSeen, NotAllowed, NotFound, TransitionRefused
from core.domain.facts import EVIDENCE_KINDS
from core.domain.lifecycle import CASE
from core.domain.pictures import warnings
from core.domain.policy import Pictures, Policy
from core.domain.rights import is_still_theirs
from core.services import fingerprints, policies
from core.services.record import canonical, lock
from core.services.record import read as read_case

TAKES_EVIDENCE: Final = frozenset(
    {"draft", "in_review", "awaiting_customer", "in_arbitration", "rejected", "in_appeal", "negotiating"}
)
# What goes with a picture that is taken back or covered: all that could recognise it or tell what it said.
FORGOTTEN: Final[dict[str, Any]] = {
    "sha256": "", "pixels_sha256": "", "dhash": "", "looks": "{}", "reading": None, "read_due_at": None,
}  # fmt: skip
ALREADY_HERE: Final = "already_here"  # the note on a picture that the case has


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One kept picture; `size` in bytes."""

    id: str
    kind: str
    media_type: str
    width: int
    height: int
    size: int
    added_at: datetime
    said_seq: int | None = None  # the event of the conversation that it came with
    expired_at: datetime | None = None  # its time is over: only this line is left
    masks: int = 0  # places that its sender covered
    warnings: tuple[str, ...] = ()  # `domain.pictures.WARNINGS` at the time of the upload


def view_of(row: Row[Any]) -> EvidenceView:
    return EvidenceView(
        row.id,
        row.kind,
        row.media_type,
        row.width,
        row.height,
        row.size,
        row.added_at,
        row.said_seq,
        row.expired_at,
        row.masks,
        tuple(json.loads(row.looks).get("warnings", ())),
    )


@dataclass(frozen=True, slots=True)
class Added:
    """What one file became: a picture, or one for each page; `notes` (`picture_note.*`): what is left out
    or was there before.
    """

    pictures: tuple[EvidenceView, ...]
    notes: tuple[str, ...] = ()


def add(app: App, actor: Actor, case_no: str, kind: str, data: bytes) -> EvidenceView:
    """`add_file`, when the first picture is all one wants to know."""
    return add_file(app, actor, case_no, kind, data).pictures[0]


def replace(app: App, actor: Actor, evidence_id: str, data: bytes) -> Added:
    """`add_file` in the place of a picture, which goes in the same transaction: while the case is a draft.

    Refused, the picture that was there stays; so it does when the case has the other one already.
    """
    with app.begin() as conn:
        old = theirs(conn, actor, evidence_id, "remove_evidence")
    return _take(app, actor, old.case_no, old.kind, data, instead=evidence_id)


def add_file(app: App, actor: Actor, case_no: str, kind: str, data: bytes) -> Added:
    """Keep a picture, or the first pages of a PDF; `EvidenceRefused(reason)` when it cannot be used.

    Re-encoding and storing come before the transaction, so a slow picture holds nobody up; a stored file is
    unreachable until its row is committed, and `sweeping` finds it when that never comes. Each page counts as
    a file of the case.
    """
    if kind not in EVIDENCE_KINDS:
        raise EvidenceRefused(reason="kind")
    return _take(app, actor, case_no, kind, data)


def _take(
    app: App, actor: Actor, case_no: str, kind: str, data: bytes, *, instead: str | None = None
) -> Added:
    with app.read() as conn:
        _may_add(actor, read_case(conn, case_no, actor).state)
        policy = policies.in_force(app, conn, app.now())[1]
    found = intake(data, largest_megabytes=policy.limits.evidence_megabytes)
    stored = {secrets.token_urlsafe(18): picture for picture in found.pictures}
    notes = found.notes
    kept: dict[str, EvidenceView] = {}
    is_full = False
    try:
        for identifier, picture in stored.items():
            app.store.put(identifier, picture.data)
        with app.begin() as conn:
            case = lock(conn, case_no, actor)
            _may_add(actor, case.state)
            began = now = app.now()
            if instead is not None:
                # Pictures are shown in the order of their time.
                began = theirs(conn, actor, instead, "remove_evidence").added_at
                _take_away(conn, instead, now)
            for place, (identifier, picture) in enumerate(stored.items()):
                at = began + timedelta(microseconds=place)  # pages stay in their order
                view = _keep(app, conn, actor, case_no, kind, identifier, picture, policy, at)
                if view is None:
                    is_full = True
                else:
                    kept[view.id] = view
            if not kept:
                raise EvidenceRefused(reason="too_many", limit=policy.limits.evidence_files)
            if instead is not None and not kept.keys() & stored.keys():
                raise EvidenceRefused(reason="there_already")  # nothing came, so nothing goes
    finally:
        app.store.discard(*sorted(stored.keys() - kept.keys()))
    if instead is not None:
        app.store.discard(instead)
    if is_full and "first_pages_only" not in notes:
        notes = (*notes, "first_pages_only")
    if kept.keys() - stored.keys():
        notes = (*notes, ALREADY_HERE)
    return Added(tuple(kept.values()), notes)


def _looks(picture: Picture, limits: Pictures) -> str:
    """What was seen in it, and what that meant under the policy of the day."""
    return canonical(
        {
            "quality": picture.quality.as_dict(),
            "warnings": warnings(picture.quality, limits),
            "doubts": [[doubt.code, doubt.seen] for doubt in picture.doubts],
        }
    )


def _keep(
    app: App,
    conn: Connection,
    actor: Actor,
    case_no: str,
    kind: str,
    identifier: str,
    picture: Picture,
    policy: Policy,
    at: datetime,
) -> EvidenceView | None:
    """The picture's row; the row that is there already when it was sent twice: a second click, not a second
    picture; None when the case is full.
    """
    mine = (evidence.c.case_no == case_no, evidence.c.removed_at.is_(None))
    same = conn.execute(
        select(evidence).where(
            *mine, evidence.c.kind == kind, evidence.c.pixels_sha256 == picture.pixels_sha256
        )
    ).first()
    if same is not None:
        return view_of(same)
    count: int = conn.execute(select(func.count()).select_from(evidence).where(*mine)).scalar_one()
    if count >= policy.limits.evidence_files:
        return None
    row = conn.execute(
        insert(evidence)
        .values(
            id=identifier,
            case_no=case_no,
            kind=kind,
            media_type=picture.media_type,
            sha256=hashlib.sha256(picture.data).hexdigest(),
            pixels_sha256=picture.pixels_sha256,
            dhash=picture.dhash,
            looks=_looks(picture, policy.pictures),
            added_by=str(actor),
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
            added_at=at,
            read_due_at=app.now() if app.reader else None,
        )
        .returning(*evidence.c)
    ).one()
    fingerprints.keep(conn, identifier, picture, app.now())
    return view_of(row)


def remove(app: App, actor: Actor, evidence_id: str) -> None:
    """Take a picture back while it is its sender's; nothing that could recognise it is kept."""
    with app.begin() as conn:
        theirs(conn, actor, evidence_id, "remove_evidence")
        _take_away(conn, evidence_id, app.now())
    app.store.discard(evidence_id)


def _take_away(conn: Connection, evidence_id: str, at: datetime) -> None:
    conn.execute(update(evidence).where(evidence.c.id == evidence_id).values(removed_at=at, **FORGOTTEN))
    fingerprints.forget(conn, [evidence_id])


def is_theirs(state: str, last_event_at: datetime | None, item: EvidenceView) -> bool:
    """Whether a picture may still be taken back or covered, as far as its case's view tells."""
    return state in TAKES_EVIDENCE and is_still_theirs(last_event_at, item.added_at, item.said_seq)


def theirs(conn: Connection, actor: Actor, evidence_id: str, what: str) -> Row[Any]:
    """The picture's row, its case held, while the sender may still do `what` with it. Part of the file, and
    left as it is (R3.4), it is once it was sent, anything has happened to the case since, or somebody of the
    staff has looked at it; support looks for the customer, and a draft is nobody else's.
    """
    case = lock(conn, row_of(conn, evidence_id).case_no, actor)
    row = row_of(conn, evidence_id)  # as it is now that the case is held
    if actor.role not in BUYERS:
        raise NotAllowed(role=actor.role)
    e, v = case_events.c, evidence_views.c
    last = select(e.at).where(e.case_no == case.case_no, e.seq == case.last_seq)
    last_event_at = conn.execute(last).scalar_one_or_none()
    is_theirs = is_still_theirs(last_event_at, row.added_at, row.said_seq)
    if case.state not in TAKES_EVIDENCE or not is_theirs:
        raise TransitionRefused(CASE.name, case.state, what)
    seen = select(exists().where(v.evidence_id == evidence_id, v.role.not_in(sorted(BUYERS))))
    if last_event_at is not None and conn.execute(seen).scalar_one():
        raise EvidenceSeen()
    return row


def read(app: App, actor: Actor, evidence_id: str) -> tuple[bytes, str]:
    """Bytes and media type, for who may see the case; `NotFound` for everybody else, `StoreUnavailable`. Who
    of the staff looks is written down before a byte is given out.
    """
    with app.read() as conn:
        row = row_of(conn, evidence_id)
        read_case(conn, row.case_no, actor)
    if row.expired_at is not None:
        raise NotFound()
    if actor.is_staff and actor.role != "system":
        seen = {"evidence_id": evidence_id, "role": actor.role, "person_id": actor.id, "at": app.now()}
        with app.begin() as conn:
            conn.execute(insert(evidence_views).values(seen))
    try:
        return app.store.get(evidence_id), row.media_type
    except FileNotFoundError:
        raise NotFound() from None


def row_of(conn: Any, evidence_id: str) -> Row[Any]:
    """The row of a picture that is there, of anybody's; `NotFound`."""
    row: Row[Any] | None = conn.execute(
        select(evidence).where(evidence.c.id == evidence_id, evidence.c.removed_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound()
    return row


def _may_add(actor: Actor, state: str) -> None:
    if actor.role not in BUYERS:
        raise NotAllowed(role=actor.role)
    if state not in TAKES_EVIDENCE:
        raise TransitionRefused(CASE.name, state, "add_evidence")
