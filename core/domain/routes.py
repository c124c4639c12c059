"""Where the money can go: a plan, pure and dated. Carrying it out is `services.payouts`.

Original route first, then the platform balance, negotiated in special cases (R4.2). A payment is only ever
refunded to the account that paid (R4.3); what cannot go back there stays here as balance or people settle it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from core.domain.breakdown import Breakdown, Part, parts, shares
from core.domain.facts import Facts, Tender
from core.domain.policy import Policy
from core.domain.workdays import Calendar, local_date


@dataclass(frozen=True, slots=True)
class Leg:
    """One payout to come. `reserved_minor` is held of the payment, `amount_minor` reaches the customer.

    `route` is the leg's own: in an original route, what was paid from the balance is a `balance` leg, and so
    is what an account had paid that no longer takes money back.
    """

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


class Way(NamedTuple):
    """A route with its money, not yet dated. `days`: working days from the sending, first and last."""

    route: str
    legs: tuple[Leg, ...]
    breakdown: Breakdown
    days: tuple[int, int]
    approvals: int


def plan(
    facts: Facts,
    policy: Policy,
    calendar: Calendar,
    *,
    approved: int | None = None,
    fee_basis_points: int | None = None,
    reviewed_first: bool = False,
) -> tuple[RouteOption, ...]:
    """The routes open for `approved` minor units (default: what was asked for), best first.

    No route at all: nothing can be paid. Dates count from `facts.at`, `reviewed_first`: after a review.
    """
    found = ways(facts, policy, approved=approved, fee_basis_points=fee_basis_points)
    return dated(found, facts, policy, calendar, reviewed_first=reviewed_first)


def ways(
    facts: Facts, policy: Policy, *, approved: int | None = None, fee_basis_points: int | None = None
) -> tuple[Way, ...]:
    """The money of `plan` without its dates. A way with a leg that would send nothing is not offered."""
    amount = facts.requested_minor if approved is None else approved
    refundable = facts.refundable_minor
    if amount <= 0 or amount > refundable:
        return ()
    fee = policy.fee_basis_points[facts.reason] if fee_basis_points is None else fee_basis_points
    found = _Purse(facts, policy, facts.paid_minor, refundable, amount, fee).ways()
    return tuple([way for way in found if all([leg.amount_minor > 0 for leg in way.legs])])


def needs_people(facts: Facts, policy: Policy, amount: int) -> bool:
    """Whether no way of `amount` leads back without people: the first of its `ways` is negotiated."""
    if facts.escrow:
        return True
    if facts.has_account:
        return False
    left = [tender.refundable_minor for tender in facts.tenders if can_return(tender, facts, policy)]
    return amount > sum([minor for minor in left if minor > 0])


def always_pays(payments: int, fee_basis_points: int) -> bool:
    """Whether the fee can never use up a leg, whatever the amounts: then every way of `payments` is offered.

    With k of n legs liable for L ≥ k minor units in all, the rounded fee must fit into L − k. Up to L = n it
    is below half a unit, so nothing; from L = n + 1 on, L grows faster than the fee.
    """
    return fee_basis_points * (payments + 1) <= 5_000


def can_return(tender: Tender, facts: Facts, policy: Policy) -> bool:
    """Whether the channel still takes money back to the account that paid."""
    if tender.channel == "balance":
        return facts.has_account
    if not tender.is_open:
        return False
    age = facts.at - (tender.paid_at or facts.paid_at)
    return age <= timedelta(days=policy.channel_days[tender.channel])


def dated(
    found: tuple[Way, ...], facts: Facts, policy: Policy, calendar: Calendar, *, reviewed_first: bool
) -> tuple[RouteOption, ...]:
    """`found` with the dates on which the money arrives."""
    today = local_date(facts.at)
    days = policy.working_days
    least, most = (days.review_least, days.review_most) if reviewed_first else (0, 0)
    options = []
    for way in found:
        first, last = way.days[0] + least, way.days[1] + most
        latest = _working_day(calendar, today, last)
        options.append(
            RouteOption(
                way.route,
                way.legs,
                way.breakdown,
                _working_day(calendar, today, first),
                latest,
                calendar.is_provisional(latest),
                _expires_on(way, policy, calendar, today, most),
                way.approvals,
            )
        )
    return tuple(options)


def _expires_on(way: Way, policy: Policy, calendar: Calendar, today: date, review: int) -> date | None:
    """The last day of what becomes balance, counted from the day when it is there at the latest: an estimate
    where a review of up to `review` working days comes first. None: nothing stays here.
    """
    if not any([leg.route == "balance" for leg in way.legs]):
        return None
    there = _working_day(calendar, today, review + policy.eta_working_days["balance"][1])
    return there + timedelta(days=policy.balance.expires_after_days)


@lru_cache(maxsize=4096)
def _working_day(calendar: Calendar, today: date, days: int) -> date:
    return calendar.add(today, days) if days else today


class _Purse(NamedTuple):
    """The payments of an order and what is to be paid back of them."""

    facts: Facts
    policy: Policy
    paid: int
    refundable: int
    amount: int
    fee: int  # basis points

    def ways(self) -> list[Way]:
        facts = self.facts
        tenders = tuple([tender for tender in facts.tenders if tender.refundable_minor > 0])
        found = []
        if not facts.escrow:
            original = self._original(tenders)
            if original:
                found.append(original)
            if facts.has_account and not (original and all([t.channel == "balance" for t in facts.tenders])):
                found.append(self._balance(tenders))
            if original:
                return found
        # Only when the money cannot simply go back: the account is closed, or a third party holds it (R4.5).
        found.append(self._negotiated(tenders))
        return found

    def _original(self, tenders: tuple[Tender, ...]) -> Way | None:
        """Back to what can take it, a remainder to the balance; None when neither is possible."""
        policy = self.policy
        open_ones = tuple([tender for tender in tenders if can_return(tender, self.facts, policy)])
        remainder = max(0, self.amount - sum([tender.refundable_minor for tender in open_ones]))
        if not open_ones or (remainder and not self.facts.has_account):
            return None
        split = self._split(open_ones, self.amount - remainder, stays=False)
        if remainder:
            closed = tuple([tender for tender in tenders if tender not in open_ones])
            split += self._split(closed, remainder, stays=True)
        found = parts(
            split,
            self.fee,
            customer_bears_fx=policy.fx_borne_by[self.facts.reason] == "customer",
            balance_is_free=policy.balance.fee_waived,
        )
        legs = [_leg(part, "balance", "balance") if part.stays else _leg(part, "original") for part in found]
        days = [policy.eta_working_days[leg.channel] for leg in legs]
        arrives = (min([first for first, _ in days]), max([last for _, last in days]))
        fee_of = self._not_free(found)
        return self._way("original", legs, found, arrives, self.fee, fee_of)

    def _balance(self, tenders: tuple[Tender, ...]) -> Way:
        fee = 0 if self.policy.balance.fee_waived else self.fee
        split = self._split(tenders, self.amount, stays=True)
        found = parts(split, fee, customer_bears_fx=False, balance_is_free=False)
        legs = [_leg(part, "balance", "balance") for part in found]
        days = self.policy.eta_working_days["balance"]
        return self._way("balance", legs, found, days, fee, self.amount if fee else 0)

    def _negotiated(self, tenders: tuple[Tender, ...]) -> Way:
        split = self._split(tenders, self.amount, stays=False)
        waived = self.policy.balance.fee_waived
        found = parts(split, self.fee, customer_bears_fx=False, balance_is_free=waived)
        legs = [_leg(part, "negotiated") for part in found]
        days = self.policy.working_days
        spans = (days.review_least, days.arbitration)
        return self._way("negotiated", legs, found, spans, self.fee, self._not_free(found), approvals=2)

    def _not_free(self, found: tuple[Part, ...]) -> int:
        """What the fee is a rate of: all, or without what stays here where that is free of it."""
        if not self.policy.balance.fee_waived:
            return self.amount
        return sum([part.reserved for part in found if not part.stays])

    def _split(
        self, tenders: tuple[Tender, ...], amount: int, *, stays: bool
    ) -> tuple[tuple[Tender, int, bool], ...]:
        """`amount` over the payments; of a charge made twice the later first: it is the one to go back."""
        if len(tenders) == 1:
            return ((tenders[0], amount, stays or tenders[0].channel == "balance"),)
        is_twice = self.facts.reason == "duplicate_charge"
        if is_twice:
            paid_at = self.facts.paid_at
            by_time = sorted(tenders, key=lambda tender: (tender.paid_at or paid_at, tender.payment_id))
            tenders = tuple(reversed(by_time))
        split = zip(tenders, shares(tenders, amount, in_order=is_twice), strict=True)
        return tuple([(tender, part, stays or tender.channel == "balance") for tender, part in split if part])

    def _way(
        self,
        route: str,
        legs: list[Leg],
        found: tuple[Part, ...],
        days: tuple[int, int],
        fee_basis_points: int,
        fee_of: int,
        *,
        approvals: int = 0,
    ) -> Way:
        fee = fx = 0
        for part in found:
            fee += part.fee
            fx += part.fx
        breakdown = Breakdown(
            paid=self.paid,
            already=self.paid - self.refundable,
            kept=self.refundable - self.amount,
            approved=self.amount,
            fee=fee,
            fx=fx,
            refund=self.amount - fee - fx,
            fee_basis_points=fee_basis_points,
            fx_borne_by=self.policy.fx_borne_by[self.facts.reason],
            fee_of=fee_of,
        )
        return Way(route, tuple(legs), breakdown, days, approvals)


def _leg(part: Part, route: str, channel: str | None = None) -> Leg:
    return Leg(part.tender.payment_id, route, channel or part.tender.channel, part.reserved, part.amount)
