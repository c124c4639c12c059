"""Tickets of 'not received': one open for a case, past the policy's limit, answered by a date (R5.4)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from core.adapters.tables import payouts, ticket_answers, tickets
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import ESCALATED_TO
from core.domain.errors import (
    NotFound,
    TextRequired,
    TextTooLong,
    TicketIsClosed,
    TicketIsOpen,
    TicketTooEarly,
)
from core.domain.missing import Checked, may_answer, may_open
from core.domain.notices import TICKET_ANSWERED, TICKET_CLOSED, TICKET_LATE, TICKET_OPENED
from core.domain.policy import Policy
from core.services import policies
from core.services.commands import once
from core.services.missing.bills import piece_of
from core.services.payouts import ask_now, stop_asking
from core.services.record import Case, Change, canonical, lock, plain

_t = tickets.c
# What a ticket carries of its payout as it stood when it was opened.
_STOOD: Final = (
    "channel", "state", "key", "reference", "amount_minor", "currency", "sent_at", "accepted_at", "eta_at",
    "arrived_at", "heard", "heard_at", "cause",
)  # fmt: skip


def open_ticket(
    app: App,
    actor: Actor,
    case_no: str,
    payout_id: int,
    words: str,
    command_id: str,
    checked: Checked | None = None,
) -> int:
    """It has not come: past the policy's limit, one open for a case; the channel is asked at once. Answers
    the ticket's number; the same command again the same one. `TicketTooEarly(opens_at)`, `TicketIsOpen`.
    """

    def work(conn: Connection, case: Case) -> dict[str, Any]:
        now, said = app.now(), words.strip()
        if refusal := may_open(actor):
            raise refusal
        piece = piece_of(app, conn, case, payout_id)
        policy = policies.get(app, conn, case.policy_version)
        _check_length(policy, said)
        if not piece.may_open(now):
            raise TicketTooEarly(opens_at=piece.opens_at)
        if conn.execute(select(_t.id).where(_t.case_no == case_no, _t.state == "open")).first():
            raise TicketIsOpen()
        due_at = app.calendar.deadline(now, policy.working_days.ticket).at
        row = conn.execute(select(payouts).where(payouts.c.id == payout_id)).one()
        carries = {name: plain(getattr(row, name)) for name in _STOOD}
        carries |= {"opens_at": plain(piece.opens_at), "bill": checked.told if checked else None}
        new = insert(tickets).values(
            case_no=case_no, payout_id=payout_id, state="open", words=said, carries=canonical(carries),
            opened_by=str(actor), at=now, due_at=due_at,
        )  # fmt: skip
        ticket_id = conn.execute(new.returning(_t.id)).scalar_one()
        ask_now(conn, payout_id, now)
        change = Change(conn, case)
        change.tell(
            TICKET_OPENED, now, about=str(ticket_id), amount_minor=piece.sent.amount_minor, by_at=due_at
        )
        change.write()
        return {"case_no": case_no, "ticket_id": ticket_id}

    kind = f"open_ticket {case_no} {payout_id}"
    done = once(app, actor, command_id, kind, lambda conn: lock(conn, case_no, actor), work)
    found: int = done["ticket_id"]
    return found


def answer(app: App, actor: Actor, ticket_id: int, words: str, closes: bool, command_id: str) -> None:
    """What the customer reads; closed, or looked into further with a new date. `TicketIsClosed`."""

    def work(conn: Connection, held: tuple[Case, Row[Any]]) -> dict[str, Any]:
        (case, row), now, said = held, app.now(), words.strip()
        if refusal := may_answer(actor, case.customer_id):
            raise refusal
        policy = policies.get(app, conn, case.policy_version)
        if not said:
            raise TextRequired(event="answer_ticket")
        _check_length(policy, said)
        if row.state != "open":
            raise TicketIsClosed()
        new = insert(ticket_answers).values(
            ticket_id=ticket_id, at=now, answered_by=str(actor), words=said, closes=closes
        )
        answer_id = conn.execute(new.returning(ticket_answers.c.id)).scalar_one()
        due_at = None if closes else app.calendar.deadline(now, policy.working_days.ticket).at
        values: dict[str, Any] = {"due_at": due_at, "owner": None}
        if closes:
            values |= {"state": "closed", "closed_at": now}
            stop_asking(conn, row.payout_id)
        conn.execute(update(tickets).where(_t.id == ticket_id).values(values))
        change = Change(conn, case)
        kind = TICKET_CLOSED if closes else TICKET_ANSWERED
        change.tell(kind, now, about=f"{ticket_id}-{answer_id}", by_at=due_at)
        change.write()
        return {"case_no": case.case_no, "ticket_id": ticket_id}

    kind = f"answer_ticket {ticket_id} {'closed' if closes else 'open'}"
    once(app, actor, command_id, kind, lambda conn: _held(conn, actor, ticket_id), work)


def escalate_late(app: App, limit: int) -> int:
    """Tickets past their date get a name and a new one, and the customer hears it once; answers how many."""
    now = app.now()
    is_late = (_t.state == "open", _t.due_at <= now)
    with app.read() as conn:
        late = conn.execute(select(_t.id, _t.case_no).where(*is_late).order_by(_t.due_at).limit(limit)).all()
    done = 0
    for ticket_id, case_no in late:
        with app.begin() as conn:
            change = Change(conn, lock(conn, case_no, SYSTEM))
            row = conn.execute(select(tickets).where(_t.id == ticket_id, *is_late)).one_or_none()
            if row is None:  # somebody was quicker
                continue
            due_at = app.calendar.deadline(now, 1).at
            moved = update(tickets).where(_t.id == ticket_id).values(owner=ESCALATED_TO, due_at=due_at)
            conn.execute(moved)
            if row.owner is None:
                change.tell(TICKET_LATE, now, about=f"{ticket_id}-{plain(row.due_at)}", by_at=due_at)
            change.write()
        done += 1
    return done


def _held(conn: Connection, actor: Actor, ticket_id: int) -> tuple[Case, Row[Any]]:
    """The case, locked, and its ticket; `NotFound`: none, or not for this actor's eyes."""
    case_no = conn.execute(select(_t.case_no).where(_t.id == ticket_id)).scalar_one_or_none()
    if case_no is None:
        raise NotFound()
    case = lock(conn, case_no, actor)
    return case, conn.execute(select(tickets).where(_t.id == ticket_id)).one()


def _check_length(policy: Policy, said: str) -> None:
    most = policy.limits.description_characters
    if len(said) > most:
        raise TextTooLong(limit=most, length=len(said))
