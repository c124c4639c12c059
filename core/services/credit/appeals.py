"""What the owner says against a loss, and what another person answers: once, with words, in time."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from core.adapters.tables import credit_appeals, credit_entries, customers
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor, same_person
from core.domain.credit import APPEALABLE, START, counted
from core.domain.deadlines import ESCALATED_TO
from core.domain.errors import (
    CreditAppealClosed,
    NotAllowed,
    NotFound,
    OwnCase,
    Refusal,
    SamePerson,
    TextRequired,
    TextTooLong,
)
from core.domain.notices import CREDIT_ANSWERED
from core.domain.policy import Policy
from core.services import policies
from core.services.commands import once
from core.services.credit.accounts import ENTRIES, Entry, appeal_until_of, entry_of
from core.services.credit.entries import enter
from core.services.record import Change, lock

ANSWERERS: Final = ("reviewer", "lead")
_e, _a, _c = credit_entries.c, credit_appeals.c, customers.c


def appeal(app: App, actor: Actor, entry_id: int, words: str, command_id: str) -> None:
    """The owner says why it is wrong: once for an entry, in time. Another person answers."""

    def work(conn: Connection, row: Any) -> dict[str, Any]:
        now, said = app.now(), words.strip()
        if actor.role != "customer":  # nobody of the staff uses up the one appeal there is
            raise NotAllowed(role=actor.role, event="credit_appeal")
        policy = _check_words(app, conn, said)
        is_open = row.rule in APPEALABLE and not row.appeal and now <= appeal_until_of(app, conn, row)
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
        if refusal := may_answer(actor, row):
            raise refusal
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
            enter(
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


def would_give_back(app: App, actor: Actor, entry_id: int) -> int:
    """The points that granting its appeal would bring back now."""
    if actor.role not in ANSWERERS:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        row = conn.execute(ENTRIES.where(_e.id == entry_id)).one_or_none()
        if row is None:
            raise NotFound()
        policy = policies.in_force(app, conn, app.now())[1]
        return counted(row.balance, _given_back(conn, row), policy.credit)


def may_answer(actor: Actor, entry: Entry | Row[Any]) -> Refusal | None:
    """Why this person does not answer this appeal; None: they may."""
    if actor.role not in ANSWERERS:
        return NotAllowed(role=actor.role, event="answer_credit_appeal")
    if same_person(actor.id, entry.customer_id):
        return OwnCase()
    return SamePerson() if same_person(actor.id, entry.made_by.partition(":")[2]) else None


def open_appeals(app: App, actor: Actor, *, limit: int = 100) -> list[Entry]:
    """What waits for an answer, what is due first on top."""
    if actor.role not in ANSWERERS:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        rows = conn.execute(ENTRIES.where(_a.state == "open").order_by(_a.due_at, _e.id).limit(limit)).all()
        return [entry_of(app, conn, row) for row in rows]


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
    row = conn.execute(ENTRIES.where(_e.id == entry_id)).one_or_none()
    if (
        row is None
        or not row.case_no
        or not (actor.is_staff or (actor.role == "customer" and actor.id == row.customer_id))
    ):
        raise NotFound()
    lock(conn, row.case_no, SYSTEM)  # the case before the account, as everybody: no deadlock
    conn.execute(select(_c.id).where(_c.id == row.customer_id).with_for_update())
    fresh: Any = conn.execute(ENTRIES.where(_e.id == entry_id)).one()
    return fresh


def _check_words(app: App, conn: Connection, said: str) -> Policy:
    _, policy = policies.in_force(app, conn, app.now())
    if not said:
        raise TextRequired(event="appeal")
    if len(said) > policy.limits.description_characters:
        raise TextTooLong(limit=policy.limits.description_characters, length=len(said))
    return policy
