"""Where the money can go: a plan, pure and dated. Carrying it out is `services.payouts`.

Original route first, then the platform balance, negotiated in special cases (R4.2). A payment is only ever refunded
to the account that paid (R4.3); what cannot go back there stays here as balance or is settled by a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from core.domain.breakdown import Breakdown, Part, parts
from core.domain.facts import Facts, Tender
from core.domain.policy import Policy
from core.domain.workdays import Calendar, local_date

ROUTES = ("original", "balance", "negotiated")


@dataclass(frozen=True, slots=True)
class Leg:
    """One payout to come. `reserved_minor` is held of the payment, `amount_minor` reaches the customer."""

    payment_id: int
    route: str
    channel: str
    reserved_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RouteOption:
    """One way to be refunded, with its amounts and dates. `approvals`: people needed (0 = automatic)."""

    route: str
    legs: tuple[Leg, ...]
    breakdown: Breakdown
    earliest: date
    latest: date
    provisional: bool
    expires_on: date | None = None
    approvals: int = 0


def plan(
    facts: Facts, policy: Policy, calendar: Calendar, *, approved: int | None = None, fee_basis_points: int | None = None
) -> tuple[RouteOption, ...]:
    """The routes open for `approved` minor units (default: what was asked for), best first.

    An option whose refund would be nothing after fees is not offered; no option at all means nothing can be paid.
    """
    amount = facts.requested_minor if approved is None else approved
    if amount <= 0 or amount > facts.refundable_minor:
        return ()
    fee_bp = policy.fee_basis_points[facts.reason] if fee_basis_points is None else fee_basis_points
    options = []
    if not facts.escrow:
        returnable = tuple(
            tender for tender in facts.tenders if tender.refundable_minor and _can_return(tender, facts, policy)
        )
        if returnable and amount <= sum(tender.refundable_minor for tender in returnable):
            options.append(_original(facts, policy, calendar, returnable, amount, fee_bp))
        paid_from_outside = any(tender.channel != "balance" for tender in facts.tenders)
        if facts.has_account and (paid_from_outside or not options):
            options.append(_balance(facts, policy, calendar, amount, 0 if policy.balance.fee_waived else fee_bp))
    # Only when the money cannot simply go back: the account is closed, or a third party holds it (R4.5).
    if not options or options[0].route != "original":
        options.append(_negotiated(facts, policy, calendar, amount, fee_bp))
    return tuple(option for option in options if option.breakdown.refund > 0)


def _can_return(tender: Tender, facts: Facts, policy: Policy) -> bool:
    if tender.channel == "balance":
        return facts.has_account
    age = facts.at - (tender.paid_at or facts.paid_at)
    return tender.is_open and age <= timedelta(days=policy.channel_days[tender.channel])


def _original(
    facts: Facts, policy: Policy, calendar: Calendar, tenders: tuple[Tender, ...], amount: int, fee_bp: int
) -> RouteOption:
    bears = policy.fx_borne_by[facts.reason]
    free = frozenset({"balance"}) if policy.balance.fee_waived else frozenset()
    found = parts(tenders, amount, fee_bp, customer_bears_fx=bears == "customer", fee_free=free)
    legs = tuple(
        Leg(p.tender.payment_id, "balance" if p.tender.channel == "balance" else "original", p.tender.channel, p.reserved, p.amount)
        for p in found
    )
    eta = [policy.eta_working_days[leg.channel] for leg in legs]
    return _option("original", legs, found, facts, policy, calendar, fee_bp, min(e[0] for e in eta), max(e[1] for e in eta))


def _balance(facts: Facts, policy: Policy, calendar: Calendar, amount: int, fee_bp: int) -> RouteOption:
    # Money that stays here is not exchanged.
    found = parts([t for t in facts.tenders if t.refundable_minor], amount, fee_bp, customer_bears_fx=False)
    legs = tuple(Leg(p.tender.payment_id, "balance", "balance", p.reserved, p.amount) for p in found)
    first, last = policy.eta_working_days["balance"]
    return _option("balance", legs, found, facts, policy, calendar, fee_bp, first, last)


def _negotiated(facts: Facts, policy: Policy, calendar: Calendar, amount: int, fee_bp: int) -> RouteOption:
    found = parts([t for t in facts.tenders if t.refundable_minor], amount, fee_bp, customer_bears_fx=False)
    legs = tuple(Leg(p.tender.payment_id, "negotiated", p.tender.channel, p.reserved, p.amount) for p in found)
    days = policy.working_days
    return _option("negotiated", legs, found, facts, policy, calendar, fee_bp, days.review_least, days.arbitration, approvals=2)


def _option(
    route: str,
    legs: tuple[Leg, ...],
    found: tuple[Part, ...],
    facts: Facts,
    policy: Policy,
    calendar: Calendar,
    fee_bp: int,
    first: int,
    last: int,
    *,
    approvals: int = 0,
) -> RouteOption:
    approved = sum(part.reserved for part in found)
    fee = sum(part.fee for part in found)
    fx = sum(part.fx for part in found)
    paid, refundable = facts.paid_minor, facts.refundable_minor
    today = local_date(facts.at)
    latest = calendar.add(today, last) if last else today
    stays_here = any(leg.channel == "balance" and leg.route == "balance" for leg in legs)
    return RouteOption(
        route=route,
        legs=legs,
        breakdown=Breakdown(
            paid=paid,
            already=paid - refundable,
            kept=refundable - approved,
            approved=approved,
            fee=fee,
            fx=fx,
            refund=approved - fee - fx,
            fee_basis_points=fee_bp,
            fx_borne_by=policy.fx_borne_by[facts.reason],
        ),
        earliest=calendar.add(today, first) if first else today,
        latest=latest,
        provisional=latest.year > calendar.published_through,
        expires_on=today + timedelta(days=policy.balance.expires_after_days) if stays_here else None,
        approvals=approvals,
    )
