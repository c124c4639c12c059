"""The same picture in other cases: a hint for whoever decides, never a refusal or an accusation (R2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, select

from core.adapters.tables import cases, evidence
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.services.record import read as read_case

MOST_AGAIN: Final = 50  # cases that are named: who sends one picture so often is known by then


@dataclass(frozen=True, slots=True)
class Again:
    """The same picture, pixel by pixel, in another case: a hint for whoever decides."""

    evidence_id: str  # of the case that was asked for
    case_no: str
    is_same_customer: bool
    at: datetime


def sent_before(app: App, actor: Actor, case_no: str) -> list[Again]:
    """Where the case's pictures were sent as well, in other cases of anybody; for staff."""
    if not actor.is_staff:
        raise NotAllowed(role=actor.role)
    mine, other = evidence.alias("mine"), evidence.alias("other")
    here, there = cases.alias("here"), cases.alias("there")
    query = (
        select(
            mine.c.id,
            there.c.case_no,
            and_(there.c.customer_id == here.c.customer_id, here.c.customer_id != ""),
            other.c.added_at,
        )
        .join(other, and_(other.c.pixels_sha256 == mine.c.pixels_sha256, other.c.case_no != mine.c.case_no))
        .join(here, here.c.case_no == mine.c.case_no)
        .join(there, there.c.case_no == other.c.case_no)
        .where(
            mine.c.case_no == case_no,
            mine.c.removed_at.is_(None),
            other.c.removed_at.is_(None),
            mine.c.pixels_sha256 != "",
        )
        .order_by(other.c.added_at)
        .limit(MOST_AGAIN)
    )
    with app.read() as conn:
        read_case(conn, case_no, actor)
        return [Again(row[0], row[1], bool(row[2]), row[3]) for row in conn.execute(query)]
