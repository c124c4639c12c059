"""What an account has and what it comes from: for its owner, and for staff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, and_, bindparam, func, or_, select

from core.adapters.tables import cases, credit_appeals, credit_entries, customers, evidence
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.credit import APPEALABLE
from core.domain.errors import NotFound
from core.services import policies

_e, _a, _c = credit_entries.c, credit_appeals.c, customers.c


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an account's points, with the appeal against it; `appeal_until`: while one can be."""

    id: int
    customer_id: str
    customer_name: str
    balance: int  # of the account now
    at: datetime
    points: int
    rule: str
    case_no: str
    picture: str
    is_kept: bool  # whether the picture can still be looked at
    note: str
    made_by: str
    appeal: str  # '' | open | granted | refused
    appeal_words: str
    appeal_at: datetime | None
    appeal_due_at: datetime | None
    appeal_owner: str | None
    answer: str
    answered_by: str  # role:person
    answered_at: datetime | None
    appeal_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account's points and what they come from, newest first."""

    customer_id: str
    name: str
    points: int
    entries: tuple[Entry, ...]
    next_at: datetime | None  # when time brings some back


ENTRIES: Final = (
    select(
        _e.id, _e.customer_id, _e.at, _e.points, _e.rule, _e.case_no, _e.about, _e.note, _e.made_by,
        and_(evidence.c.id.is_not(None), evidence.c.expired_at.is_(None)).label("is_kept"),
        _c.name.label("customer_name"), _c.credit.label("balance"),
        func.coalesce(_a.state, "").label("appeal"), func.coalesce(_a.words, "").label("appeal_words"),
        _a.at.label("appeal_at"), _a.due_at.label("appeal_due_at"), _a.owner.label("appeal_owner"),
        func.coalesce(_a.answer, "").label("answer"),
        func.coalesce(_a.answered_by, "").label("answered_by"), _a.answered_at,
    )
    .join(customers, _c.id == _e.customer_id)
    .outerjoin(evidence, and_(_e.rule == "forgery", evidence.c.id == _e.about))
    .outerjoin(credit_appeals, _a.entry_id == _e.id)
)  # fmt: skip
_NO: Final[BindParameter[str]] = bindparam("case_no")
_OF_CASE: Final = ENTRIES.where(
    _e.customer_id == select(cases.c.customer_id).where(cases.c.case_no == _NO).scalar_subquery(),
    _e.case_no == _NO,
    _e.rule.in_(sorted(APPEALABLE)),
).order_by(_e.id)


def account(app: App, actor: Actor, customer_id: str, *, limit: int = 100) -> Account:
    """The account and its history: its owner's own, or for staff; `NotFound` for everybody else."""
    if not actor.is_staff and not (actor.role == "customer" and actor.id and actor.id == customer_id):
        raise NotFound()
    with app.read() as conn:
        row = conn.execute(
            select(_c.name, _c.credit, _c.credit_due_at).where(_c.id == customer_id)
        ).one_or_none()
        if row is None:
            raise NotFound()
        rows = conn.execute(
            ENTRIES.where(_e.customer_id == customer_id).order_by(_e.id.desc()).limit(limit)
        ).all()
        entries = tuple(entry_of(app, conn, each) for each in rows)
    return Account(customer_id, row.name, row.credit, entries, row.credit_due_at)


def of_case(app: App, conn: Connection, case_no: str) -> tuple[Entry, ...]:
    """What findings about this case's pictures cost its customer, oldest first; for staff."""
    rows = conn.execute(_OF_CASE, {"case_no": case_no}).all()
    return tuple(entry_of(app, conn, row) for row in rows)


def suspected(conn: Connection, customer_ids: Collection[str]) -> frozenset[str]:
    """Those of these customers with a finding against them that nobody took back."""
    stands = or_(_a.state.is_(None), _a.state != "granted")
    found = select(_e.customer_id).outerjoin(credit_appeals, _a.entry_id == _e.id)
    mine = (_e.customer_id.in_(sorted(customer_ids)), _e.rule.in_(sorted(APPEALABLE)), stands)
    return frozenset(conn.execute(found.where(*mine)).scalars())


def entry_of(app: App, conn: Connection, row: Any) -> Entry:
    values = dict(row._mapping)
    picture = values.pop("about") if row.rule == "forgery" else ""
    values.pop("about", None)
    until = None
    if row.rule in APPEALABLE and not row.appeal:
        end = appeal_until_of(app, conn, row)
        until = end if end > app.now() else None
    values["is_kept"] = bool(values["is_kept"])
    return Entry(**values, picture=picture, appeal_until=until)


def appeal_until_of(app: App, conn: Connection, row: Any) -> datetime:
    """Working days of the case's policy, as for an appeal against a rejection."""
    version = conn.execute(select(cases.c.policy_version).where(cases.c.case_no == row.case_no)).scalar_one()
    days = policies.get(app, conn, version).working_days.appeal
    return app.calendar.deadline(row.at, days).at
