"""Totals of which a part is not known: at least, at most, and how far another year like it might lie off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DRAWS: Final = 1_000
GROUPS: Final = 1_024  # whose sums stand for the rows: an interval's own width is then sure to some 2 %
_AT_ONCE: Final = 1 << 15  # rows whose columns fit a processor's cache


@dataclass(frozen=True, slots=True)
class Span:
    """A total between what is sure and what is possible; `low` to `high`: that range at 95 %."""

    least: int
    most: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Change:
    before: Span
    after: Span
    difference: Span


def columns(least: Ints, most: Ints, new_least: Ints, new_most: Ints, same: Bools) -> Ints:
    """(rows, 6): before, after and difference, at least and at most each."""
    apart = new_most - most
    low = np.where(same, np.minimum(apart, 0), new_least - most)
    high = np.where(same, np.maximum(apart, 0), new_most - least)
    return np.stack([least, most, new_least, new_most, low, high], axis=1)


def grouped(start: int, rows: int, total: int, seed: int = 1) -> Ints:
    """The group of each row from `start` on, of a history of `total` rows. It follows from the row's number
    alone, so that a history may be cut anywhere. Few rows are a group each; of many, chance puts them
    together, whatever their order in the file.
    """
    number = np.arange(start, start + rows, dtype=np.uint64)
    if total <= GROUPS:
        return number.astype(np.int64)
    # splitmix64: neighbours fall apart.
    mixed = (number + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(GROUPS)).astype(np.int64)


def sums(table: Ints, groups: Ints) -> Ints:
    """(GROUPS, k): the sums of a (n, k) table by group. Exact: whole numbers all the way."""
    found = np.zeros((GROUPS, table.shape[1]), np.int64)
    small = groups.astype(np.uint16)  # sorted by counting
    for first in range(0, len(table), _AT_ONCE):
        part, of = table[first : first + _AT_ONCE], small[first : first + _AT_ONCE]
        order = np.argsort(of, kind="stable")
        starts = np.flatnonzero(np.diff(of[order].astype(np.int32), prepend=-1))
        found[of[order[starts]]] += np.add.reduceat(part[order], starts, axis=0)
    return found


def changes(table: Ints, rows: Ints, seed: int) -> tuple[Change, ...]:
    """Sums of (GROUPS, 6·k) columns as k changes. `rows` of each group: groups are drawn with replacement,
    and a drawn total is scaled to as many rows as there were. That varies as drawing the rows themselves
    does.
    """
    totals = table.sum(axis=0)
    drawn = np.zeros((1, table.shape[1]))
    if rows.any():
        filled = rows > 0
        rng = np.random.default_rng(seed)
        times = rng.multinomial(filled.sum(), np.full(filled.sum(), 1 / filled.sum()), size=DRAWS)
        share = rows.sum() / (times @ rows[filled].astype(float))
        drawn = times @ table[filled].astype(float) * share[:, None]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)

    def span(place: int) -> Span:
        return Span(int(totals[place]), int(totals[place + 1]), round(low[place]), round(high[place + 1]))

    return tuple(Change(span(at), span(at + 2), span(at + 4)) for at in range(0, table.shape[1], 6))
