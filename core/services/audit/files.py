"""Evidence as it lies in the store: there, unchanged, and a picture of our own making (invariant 18)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from core.adapters.pictures import looks_like_picture
from core.adapters.tables import evidence
from core.adapters.world import App
from core.domain.errors import StoreUnavailable
from core.services.audit.finding import Finding

READ: Final = 500  # pictures that are read where not all of them are: each is a request to a bucket
_THERE: Final = (evidence.c.removed_at.is_(None), evidence.c.expired_at.is_(None))


def rows(conn: Connection) -> list[Any]:
    """What should be in the store; the files themselves are looked at after the transaction."""
    kept = select(evidence.c.id, evidence.c.sha256, evidence.c.size).where(*_THERE)
    return list(conn.execute(kept.order_by(evidence.c.id)))


def check(app: App, kept: Sequence[Any], most: int | None = READ) -> Iterator[Finding]:
    """That each is there in its size, by the store's list; and the bytes of `most` of them, others each day
    (None: of all)."""
    try:
        lying = _lying(app) if kept else {}
        for row in kept:
            if lying.get(row.id) != row.size and _is_kept(app, row.id):
                yield Finding(18, "evidence_altered" if row.id in lying else "evidence_missing", row.id)
        every = -(-len(kept) // most) if most else 1
        for row in kept[app.now().toordinal() % max(every, 1) :: max(every, 1)]:
            if lying.get(row.id) == row.size:
                yield from _read(app, row)
    except StoreUnavailable as error:
        yield Finding(18, "store_unavailable", "", error.problem)


def _lying(app: App) -> dict[str, int]:
    """Bytes by name."""
    found: dict[str, int] = {}
    after: str | None = ""
    while after is not None:
        page = app.store.page(after)
        found.update((each.name, each.size) for each in page.lying)
        after = page.after
    return found


def _read(app: App, row: Any) -> Iterator[Finding]:
    try:
        data = app.store.get(row.id)
    except FileNotFoundError:
        if _is_kept(app, row.id):
            yield Finding(18, "evidence_missing", row.id)
        return
    if hashlib.sha256(data).hexdigest() != row.sha256:
        yield Finding(18, "evidence_altered", row.id)
    elif not looks_like_picture(data):
        yield Finding(18, "not_our_encoding", row.id)


def _is_kept(app: App, evidence_id: str) -> bool:
    """Still, for it may have been taken back or expired since the rows were read."""
    with app.read() as conn:
        query = select(evidence.c.id).where(evidence.c.id == evidence_id, *_THERE)
        return conn.execute(query).first() is not None
