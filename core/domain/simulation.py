"""`assess` for a whole order history at once: verdict and rule of every row, by the same tests and laws.

The table is answered by `lookups`; the laws stand around it. Rows whose money no array can settle for sure
are decided singly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain.eligibility import LAWS, verdict_of
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.history import DAY, NONE, ZONE_OFFSET, History
from core.domain.lookups import Lookups
from core.domain.policy import Policy
from core.domain.table import VERDICTS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PART: Final = 1 << 16  # rows that are decided together: their columns fit the cache
_APPROVE, _REVIEW, _REJECT = (VERDICTS.index(verdict) for verdict in ("approve", "review", "reject"))
_CONTESTED: Final = np.uint8(1 << EVIDENCE_KINDS.index("redemption_record"))


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
    return Decider(policy)(history)


class Decider:
    """A policy made ready for many histories."""

    def __init__(self, policy: Policy) -> None:
        rules = policy.rules
        self.policy: Final = policy
        self.names: Final = (*(rule.id for rule in rules), *LAWS)
        self._lookups = Lookups(rules)
        self._figures = _Figures(policy)
        # A person looks where no rule hits: the place after the rules.
        by_person = len(rules) + LAWS.index("law.no_rule")
        self._verdicts = np.array(
            [VERDICTS.index(v) for v in (*(r.verdict for r in rules), "review")], np.int8
        )
        self._rules = np.array([*range(len(rules)), by_person], np.int16)
        of_reason = [policy.fee_basis_points[reason] for reason in REASONS]
        own = [*(rule.fee_basis_points for rule in rules), None]
        self._fees = np.array([of_reason if fee is None else [fee] * len(REASONS) for fee in own]).ravel()
        self._law = {name: len(rules) + place for place, name in enumerate(LAWS)}

    def __call__(self, history: History) -> Outcome:
        """Part by part, so that what belongs to a row stays near the processor."""
        rows = len(history)
        verdict, rule = np.empty(rows, np.int8), np.empty(rows, np.int16)
        found = Outcome(self.names, verdict, rule, np.empty(rows, np.int64))
        for start, part in zip(range(0, rows, PART), history.parts(PART), strict=True):
            self._decide(part, found, slice(start, start + PART))
        return found

    def _decide(self, history: History, found: Outcome, rows: slice) -> None:
        policy, money = self.policy, Money(history, self.policy)
        hit = self._lookups.first_hits(_columns(self._lookups, history, self._figures, money), len(history))
        verdict, rule, fee = found.verdict[rows], found.rule[rows], found.fee[rows]
        self._verdicts.take(hit, out=verdict, mode="clip")
        self._rules.take(hit, out=rule, mode="clip")
        hit *= len(REASONS)
        hit += history.reason.astype(np.intp)
        self._fees.take(hit, out=fee, mode="clip")

        amount = history.requested_minor
        approves = verdict == _APPROVE
        guests = np.flatnonzero(approves & ~history.has_account)
        by_people = approves & history.escrow
        by_people[guests] |= amount[guests] > money.room_of(guests)
        too_much = approves & ~by_people & (money.whole > policy.limits.second_approval_minor)
        for which, name in ((by_people, "law.negotiated"), (too_much, "law.second_approval")):
            few = np.flatnonzero(which)
            verdict[few], rule[few] = _REVIEW, self._law[name]
        unsure = (verdict != _REJECT) & (fee * (money.payments + 1) > 5_000)  # not routes.always_pays
        for which, name in (
            (amount > money.refundable, "law.above_remaining"),
            (amount <= 0, "law.no_amount"),
            (money.refundable <= 0, "law.nothing_left"),
        ):
            few = np.flatnonzero(which)
            verdict[few], rule[few] = _REJECT, self._law[name]
            unsure[few] = False
        for row in map(int, np.flatnonzero(unsure)):
            single_verdict, single_rule = verdict_of(history.facts(row), policy)
            verdict[row], rule[row] = VERDICTS.index(single_verdict), self.names.index(single_rule)


class Money:
    """Per row, what its payments say together; `can_return` is per payment."""

    def __init__(self, history: History, policy: Policy) -> None:
        self.history, self._policy = history, policy
        self.payments = np.diff(history.offsets)
        self.paid = _sums(history.paid_minor, history.offsets)
        self.refundable = _sums(history.refundable_minor, history.offsets)

    @cached_property
    def whole(self) -> Ints:
        """Minor units: all refunds of the order, this one as it was asked for among them."""
        return self.history.requested_minor + self.paid - self.refundable

    @cached_property
    def can_return(self) -> Bools:
        rows = np.repeat(np.arange(len(self.history)), self.payments)
        return self._returnable(rows, np.arange(len(rows)))

    @cached_property
    def room(self) -> Ints:
        """Minor units that simply go back."""
        return _sums(np.where(self.can_return, self.history.refundable_minor, 0), self.history.offsets)

    def room_of(self, rows: Ints) -> Ints:
        """`room` of some rows."""
        payments, starts = self.payments[rows], self.history.offsets[rows]
        offsets = np.concatenate(([0], np.cumsum(payments)))
        places = np.repeat(starts - offsets[:-1], payments) + np.arange(offsets[-1])
        can = self._returnable(np.repeat(rows, payments), places)
        return _sums(np.where(can, self.history.refundable_minor[places], 0), offsets)

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

    def _returnable(self, row: Ints, places: Ints) -> Bools:
        """Whether the payments at `places`, of these rows, take money back."""
        history = self.history
        days = np.array([self._policy.channel_days[channel] for channel in CHANNELS])
        channel, paid_at = history.channel[places], history.tender_paid_at[places]
        paid_at = np.where(paid_at == NONE, history.paid_at[row], paid_at)
        in_time = history.is_open[places] & (history.at[row] - paid_at <= days[channel] * DAY)
        can = np.where(channel == CHANNELS.index("balance"), history.has_account[row], in_time)
        return can & (history.refundable_minor[places] > 0)


def _sums(values: Ints, offsets: Ints) -> Ints:
    """The sum of each row's payments."""
    if len(values) == len(offsets) - 1:
        return values
    running = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=running[1:])
    return np.diff(running.take(offsets))


class _Figures:
    """Figures of a policy by the codes of a history."""

    def __init__(self, policy: Policy) -> None:
        bit = {kind: 1 << place for place, kind in enumerate(EVIDENCE_KINDS)}
        wanted = [sum(bit[kind] for kind in policy.evidence[reason]) for reason in REASONS]
        self.window = np.array([policy.window_days[kind] for kind in KINDS])
        self.delivered = np.array([state in policy.delivered_states for state in DELIVERIES])
        self.checklist = np.array(wanted, np.uint8)


def _columns(lookups: Lookups, history: History, figures: _Figures, money: Money) -> dict[str, NDArray[Any]]:
    """What the rules look at of the decision table's rows; words as codes in the order of `COLUMNS`."""
    amount = history.requested_minor
    made: dict[str, Callable[[], NDArray[Any]]] = {
        "reason": lambda: history.reason,
        "kind": lambda: history.kind,
        "delivery": lambda: history.delivery,
        "delivered": lambda: figures.delivered.take(history.delivery),
        "days_left": lambda: _days_left(history, figures),
        "amount_minor": lambda: amount,
        "order_refund_minor": lambda: money.whole,
        "channel": lambda: Money.largest(history),
        "evidence_complete": lambda: _is_complete(history, figures),
        "contested": lambda: history.evidence & _CONTESTED > 0,
        "duplicate": lambda: (amount > 0) & (amount <= history.duplicate_minor),
        "guest": lambda: ~history.has_account,
        "credit": lambda: history.credit,
        "recent_refunds": lambda: history.recent_refunds,
        "unnamed_refunds": lambda: history.unnamed_refunds,
        "escrow": lambda: history.escrow,
    }
    return {name: made[name]() for name in lookups.columns}


def _is_complete(history: History, figures: _Figures) -> Bools:
    wanted = figures.checklist.take(history.reason)
    complete: Bools = history.evidence & wanted == wanted
    return complete


def _days_left(history: History, figures: _Figures) -> Ints:
    completed, asked = history.completed_at, history.asked_at
    has_asked = asked != NONE
    asked = np.where(has_asked, asked, history.at) if has_asked.any() else history.at
    late = asked + ZONE_OFFSET
    late //= DAY
    ended = completed + ZONE_OFFSET
    ended //= DAY
    late -= ended
    return figures.window.take(history.kind) - np.where((late < 0) | (completed == NONE), 0, late)
