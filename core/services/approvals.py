"""People say yes: they approve, in full or a part; they offer another amount or route, to be accepted.

Where two must stand behind it, the first such command becomes the event `endorse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from core.adapters.tables import case_events
from core.adapters.world import App
from core.domain import routes
from core.domain.actors import Actor
from core.domain.deadlines import SECOND, Due, offered
from core.domain.errors import (
    AmountAboveRemaining,
    AmountInvalid,
    NotAllowed,
    NothingLeft,
    OfferUnneeded,
    OfferVoid,
    RouteUnavailable,
    TextRequired,
)
from core.domain.lifecycle import CASE
from core.domain.policy import Policy
from core.domain.rights import SECOND_LOOK, Step, endorsement
from core.domain.routes import RouteOption
from core.domain.terms import Terms
from core.services import credit
from core.services.granting import basis, choose, gather, grant
from core.services.record import Change, last_body

SAME: Final = ("approved", "route")  # what the second of two must say like the first


@dataclass(frozen=True, slots=True)
class Weighed:
    """An amount on a route, on fresh facts. `is_enough`: nobody else has to say the same."""

    option: RouteOption
    body: dict[str, Any]
    is_enough: bool


def approve(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    terms: Terms,
    history: Sequence[Step],
) -> None:
    """Grant it; a second approval is of exactly what the first one was of."""
    case, endorsed = change.case, _endorsed_option(change, history, "approve")
    requested = case.requested_minor or 0
    amount = terms.amount_minor
    if amount is None:
        amount = endorsed["approved"] if endorsed else requested
    found = _weigh(app, change, actor, at, policy, terms, amount, None, endorsed)
    if amount < requested and not terms.note and not endorsed:
        raise TextRequired(event="approve")
    if found.is_enough:
        grant(app, change, found.option, actor, at, policy, found.body)
        if case.state in SECOND_LOOK:
            credit.upheld(change.conn, case.customer_id, at, policy, case.case_no)
    else:
        endorse(change, actor, at, {**found.body, "of": "approve"})


def offer(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    terms: Terms,
    history: Sequence[Step],
) -> None:
    """Another amount or another route than was asked for, with words; it waits for the customer (R4.2)."""
    case, endorsed = change.case, _endorsed_option(change, history, "offer")
    amount, route = terms.amount_minor, terms.route
    if endorsed:
        amount = endorsed["approved"] if amount is None else amount
        route = route or endorsed["route"]
    amount = (case.requested_minor or 0) if amount is None else amount
    route = route or case.route or "original"
    if (amount, route) == (case.requested_minor, case.route):
        raise OfferUnneeded()
    found = _weigh(app, change, actor, at, policy, terms, amount, route, endorsed)
    if found.is_enough:
        change.step("offer", actor, at, offered(policy, app.calendar, at), found.body)
    else:
        endorse(change, actor, at, {**found.body, "of": "offer"})


def accept(app: App, change: Change, actor: Actor, at: datetime, policy: Policy, terms: Terms) -> None:
    """The customer takes what was offered, exactly that, on fresh facts; `OfferVoid` when it is no longer to
    be had, and they may decline instead.
    """
    case = change.case
    promised = last_body(change.conn, case.case_no, "offer")["option"]
    facts, assessment = gather(app, change.conn, case, promised["approved"], policy, at)
    if promised["approved"] > facts.refundable_minor:
        raise OfferVoid()
    options = assessment.options or routes.plan(facts, policy, app.calendar)
    try:
        option = choose(options, promised["route"])
    except RouteUnavailable:
        raise OfferVoid() from None
    body = basis(facts, assessment, case.policy_version, option)
    if body["option"] != promised:  # a rate has moved, an account was closed: not what the customer saw
        raise OfferVoid()
    if terms.note:
        body["note"] = terms.note
    grant(app, change, option, actor, at, policy, body, event="accept", decided_by=_made_by(change))


def _made_by(change: Change) -> str:
    e = case_events.c
    newest = select(e.actor_role, e.actor_id).where(e.case_no == change.case.case_no, e.event == "offer")
    row = change.conn.execute(newest.order_by(e.seq.desc()).limit(1)).one()
    return str(Actor(row.actor_role, row.actor_id))


def _weigh(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    terms: Terms,
    amount: int,
    route: str | None,
    endorsed: dict[str, Any],
) -> Weighed:
    """`route` None: the customer's, or people settle it where that has closed since."""
    case = change.case
    requested = case.requested_minor or 0
    if amount <= 0:
        raise AmountInvalid()
    if amount > requested:
        raise AmountAboveRemaining(remaining_minor=requested, currency=case.currency)
    facts, assessment = gather(app, change.conn, case, amount, policy, at)
    left = facts.refundable_minor
    if left <= 0:
        raise NothingLeft()
    if amount > left:
        raise AmountAboveRemaining(remaining_minor=left, currency=case.currency)
    # A person may approve what the rules refuse; the plan of the money is the rules' all the same.
    options = assessment.options or routes.plan(facts, policy, app.calendar)
    if route is None:
        open_routes = {option.route for option in options}
        # The customer's route may have closed since; then people settle it rather than choose for them.
        route = next((r for r in (case.route, "negotiated") if r in open_routes), None)
    option = choose(options, route)
    body = basis(facts, assessment, case.policy_version, option) | (
        {"note": terms.note} if terms.note else {}
    )
    is_second = bool(endorsed) and all(endorsed[part] == body["option"][part] for part in SAME)
    if not is_second and actor.role not in CASE.row(case.state, "endorse").roles:
        raise NotAllowed(role=actor.role, event="endorse")  # only there to confirm what was endorsed
    # Of the whole order, as for the rules.
    is_small = assessment.columns["order_refund_minor"] <= policy.limits.second_approval_minor
    return Weighed(option, body, is_second or is_small)


def _endorsed_option(change: Change, history: Sequence[Step], of: str) -> dict[str, Any]:
    said = endorsed_by_first(change, history)
    option: dict[str, Any] = said.get("option", {}) if said.get("of", "approve") == of else {}
    return option


def endorsed_by_first(change: Change, history: Sequence[Step]) -> dict[str, Any]:
    """What the first of two approvals said while it is in force, else nothing."""
    return last_body(change.conn, change.case.case_no, "endorse") if endorsement(history) else {}


def endorse(change: Change, actor: Actor, at: datetime, body: dict[str, Any]) -> None:
    """The first of two approvals: the case stays where it is, and so does its deadline."""
    case = change.case
    change.step("endorse", actor, at, Due(case.due_at, case.due_action, case.owner or SECOND), body)
