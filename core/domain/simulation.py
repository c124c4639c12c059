"""`assess` for a whole order history at once: verdict and rule of every row, by the same tests and laws.

Each value (or interval) of a column is a set of rules that it does not exclude, a bit each; a row's sets are
intersected and the lowest bit is its rule. Rows whose money no array can settle for sure are decided singly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain.eligibility import LAWS, verdict_of
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.history import DAY, NONE, ZONE_OFFSET, History
from core.domain.policy import Policy
from core.domain.table import COLUMNS, VERDICTS, Rule, bounds

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WORD: Final = 64  # rules whose bits fit one number


@dataclass(frozen=True)
class Outcome:
    """Codes per row: `VERDICTS[verdict[i]]` by `rules[rule[i]]` (the policy's rules, then the laws)."""

    rules: tuple[str, ...]
    verdict: NDArray[np.int8]
    rule: NDArray[np.int16]
    fee: Ints  # basis points that would be kept, by the rule that hit or by the reason

    def verdicts(self) -> dict[str, int]:
        """Rows by verdict."""
        counts = np.bincount(self.verdict, minlength=len(VERDICTS))
        return dict(zip(VERDICTS, map(int, counts), strict=True))

    def by_rule(self) -> dict[str, int]:
        """Rows by rule; rules that decided nothing are left out."""
        counts = np.bincount(self.rule, minlength=len(self.rules))
        return {name: int(count) for name, count in zip(self.rules, counts, strict=True) if count}

    def moved(self, other: Outcome) -> Bools:
        """The rows whose verdict differs from that of `other`."""
        moved: Bools = self.verdict != other.verdict
        return moved


def simulate(history: History, policy: Policy) -> Outcome:
    """Decide every row of `history` under `policy`."""
    names = (*(rule.id for rule in policy.rules), *LAWS)
    if not len(history):
        return Outcome(names, np.zeros(0, np.int8), np.zeros(0, np.int16), np.zeros(0, np.int64))
    money = Money(history, policy)
    columns = _columns(history, policy, money)
    hit = _first_hits(policy.rules, columns, len(history))
    verdict, rule, fee = _answers(policy, history, hit)
    law = {name: len(policy.rules) + place for place, name in enumerate(LAWS)}
    code = {name: place for place, name in enumerate(VERDICTS)}

    amount = history.requested_minor
    approves = verdict == code["approve"]
    by_people = approves & money.needs_people(amount)
    whole = amount + money.paid - money.refundable  # all refunds of the order
    too_much = approves & ~by_people & (whole > policy.limits.second_approval_minor)
    for rows, name in ((by_people, "law.negotiated"), (too_much, "law.second_approval")):
        verdict[rows], rule[rows] = code["review"], law[name]
    unsure = (verdict != code["reject"]) & (fee * (money.payments + 1) > 5_000)  # not routes.always_pays
    for rows, name in (
        (amount > money.refundable, "law.above_remaining"),
        (amount <= 0, "law.no_amount"),
        (money.refundable <= 0, "law.nothing_left"),
    ):
        verdict[rows], rule[rows] = code["reject"], law[name]
        unsure &= ~rows
    place_of = {name: place for place, name in enumerate(names)}
    for row in np.flatnonzero(unsure):
        single_verdict, single_rule = verdict_of(history.facts(int(row)), policy)
        verdict[row], rule[row] = code[single_verdict], place_of[single_rule]
    return Outcome(names, verdict, rule, fee)


class Money:
    """Per row, what its payments say together."""

    def __init__(self, history: History, policy: Policy) -> None:
        starts = history.offsets[:-1]
        self.history = history
        self.payments = np.diff(history.offsets)
        self.paid = np.add.reduceat(history.paid_minor, starts)
        self.refundable = np.add.reduceat(history.refundable_minor, starts)
        self.room = np.add.reduceat(np.where(self._returnable(policy), history.refundable_minor, 0), starts)

    def needs_people(self, amount: Ints) -> Bools:
        return self.history.escrow | (~self.history.has_account & (amount > self.room))

    @staticmethod
    def largest(history: History) -> NDArray[np.uint8]:
        """The channel of the largest payment, the first of equals."""
        starts, payments = history.offsets[:-1], np.diff(history.offsets)
        if len(history.channel) == len(starts):
            return history.channel
        most = np.repeat(np.maximum.reduceat(history.paid_minor, starts), payments)
        places = np.where(history.paid_minor == most, np.arange(len(most)), len(most))
        return history.channel[np.minimum.reduceat(places, starts)]

    def _returnable(self, policy: Policy) -> Bools:
        history = self.history
        days = np.array([policy.channel_days[channel] for channel in CHANNELS])
        row = np.repeat(np.arange(len(history)), self.payments)
        paid_at = np.where(history.tender_paid_at == NONE, history.paid_at[row], history.tender_paid_at)
        in_time = history.is_open & (history.at[row] - paid_at <= days[history.channel] * DAY)
        can = np.where(history.channel == CHANNELS.index("balance"), history.has_account[row], in_time)
        return can & (history.refundable_minor > 0)


def _columns(history: History, policy: Policy, money: Money) -> dict[str, NDArray[Any]]:
    """The rows of the decision table, column by column; words as codes in the order of `COLUMNS`."""
    window = np.array([policy.window_days[kind] for kind in KINDS])[history.kind]
    is_open = history.completed_at == NONE
    asked = np.where(history.asked_at == NONE, history.at, history.asked_at)
    completed = np.where(is_open, asked, history.completed_at)
    late = (asked + ZONE_OFFSET) // DAY - (completed + ZONE_OFFSET) // DAY
    delivered = np.array([state in policy.delivered_states for state in DELIVERIES])
    bit = {kind: 1 << place for place, kind in enumerate(EVIDENCE_KINDS)}
    wanted = np.array([sum(bit[kind] for kind in policy.evidence[reason]) for reason in REASONS], np.uint8)
    checklist = wanted[history.reason]
    amount = history.requested_minor
    return {
        "reason": history.reason,
        "kind": history.kind,
        "delivery": history.delivery,
        "delivered": delivered[history.delivery],
        "days_left": window - np.maximum(late, 0),
        "amount_minor": amount,
        "order_refund_minor": amount + money.paid - money.refundable,
        "channel": Money.largest(history),
        "evidence_complete": history.evidence & checklist == checklist,
        "contested": history.evidence & bit["redemption_record"] > 0,
        "duplicate": (amount > 0) & (amount <= history.duplicate_minor),
        "guest": ~history.has_account,
        "credit": history.credit,
        "recent_refunds": history.recent_refunds,
        "unnamed_refunds": history.unnamed_refunds,
        "escrow": history.escrow,
    }


def _first_hits(rules: tuple[Rule, ...], columns: dict[str, NDArray[Any]], rows: int) -> Ints:
    """Index of each row's first rule, -1 where none hits."""
    hit = np.full(rows, -1, np.int64)
    for start in reversed(range(0, len(rules), _WORD)):
        word = rules[start : start + _WORD]
        alive = np.full(rows, (1 << len(word)) - 1, np.uint64)
        for name in {column for rule in word for column, _ in rule.tests}:
            cells, sets = _sets(word, name, columns[name])
            alive &= sets[cells]
        lowest = alive & (~alive + np.uint64(1))
        hit = np.where(alive > 0, start + np.log2(np.maximum(lowest, 1)).astype(np.int64), hit)
    return hit


def _sets(
    rules: tuple[Rule, ...], name: str, column: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.uint64]]:
    """Each row's cell of the column, and each cell's set of rules that it does not exclude."""
    values: Any = COLUMNS[name].values
    cells = column.astype(np.intp)
    if values is None:
        limits = bounds([test for rule in rules for tested, test in rule.tests if tested == name])
        cells = np.searchsorted(limits, column, side="right")
        values = (limits[0] - 1, *limits)
    sets = [
        sum(
            1 << place
            for place, rule in enumerate(rules)
            if all(test.holds(value) for tested, test in rule.tests if tested == name)
        )
        for value in values
    ]
    return cells, np.array(sets, np.uint64)


def _answers(policy: Policy, history: History, hit: Ints) -> tuple[NDArray[np.int8], NDArray[np.int16], Ints]:
    """Verdict, rule and fee by the table; a person looks where no rule hits."""
    rules = policy.rules
    by_person = len(rules) + LAWS.index("law.no_rule")
    verdicts = [*(VERDICTS.index(rule.verdict) for rule in rules), VERDICTS.index("review")]
    fees = [*(-1 if rule.fee_basis_points is None else rule.fee_basis_points for rule in rules), -1]
    of_reason = np.array([policy.fee_basis_points[reason] for reason in REASONS])[history.reason]
    own = np.array(fees)[hit]
    return (
        np.array(verdicts, np.int8)[hit],  # -1, no rule, is the last place
        np.where(hit < 0, by_person, hit).astype(np.int16),
        np.where(own < 0, of_reason, own),
    )
