"""Credit of an account: entries by the policy's rules, in the transaction of what causes them; what their
owner sees of them and says against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from core.adapters.tables import cases, credit_appeals, credit_entries, customers, evidence
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor, same_person
from core.domain.credit import APPEALABLE, START, counted, next_recovery, points_of, recovered
from core.domain.deadlines import ESCALATED_TO, Due
from core.domain.errors import (
    CreditAppealClosed,
    FoundBefore,
    NotAllowed,
    NotFound,
    OwnCase,
    PictureMissing,
    SamePerson,
    TextRequired,
    TextTooLong,
)
from core.domain.notices import CREDIT_ANSWERED
from core.domain.policy import Policy
from core.domain.terms import Terms
from core.services import policies
from core.services.commands import once
from core.services.record import Change, lock

ANSWERERS: Final = ("reviewer", "lead")
_e, _a, _c = credit_entries.c, credit_appeals.c, customers.c


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an account's points, with the appeal against it; `appeal_until`: while one can be."""

    id: int
    customer_id: str
    at: datetime
    points: int
    rule: str
    case_no: str
    picture: str
    note: str
    made_by: str
    appeal: str  # '' | open | granted | refused
    appeal_words: str
    appeal_due_at: datetime | None
    appeal_owner: str | None
    answer: str
    appeal_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account's points and what they come from, newest first."""

    customer_id: str
    name: str
    points: int
    entries: tuple[Entry, ...]
    next_at: datetime | None  # when time brings some back


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
    _enter(conn, case.customer_id, "forgery", actor, at, policy, case.case_no, terms.picture, terms.note)


def upheld(conn: Connection, customer_id: str, at: datetime, policy: Policy, case_no: str) -> None:
    """An appeal or an arbiter agreed with the customer."""
    _enter(conn, customer_id, "upheld", SYSTEM, at, policy, case_no, case_no, "")


def _enter(
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


# ---- what time brings back --------------------------------------------------------------------------------

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


# ---- reading ----------------------------------------------------------------------------------------------

_ENTRIES: Final = select(
    _e.id, _e.customer_id, _e.at, _e.points, _e.rule, _e.case_no, _e.about, _e.note, _e.made_by,
    func.coalesce(_a.state, "").label("appeal"), func.coalesce(_a.words, "").label("appeal_words"),
    _a.due_at.label("appeal_due_at"), _a.owner.label("appeal_owner"),
    func.coalesce(_a.answer, "").label("answer"),
).outerjoin(credit_appeals, _a.entry_id == _e.id)  # fmt: skip


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
            _ENTRIES.where(_e.customer_id == customer_id).order_by(_e.id.desc()).limit(limit)
        ).all()
        entries = tuple(_entry(app, conn, each) for each in rows)
    return Account(customer_id, row.name, row.credit, entries, row.credit_due_at)


def _entry(app: App, conn: Connection, row: Any) -> Entry:
    values = dict(row._mapping)
    picture = values.pop("about") if row.rule == "forgery" else ""
    values.pop("about", None)
    until = None
    if row.rule in APPEALABLE and not row.appeal:
        end = _appeal_until(app, conn, row)
        until = end if end > app.now() else None
    return Entry(**values, picture=picture, appeal_until=until)


def _appeal_until(app: App, conn: Connection, row: Any) -> datetime:
    """Working days of the case's policy, as for an appeal against a rejection."""
    version = conn.execute(select(cases.c.policy_version).where(cases.c.case_no == row.case_no)).scalar_one()
    days = policies.get(app, conn, version).working_days.appeal
    return app.calendar.deadline(row.at, days).at


# ---- appeals ----------------------------------------------------------------------------------------------


def appeal(app: App, actor: Actor, entry_id: int, words: str, command_id: str) -> None:
    """The owner says why it is wrong: once for an entry, in time. Another person answers."""

    def work(conn: Connection, row: Any) -> dict[str, Any]:
        now, said = app.now(), words.strip()
        if actor.role != "customer":  # nobody of the staff uses up the one appeal there is
            raise NotAllowed(role=actor.role, event="credit_appeal")
        policy = _check_words(app, conn, said)
        is_open = row.rule in APPEALABLE and not row.appeal and now <= _appeal_until(app, conn, row)
        if not is_open:
            raise CreditAppealClosed()
        due_at = app.calendar.deadline(now, policy.working_days.review_most).at
        conn.execute(
            insert(credit_appeals).values(entry_id=entry_id, state="open", words=said, at=now, due_at=due_at)
        )
        return {"entry_id": entry_id}

    once(app, actor, command_id, f"credit_appeal {entry_id}", lambda conn: _held(conn, actor, entry_id), work)


def answer(app: App, actor: Actor, entry_id: int, granted: bool, words: str, command_id: str) -> None:
    """Another person than the one who found it decides, once; granted, the points come back."""

    def work(conn: Connection, row: Any) -> dict[str, Any]:
        now, said = app.now(), words.strip()
        if actor.role not in ANSWERERS:
            raise NotAllowed(role=actor.role, event="answer_credit_appeal")
        if same_person(actor.id, row.customer_id):
            raise OwnCase()
        if same_person(actor.id, row.made_by.partition(":")[2]):
            raise SamePerson()
        policy = _check_words(app, conn, said)
        if row.appeal != "open":
            raise CreditAppealClosed()
        conn.execute(
            update(credit_appeals)
            .where(_a.entry_id == entry_id)
            .values(
                state="granted" if granted else "refused", due_at=None, owner=None, answer=said,
                answered_by=str(actor), answered_at=now,
            )
        )  # fmt: skip
        if granted:
            _enter(
                conn, row.customer_id, "appeal_granted", actor, now, policy, row.case_no, str(entry_id), said,
                points=_given_back(conn, row),
            )  # fmt: skip
        change = Change(conn, lock(conn, row.case_no, SYSTEM))
        change.tell(CREDIT_ANSWERED, now, about=str(entry_id))
        change.write()
        return {"entry_id": entry_id}

    kind = f"credit_answer {entry_id} {'granted' if granted else 'refused'}"
    once(app, actor, command_id, kind, lambda conn: _held(conn, actor, entry_id), work)


def _given_back(conn: Connection, row: Any) -> int:
    """The loss, less what time has brought back meanwhile: nobody is better off for having been accused."""
    kept = _e.rule.in_(("opening", "upheld"))
    earned = select(func.coalesce(func.sum(_e.points), 0)).where(
        _e.customer_id == row.customer_id, kept, _e.points > 0
    )
    now = conn.execute(select(_c.credit).where(_c.id == row.customer_id)).scalar_one()
    most: int = START + conn.execute(earned).scalar_one() - now
    loss: int = -row.points
    return max(0, min(loss, most))


def open_appeals(app: App, actor: Actor, *, limit: int = 100) -> list[Entry]:
    """What waits for an answer, what is due first on top."""
    if actor.role not in ANSWERERS:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        rows = conn.execute(_ENTRIES.where(_a.state == "open").order_by(_a.due_at, _e.id).limit(limit)).all()
        return [_entry(app, conn, row) for row in rows]


def escalate_late(app: App, limit: int) -> int:
    """Appeals past their date get a name and a new one (R3.2); answers how many."""
    now = app.now()
    is_late = (_a.state == "open", _a.due_at <= now)
    with app.read() as conn:
        late = list(conn.execute(select(_a.entry_id).where(*is_late).limit(limit)).scalars())
    if late:
        moved = {"owner": ESCALATED_TO, "due_at": app.calendar.deadline(now, 1).at}
        with app.begin() as conn:  # only what is still late: another worker may have been quicker
            conn.execute(update(credit_appeals).where(_a.entry_id.in_(late), *is_late).values(moved))
    return len(late)


def _held(conn: Connection, actor: Actor, entry_id: int) -> Any:
    """The entry, its account locked: what two people say at once stands in line. `NotFound`: not theirs."""
    row = conn.execute(_ENTRIES.where(_e.id == entry_id)).one_or_none()
    if (
        row is None
        or not row.case_no
        or not (actor.is_staff or (actor.role == "customer" and actor.id == row.customer_id))
    ):
        raise NotFound()
    lock(conn, row.case_no, SYSTEM)  # the case before the account, as everybody: no deadlock
    conn.execute(select(_c.id).where(_c.id == row.customer_id).with_for_update())
    fresh: Any = conn.execute(_ENTRIES.where(_e.id == entry_id)).one()
    return fresh


def _check_words(app: App, conn: Connection, said: str) -> Policy:
    _, policy = policies.in_force(app, conn, app.now())
    if not said:
        raise TextRequired(event="appeal")
    if len(said) > policy.limits.description_characters:
        raise TextTooLong(limit=policy.limits.description_characters, length=len(said))
    return policy


def sums(conn: Connection) -> dict[str, int]:
    """What every account should have, by its entries."""
    rows = conn.execute(select(_e.customer_id, func.sum(_e.points)).group_by(_e.customer_id))
    return {customer: START + int(points) for customer, points in rows}
