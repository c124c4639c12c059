"""Evidence after it was sent: who of the staff looked at it, and its end when the policy's time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from core.adapters.tables import cases, evidence, evidence_views
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.services import fingerprints, policies
from core.services.record import read as read_case

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody of the staff looked at a picture."""

    evidence_id: str
    kind: str
    role: str
    person_id: str
    at: datetime


def who_looked(app: App, actor: Actor, case_no: str) -> list[Seen]:
    """Every look at the case's pictures, in order; for staff."""
    if not actor.is_staff:
        raise NotAllowed(role=actor.role)
    v = evidence_views.c
    query = (
        select(v.evidence_id, evidence.c.kind, v.role, v.person_id, v.at)
        .join(evidence, evidence.c.id == v.evidence_id)
        .where(evidence.c.case_no == case_no)
        .order_by(v.id)
    )
    with app.read() as conn:
        read_case(conn, case_no, actor)
        return [Seen(*row) for row in conn.execute(query)]


def expire(app: App, limit: int) -> int:
    """Delete pictures whose case ended longer ago than the policy keeps them; the rows stay and say so.

    The row first, then the bytes: whoever dies in between leaves bytes that nobody can reach, and the
    next run deletes them. So does a run after one on which the store was away. Answers how many were deleted.
    """
    now = app.now()
    with app.read() as conn:  # mostly there is nothing, and writers are not to wait for that
        _, policy = policies.in_force(app, conn, now)
        ended = cases.c.finished_at <= now - timedelta(days=policy.pictures.kept_days)
        over = (
            select(evidence.c.id)
            .join(cases, cases.c.case_no == evidence.c.case_no)
            .where(ended, evidence.c.expired_at.is_(None), evidence.c.removed_at.is_(None))
            .limit(limit)
        )
        numbers = list(conn.execute(over).scalars())
    if numbers:
        with app.begin() as conn:  # a case that has ended stays so
            conn.execute(update(evidence).where(evidence.c.id.in_(numbers)).values(expired_at=now))
    with app.read() as conn:
        left = select(evidence.c.id).where(evidence.c.expired_at.is_not(None), evidence.c.size > 0)
        numbers = list(conn.execute(left.limit(limit)).scalars())
    if numbers:
        app.store.delete(*numbers)
        # What could recognise it goes as well: nothing of the picture is left.
        gone = {"size": 0, "sha256": "", "dhash": "", "pixels_sha256": "", "looks": "{}", "reading": None}
        with app.begin() as conn:
            conn.execute(update(evidence).where(evidence.c.id.in_(numbers)).values(gone))
            fingerprints.forget(conn, numbers)
        log.info("evidence_expired", pictures=len(numbers))
    return len(numbers)
