"""A decision table as a diagram: each node looks at one column, each leaf is the index of the first hit.

Built by cofactors: fix one column of the first undecided rule, drop the rules that it excludes, go on. Equal
remainders share a node. No source text is generated, yet an answer takes about twice as long as a chain of
`if`s written by hand (`bench/rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from core.domain.slips import Slip
from core.domain.table import COLUMNS, Rule, Test, bounds

LARGEST: Final = 50_000  # nodes; a readable table of twenty rules has about a hundred

# In order, each rule's index and its tests not yet decided.
Undecided = tuple[tuple[int, tuple[tuple[str, Test], ...]], ...]
# A leaf, or (column, None, child by value), or (column, bound, (child below it, child from it on)).
Node = int | tuple[str, int | None, Any]


def compile_rules(rules: tuple[Rule, ...]) -> Callable[[Mapping[str, Any]], int]:
    """A function from a row (column → value) to the index of the first rule that hits, or -1.

    a `Slip` when the rules are so entangled that the diagram would pass `LARGEST` nodes.
    """
    root = diagram(rules)

    def first_hit(row: Mapping[str, Any]) -> int:
        node: Any = root
        while node.__class__ is tuple:
            column, bound, children = node
            node = children[row[column]] if bound is None else children[row[column] >= bound]
        return node  # type: ignore[no-any-return]

    return first_hit


def diagram(rules: tuple[Rule, ...]) -> Node:
    """The root of the diagram."""
    return _Builder().node(tuple((index, rule.tests) for index, rule in enumerate(rules)))


class _Builder:
    def __init__(self) -> None:
        self.shared: dict[Undecided, Node] = {}

    def node(self, rules: Undecided) -> Node:
        if not rules:
            return -1
        index, tests = rules[0]
        if not tests:
            return index
        if rules not in self.shared:
            if len(self.shared) >= LARGEST:
                raise Slip("entangled", "rules")
            self.shared[rules] = self._split(rules, tests[0][0])
        return self.shared[rules]

    def _split(self, rules: Undecided, column: str) -> Node:
        values = COLUMNS[column].values
        if values is not None:
            return column, None, {value: self.node(_given(rules, column, value)) for value in values}
        limits = bounds([test for _, tests in rules for name, test in tests if name == column])
        children = [self.node(_given(rules, column, value)) for value in (limits[0] - 1, *limits)]
        return _halves(column, limits, children)


def _given(rules: Undecided, column: str, value: Any) -> Undecided:
    """What is left to decide once `column` is known to be `value`."""
    left = []
    for index, tests in rules:
        if all(name != column or test.holds(value) for name, test in tests):
            rest = tuple(pair for pair in tests if pair[0] != column)
            left.append((index, rest))
            if not rest:  # hits for certain: the rules after it are out of reach
                break
    return tuple(left)


def _halves(column: str, limits: list[int], children: list[Node]) -> Node:
    """Intervals by bisection: a node compares with one bound, and False and True index its two children."""
    if not limits:
        return children[0]
    middle = len(limits) // 2
    below = _halves(column, limits[:middle], children[: middle + 1])
    above = _halves(column, limits[middle + 1 :], children[middle + 1 :])
    return below if below is above else (column, limits[middle], (below, above))
