"""Granting a refund: fresh facts, the plan of the money, what an event keeps of it, the hold on the payments.

Who may do it and when is decided above (`approvals`, `decisions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain import routes
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import due
from core.domain.eligibility import Assessment, assess
from core.domain.errors import RouteUnavailable
from core.domain.facts import Facts
from core.domain.policy import Policy
from core.domain.routes import RouteOption
from core.domain.workdays import Calendar
from core.services import ledger, reservations
from core.services.applying import Answer, Applying
from core.services.applying import weigh as answer
from core.services.orders import facts_for
from core.services.record import Case, Change, evidence_kinds


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
    if case.applicant == "guest":  # a receipt opens no balance of the account that bought it
        facts = replace(facts, has_account=False)
    return facts, assess(facts, policy, app.calendar)


def weigh(
    app: App,
    conn: Connection,
    applying: Applying,
    case: Case,
    amount: int,
    at: datetime,
    evidence: Collection[str] | None = None,
) -> Answer:
    """Fresh facts of a claim that is not sent yet, and the answer of the policy that applies to it."""
    kinds = evidence_kinds(conn, case.case_no) if evidence is None else evidence
    return answer(
        app, applying, case.order_no, lambda policy: gather(app, conn, case, amount, policy, at, kinds)
    )


def open_to(
    facts: Facts, assessment: Assessment, policy: Policy, calendar: Calendar
) -> tuple[RouteOption, ...]:
    """The routes open to a person: one may approve what the rules refuse, the plan of the money is theirs."""
    return assessment.options or routes.plan(facts, policy, calendar)


def settled_on(options: Iterable[RouteOption], wanted: str | None) -> str | None:
    """The customer's route; where it has closed since, people settle it rather than choose for them."""
    open_routes = {option.route for option in options}
    return next((route for route in (wanted, "negotiated") if route in open_routes), None)


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


def grant(
    app: App,
    change: Change,
    option: RouteOption,
    actor: Actor,
    at: datetime,
    policy: Policy,
    body: dict[str, Any],
    *,
    event: str = "approve",
    decided_by: str = "",
    **changes: Any,
) -> None:
    """Approve: hold the money, book it, and let the worker pay, or people where it cannot simply go back.

    `decided_by`: whose decision it was, where `actor` only accepts it.
    """
    reservations.hold(change.conn, option.legs)
    b = option.breakdown
    amounts = {"approved_minor": b.approved, "fee_minor": b.fee, "fx_minor": b.fx, "refund_minor": b.refund}
    case = change.step(
        event,
        actor,
        at,
        due("approved", policy, app.calendar, at),
        body,
        route=option.route,
        decided_by=decided_by or str(actor),
        decided_at=at,
        **amounts,
        **changes,
    )
    ledger.approved(
        change.conn, case_no=case.case_no, seq=case.last_seq, at=at, currency=case.currency, **amounts
    )
    if option.approvals > 1:
        change.step("negotiate", SYSTEM, at, due("negotiating", policy, app.calendar, at))
