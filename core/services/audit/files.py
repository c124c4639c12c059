"""Evidence as it lies in the store: there, unchanged, and a picture of our own making (invariant 18)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, select

from core.adapters.pictures import looks_like_picture
from core.adapters.tables import evidence
from core.adapters.world import App
from core.services.audit.finding import Finding


def rows(conn: Connection) -> list[Any]:
    """What should be in the store; the files themselves are read after the transaction."""
    there = (evidence.c.removed_at.is_(None), evidence.c.expired_at.is_(None))
    kept = select(evidence.c.id, evidence.c.sha256, evidence.c.size).where(*there)
    return list(conn.execute(kept))


def check(app: App, kept: Iterable[Any]) -> Iterator[Finding]:
    for row in kept:
        try:
            data = app.store.get(row.id)
        except FileNotFoundError:
            yield Finding(18, "evidence_missing", row.id)
            continue
        if hashlib.sha256(data).hexdigest() != row.sha256 or len(data) != row.size:
            yield Finding(18, "evidence_altered", row.id)
        elif not looks_like_picture(data):
            yield Finding(18, "not_our_encoding", row.id)
