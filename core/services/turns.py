"""Of cases in talks: whose turn it is, for lists and for the clock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from core.adapters.tables import case_events, cases
from core.domain.settlement import ASKING, TURNS

_e = case_events.c
LAST: Final = (
    select(_e.event)
    .where(_e.case_no == cases.c.case_no, _e.event.in_(TURNS))
    .order_by(_e.seq.desc())
    .limit(1)
    .correlate(cases)
    .scalar_subquery()
)  # of a case's events, the one that tells


def waiting(conn: Connection, numbers: Collection[str]) -> frozenset[str]:
    """Those of the cases that are in talks and wait for their customers, in one query."""
    theirs = select(cases.c.case_no).where(
        cases.c.case_no.in_(numbers), cases.c.state == "negotiating", LAST.in_(ASKING)
    )
    return frozenset(conn.execute(theirs).scalars())
