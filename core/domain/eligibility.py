"""`assess`: can this be refunded, why, why not otherwise, and what would change it. Pure; all call this one.

The laws of the house stand around the decision table, because no policy may change them: nothing is refunded
beyond what is left, and what cannot simply go back, or is too much for one, is settled by people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from core.domain.facts import Facts
from core.domain.flip import Change, Flip, FlipSearch
from core.domain.policy import Policy
from core.domain.routes import RouteOption, Way, always_pays, dated, needs_people, ways
from core.domain.why_nots import RANK, Trace
from core.domain.workdays import Calendar, Deadline, end_of_day, local_date

__all__ = ["LAWS", "Assessment", "Change", "Flip", "Trace", "assess", "columns_of", "days_left"]

LAWS: Final = (
    "law.nothing_left",
    "law.no_amount",
    "law.above_remaining",
    "law.nothing_after_fee",
    "law.no_rule",
    "law.negotiated",
    "law.second_approval",
)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer to one set of facts under one policy. `options` has amounts and dates, the best first."""

    verdict: str
    rule: str
    words: Mapping[str, str]  # template by language; empty for a law, whose words are in the catalogs
    columns: Mapping[str, Any]
    traces: tuple[Trace, ...]
    missing_evidence: tuple[str, ...]
    window_days: int
    window_ends_at: datetime | None  # None while the order is not completed: the window has not begun
    review_due: Deadline | None
    options: tuple[RouteOption, ...]
    flip: Flip | None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values for storage and for `decide --json`."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def columns_of(facts: Facts, policy: Policy) -> dict[str, Any]:
    """The row of the decision table that `facts` make under `policy`."""
    tenders = facts.tenders
    evidence = facts.evidence
    amount = facts.requested_minor
    largest = tenders[0] if len(tenders) == 1 else max(tenders, key=lambda tender: tender.paid_minor)
    return {
        "reason": facts.reason,
        "kind": facts.kind,
        "delivery": facts.delivery,
        "delivered": facts.delivery in policy.delivered_states,
        "days_left": days_left(facts, policy),
        "amount_minor": amount,
        "order_refund_minor": amount + facts.paid_minor - facts.refundable_minor,
        "channel": largest.channel,
        "evidence_complete": evidence.issuperset(policy.evidence[facts.reason]),
        "contested": "redemption_record" in evidence,
        "duplicate": 0 < amount <= facts.duplicate_minor,
        "guest": not facts.has_account,
        "credit": facts.credit,
        "recent_refunds": facts.recent_refunds,
        "unnamed_refunds": facts.unnamed_refunds,
        "escrow": facts.escrow,
    }


def days_left(facts: Facts, policy: Policy) -> int:
    """Whole Shanghai days left to ask, 0 on the last one; the full window while not completed (R1.3).

    Who has asked in time does not become late while we look: then the day of the asking counts.
    """
    window = policy.window_days[facts.kind]
    if facts.completed_at is None:
        return window
    asked_on = local_date(facts.asked_at or facts.at)
    return window - max(0, (asked_on - local_date(facts.completed_at)).days)


def window_ends_at(kind: str, completed_at: datetime | None, policy: Policy) -> datetime | None:
    """The last second in which a refund can be asked for (R1.3); None: not completed, so it has not begun."""
    if completed_at is None:
        return None
    return end_of_day(local_date(completed_at) + timedelta(days=policy.window_days[kind]))


def assess(facts: Facts, policy: Policy, calendar: Calendar) -> Assessment:
    """Decide `facts` under `policy`. Never raises on facts that `Facts.from_dict` accepts."""
    row = columns_of(facts, policy)
    law = _law(facts)
    decide = _Decide(facts, policy, {})
    found = _Decision("reject", law, -1, 0) if law else decide(row)
    window_ends = window_ends_at(facts.kind, facts.completed_at, policy)
    hit = len(policy.rules) if found.rule == "law.no_rule" else found.hit
    explained = policy.why_nots.explain(row, hit)
    flip = None
    if RANK[found.verdict] < RANK["review"]:
        search = FlipSearch(facts, policy, row, found.verdict, window_ends, explained.openings, decide)
        if law in ("law.above_remaining", "law.no_amount"):
            flip = search.ask_for(facts.refundable_minor)
        elif not found.rule.startswith("law."):
            flip = search.smallest()
    options: tuple[RouteOption, ...] = ()
    if found.verdict != "reject":
        possible = decide.ways(facts.requested_minor, found.fee_basis_points)
        options = dated(possible, facts, policy, calendar, reviewed_first=found.verdict != "approve")
    needs_review = found.verdict == "review"
    return Assessment(
        verdict=found.verdict,
        rule=found.rule,
        words={} if found.rule.startswith("law.") else policy.rules[found.hit].words,
        columns=row,
        traces=explained.traces,
        missing_evidence=tuple(
            [kind for kind in policy.evidence[facts.reason] if kind not in facts.evidence]
        ),
        window_days=policy.window_days[facts.kind],
        window_ends_at=window_ends,
        review_due=calendar.deadline(facts.at, policy.working_days.review_most) if needs_review else None,
        options=options,
        flip=flip,
    )


def ways_open(facts: Facts, policy: Policy) -> tuple[Way, ...]:
    """The money of every way in which people may approve all that was asked for, undated: with the fee of the
    rule that answers; of what the rules refuse, with the policy's for the reason.
    """
    decide = _Decide(facts, policy, {})
    found = None if _law(facts) else decide(columns_of(facts, policy))
    if found is None or found.verdict == "reject":
        return ways(facts, policy)
    return decide.ways(facts.requested_minor, found.fee_basis_points)


def verdict_of(facts: Facts, policy: Policy) -> tuple[str, str]:
    """Verdict and rule of `assess`, without the rest."""
    law = _law(facts)
    return ("reject", law) if law else _Decide(facts, policy, {})(columns_of(facts, policy))[:2]


def _law(facts: Facts) -> str:
    refundable = facts.refundable_minor
    if refundable <= 0:
        return "law.nothing_left"
    if facts.requested_minor <= 0:
        return "law.no_amount"
    return "law.above_remaining" if facts.requested_minor > refundable else ""


class _Decision(NamedTuple):
    verdict: str
    rule: str
    hit: int  # index of the rule that hit, also where a law then changed its verdict; -1: none
    fee_basis_points: int


@dataclass(slots=True)
class _Decide:
    """The table's answer to a row, and the laws on the money that would follow from it."""

    facts: Facts
    policy: Policy
    known: dict[tuple[int, int], tuple[Way, ...]]

    def __call__(self, row: Mapping[str, Any]) -> _Decision:
        facts, policy = self.facts, self.policy
        hit = policy.first_hit(row)
        fee = policy.fee_basis_points[facts.reason]
        if hit < 0:
            verdict, rule_id = "review", "law.no_rule"
        else:
            rule = policy.rules[hit]
            verdict, rule_id = rule.verdict, rule.id
            fee = fee if rule.fee_basis_points is None else rule.fee_basis_points
        if verdict == "reject":
            return _Decision(verdict, rule_id, hit, fee)
        amount: int = row["amount_minor"]
        is_sure = always_pays(len(facts.tenders), fee)
        if not is_sure and not self.ways(amount, fee):
            return _Decision("reject", "law.nothing_after_fee", hit, fee)
        if verdict == "approve" and self._by_people(amount, fee, is_sure):
            return _Decision("review", "law.negotiated", hit, fee)
        # Of the whole order, or a large amount would be asked for in slices.
        if verdict == "approve" and row["order_refund_minor"] > policy.limits.second_approval_minor:
            return _Decision("review", "law.second_approval", hit, fee)
        return _Decision(verdict, rule_id, hit, fee)

    def ways(self, amount: int, fee: int) -> tuple[Way, ...]:
        found = self.known.get((amount, fee))
        if found is None:
            found = ways(self.facts, self.policy, approved=amount, fee_basis_points=fee)
            self.known[amount, fee] = found
        return found

    def _by_people(self, amount: int, fee: int, is_sure: bool) -> bool:
        if is_sure:
            return needs_people(self.facts, self.policy, amount)
        return self.ways(amount, fee)[0].approvals > 0


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
