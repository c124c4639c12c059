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
from core.services.granting import basis, choose, gather, grant, open_to, settled_on
from core.services.record import Change, last_body

SAME: Final = ("approved", "route")  # what the second of two must say like the first
RULING: Final = "in_arbitration"  # where yes needs its reason as no does: both sides read it


@dataclass(frozen=True, slots=True)
class Weighed:
    """An amount on a route, on fresh facts. `note`: what the customer reads with it, the first's words where
    the second of two adds none. `is_enough`: nobody else has to say the same.
    """

    option: RouteOption
    body: dict[str, Any]
    note: str
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
    case, first = change.case, _first(change, history, "approve")
    requested = case.requested_minor or 0
    amount = terms.amount_minor
    if amount is None:
        amount = first["option"]["approved"] if first else requested
    found = _weigh(app, change, actor, at, policy, terms, amount, None, first)
    if not found.note and (amount < requested or case.state == RULING):
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
    case, first = change.case, _first(change, history, "offer")
    amount, route = terms.amount_minor, terms.route
    if first:
        amount = first["option"]["approved"] if amount is None else amount
        route = route or first["option"]["route"]
    amount = (case.requested_minor or 0) if amount is None else amount
    route = route or case.route or "original"
    if (amount, route) == (case.requested_minor, case.route):
        raise OfferUnneeded()
    found = _weigh(app, change, actor, at, policy, terms, amount, route, first)
    if not found.note:
        raise TextRequired(event="offer")
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
    try:
        option = choose(open_to(facts, assessment, policy, app.calendar), promised["route"])
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
    first: dict[str, Any],
) -> Weighed:
    """`route` None: the customer's, or people settle it where that has closed since. `first`: what the first
    of two said to the same.
    """
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
    options = open_to(facts, assessment, policy, app.calendar)
    option = choose(options, route or settled_on(options, case.route))
    body = basis(facts, assessment, case.policy_version, option)
    is_second = bool(first) and all(first["option"][part] == body["option"][part] for part in SAME)
    note = terms.note or (first.get("note", "") if is_second else "")
    if note:
        body["note"] = note
    if not is_second and actor.role not in CASE.row(case.state, "endorse").roles:
        raise NotAllowed(role=actor.role, event="endorse")  # only there to confirm what was endorsed
    # Of the whole order, as for the rules.
    is_small = assessment.columns["order_refund_minor"] <= policy.limits.second_approval_minor
    return Weighed(option, body, note, is_second or is_small)


def _first(change: Change, history: Sequence[Step], of: str) -> dict[str, Any]:
    """What the first of two said to an approval or to an offer, whichever `of` is, else nothing."""
    said = endorsed_by_first(change, history)
    return said if "option" in said and said.get("of", "approve") == of else {}


def endorsed_by_first(change: Change, history: Sequence[Step]) -> dict[str, Any]:
    """What the first of two approvals said while it is in force, else nothing."""
    return last_body(change.conn, change.case.case_no, "endorse") if endorsement(history) else {}


def endorse(change: Change, actor: Actor, at: datetime, body: dict[str, Any]) -> None:
    """The first of two approvals: the case stays where it is, and so does its deadline."""
    case = change.case
    change.step("endorse", actor, at, Due(case.due_at, case.due_action, case.owner or SECOND), body)
