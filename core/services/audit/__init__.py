"""Everything that must always be true (INVARIANTS.md), checked over the whole database as it is at one
instant.

Each finding names the invariant, what kind of breach it is, and where. Reading only: nothing is repaired
here.
"""

from __future__ import annotations

from core.adapters.world import App
from core.services.audit import books, credit, files, fingerprints, guards, histories, money, notices, people
from core.services.audit.finding import Finding

__all__ = ["Finding", "audit"]


def audit(app: App) -> list[Finding]:
    """All findings, by invariant; an empty list is a clean house."""
    found: list[Finding] = []
    with app.read() as conn:
        found += guards.check(conn)
        found += money.check(conn)
        found += books.check(app, conn)
        found += histories.check(app, conn)
        found += people.check(app, conn)
        found += notices.check(conn)
        found += credit.check(conn)
        found += fingerprints.check(conn)
        kept = files.rows(conn)
    found += files.check(app, kept)
    return sorted(found)
