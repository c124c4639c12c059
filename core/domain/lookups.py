"""A decision table as lookups, for many rows at once: the first rule that hits, by the same tests.

Each value (or interval) of a column is a set of rules that it does not exclude, a bit each; a row's sets are
intersected and the lowest bit is its rule. Columns with few values share one lookup of all their
combinations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain.table import COLUMNS, Rule, Test, Value, bounds

_WORD: Final = 31  # rules whose bits fit one number, with one more that says 'none of these'
_CELLS: Final = 4_096  # combinations of one lookup: 16 kB, so that several stay in the nearest cache
_FEW: Final = 12  # bounds that are counted by comparing; more are searched

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class _Group:
    """Columns whose cells, mixed as digits, are the place in `sets` of each word of rules."""

    columns: tuple[tuple[str, int, NDArray[np.int64] | None], ...]  # name, cells, bounds between the cells
    sets: tuple[NDArray[np.uint32], ...]


class Lookups:
    """`rules` made ready. Values of a column that is no number are given as codes in its order in
    `COLUMNS`.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        tested = {name for rule in rules for name, _ in rule.tests}
        self.columns: Final = tuple(name for name in COLUMNS if name in tested)
        self.words: Final = [tuple(rules[at : at + _WORD]) for at in range(0, len(rules), _WORD)]
        self._rules = len(rules)
        cells = {name: _cells(rules, name) for name in self.columns}
        self._groups = [self._group(names, cells) for names in _packed(cells)]

    def _group(self, names: Sequence[str], cells: Mapping[str, tuple[list[Value], Any]]) -> _Group:
        sets = []
        for word in self.words:
            mixed = np.full(1, (1 << (len(word) + 1)) - 1, np.uint32)
            for name in names:
                own = np.array([_set(word, name, value) for value in cells[name][0]], np.uint32)
                mixed = (mixed[:, None] & own).ravel()
            sets.append(mixed)
        columns = tuple((name, len(cells[name][0]), cells[name][1]) for name in names)
        return _Group(columns, tuple(sets))

    def first_hits(self, columns: Mapping[str, NDArray[Any]], rows: int) -> Indices:
        """Index of each row's first rule, the number of rules where none hits."""
        places = [_places(group, columns) for group in self._groups]
        hit = np.full(rows, self._rules, np.intp)
        for number, word in reversed(list(enumerate(self.words))):
            alive = np.full(rows, (1 << (len(word) + 1)) - 1, np.uint32) if not places else None
            for group, at in zip(self._groups, places, strict=True):
                found = group.sets[number].take(at, mode="clip")
                alive = found if alive is None else np.bitwise_and(alive, found, out=alive)
            assert alive is not None
            lowest = np.bitwise_and(alive, np.negative(alive), out=alive)
            # A power of two as a float is its exponent: where the bit stands.
            bit = (lowest.astype(np.float32).view(np.uint32) >> np.uint32(23)).astype(np.uint8)
            bit -= np.uint8(127)
            if len(self.words) == 1:
                return bit.astype(np.intp)
            own = bit < len(word)
            hit[own] = bit[own] + np.intp(number * _WORD)
        return hit


def _cells(rules: Sequence[Rule], name: str) -> tuple[list[Value], NDArray[np.int64] | None]:
    """A value of each cell of the column, and the bounds between them if it is a number."""
    values = COLUMNS[name].values
    if values is not None:
        return list(values), None
    limits = bounds([test for rule in rules for tested, test in rule.tests if tested == name])
    return [limits[0] - 1, *limits], np.array(limits, np.int64)


def _packed(cells: Mapping[str, tuple[list[Value], Any]]) -> list[list[str]]:
    """Columns together as long as their combinations are few."""
    groups: list[list[str]] = []
    room = 0
    for name in sorted(cells, key=lambda name: len(cells[name][0])):
        size = len(cells[name][0])
        if not groups or room < size:
            groups.append([])
            room = _CELLS
        groups[-1].append(name)
        room //= size
    return groups


def _set(rules: Sequence[Rule], name: str, value: Value) -> int:
    """Rules that `value` does not exclude; 'none of these' is among them."""

    def holds(tests: Sequence[tuple[str, Test]]) -> bool:
        return all(test.holds(value) for tested, test in tests if tested == name)

    return sum(1 << place for place, rule in enumerate(rules) if holds(rule.tests)) | 1 << len(rules)


def _places(group: _Group, columns: Mapping[str, NDArray[Any]]) -> Indices:
    if len(group.columns) == 1:
        name, _, limits = group.columns[0]
        return _cell(columns[name], limits).astype(np.intp)
    at = np.zeros(0, np.uint16)
    for number, (name, size, limits) in enumerate(group.columns):
        cell = _cell(columns[name], limits)
        if not number:
            at = cell.astype(np.uint16)
            continue
        at *= np.uint16(size)
        at += cell.astype(np.uint16)
    return at.astype(np.intp)


def _cell(column: NDArray[Any], limits: NDArray[np.int64] | None) -> NDArray[Any]:
    if limits is None:
        return column
    if len(limits) > _FEW:
        return np.searchsorted(limits, column, side="right")
    cell: NDArray[np.uint8] = (column >= limits[0]).view(np.uint8)
    for limit in limits[1:]:
        cell += (column >= limit).view(np.uint8)
    return cell
