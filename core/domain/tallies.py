"""Two policies over a history that came in parts: what each part sums up to, and parts put together.

`merge` neither knows nor minds the order of the parts, so a file read bit by bit and a cluster of machines
come to the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from core.domain.errors import AmountsTooLarge
from core.domain.history import History
from core.domain.spans import DRAWS, Bools, Change, Ints, changes, columns, grouped, sums

if TYPE_CHECKING:
    from core.domain.effects import Effect

MOST_ROWS: Final = 1 << 16  # of one part: amounts up to `LARGEST_MINOR` still add up within 64 bits
_LARGEST: Final = 9e18


@dataclass(frozen=True)
class Tally:
    """Sums by `spans.grouped`: `rows` in each, `people` (GROUPS, 6) and by currency `money` (GROUPS, 12):
    refunds, then fees, each as `spans.columns`. `counts`: rows by currency; `unknown`: rows whose money
    nobody knows.
    """

    rows: Ints
    people: Ints
    money: Mapping[str, Ints]
    counts: Mapping[str, int]
    unknown: tuple[int, int]

    def merge(self, other: Tally) -> Tally:
        """Of both parts; `AmountsTooLarge` where a total cannot be counted any more."""
        names = sorted({*self.money, *other.money})
        return Tally(
            self.rows + other.rows,
            self.people + other.people,
            {name: _added(self.money.get(name), other.money.get(name)) for name in names},
            added(self.counts, other.counts),
            (self.unknown[0] + other.unknown[0], self.unknown[1] + other.unknown[1]),
        )


@dataclass(frozen=True)
class Compared:
    """Two policies over one history. `refund` and `fee` by currency, that of most rows first. `unknown`: rows
    whose money nobody knows, before and after; `draws`: of the bootstrap, from one fixed seed.
    """

    refund: dict[str, Change]
    fee: dict[str, Change]
    people: Change
    unknown: tuple[int, int]
    draws: int


def tally(
    history: History, before: Effect, after: Effect, same: tuple[Bools, Bools], start: int, total: int
) -> Tally:
    """One part, whose first row is number `start` of `total`. `same`: rows whose money, and whose people,
    are the same unknown ones under both policies.
    """
    refund = columns(before.refund_least, before.refund, after.refund_least, after.refund, same[0])
    fee = columns(before.fee_least, before.fee, after.fee_least, after.fee, same[0])
    work = columns(before.people, before.people_most, after.people, after.people_most, same[1])
    groups, both = grouped(start, len(history), total), np.hstack([refund, fee])
    chosen = {name: history.currency == code for code, name in enumerate(history.currencies)}
    unknown = (int((~before.sure).sum()), int((~after.sure).sum()))
    return Tally(
        sums(np.ones((len(history), 1), np.int64), groups)[:, 0],
        sums(work, groups),
        {
            name: sums(both, groups) if rows.all() else sums(both[rows], groups[rows])
            for name, rows in chosen.items()
            if rows.any()
        },
        {name: int(rows.sum()) for name, rows in chosen.items() if rows.any()},
        unknown,
    )


def compared(found: Tally, seed: int = 1) -> Compared:
    """Totals with their bounds and intervals."""
    money = {name: changes(found.money[name], found.rows, seed) for name in ordered(found.counts)}
    return Compared(
        {name: pair[0] for name, pair in money.items()},
        {name: pair[1] for name, pair in money.items()},
        changes(found.people, found.rows, seed)[0],
        found.unknown,
        DRAWS,
    )


def ordered(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Currencies, that of most rows first, equals by their names."""
    return tuple(sorted((name for name in counts if counts[name]), key=lambda name: (-counts[name], name)))


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def _added(one: Ints | None, other: Ints | None) -> Ints:
    if one is None or other is None:
        found = other if one is None else one
        assert found is not None
        return found
    if (np.abs(one.astype(float) + other) > _LARGEST).any():
        raise AmountsTooLarge()
    return one + other
