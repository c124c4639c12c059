"""Why each rule does not hit: the columns in its way, for all rules at once, and which of them could move.

Every test of the table is one bit. Each value (or interval) of a column sets the bits of the tests that fail
on it, so a row is explained by one look-up per column and one for the whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from core.domain.table import COLUMNS, Rule, Test, bounds

RANK: Final = {"reject": 0, "needs_evidence": 1, "review": 2, "approve": 3}

# Which changes may help where a column stands in a rule's way; nothing helps with one that is not here.
REMEDIES: Final = {
    "evidence_complete": frozenset({"evidence_complete", "contested"}),
    "contested": frozenset({"evidence_complete", "contested"}),
    "amount_minor": frozenset({"amount_minor"}),
    "order_refund_minor": frozenset({"amount_minor"}),
    "duplicate": frozenset({"amount_minor"}),
    "days_left": frozenset({"days_left"}),
}
REMEMBERED: Final = 4096  # explanations; the orders of one shop have far fewer kinds


@dataclass(frozen=True, slots=True)
class Trace:
    """One rule and, where it does not hit, the columns in the way. `reached`: no earlier rule had decided."""

    rule: str
    verdict: str
    why_not: tuple[str, ...]
    reached: bool


class Explanation(NamedTuple):
    """A trace for each rule in order, and the openings: for each better rule that changes could reach, the
    remedies of every column in its way."""

    traces: tuple[Trace, ...]
    openings: tuple[tuple[frozenset[str], ...], ...]


class WhyNots:
    """The explanations of one decision table."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._known: dict[tuple[int, int], Explanation] = {}
        bits: dict[str, list[tuple[int, Test]]] = {}
        place = 0
        for rule in rules:
            for column, test in rule.tests:
                bits.setdefault(column, []).append((1 << place, test))
                place += 1
        self._columns: Final = tuple((column, *_failures(column, tests)) for column, tests in bits.items())

    def explain(self, row: Mapping[str, Any], hit: int) -> Explanation:
        """`hit`: index of the rule that decided; those after it were not reached."""
        failed = 0
        for column, limits, failures in self._columns:
            value = row[column]
            failed |= failures[value if limits is None else bisect_right(limits, value)]
        found = self._known.get((failed, hit))
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[failed, hit] = self._build(failed, hit)
        return found

    def _build(self, failed: int, hit: int) -> Explanation:
        traces = []
        for index, rule in enumerate(self._rules):
            missed = tuple(column for place, (column, _) in enumerate(rule.tests) if failed >> place & 1)
            failed >>= len(rule.tests)
            traces.append(Trace(rule.id, rule.verdict, missed, index <= hit))
        least = RANK[self._rules[hit].verdict] if 0 <= hit < len(self._rules) else 0
        openings = [
            tuple(REMEDIES[column] for column in trace.why_not)
            for trace in traces
            if RANK[trace.verdict] > least and REMEDIES.keys() >= set(trace.why_not)
        ]
        if all(rule.tests for rule in self._rules):  # where no rule hits a person looks
            openings.append(())
        return Explanation(tuple(traces), tuple(openings))


def _failures(column: str, tests: list[tuple[int, Test]]) -> tuple[list[int] | None, dict[Any, int]]:
    """Bits that fail by value, or by interval between the limits."""
    values = COLUMNS[column].values
    if values is not None:
        return None, {value: _failing(tests, value) for value in values}
    limits = bounds([test for _, test in tests])
    return limits, {place: _failing(tests, value) for place, value in enumerate((limits[0] - 1, *limits))}


def _failing(tests: list[tuple[int, Test]], value: Any) -> int:
    return sum(bit for bit, test in tests if not test.holds(value))
