"""What pictures say, read by the worker where the extra is installed, laid beside the order: hints only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, bindparam, select, update

from core.adapters.prepared import Prepared
from core.adapters.reading.process import Unreadable
from core.adapters.tables import cases, evidence, orders
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotFound, StoreUnavailable
from core.domain.reading import Covered, Finding, Reading, compare, find
from core.services.record import canonical
from core.services.record import read as read_case

log = structlog.get_logger(__name__)

_READ: Final = Prepared(
    select(
        evidence.c.id,
        evidence.c.reading,
        orders.c.order_no,
        orders.c.amount_minor,
        orders.c.currency,
        orders.c.paid_at,
        cases.c.requested_minor,
    )
    .join(cases, cases.c.case_no == evidence.c.case_no)
    .join(orders, orders.c.order_no == cases.c.order_no)
    .where(
        evidence.c.case_no == bindparam("case_no"),
        evidence.c.reading.is_not(None),
        evidence.c.removed_at.is_(None),
    )
)
TRIES: Final = 3
AWAITED: Final = timedelta(minutes=2)  # overdue for longer, nobody reads: no screen waits for it
AGAIN: Final = timedelta(minutes=2)  # a claim that is older was lost with its worker; longer than any reading


def due(app: App, at: datetime, limit: int) -> list[str]:
    """Pictures to be read now; none where nothing can read."""
    if app.reader is None:
        return []
    query = (
        select(evidence.c.id)
        .where(evidence.c.read_due_at <= at)
        .order_by(evidence.c.read_due_at)
        .limit(limit)
    )
    with app.read() as conn:
        return list(conn.execute(query).scalars())


def attend(app: App, evidence_id: str) -> bool:
    """Read one picture that is due; False when somebody else does. Reading is between two transactions."""
    now = app.now()
    claimed = _claim(app, evidence_id, now)
    if app.reader is None or claimed is None:
        return False
    order_no, until = claimed
    try:
        found = find(app.reader.read(app.store.get(evidence_id)), order_no)
    except StoreUnavailable:
        _give_back(app, evidence_id, until)  # the picture's tries are its own
        return False
    except (Unreadable, FileNotFoundError) as error:
        log.warning("picture_not_read", evidence_id=evidence_id, problem=type(error).__name__)
        return True
    mine = (evidence.c.id == evidence_id, evidence.c.read_due_at == until)
    there = (evidence.c.removed_at.is_(None), evidence.c.expired_at.is_(None))
    with app.begin() as conn:
        done = {"reading": canonical(found.as_dict()), "read_due_at": None}
        conn.execute(update(evidence).where(*mine, *there).values(done))
    return True


def _claim(app: App, evidence_id: str, now: datetime) -> tuple[str, datetime] | None:
    """The order's number, and until when nobody else reads; the try is counted before it is made."""
    e = evidence.c
    with app.begin() as conn:
        row = conn.execute(
            select(e.reading, e.read_due_at, e.removed_at, e.expired_at, cases.c.order_no)
            .join(cases, cases.c.case_no == e.case_no)
            .where(e.id == evidence_id, e.read_due_at <= now)
        ).first()
        if row is None:
            return None
        tries = json.loads(row.reading or "{}").get("tries", 0)
        is_over = tries >= TRIES or row.removed_at is not None or row.expired_at is not None
        until = now + AGAIN
        values = (
            {"read_due_at": None}
            if is_over
            else {"read_due_at": until, "reading": canonical({"tries": tries + 1})}
        )
        same = (e.id == evidence_id, e.read_due_at == row.read_due_at)
        if not conn.execute(update(evidence).where(*same).values(values)).rowcount or is_over:
            return None
    return row.order_no, until


def _give_back(app: App, evidence_id: str, until: datetime) -> None:
    """The try that was counted was none; it is due again when the claim would have been over."""
    e = evidence.c
    mine = (e.id == evidence_id, e.read_due_at == until)
    with app.begin() as conn:
        told = conn.execute(select(e.reading).where(*mine)).scalar_one_or_none()
        if told is not None:
            tries = json.loads(told)["tries"] - 1
            conn.execute(update(evidence).where(*mine).values(reading=canonical({"tries": tries})))


def of(conn: Connection, evidence_id: str) -> Reading | None:
    """What was read from it; None: not yet, or it could not be read. The caller knows who asks."""
    told = conn.execute(select(evidence.c.reading).where(evidence.c.id == evidence_id)).scalar_one_or_none()
    return _reading(told)


def proposals(app: App, actor: Actor, evidence_id: str) -> tuple[Covered, ...]:
    """What its sender may want to cover, in pixels of the picture; for who may see the case."""
    found = read_from(app, actor, evidence_id)
    return found.covered if found else ()


def read_from(app: App, actor: Actor, evidence_id: str) -> Reading | None:
    """What was read from it, for who may see the case; None: not yet, or it could not be read."""
    with app.read() as conn:
        query = select(evidence.c.case_no).where(
            evidence.c.id == evidence_id, evidence.c.removed_at.is_(None), evidence.c.expired_at.is_(None)
        )
        case_no = conn.execute(query).scalar_one_or_none()
        if case_no is None:
            raise NotFound()
        read_case(conn, case_no, actor)
        return of(conn, evidence_id)


@dataclass(frozen=True, slots=True)
class Said:
    """What pictures say beside the order, for their sender; `awaited`: those that may say something soon."""

    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    awaited: frozenset[str] = frozenset()


def said(app: App, actor: Actor, case_no: str) -> Said:
    """For who may see the case; nothing, and no query, where nothing can read."""
    if app.reader is None:
        return Said()
    e = evidence.c
    query = select(e.id).where(
        e.case_no == case_no, e.removed_at.is_(None), e.read_due_at > app.now() - AWAITED
    )
    with app.read() as conn:
        read_case(conn, case_no, actor)
        awaited = frozenset(conn.execute(query).scalars())
        return Said(findings_in(conn, case_no), awaited)


def findings(app: App, actor: Actor, case_no: str) -> dict[str, tuple[Finding, ...]]:
    """Of each picture that was read: what it says beside the order; for who may see the case."""
    with app.read() as conn:
        read_case(conn, case_no, actor)
        return findings_in(conn, case_no)


def findings_in(conn: Connection, case_no: str) -> dict[str, tuple[Finding, ...]]:
    """`findings`, inside the caller's transaction and rights."""
    found = {}
    for row in _READ.all(conn, {"case_no": case_no}):
        reading = _reading(row.reading)
        if reading is not None:
            found[row.id] = compare(reading, *row[2:])
    return {number: said for number, said in found.items() if said}


def _reading(told: str | None) -> Reading | None:
    values = json.loads(told or "{}")
    return Reading.of(values) if "order" in values else None
