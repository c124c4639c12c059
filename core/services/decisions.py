"""Deciding a case: the automatic review at submission and the people after it. Guards first, then one or two
events.

Each decision keeps the facts, the policy version and the rules' own answer, so that it can be taken again
(R6.4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain import routes
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import SECOND, Due, due
from core.domain.eligibility import Assessment, assess
from core.domain.errors import (
    AmountAboveRemaining,
    AmountInvalid,
    MoneyAlreadySent,
    NotAllowed,
    NothingLeft,
    RouteUnavailable,
    TextRequired,
    TextTooLong,
)
from core.domain.facts import Facts
from core.domain.lifecycle import CASE
from core.domain.policy import Policy
from core.domain.rights import Step, barred, endorsement, one_agrees
from core.domain.routes import RouteOption
from core.services import ledger, payouts, policies, reservations
from core.services.orders import facts_for
from core.services.record import Case, Change, evidence_kinds, last_body, people

NEEDS_WORDS: Final = frozenset({"reject", "ask", "answer", "dispute", "appeal"})


def gather(
    app: App,
    conn: Connection,
    case: Case,
    amount: int,
    policy: Policy,
    at: datetime,
    evidence: Collection[str] | None = None,
) -> tuple[Facts, Assessment]:
    """Fresh facts of the claim and what the rules say to them. `evidence`: its kinds, where already read.

    A case that was sent in time stays so however long the review takes; one that is applied for again counts
    from then.
    """
    facts = facts_for(
        conn,
        case.order_no,
        reason=case.reason or "other",
        requested_minor=amount,
        evidence=evidence_kinds(conn, case.case_no) if evidence is None else evidence,
        policy=policy,
        at=at,
        asked_at=case.submitted_at,
    )
    return facts, assess(facts, policy, app.calendar)


def choose(options: Iterable[RouteOption], route: str | None) -> RouteOption:
    """The option of `route` (the best one when none was chosen), or `RouteUnavailable`."""
    for option in options:
        if route is None or option.route == route:
            return option
    raise RouteUnavailable(route=route or "original")


def basis(facts: Facts, assessment: Assessment, version: int, option: RouteOption | None) -> dict[str, Any]:
    """What an event keeps of a decision."""
    body: dict[str, Any] = {
        "facts": facts.as_dict(),
        "policy_version": version,
        "assessment": {"verdict": assessment.verdict, "rule": assessment.rule},
    }
    if option is not None:
        b = option.breakdown
        body["option"] = {
            "route": option.route,
            "legs": [
                {
                    "payment_id": leg.payment_id,
                    "route": leg.route,
                    "channel": leg.channel,
                    "reserved_minor": leg.reserved_minor,
                    "amount_minor": leg.amount_minor,
                }
                for leg in option.legs
            ],
            "approved": b.approved,
            "fee": b.fee,
            "fx": b.fx,
            "refund": b.refund,
        }
    return body


def screen(app: App, change: Change, facts: Facts, assessment: Assessment, policy: Policy) -> None:
    """The automatic review: the rules' verdict becomes the event that answers a submission."""
    case, at = change.case, facts.at
    verdict: dict[str, Any] = {"verdict": assessment.verdict, "rule": assessment.rule}
    if assessment.verdict == "approve":
        option = choose(assessment.options, case.route)
        if option.approvals == 0:
            body = basis(facts, assessment, case.policy_version, option)
            grant(app, change, option, SYSTEM, at, policy, body, **verdict)
            return
    body = basis(facts, assessment, case.policy_version, None)
    if assessment.verdict == "reject":
        decided = {"decided_by": str(SYSTEM), "decided_at": at}
        next_due = due("rejected", policy, app.calendar, at)
        change.step("reject", SYSTEM, at, next_due, body, **verdict, **decided)
    else:
        change.step("refer", SYSTEM, at, due("in_review", policy, app.calendar, at), body, **verdict)


def grant(
    app: App,
    change: Change,
    option: RouteOption,
    actor: Actor,
    at: datetime,
    policy: Policy,
    body: dict[str, Any],
    **changes: Any,
) -> None:
    """Approve: hold the money, book it, and let the worker pay, or people where it cannot simply go back."""
    reservations.hold(change.conn, option.legs)
    b = option.breakdown
    amounts = {"approved_minor": b.approved, "fee_minor": b.fee, "fx_minor": b.fx, "refund_minor": b.refund}
    case = change.step(
        "approve",
        actor,
        at,
        due("approved", policy, app.calendar, at),
        body,
        route=option.route,
        decided_by=str(actor),
        decided_at=at,
        **amounts,
        **changes,
    )
    ledger.approved(
        change.conn, case_no=case.case_no, seq=case.last_seq, at=at, currency=case.currency, **amounts
    )
    if option.approvals > 1:
        change.step("negotiate", SYSTEM, at, due("negotiating", policy, app.calendar, at))


def decide(
    app: App, conn: Connection, case: Case, actor: Actor, event: str, note: str, amount_minor: int | None
) -> Case:
    """One event by a person, all guards included. `submit` is not here: it is the customer's own command.

    Where two must approve, the first `approve` (or `agree`) becomes the event `endorse`.
    """
    at = app.now()
    if event == "withdraw" and case.state in ("paying", "completed"):
        raise MoneyAlreadySent()
    row = CASE.row(case.state, event)
    if actor.role == "system" or actor.role not in row.roles:
        raise NotAllowed(role=actor.role, event=event)
    history = people(conn, case.case_no)
    refusal = barred(event, actor, case.state, case.customer_id, history)
    if refusal is not None:
        raise refusal
    policy = policies.get(app, conn, case.policy_version)
    note = note.strip()
    if event in NEEDS_WORDS and not note:
        raise TextRequired(event=event)
    if len(note) > policy.limits.description_characters:
        raise TextTooLong(limit=policy.limits.description_characters, length=len(note))
    change = Change(conn, case)
    if event == "approve":
        _approve(app, change, actor, at, policy, note, amount_minor, history)
    elif event == "withdraw":
        _withdraw(app, change, actor, at, policy, note)
    elif event == "agree":
        _agree(app, change, actor, at, policy, note, history)
    else:
        body: dict[str, Any] = {"note": note} if note else {}
        changes: dict[str, Any] = {}
        if event == "reject":
            body |= _rules_say(app, conn, case, policy, at)
            changes = {"decided_by": str(actor), "decided_at": at}
        elif event == "reapply":
            changes = dict.fromkeys(("verdict", "rule", "decided_by", "decided_at", "submitted_at")) | {
                "step": 1
            }
        change.step(event, actor, at, due(row.target, policy, app.calendar, at), body, **changes)
    return change.write()


def _approve(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    note: str,
    amount_minor: int | None,
    history: Sequence[Step],
) -> None:
    case = change.case
    requested = case.requested_minor or 0
    endorsed = _endorsed(change, history).get("option")
    amount = amount_minor
    if amount is None:
        amount = endorsed["approved"] if endorsed else requested
    if amount <= 0:
        raise AmountInvalid()
    if amount > requested:
        raise AmountAboveRemaining(remaining_minor=requested, currency=case.currency)
    if amount < requested and not note and endorsed is None:
        raise TextRequired(event="approve")
    facts, assessment = gather(app, change.conn, case, amount, policy, at)
    left = facts.refundable_minor
    if left <= 0:
        raise NothingLeft()
    if amount > left:
        raise AmountAboveRemaining(remaining_minor=left, currency=case.currency)
    # A person may approve what the rules refuse; the plan of the money is the rules' all the same.
    options = assessment.options or routes.plan(facts, policy, app.calendar)
    open_routes = {option.route for option in options}
    # The customer's route may have closed since; then people settle it rather than choose for the customer.
    route = next((r for r in (case.route, "negotiated") if r in open_routes), None)
    option = choose(options, route)
    body = basis(facts, assessment, case.policy_version, option) | ({"note": note} if note else {})
    kept = body["option"]
    is_second = endorsed is not None and all(endorsed[part] == kept[part] for part in ("approved", "route"))
    if not is_second and actor.role not in CASE.row(case.state, "endorse").roles:
        raise NotAllowed(role=actor.role, event="endorse")  # only there to confirm what was endorsed
    # Of the whole order, as for the rules.
    if is_second or assessment.columns["order_refund_minor"] <= policy.limits.second_approval_minor:
        grant(app, change, option, actor, at, policy, body)
    else:
        _endorse(change, actor, at, body)


def _agree(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    note: str,
    history: Sequence[Step],
) -> None:
    """Whoever approved is one of two; after an automatic approval the first of two agrees to begin with."""
    legs = [asdict(leg) for leg in payouts.agreed(change.conn, change.case)]
    if one_agrees(history) or _endorsed(change, history).get("legs") == legs:
        payouts.start(app, change, "agree", actor, at, policy, note)
    else:
        _endorse(change, actor, at, {"legs": legs} | ({"note": note} if note else {}))


def _endorsed(change: Change, history: Sequence[Step]) -> dict[str, Any]:
    """What the first of two approvals said while it is in force, else nothing."""
    return last_body(change.conn, change.case.case_no, "endorse") if endorsement(history) else {}


def _endorse(change: Change, actor: Actor, at: datetime, body: dict[str, Any]) -> None:
    """The first of two approvals: the case stays where it is, and so does its deadline."""
    case = change.case
    change.step("endorse", actor, at, Due(case.due_at, case.due_action, case.owner or SECOND), body)


def _rules_say(app: App, conn: Connection, case: Case, policy: Policy, at: datetime) -> dict[str, Any]:
    facts, assessment = gather(app, conn, case, case.requested_minor or 0, policy, at)
    return basis(facts, assessment, case.policy_version, None)


def _withdraw(app: App, change: Change, actor: Actor, at: datetime, policy: Policy, note: str) -> None:
    case = change.case
    granted = case.approved_minor is not None
    body: dict[str, Any] = {"note": note} if note else {}
    amounts = ("approved_minor", "fee_minor", "fx_minor", "refund_minor")
    held = reservations.holds(change.conn, case.case_no) if granted else []
    cleared: dict[str, Any] = dict.fromkeys(amounts) if granted else {}
    after = change.step("withdraw", actor, at, due("withdrawn", policy, app.calendar, at), body, **cleared)
    if granted:
        reservations.release(change.conn, held)
        ledger.released(
            change.conn,
            case_no=case.case_no,
            seq=after.last_seq,
            at=at,
            currency=case.currency,
            **{name: getattr(case, name) for name in amounts},
        )
