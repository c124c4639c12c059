"""The space of all rows that orders can make, cut where a decision table changes its answer, and boxes in it.

A column's values (or the intervals between the bounds of its tests) are its cells; a box is a set of cells
for each column, a bit each. Tests never see inside a cell, so what holds for boxes holds for every order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from core.domain.boxes import Box, bits, intersect, outside, subtract, with_mask
from core.domain.facts import DELIVERIES, KINDS, REASONS
from core.domain.policy import Policy
from core.domain.table import COLUMNS, OneOf, Rule, Test, Value, Within, bounds

Row = dict[str, Any]

MOST_BOXES: Final = 100_000

# What an ordinary order looks like: an example is easier to read when only the odd fact is odd.
_ORDINARY: Final[Row] = {
    "reason": "not_as_described",
    "delivery": "code_viewed",
    "delivered": True,
    "days_left": 3,
    "amount_minor": 10_000,
    "order_refund_minor": 10_000,
    "evidence_complete": True,
    "credit": 100,
    "recent_refunds": 0,
    "unnamed_refunds": 0,
}
# Columns that follow from others, wholly or in part: dropped first when a region is put in words.
_DERIVED: Final = ("delivered", "evidence_complete", "amount_minor")


class TooEntangled(ValueError):
    """The table would need more than `MOST_BOXES` boxes."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A cell of a column of numbers; None is open."""

    low: int | None
    high: int | None

    @property
    def value(self) -> int:
        """One of it that reads well: the least amount of all, a single fen, does not."""
        if self.high is not None and (self.low is None or self.low == 1):
            return self.high
        return self.low or 0


class Space:
    """Cells of every column for one policy, and the boxes that no order can be in."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.cells: dict[str, tuple[Value, ...] | tuple[Interval, ...]] = {}
        for column in COLUMNS.values():
            tests: list[Test] = [t for rule in policy.rules for name, t in rule.tests if name == column.name]
            if column.values is not None:
                self.cells[column.name] = column.values
                continue
            edges = set(bounds(tests)) | self._edges(column.name)
            self.cells[column.name] = _intervals(column.least, sorted(edges))
        self.whole: Final[Box] = tuple((1 << len(cells)) - 1 for cells in self.cells.values())
        self.impossible: Final = tuple(self._relations())

    def box(self, tests: Iterable[tuple[str, Test]]) -> Box:
        """All rows for which the tests hold."""
        masks = dict(zip(self.cells, self.whole, strict=True))
        for column, test in tests:
            masks[column] &= self._mask(column, test)
        return tuple(masks.values())

    def tests(self, box: Box) -> tuple[tuple[str, tuple[Test, ...]], ...]:
        """The inverse of `box` for people: columns that the box narrows, with tests of which one holds. What
        no order of these kinds can have is said or left out, whichever takes fewer words.
        """
        box = self._within_windows(box)
        found: list[tuple[str, tuple[Test, ...]]] = []
        for (column, cells), mask, full in zip(self.cells.items(), box, self.whole, strict=True):
            if mask == full:
                continue
            inside = [cell for place, cell in enumerate(cells) if mask >> place & 1]
            if isinstance(inside[0], Interval):
                least = COLUMNS[column].least
                found.append(
                    (column, _joined([cell for cell in inside if isinstance(cell, Interval)], least))
                )
            else:
                found.append(
                    (column, (OneOf(tuple(cell for cell in inside if not isinstance(cell, Interval))),))
                )
        return tuple(found)

    def _within_windows(self, box: Box) -> Box:
        """More days than the window has are never left: their cells go, or join those below them."""
        places = {column: place for place, column in enumerate(self.cells)}
        place, kinds = places["days_left"], self.cells["kind"]
        longest = max(
            self.policy.window_days[str(kind)] for n, kind in enumerate(kinds) if box[places["kind"]] >> n & 1
        )
        days = self.cells["days_left"]
        beyond = sum(
            1 << n
            for n, cell in enumerate(days)
            if isinstance(cell, Interval) and cell.low is not None and cell.low > longest
        )
        if not beyond:
            return box
        last = 1 << (beyond & -beyond).bit_length() - 2  # the longest window itself
        mask = box[place] | beyond if box[place] & last else box[place] & ~beyond
        return with_mask(box, place, mask) if mask else box

    def possible(self, box: Box) -> Box | None:
        """A part of `box` in which every row is one that an order can make; None when there is none."""
        return outside(box, self.impossible)

    def example(self, box: Box) -> Row | None:
        """A row in `box` that an order can make, as ordinary as the box allows."""
        if self.possible(box) is None:
            return None
        for place, column in enumerate(self.cells):
            if column in _ORDINARY:
                ordinary = self._mask(column, OneOf((_ORDINARY[column],)))
                narrowed = with_mask(box, place, box[place] & ordinary)
                if narrowed[place] and self.possible(narrowed):
                    box = narrowed
        found = self.possible(box)
        assert found is not None
        return self._row(found)

    def tighten(self, box: Box) -> Box:
        """`box` without cells that no possible row of it has."""
        for place, mask in enumerate(box):
            for bit in bits(mask):
                if self.possible(with_mask(box, place, bit)) is None:
                    box = with_mask(box, place, box[place] & ~bit)
        return box

    def widen(self, box: Box) -> Box:
        """`box` and cells that no possible row would add to it, so that it can be said in fewer tests."""
        places = {column: place for place, column in enumerate(self.cells)}
        for column in (*_DERIVED, *(column for column in places if column not in _DERIVED)):
            place = places[column]
            for bit in bits(self.whole[place] & ~box[place]):
                if self.possible(with_mask(box, place, bit)) is None:
                    box = with_mask(box, place, box[place] | bit)
        return box

    def _row(self, box: Box) -> Row:
        row: Row = {}
        for (column, cells), mask in zip(self.cells.items(), box, strict=True):
            cell = cells[next(bits(mask)).bit_length() - 1]
            row[column] = cell.value if isinstance(cell, Interval) else cell
            if isinstance(cell, Interval) and column in _ORDINARY and _inside(_ORDINARY[column], cell):
                row[column] = _ORDINARY[column]
        row["order_refund_minor"] = max(row["order_refund_minor"], row["amount_minor"])
        return row

    def _mask(self, column: str, test: Test) -> int:
        held = 0
        for place, cell in enumerate(self.cells[column]):
            if isinstance(cell, Interval):
                # A cell lies wholly inside a test of the table; any other value (an ordinary one) must touch.
                holds = test.holds(cell.value) or (
                    isinstance(test, OneOf) and any(_inside(int(value), cell) for value in test.values)
                )
            else:
                holds = test.holds(cell)
            held |= holds << place
        return held

    def _edges(self, column: str) -> set[int]:
        """Where the relations between columns and the laws of the house change."""
        if column == "days_left":
            return {0} | {days + 1 for days in self.policy.window_days.values()}
        if column in ("amount_minor", "order_refund_minor"):
            edges = {self.policy.limits.second_approval_minor + 1}
            for rule in self.policy.rules:
                # One set of edges for both, so that they compare cell by cell.
                edges.update(
                    bounds([t for name, t in rule.tests if name in ("amount_minor", "order_refund_minor")])
                )
            return edges
        return set()

    def _relations(self) -> Iterator[Box]:
        policy = self.policy
        delivered = tuple(state for state in DELIVERIES if state in policy.delivered_states)
        pending = tuple(state for state in DELIVERIES if state not in policy.delivered_states)
        yield self.box([("delivery", OneOf(delivered)), ("delivered", OneOf((False,)))])
        yield self.box([("delivery", OneOf(pending)), ("delivered", OneOf((True,)))])
        for kind in KINDS:
            yield self.box(
                [("kind", OneOf((kind,))), ("days_left", Within(policy.window_days[kind] + 1, None))]
            )
        for reason in REASONS:
            checklist = policy.evidence[reason]
            incomplete, complete = (
                ("evidence_complete", OneOf((False,))),
                ("evidence_complete", OneOf((True,))),
            )
            if not checklist:
                yield self.box([("reason", OneOf((reason,))), incomplete])
            if "redemption_record" in checklist:
                yield self.box([("reason", OneOf((reason,))), complete, ("contested", OneOf((False,)))])
            if checklist == ("redemption_record",):
                yield self.box([("reason", OneOf((reason,))), incomplete, ("contested", OneOf((True,)))])
        for cell in self.cells["amount_minor"]:  # all refunds of the order are at least this one
            if isinstance(cell, Interval) and cell.low is not None and cell.low > 1:
                asked = Within(cell.low, cell.high)
                yield self.box([("amount_minor", asked), ("order_refund_minor", Within(None, cell.low - 1))])


def first_hits(
    space: Space, rules: tuple[Rule, ...], start: Box | None = None
) -> tuple[list[list[Box]], list[Box]]:
    """For each rule the boxes in which it is the first to hit, and the boxes in which none hits; of all rows
    or of those in `start`.
    """
    left = [space.whole if start is None else start]
    hits: list[list[Box]] = []
    for rule in rules:
        hole = space.box(rule.tests)
        hits.append([both for box in left if (both := intersect(box, hole))])
        left = [piece for box in left for piece in subtract(box, hole)]
        if len(left) > MOST_BOXES:
            raise TooEntangled(f"the rules up to {rule.id} cut the orders into too many pieces")
    return hits, left


def _intervals(least: int | None, edges: list[int]) -> tuple[Interval, ...]:
    inner = [edge for edge in edges if least is None or edge > least]
    starts = [least, *inner]
    ends = [*(edge - 1 for edge in inner), None]
    return tuple(Interval(low, high) for low, high in zip(starts, ends, strict=True))


def _joined(cells: list[Interval], least: int | None) -> tuple[Test, ...]:
    """Neighbouring intervals as one; a bound that every value keeps is none."""
    joined = [cells[0]]
    for before, cell in pairwise(cells):
        if before.high is not None and cell.low == before.high + 1:
            joined[-1] = Interval(joined[-1].low, cell.high)
        else:
            joined.append(cell)
    return tuple(Within(None if cell.low == least else cell.low, cell.high) for cell in joined)


def _inside(value: int, cell: Interval) -> bool:
    return (cell.low is None or value >= cell.low) and (cell.high is None or value <= cell.high)
