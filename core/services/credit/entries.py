"""Entries of an account: what gives and takes points, in the transaction of what causes it; never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from core.adapters.tables import credit_entries, customers, evidence
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.credit import START, counted, next_recovery, points_of, recovered
from core.domain.deadlines import Due
from core.domain.errors import FoundBefore, PictureMissing
from core.domain.policy import Policy
from core.domain.terms import Terms
from core.services import policies
from core.services.record import Change

_e, _c = credit_entries.c, customers.c


def find_forgery(app: App, change: Change, actor: Actor, at: datetime, policy: Policy, terms: Terms) -> None:
    """A person's finding about one picture of the case: kept with the case, it costs the account points."""
    conn, case = change.conn, change.case
    v = evidence.c
    mine = (v.id == terms.picture, v.case_no == case.case_no, v.removed_at.is_(None))
    if not conn.execute(select(exists().where(*mine))).scalar_one():
        raise PictureMissing()
    known = (_e.rule == "forgery", _e.about == terms.picture)
    if conn.execute(select(exists().where(*known))).scalar_one():
        raise FoundBefore()
    body = {"note": terms.note, "picture": terms.picture}
    change.step("find_forgery", actor, at, Due(case.due_at, case.due_action, case.owner), body)
    enter(conn, case.customer_id, "forgery", actor, at, policy, case.case_no, terms.picture, terms.note)


def upheld(conn: Connection, customer_id: str, at: datetime, policy: Policy, case_no: str) -> None:
    """An appeal or an arbiter agreed with the customer."""
    enter(conn, customer_id, "upheld", SYSTEM, at, policy, case_no, case_no, "")


def enter(
    conn: Connection,
    customer_id: str,
    rule: str,
    actor: Actor,
    at: datetime,
    policy: Policy,
    case_no: str,
    about: str,
    note: str,
    points: int | None = None,
) -> None:
    """Write the entry and the new sum; nothing where there is no account, or it was entered before."""
    query = select(_c.credit).where(_c.id == customer_id).with_for_update()
    now = conn.execute(query).scalar_one_or_none()
    same = (_e.customer_id == customer_id, _e.rule == rule, _e.about == about)
    if now is None or conn.execute(select(exists().where(*same))).scalar_one():
        return
    wanted = points_of(rule, policy.credit) if points is None else points
    change = counted(now, wanted, policy.credit)
    conn.execute(
        insert(credit_entries).values(
            customer_id=customer_id, at=at, points=change, rule=rule, case_no=case_no, about=about,
            made_by=str(actor), note=note,
        )
    )  # fmt: skip
    due_at = next_recovery(now + change, at, policy.credit)
    conn.execute(
        update(customers).where(_c.id == customer_id).values(credit=now + change, credit_due_at=due_at)
    )


_DUE: Final = (
    select(_c.id)
    .where(_c.credit_due_at <= bindparam("now", type_=_c.credit_due_at.type))
    .order_by(_c.credit_due_at)
    .limit(bindparam("limit"))
)


def due_customers(app: App, at: datetime, limit: int) -> list[str]:
    """Accounts to which time has something to give."""
    with app.read() as conn:
        return list(conn.execute(_DUE, {"now": at, "limit": limit}).scalars())


def recover(app: App, customer_id: str) -> bool:
    """Give what one period without a loss brings; False when another worker has done it."""
    with app.begin() as conn:
        query = select(_c.credit, _c.credit_due_at).where(_c.id == customer_id).with_for_update()
        row = conn.execute(query).one()
        if row.credit_due_at is None or row.credit_due_at > app.now():
            return False
        _, policy = policies.in_force(app, conn, app.now())
        at = row.credit_due_at
        points = recovered(row.credit, policy.credit)
        if points:
            conn.execute(
                insert(credit_entries).values(
                    customer_id=customer_id, at=at, points=points, rule="recovery", about=at.isoformat(),
                    made_by=str(SYSTEM),
                )
            )  # fmt: skip
        values = {
            "credit": row.credit + points,
            "credit_due_at": next_recovery(row.credit + points, at, policy.credit),
        }
        conn.execute(update(customers).where(_c.id == customer_id).values(values))
    return True


def sums(conn: Connection) -> dict[str, int]:
    """What every account should have, by its entries."""
    rows = conn.execute(select(_e.customer_id, func.sum(_e.points)).group_by(_e.customer_id))
    return {customer: START + int(points) for customer, points in rows}
