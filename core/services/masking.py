"""Parts of a picture that its sender covers before sending it (R2.6): what is covered is gone for good."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, update

from core.adapters.pictures import Picture
from core.adapters.pictures.process import covered
from core.adapters.tables import evidence
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotFound
from core.domain.masking import regions
from core.domain.pictures import warnings
from core.domain.policy import Pictures
from core.domain.reading import Box
from core.services import fingerprints, policies
from core.services.commands import answered, once
from core.services.evidence import FORGOTTEN, EvidenceView, row_of, theirs, view_of
from core.services.record import canonical, lock
from core.services.record import read as read_case

_KIND: Final = "mask_evidence"


def mask(app: App, actor: Actor, evidence_id: str, boxes: Iterable[Box], command_id: str) -> EvidenceView:
    """The picture that takes its place, with `boxes` (in its pixels) filled. `MaskRefused`, or refused as
    removing and taking in a picture are.

    It is another picture with another id, so that every link to the old one ends. The new bytes are stored,
    one transaction changes the rows, then the old bytes are deleted: whoever dies in between leaves bytes
    that no row leads to, never a row without bytes.
    """
    with app.begin() as conn:
        done = answered(conn, actor, command_id, _KIND)
        if done is None:
            row = theirs(conn, actor, evidence_id, _KIND)
            _, policy = policies.in_force(app, conn, app.now())
    if done is None:
        filled = regions(boxes, row.width, row.height, row.media_type)
        done = _replace(app, actor, row, filled, policy.pictures, command_id)
    app.store.discard(done["instead_of"])
    with app.read() as conn:
        new = row_of(conn, done["evidence_id"])
        read_case(conn, new.case_no, actor)
    return view_of(new)


def _replace(
    app: App, actor: Actor, row: Row[Any], filled: tuple[Box, ...], limits: Pictures, command_id: str
) -> dict[str, Any]:
    try:
        data = app.store.get(row.id)
    except FileNotFoundError:  # another click was quicker: this one again, or another one
        with app.read() as conn:
            known = answered(conn, actor, command_id, _KIND)
        if known is None:
            raise NotFound() from None
        return known
    picture, identifier = covered(data, filled), secrets.token_urlsafe(18)
    done: dict[str, Any] | None = None
    try:
        app.store.put(identifier, picture.data)
        done = once(
            app,
            actor,
            command_id,
            _KIND,
            lambda conn: lock(conn, row.case_no, actor),
            lambda conn, _: _exchange(app, conn, actor, row.id, identifier, picture, len(filled), limits),
        )
    finally:
        if done is None or done["evidence_id"] != identifier:
            app.store.discard(identifier)
    return done


def _exchange(
    app: App,
    conn: Connection,
    actor: Actor,
    evidence_id: str,
    identifier: str,
    picture: Picture,
    masks: int,
    limits: Pictures,
) -> dict[str, Any]:
    """The new row in the place of the old one, which keeps nothing of what it showed."""
    row, now = theirs(conn, actor, evidence_id, _KIND), app.now()
    # Signs of editing are those of the file that was sent: our own fill is none.
    looks = json.loads(row.looks) | {
        "quality": picture.quality.as_dict(),
        "warnings": warnings(picture.quality, limits),
    }
    new = {
        "id": identifier,
        "sha256": hashlib.sha256(picture.data).hexdigest(),
        "pixels_sha256": picture.pixels_sha256,
        "dhash": picture.dhash,
        "looks": canonical(looks),
        "size": len(picture.data),
        "masks": row.masks + masks,
        "reading": None,
        "read_due_at": now if app.reader else None,
    }
    conn.execute(insert(evidence).values({**row._mapping, **new}))
    conn.execute(update(evidence).where(evidence.c.id == row.id).values(removed_at=now, **FORGOTTEN))
    fingerprints.forget(conn, [row.id])
    fingerprints.keep(conn, identifier, picture, now)
    return {"evidence_id": identifier, "instead_of": row.id}
