"""Everything that must always be true (INVARIANTS.md), checked over the whole database as it is at one
instant.

Each finding names the invariant, what kind of breach it is, and where. Reading only: nothing is repaired
here.
"""

from __future__ import annotations

from typing import Final

from core.adapters.world import App
from core.services.audit import (
    books,
    credit,
    files,
    fingerprints,
    guards,
    histories,
    missing,
    money,
    notices,
    people,
    reconciled,
    wallet,
)
from core.services.audit.finding import Finding

__all__ = ["PICTURES_READ", "Finding", "audit"]

PICTURES_READ: Final = files.READ


def audit(app: App, pictures_read: int | None = PICTURES_READ) -> list[Finding]:
    """All findings, by invariant; an empty list is a clean house. Every picture is looked for, the bytes of
    `pictures_read` are read (None: of all).
    """
    found: list[Finding] = []
    with app.read() as conn:
        found += guards.check(conn)
        found += money.check(conn)
        found += books.check(app, conn)
        found += histories.check(app, conn)
        found += people.check(app, conn)
        found += notices.check(conn)
        found += credit.check(conn)
        found += reconciled.check(conn)
        found += missing.check(app, conn)
        found += wallet.check(app, conn)
        found += fingerprints.check(conn)
        kept = files.rows(conn)
    found += files.check(app, kept, pictures_read)
    return sorted(found)
