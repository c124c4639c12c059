"""Evidence of a case: pictures, re-encoded before they are kept, shown only to who may see the case."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from core.adapters.pictures import Picture
from core.adapters.pictures.process import intake
from core.adapters.tables import evidence, evidence_views
from core.adapters.world import App
from core.domain.actors import BUYERS, Actor
from core.domain.errors import EvidenceRefused, NotAllowed, NotFound, TransitionRefused
from core.domain.facts import EVIDENCE_KINDS
from core.domain.lifecycle import CASE
from core.domain.pictures import warnings
from core.domain.policy import Pictures, Policy
from core.services import fingerprints, policies
from core.services.record import canonical, lock
from core.services.record import read as read_case

TAKES_EVIDENCE: Final = frozenset(
    {"draft", "in_review", "awaiting_customer", "in_arbitration", "rejected", "in_appeal", "negotiating"}
)


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
        tuple(json.loads(row.looks).get("warnings", ())),
    )


@dataclass(frozen=True, slots=True)
class Added:
    """What one file became: a picture, or one for each page; `notes` (`picture_note.*`): what is left out."""

    pictures: tuple[EvidenceView, ...]
    notes: tuple[str, ...] = ()


def add(app: App, actor: Actor, case_no: str, kind: str, data: bytes) -> EvidenceView:
    """`add_file`, when the first picture is all one wants to know."""
    return add_file(app, actor, case_no, kind, data).pictures[0]


def add_file(app: App, actor: Actor, case_no: str, kind: str, data: bytes) -> Added:
    """Keep a picture, or the first pages of a PDF; `EvidenceRefused(reason)` when it cannot be used.

    Re-encoding and storing come before the transaction, so a slow picture holds nobody up; a stored file is
    unreachable until its row is committed. Each page counts as a file of the case.
    """
    if kind not in EVIDENCE_KINDS:
        raise EvidenceRefused(reason="kind")
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
            _may_add(actor, lock(conn, case_no, actor).state)
            now = app.now()
            for place, (identifier, picture) in enumerate(stored.items()):
                at = now + timedelta(microseconds=place)  # pages stay in their order
                view = _keep(app, conn, actor, case_no, kind, identifier, picture, policy, at)
                if view is None:
                    is_full = True
                else:
                    kept[view.id] = view
            if not kept:
                raise EvidenceRefused(reason="too_many", limit=policy.limits.evidence_files)
    finally:
        for identifier in stored.keys() - kept.keys():
            app.store.delete(identifier)
    if is_full and "first_pages_only" not in notes:
        notes = (*notes, "first_pages_only")
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
            read_due_at=at if app.reader else None,
        )
        .returning(*evidence.c)
    ).one()
    fingerprints.keep(conn, identifier, picture, app.now())
    return view_of(row)


def remove(app: App, actor: Actor, evidence_id: str) -> None:
    """Take a picture back, while the case is a draft: later it is part of the file."""
    with app.begin() as conn:
        row = _row(conn, evidence_id)
        case = lock(conn, row.case_no, actor)
        if actor.role not in BUYERS:
            raise NotAllowed(role=actor.role)
        if case.state != CASE.initial or case.last_seq:
            raise TransitionRefused(CASE.name, case.state, "remove_evidence")
        conn.execute(update(evidence).where(evidence.c.id == evidence_id).values(removed_at=app.now()))
        fingerprints.forget(conn, [evidence_id])
    app.store.delete(evidence_id)


def read(app: App, actor: Actor, evidence_id: str) -> tuple[bytes, str]:
    """Bytes and media type, for who may see the case; `NotFound` for everybody else. Who of the staff looks
    is written down before a byte is given out.
    """
    with app.read() as conn:
        row = _row(conn, evidence_id)
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


def _row(conn: Any, evidence_id: str) -> Row[Any]:
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
