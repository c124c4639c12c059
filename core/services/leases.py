"""Who has a case in hand: a lease of some minutes, so that two people do not work on one case.

A lease says who is at it, never who may decide: that is the lifecycle's and the guards' business. It runs out
by itself, so nobody's lunch holds a customer up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from core.adapters import database
from core.adapters.prepared import Prepared
from core.adapters.tables import desk_leases
from core.domain.actors import Actor
from core.domain.errors import InOtherHands

LEASE: Final = timedelta(minutes=15)
RENEWED: Final = timedelta(minutes=10)  # with less than that to run, it is taken anew

_LEASE: Final = Prepared(select(desk_leases).where(desk_leases.c.case_no == bindparam("case_no")))


@dataclass(frozen=True, slots=True)
class Lease:
    """One case in somebody's hands until `until`."""

    case_no: str
    person_id: str
    role: str
    until: datetime


def of(conn: Connection, case_no: str, now: datetime) -> Lease | None:
    """Who has the case in hand now."""
    row = _LEASE.first(conn, {"case_no": case_no})
    return Lease(*row) if row is not None and row.until > now else None


def lasts(lease: Lease, now: datetime) -> bool:
    """Whether it need not be taken anew yet."""
    return lease.until - now >= RENEWED


def take(conn: Connection, actor: Actor, case_no: str, now: datetime) -> Lease:
    """Take the case in hand, or hold it longer; `InOtherHands(until)` while a colleague has it.

    The caller holds the case's row, so two who take it at once stand in line.
    """
    free(conn, actor, case_no, now)
    lease = Lease(case_no, actor.id, actor.role, now + LEASE)
    values = {"person_id": lease.person_id, "role": lease.role, "until": lease.until}
    conn.execute(
        database.insert(conn, desk_leases)
        .values(case_no=case_no, **values)
        .on_conflict_do_update(index_elements=[desk_leases.c.case_no], set_=values)
    )
    return lease


def free(conn: Connection, actor: Actor, case_no: str, now: datetime) -> None:
    """`InOtherHands(person, until)` while a colleague has the case in hand."""
    held = of(conn, case_no, now)
    if held is not None and held.person_id != actor.id:
        raise InOtherHands(person=held.person_id, until=held.until)


def give_back(conn: Connection, actor: Actor, case_no: str) -> None:
    """Let the case go; nothing happens where it is not in this person's hands."""
    conn.execute(
        delete(desk_leases).where(desk_leases.c.case_no == case_no, desk_leases.c.person_id == actor.id)
    )
