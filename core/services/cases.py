"""Cases: what customers, staff and the worker can do with one. Each function is one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain import proof
from core.domain.actors import BUYERS, UNINVOLVED, Actor
from core.domain.deadlines import due
from core.domain.errors import (
    AmountAboveRemaining,
    AmountInvalid,
    EvidenceMissing,
    NotAllowed,
    NothingLeft,
    QuantityInvalid,
    ReasonInvalid,
    StaleForm,
    TermsNotAccepted,
    VerdictChanged,
)
from core.domain.lifecycle import CASE
from core.domain.terms import Terms
from core.services import applying, case_reading, decisions, drafts, leases, policies, trials
from core.services.case_views import CaseCard, CaseView, Look
from core.services.commands import once
from core.services.granting import choose, weigh
from core.services.record import Case, Change, lock, read


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission led to at once."""

    case_no: str
    state: str
    verdict: str
    rule: str


def open_draft(app: App, actor: Actor, order_no: str) -> CaseView:
    """The draft of this order, resumed or new; `CaseAlreadyOpen(case_no)` when one was sent already."""
    with app.begin() as conn:
        order = drafts.held_order(conn, actor, order_no)
        case = drafts.open_one(app, conn, actor, order, app.now())
        return case_reading.load(app, conn, case, actor)


def save_draft(app: App, actor: Actor, case_no: str, **fields: Any) -> None:
    """Keep what the wizard has: `step reason requested_minor quantity description route`; None changes
    nothing.
    """
    with app.begin() as conn:
        case = lock(conn, case_no, actor)
        if actor.role not in BUYERS:
            raise NotAllowed(role=actor.role)
        _, policy = policies.in_force(app, conn, app.now())
        drafts.fill_in(conn, case, policy, **fields)


def look(app: App, actor: Actor, case_no: str, *, assessed: bool = True) -> Look:
    """One case as a screen needs it: a draft that says enough is assessed as `submit` will (R1.5)."""
    now = app.now()
    with app.read() as conn:
        case = read(conn, case_no, actor, from_outside=True)
        found = applying.at(app, conn, now)
        view = case_reading.load(app, conn, case, actor, found)
        version, policy = found.base(case.order_no)
        answer = None
        if assessed and case.state == "draft" and case.reason and case.requested_minor is not None:
            kinds = [picture.kind for picture in view.evidence]
            answer = weigh(app, conn, found, case, case.requested_minor, now, kinds)
            version, policy = answer.version, answer.policy
    return Look(view, version, policy, found.policy, answer, now)


def submit(
    app: App,
    actor: Actor,
    case_no: str,
    command_id: str,
    *,
    expected_verdict: str | None = None,
    expected_refund_minor: int | None = None,
    accept_terms: bool = True,
) -> Submitted:
    """Send the draft and let the rules answer, in one transaction; the same command id gives the same
    answer. What the customer saw (`expected_…`) must still be true: `VerdictChanged`, `StaleForm`.
    """

    def work(conn: Connection, case: Case) -> dict[str, Any]:
        return _submit(app, conn, case, actor, expected_verdict, accept_terms, expected_refund_minor)

    return Submitted(
        **once(app, actor, command_id, f"submit {case_no}", lambda conn: lock(conn, case_no, actor), work)
    )


def apply(
    app: App,
    actor: Actor,
    order_no: str,
    reason: str,
    requested_minor: int,
    *,
    command_id: str,
    quantity: int | None = None,
    description: str = "",
    route: str | None = None,
) -> Submitted:
    """Open, fill in and send in one transaction: for scripts, load and support on the telephone."""

    def work(conn: Connection, order: Any) -> dict[str, Any]:
        at = app.now()
        case = drafts.open_one(app, conn, actor, order, at)
        _, policy = policies.in_force(app, conn, at)
        case = drafts.fill_in(
            conn,
            case,
            policy,
            reason=reason,
            requested_minor=requested_minor,
            quantity=quantity,
            description=description,
            route=route,
        )
        return _submit(app, conn, case, actor, None, True)

    kind = f"apply {order_no} {reason} {requested_minor}"
    return Submitted(
        **once(app, actor, command_id, kind, lambda conn: drafts.held_order(conn, actor, order_no), work)
    )


def _submit(
    app: App,
    conn: Connection,
    case: Case,
    actor: Actor,
    expected_verdict: str | None,
    accept_terms: bool,
    expected_refund_minor: int | None = None,
) -> dict[str, Any]:
    at = app.now()
    CASE.row(case.state, "submit")
    if not accept_terms:
        raise TermsNotAccepted()
    if case.reason is None:
        raise ReasonInvalid(reason="")
    amount = case.requested_minor
    if amount is None or amount <= 0:
        raise AmountInvalid()
    holds = applying.at_sending(app, conn, at, case.order_no)
    answer = weigh(app, conn, holds, case, amount, at)
    facts, assessment, policy = answer.facts, answer.found, answer.policy
    left = facts.refundable_minor
    if left <= 0:
        raise NothingLeft()
    if amount > left:
        raise AmountAboveRemaining(remaining_minor=left, currency=case.currency)
    if case.quantity is not None and case.quantity > facts.quantity:
        raise QuantityInvalid(bought=facts.quantity)
    if assessment.verdict == "needs_evidence":
        raise EvidenceMissing(kinds=list(assessment.missing_evidence))
    if expected_verdict is not None and expected_verdict != assessment.verdict:
        raise VerdictChanged(verdict=assessment.verdict, rule=assessment.rule)
    route = case.route
    if assessment.verdict != "reject":
        option = choose(assessment.options, case.route)
        route = option.route
        # Another tab may have changed the draft since this form was shown.
        if expected_refund_minor not in (None, option.breakdown.refund):
            raise StaleForm()
    change = Change(conn, case)
    claim = {"reason": case.reason, "requested_minor": amount, "quantity": case.quantity}
    claim |= {"description": case.description, "route": route}
    next_due = due("in_review", policy, app.calendar, at)
    change.step("submit", actor, at, next_due, None, policy_version=answer.version, submitted_at=at, **claim)
    decisions.screen(app, change, answer)
    after = change.write()
    answered = (after.case_no, after.last_seq, after.currency)
    trials.beside(app, conn, holds.running, answered, facts, assessment)
    return {
        "case_no": after.case_no,
        "state": after.state,
        "verdict": assessment.verdict,
        "rule": assessment.rule,
    }


def act(
    app: App,
    actor: Actor,
    case_no: str,
    event: str,
    command_id: str,
    terms: Terms | None = None,
    *,
    seen: int | None = None,
    **said: Any,
) -> CaseView:
    """One event of the lifecycle by a person, with every guard. Answers the case as this person sees
    it now. What is said with it: `terms`, or their parts by name (`note`, `amount_minor`, …). `seen`: the
    last event of the case on the screen where they decided it (`CaseView.last_seq`); `StaleForm` when more
    has happened since. None where there was no screen.
    """
    terms = terms or Terms(**said)
    proof.check(actor, event, app.now())
    if event == "submit":
        submit(app, actor, case_no, command_id)
        return view(app, actor, case_no)

    def work(conn: Connection, case: Case) -> dict[str, Any]:
        if actor.role not in BUYERS:
            leases.free(conn, actor, case_no, app.now())
        words = terms.with_note(drafts.clean(terms.note))
        after = decisions.decide(app, conn, case, actor, event, words, seen)
        if actor.role not in BUYERS:
            leases.give_back(conn, actor, case_no)
        return {"case_no": after.case_no, "state": after.state}

    kind = f"{event} {case_no} {terms.said}"
    once(app, actor, command_id, kind, lambda conn: lock(conn, case_no, actor), work)
    return view(app, actor, case_no)


def view(app: App, actor: Actor, case_no: str) -> CaseView:
    """Everything about one case that this actor may see; `NotFound` otherwise."""
    with app.read() as conn:
        return case_reading.load(app, conn, read(conn, case_no, actor, from_outside=True), actor)


def list_for(
    app: App, actor: Actor, *, states: Collection[str] | None = None, limit: int = 500
) -> list[CaseCard]:
    """The actor's cases, newest first: a customer's own, a guest's order's, everybody's for staff who have to
    do with them.
    """
    if actor.role in UNINVOLVED:
        return []
    with app.read() as conn:
        return case_reading.cards(app, conn, actor, states, limit)
