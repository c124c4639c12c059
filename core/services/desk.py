"""The desk: the file of one case, who has it in hand, and what the customer would read of a decision.

Review, second approvals, appeals, arbitration and talks are one desk with different queues (`queues`).
Deciding itself is `cases.act`; a case that is in somebody's hands is decided by nobody else meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from core.adapters.tables import customers
from core.adapters.world import App
from core.domain.actors import BUYERS, Actor, same_person
from core.domain.deadlines import ESCALATED_TO, SECOND
from core.domain.errors import NotAllowed, NotFound, SamePerson
from core.domain.lifecycle import CASE
from core.domain.pictures import Doubt
from core.domain.policy import Policy
from core.domain.reading import Finding
from core.domain.rights import conflict, endorsement
from core.domain.settlement import Payee
from core.domain.terms import Terms
from core.services import (
    alike,
    case_reading,
    credit,
    decisions,
    drafts,
    leases,
    negotiations,
    policies,
    queues,
    reading,
    staff,
)
from core.services.alike import Again
from core.services.case_views import Answer, CaseCard, CaseView
from core.services.credit import Entry
from core.services.granting import gather, open_to
from core.services.leases import Lease
from core.services.record import Case, lock, people, read

PAYERS: Final = ("finance", "lead")  # who may see an account in full, to transfer to it


@dataclass(frozen=True, slots=True)
class File:
    """Everything that a decision rests on. `answer`: what the rules say now, as of the submission."""

    view: CaseView
    policy: Policy
    answer: Answer
    lease: Lease | None
    customer_name: str
    credit: int
    others: tuple[CaseCard, ...]  # the same customer's other cases, newest first
    routes: tuple[str, ...]  # on which money could go now, best first
    payee: Payee | None  # of a transfer by hand; for those who make it
    again: tuple[Again, ...]  # pictures that were sent in other cases as well
    doubts: Mapping[str, tuple[Doubt, ...]]  # of each picture in which there are any: signs of editing
    said: Mapping[str, tuple[Finding, ...]]  # of each picture that was read: what it says beside the order
    losses: tuple[Entry, ...]  # of credit by findings about its pictures, with the appeals against them
    names: Mapping[str, str]  # of the staff in it, by id


def open_file(app: App, actor: Actor, case_no: str) -> File:
    """The case's file, read only; `NotFound` for who may not see it, and of what was never sent: that is its
    customer's own.
    """
    now = app.now()
    with app.read() as conn:
        case = read(conn, case_no, actor)
        if not actor.is_staff:
            raise NotAllowed(role=actor.role)
        view = case_reading.load(app, conn, case, actor)
        if case.state == CASE.initial and not view.events:
            raise NotFound()
        policy = policies.get(app, conn, case.policy_version)
        kinds = [picture.kind for picture in view.evidence]
        wanted = case.requested_minor or 0
        gathered = gather(app, conn, case, wanted, policy, now, kinds)
        answer = Answer(*gathered, case.policy_version, policy)
        person = conn.execute(
            select(customers.c.name, customers.c.credit).where(customers.c.id == case.customer_id)
        ).first()
        others = case_reading.cards(app, conn, _customer(view), None, 7)
        lease = leases.of(conn, case_no, now)
        payee = negotiations.payee_of(conn, case_no) if actor.role in PAYERS else None
        said = reading.findings_in(conn, case_no)
        losses = credit.of_case(app, conn, case_no)
        doubts = alike.doubts_in(conn, case_no)
        again = alike.again_in(conn, case_no)
    options = open_to(answer.facts, answer.found, policy, app.calendar)
    return File(
        view,
        policy,
        answer,
        lease,
        person.name if person else "",
        person.credit if person else 100,
        tuple(card for card in others if card.case_no != case_no and card.state != CASE.initial),
        tuple(option.route for option in options),
        payee,
        tuple(again),
        doubts,
        said,
        losses,
        staff.names(app),
    )


def late_since(view: CaseView, now: datetime) -> datetime | None:
    """Since when it is late, as the queues tell it: until then its customer was to be answered, or its
    transfer by hand was to be made.
    """
    if view.state == "paying":
        hand = [p.eta_at for p in view.payouts if p.channel == "transfer" and p.state == "accepted"]
        return min((eta for eta in hand if eta is not None and eta <= now), default=None)
    if view.owner != ESCALATED_TO:
        return None
    # What it waits for now: a suggestion to the customer begins it anew.
    began = (e.seq for e in view.events if e.from_state != e.to_state or e.event == "counter")
    entered = max(began, default=0)
    missed = next((e for e in view.events if e.event == "escalate" and e.seq > entered), None)
    if missed is None:
        return None
    promised = (e.due_at for e in reversed(view.events) if e.seq < missed.seq and e.due_at is not None)
    return next(promised, missed.at)


def _customer(view: CaseView) -> Actor:
    """The customer as an actor, to see the case as they do."""
    if view.customer_id:
        return Actor("customer", view.customer_id)
    return Actor("guest", "", view.order.order_no)


def take(app: App, actor: Actor, case_no: str) -> Lease:
    """Take the case in hand for some minutes, or keep it; `InOtherHands` while a colleague has it.

    `OwnCase`, `SamePerson`: who may not decide it does not keep others from deciding it either (inv. 13).
    """
    now = app.now()
    with app.read() as conn:  # each click of whoever has it asks: nothing is written, unless it runs out soon
        _to_be_decided(conn, actor, read(conn, case_no, actor))
        held = leases.of(conn, case_no, now)
    mine = held is not None and (held.person_id, held.role) == (actor.id, actor.role)
    if held is not None and mine and leases.lasts(held, now):
        return held
    with app.begin() as conn:
        _to_be_decided(conn, actor, lock(conn, case_no, actor))
        return leases.take(conn, actor, case_no, now)


def _to_be_decided(conn: Connection, actor: Actor, case: Case) -> None:
    if not any(_has(queue, case) for queue in queues.mine(actor)):
        raise NotAllowed(role=actor.role)
    if actor.role not in BUYERS:
        history = people(conn, case.case_no)
        if refusal := conflict(actor, case.state, case.customer_id, history):
            raise refusal
        first = endorsement(history)
        if first is not None and same_person(first[2], actor.id):  # it waits for somebody else now
            raise SamePerson()


def _has(queue: queues.Queue, case: Case) -> bool:
    owner = {"second": SECOND, "transfers": "finance"}.get(queue.name)
    return case.state in queue.states and owner in (None, case.owner)


def give_back(app: App, actor: Actor, case_no: str) -> None:
    """Let the case go before the lease runs out."""
    with app.begin() as conn:
        leases.give_back(conn, actor, case_no)


class _Undone(Exception):
    """Carries the preview out of a transaction that is never committed."""

    def __init__(self, view: CaseView) -> None:
        self.view = view


def preview(
    app: App, actor: Actor, case_no: str, event: str, terms: Terms | None = None, **said: Any
) -> CaseView:
    """The case as its customer would see it after this decision. It is really taken, with every guard, and
    taken back: so the preview cannot differ from what then happens.
    """
    terms = terms or Terms(**said)
    try:
        with app.begin() as conn:
            case = lock(conn, case_no, actor)
            after = decisions.decide(app, conn, case, actor, event, terms.with_note(drafts.clean(terms.note)))
            before = case_reading.load(app, conn, after, actor)
            raise _Undone(case_reading.load(app, conn, after, _customer(before)))
    except _Undone as undone:
        return undone.view
