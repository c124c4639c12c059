"""What a policy costs over a history: money, fees and people's decisions, as far as they can be known.

Where a policy sends a request to people, the past says what they made of it only if they looked at it then.
Whatever nobody has seen is a range from nothing to all that was asked for: bounds, no guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain import tallies
from core.domain.facts import CHANNELS, KINDS, REASONS
from core.domain.history import History
from core.domain.kept import kept
from core.domain.policy import Policy
from core.domain.simulation import Bools, Ints, Money, Outcome
from core.domain.table import VERDICTS
from core.domain.tallies import Compared as Compared
from core.domain.tallies import Tally
from core.domain.why_nots import RANK

APPROVE, REVIEW, REJECT, EVIDENCE = range(len(VERDICTS))
_RANKS: Final = np.array([RANK[verdict] for verdict in VERDICTS])
BREAKDOWNS: Final = ("reason", "kind", "channel", "credit")
BANDS: Final = (60, 80, 100)  # credit: below the first, from each up to the next


@dataclass(frozen=True)
class Seen:
    """What really became of each request: `known` where people decided it, and what they granted."""

    known: Bools
    approved_minor: Ints

    @classmethod
    def nothing(cls, rows: int) -> Seen:
        """Of a file of facts nobody knows."""
        return cls(np.zeros(rows, np.bool_), np.zeros(rows, np.int64))


@dataclass(frozen=True)
class Effect:
    """Per row, minor units: what arrives, what is kept as fee; `people`: decisions by persons."""

    verdict: NDArray[np.int8]
    sure: Bools
    refund: Ints  # where not `sure`: at most; at least nothing
    fee: Ints
    people: Ints
    people_most: Ints

    @property
    def refund_least(self) -> Ints:
        return np.where(self.sure, self.refund, 0)

    @property
    def fee_least(self) -> Ints:
        return np.where(self.sure, self.fee, 0)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one reason, kind, channel or credit band. Money: at least, at most; `waits`: how long one of
    them waits for its decision on average, before and after.
    """

    name: str
    rows: int
    moved: int
    before: tuple[int, int]
    after: tuple[int, int]
    people_before: int
    people_after: int
    waits: tuple[timedelta, timedelta]


@dataclass(frozen=True)
class Paid:
    """Rows of which another sum arrives though they are not answered worse for it; `minor`: by how much in
    all, at most, by currency.
    """

    rows: Ints
    minor: dict[str, int]


def effect(history: History, policy: Policy, outcome: Outcome, seen: Seen) -> Effect:
    """By the way on which the money goes back; a review of more than one may approve counts two people, one
    that asks for evidence first none or as many.
    """
    if not len(history):
        none, no = np.zeros(0, np.int64), np.zeros(0, np.bool_)
        return Effect(outcome.verdict, no, none, none, none, none)
    money = Money(history, policy)
    verdict, refundable = outcome.verdict, np.maximum(money.refundable, 0)
    is_seen = (verdict == REVIEW) & seen.known
    amount = np.where(verdict == REJECT, 0, np.minimum(history.requested_minor, refundable))
    amount = np.where(is_seen, np.minimum(seen.approved_minor, refundable), amount)
    fee, fx = kept(history, policy, money, amount, outcome.fee)
    whole = history.requested_minor + money.paid - money.refundable
    two = (whole > policy.limits.second_approval_minor) | money.needs_people(history.requested_minor)
    people = np.where(verdict == REVIEW, 1 + two, 0)
    return Effect(
        verdict,
        is_seen | (verdict == APPROVE) | (verdict == REJECT),
        amount - fee - fx,
        fee,
        people,
        np.where(verdict == EVIDENCE, 1 + two, people),
    )


def currencies(history: History) -> tuple[str, ...]:
    """Those of the rows, of most rows first."""
    counts = np.bincount(history.currency, minlength=len(history.currencies))
    return tallies.ordered(dict(zip(history.currencies, map(int, counts), strict=True)))


def compare(history: History, before: Effect, after: Effect, seed: int = 1) -> Compared:
    """Totals with their bounds and intervals."""
    return tallies.compared(tally(history, before, after, 0, len(history)), seed)


def tally(history: History, before: Effect, after: Effect, start: int, total: int) -> Tally:
    """A part of a comparison, whose first row is number `start` of `total`. A request that both policies
    send to people is decided by the same people: it makes no difference but by its fee.
    """
    same = (before.verdict == after.verdict) & ~before.sure & ~after.sure
    alike = (before.verdict == EVIDENCE) & (after.verdict == EVIDENCE)
    return tallies.tally(history, before, after, (same, alike), start, total)


def groups(
    history: History, before: Effect, after: Effect, by: str, done: tuple[Ints, Ints]
) -> tuple[Group, ...]:
    """The rows of the commonest currency by one of `BREAKDOWNS`, most rows first. `done`: when each is
    decided, before and after, as `waiting.ends` says.
    """
    if not len(history):
        return ()
    names, codes = _codes(history, by)
    main = history.currency == history.currencies.index(currencies(history)[0])
    moved = before.verdict != after.verdict
    found = []
    for code, name in enumerate(names):
        rows = main & (codes == code)
        if not rows.any():
            continue
        parts = (before.refund_least, before.refund, after.refund_least, after.refund)
        money = [int(each[rows].sum()) for each in parts]
        work = [int(each.people[rows].sum()) for each in (before, after)]
        pairs = ((money[0], money[1]), (money[2], money[3]))
        means = [float((each[rows] - history.at[rows]).mean()) for each in done]
        waits = (timedelta(microseconds=means[0]), timedelta(microseconds=means[1]))
        found.append(Group(name, int(rows.sum()), int(moved[rows].sum()), *pairs, work[0], work[1], waits))
    return tuple(sorted(found, key=lambda group: -group.rows))


def _codes(history: History, by: str) -> tuple[tuple[str, ...], NDArray[Any]]:
    if by == "reason":
        return REASONS, history.reason
    if by == "kind":
        return KINDS, history.kind
    if by == "channel":
        return CHANNELS, Money.largest(history)
    names = ("guest", *(f"from_{low}" for low in (0, *BANDS)))
    bands = 1 + np.searchsorted(BANDS, history.credit, side="right")
    return names, np.where(history.has_account, bands, 0)


def flows(before: Effect, after: Effect) -> dict[tuple[str, str], int]:
    """Rows by their verdict before and after, also those that stay."""
    counts = np.bincount(
        before.verdict.astype(np.int64) * len(VERDICTS) + after.verdict, minlength=len(VERDICTS) ** 2
    )
    pairs = ((was, now) for was in VERDICTS for now in VERDICTS)
    return {pair: int(count) for pair, count in zip(pairs, counts, strict=True) if count}


def gainers(history: History, before: Effect, after: Effect) -> tuple[Ints, Ints]:
    """Rows that are better and that are worse off under `after`: by the verdict, else by the money that
    arrives, if people approve it where they are still to be asked. What asks for most comes first.
    """
    step = _RANKS[after.verdict] - _RANKS[before.verdict]
    better = np.where(step != 0, np.sign(step), np.sign(arriving(before, after)))
    order = np.argsort(-history.requested_minor, kind="stable")
    return order[better[order] == 1], order[better[order] == -1]


def arriving(before: Effect, after: Effect) -> Ints:
    """By how much more arrives of each row that neither policy refuses, of one and the same amount: what
    fees and exchange make of it. Nothing where people granted another amount than would be approved at once.
    """
    refused = (before.verdict == REJECT) | (after.verdict == REJECT)
    granted = [(each.verdict == REVIEW) & each.sure for each in (before, after)]
    return np.where(refused | (granted[0] != granted[1]), 0, after.refund - before.refund)


def only_if_approved(before: Effect, after: Effect) -> Bools:
    """Rows of one and the same answer that people are still to be asked about."""
    only: Bools = (before.verdict == after.verdict) & ~after.sure
    return only


def paid(history: History, before: Effect, after: Effect) -> tuple[Paid, Paid]:
    """Of whom less arrives and of whom more, by `arriving`."""
    moved = arriving(before, after)

    def of(rows: Ints) -> Paid:
        codes = history.currency[rows]
        minor = {
            name: abs(int(moved[rows[codes == code]].sum()))
            for name in currencies(history)
            if (codes == (code := history.currencies.index(name))).any()
        }
        return Paid(rows, minor)

    return of(np.flatnonzero(moved < 0)), of(np.flatnonzero(moved > 0))


def sums(history: History, found: Effect) -> Iterator[tuple[str, int, int]]:
    """(currency, refunds at least, at most), of most rows first."""
    for currency in currencies(history):
        rows = history.currency == history.currencies.index(currency)
        yield currency, int(found.refund_least[rows].sum()), int(found.refund[rows].sum())
