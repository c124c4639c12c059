"""What could recognise a picture goes with it (invariant 18)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, or_, select

from core.adapters.tables import evidence, fingerprints
from core.services.audit.finding import Finding


def check(conn: Connection) -> Iterator[Finding]:
    """Of a picture that was taken back, or whose bytes are deleted, nothing is compared any more."""
    e = evidence.c
    is_gone = or_(e.removed_at.is_not(None), e.expired_at.is_not(None) & (e.size == 0))
    left = select(e.id).join(fingerprints, fingerprints.c.evidence_id == e.id).where(is_gone)
    for number in conn.execute(left).scalars():
        yield Finding(18, "fingerprint_left", number)
