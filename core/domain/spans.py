"""Totals of which a part is not known: at least, at most, and how far another year like it might lie off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DRAWS: Final = 1_000
_MOST_CELLS: Final = 4_000_000  # of a bootstrap: draws times different rows


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


def changes(table: Ints, rows: int, seed: int) -> tuple[tuple[Change, ...], int]:
    """Sums of (n, 6·k) columns as k changes, and how many draws their intervals rest on. Rows are drawn with
    replacement; equal rows are drawn together, as a multinomial, which is the same and fast.
    """
    totals = table.sum(axis=0)
    width = table.shape[1]
    drawn, draws = totals[None].astype(float), DRAWS
    if len(table):
        kinds, counts = np.unique(table, axis=0, return_counts=True)
        draws = max(100, min(DRAWS, _MOST_CELLS // len(kinds)))
        rng = np.random.default_rng(seed)
        # Of all rows: how many are of this currency is drawn as well.
        shares = np.append(counts, rows - len(table)) / rows
        drawn = rng.multinomial(rows, shares, size=draws)[:, :-1] @ kinds.astype(float)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)

    def span(place: int) -> Span:
        return Span(int(totals[place]), int(totals[place + 1]), round(low[place]), round(high[place + 1]))

    found = [Change(span(at), span(at + 2), span(at + 4)) for at in range(0, width, 6)]
    return tuple(found), draws
