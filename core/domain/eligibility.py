"""`assess`: can this be refunded, why, why not otherwise, and what would change it. Pure; everybody calls this one.

The laws of the house stand before the decision table, because no policy may change them: nothing is refunded beyond
what is left, and money that cannot simply go back is settled by people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

from core.domain.facts import Facts
from core.domain.policy import Policy
from core.domain.routes import RouteOption, plan
from core.domain.table import Rule, Value, Within
from core.domain.workdays import Calendar, Deadline, end_of_day, local_date

LAWS: Final = ("law.nothing_left", "law.above_remaining", "law.nothing_after_fee", "law.no_rule", "law.negotiated")

_RANK: Final = {"reject": 0, "needs_evidence": 1, "review": 2, "approve": 3}


@dataclass(frozen=True, slots=True)
class Trace:
    """One rule and, where it does not hit, the columns in the way. `reached`: no earlier rule had decided."""

    rule: str
    verdict: str
    why_not: tuple[str, ...]
    reached: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that would have to be another: `column` from `was` to `to`."""

    column: str
    was: Value
    to: Value


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest change that betters the verdict. `in_hand`: the customer can still do it, until `until`."""

    verdict: str
    rule: str
    changes: tuple[Change, ...]
    in_hand: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer to one set of facts under one policy. Amounts and dates are in `options`, the best one first."""

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
    checklist = policy.evidence[facts.reason]
    largest = max(facts.tenders, key=lambda tender: tender.paid_minor) if len(facts.tenders) > 1 else facts.tenders[0]
    return {
        "reason": facts.reason,
        "kind": facts.kind,
        "delivery": facts.delivery,
        "delivered": facts.delivery in policy.delivered_states,
        "days_left": days_left(facts, policy),
        "amount_minor": facts.requested_minor,
        "channel": largest.channel,
        "evidence_complete": facts.evidence.issuperset(checklist),
        "contested": "redemption_record" in facts.evidence,
        "duplicate": 0 < facts.requested_minor <= facts.duplicate_minor,
        "credit": facts.credit,
        "recent_refunds": facts.recent_refunds,
        "escrow": facts.escrow,
    }


def days_left(facts: Facts, policy: Policy) -> int:
    """Whole Shanghai days left to ask, the last day included as 0; the full window while not completed (R1.3)."""
    window = policy.window_days[facts.kind]
    if facts.completed_at is None:
        return window
    return window - (local_date(facts.at) - local_date(facts.completed_at)).days


def assess(facts: Facts, policy: Policy, calendar: Calendar) -> Assessment:
    """Decide `facts` under `policy`. Never raises on facts that `Facts.from_dict` accepts."""
    row = columns_of(facts, policy)
    options = plan(facts, policy, calendar)
    law = _law(facts)
    index = -1 if law else policy.first_hit(row)
    flip = None
    words: Mapping[str, str] = {}
    if law:
        verdict, rule_id = "reject", law
        if law == "law.above_remaining":
            flip = _ask_for_less(facts, policy, calendar)
    elif index < 0:
        verdict, rule_id = "review", "law.no_rule"
    else:
        rule = policy.rules[index]
        verdict, rule_id, words = rule.verdict, rule.id, rule.words
        if rule.fee_basis_points is not None and verdict != "reject":
            options = plan(facts, policy, calendar, fee_basis_points=rule.fee_basis_points)
        if verdict != "reject" and not options:
            verdict, rule_id, words = "reject", "law.nothing_after_fee", {}
        elif verdict == "approve" and options[0].route == "negotiated":
            verdict, rule_id, words = "review", "law.negotiated", {}
    window_ends_at = _window_ends_at(facts, policy)
    if flip is None and verdict in ("reject", "needs_evidence") and not rule_id.startswith("law."):
        flip = _flip(row, policy, verdict, window_ends_at)
    return Assessment(
        verdict=verdict,
        rule=rule_id,
        words=words,
        columns=row,
        traces=_traces(policy.rules, row, index if index >= 0 else len(policy.rules)),
        missing_evidence=tuple(kind for kind in policy.evidence[facts.reason] if kind not in facts.evidence),
        window_days=policy.window_days[facts.kind],
        window_ends_at=window_ends_at,
        review_due=calendar.deadline(facts.at, policy.working_days.review_most) if verdict == "review" else None,
        options=options if verdict != "reject" else (),
        flip=flip,
    )


def _law(facts: Facts) -> str:
    if facts.refundable_minor <= 0:
        return "law.nothing_left"
    if not 0 < facts.requested_minor <= facts.refundable_minor:
        return "law.above_remaining"
    return ""


def _window_ends_at(facts: Facts, policy: Policy) -> datetime | None:
    if facts.completed_at is None:
        return None
    return end_of_day(local_date(facts.completed_at) + timedelta(days=policy.window_days[facts.kind]))


def _traces(rules: tuple[Rule, ...], row: Mapping[str, Any], hit: int) -> tuple[Trace, ...]:
    return tuple(
        Trace(rule.id, rule.verdict, () if place == hit else rule.misses(row), place <= hit)
        for place, rule in enumerate(rules)
    )


def _ask_for_less(facts: Facts, policy: Policy, calendar: Calendar) -> Flip | None:
    left = facts.refundable_minor
    values = {field.name: getattr(facts, field.name) for field in fields(facts)}
    better = assess(Facts(**{**values, "requested_minor": left}), policy, calendar)
    if better.verdict == "reject":
        return None
    change = Change("amount_minor", facts.requested_minor, left)
    return Flip(better.verdict, better.rule, (change,), True, better.window_ends_at)


def _flip(row: dict[str, Any], policy: Policy, verdict: str, window_ends_at: datetime | None) -> Flip | None:
    """Fewest changes first, those in the customer's hand before those that are not, then the better verdict.

    A reason is never among them: nobody is told to claim something else.
    """
    in_hand: list[Change] = []
    if not row["evidence_complete"]:
        in_hand.append(Change("evidence_complete", False, True))
    if row["delivery"] == "redeemed" and not row["contested"]:
        in_hand.append(Change("contested", False, True))
    in_hand += [Change("amount_minor", row["amount_minor"], bound) for bound in _lower_amounts(policy, row["amount_minor"])]
    too_late = [Change("days_left", row["days_left"], 0)] if row["days_left"] < 0 else []
    groups: tuple[tuple[bool, list[tuple[Change, ...]]], ...] = (
        (True, [(change,) for change in in_hand]),
        (True, [pair for pair in combinations(in_hand, 2) if pair[0].column != pair[1].column]),
        (False, [(change,) for change in too_late]),
        (False, [(change, late) for change in in_hand for late in too_late]),
    )
    for hand, candidates in groups:
        best: Flip | None = None
        for changes in candidates:
            hit = policy.first_hit({**row, **{change.column: change.to for change in changes}})
            rule = policy.rules[hit] if hit >= 0 else None
            reached = rule.verdict if rule else "review"
            if _RANK[reached] > _RANK[verdict] and (best is None or _RANK[reached] > _RANK[best.verdict]):
                best = Flip(reached, rule.id if rule else "law.no_rule", changes, hand, window_ends_at)
        if best is not None:
            return best
    return None


def _lower_amounts(policy: Policy, amount: int) -> tuple[int, ...]:
    bounds = {
        test.high
        for rule in policy.rules
        for column, test in rule.tests
        if column == "amount_minor" and isinstance(test, Within) and test.high is not None and 0 < test.high < amount
    }
    return tuple(sorted(bounds, reverse=True))


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
