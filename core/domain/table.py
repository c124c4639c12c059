"""The decision table: typed columns, a small closed set of tests, first hit decides.

No expressions: a table made of these tests can be checked for gaps, shown as a grid, compared, and evaluated for one
order (`first_hit`) or for a million rows (`simulation`) by the same meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.domain.facts import CHANNELS, DELIVERIES, KINDS, REASONS

VERDICTS: Final = ("approve", "review", "reject", "needs_evidence")

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Column:
    """One fact that rules may test. `values` in order for words; None for whole numbers."""

    name: str
    values: tuple[Value, ...] | None
    unit: str = ""


COLUMNS: Final[dict[str, Column]] = {
    column.name: column
    for column in (
        Column("reason", REASONS),
        Column("kind", KINDS),
        Column("delivery", DELIVERIES),
        Column("delivered", (False, True)),  # by what the policy counts as delivered
        Column("days_left", None, "day"),  # of the window; negative = closed for so many days
        Column("amount_minor", None, "minor"),  # asked for
        Column("channel", CHANNELS),  # of the largest payment
        Column("evidence_complete", (False, True)),  # by the policy's checklist for the reason
        Column("contested", (False, True)),  # a redemption record was sent
        Column("duplicate", (False, True)),  # our books show that this amount was paid twice
        Column("credit", None, "point"),
        Column("recent_refunds", None, "count"),
        Column("escrow", (False, True)),
    )
}


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equals one of these values."""

    values: tuple[Value, ...]

    def holds(self, actual: Any) -> bool:
        return actual in self.values


@dataclass(frozen=True, slots=True)
class Within:
    """A whole number from `low` to `high`, both included; None is open."""

    low: int | None
    high: int | None

    def holds(self, actual: Any) -> bool:
        return (self.low is None or actual >= self.low) and (self.high is None or actual <= self.high)


Test = OneOf | Within


@dataclass(frozen=True, slots=True)
class Rule:
    """`tests` all hold → `verdict`. `words` by language, with placeholders of `PLACEHOLDERS`."""

    id: str
    tests: tuple[tuple[str, Test], ...]
    verdict: str
    words: Mapping[str, str]
    fee_basis_points: int | None = None  # None: the fee of the reason

    def misses(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Columns whose test does not hold: the rule's 'why not'. Empty when it hits."""
        return tuple(column for column, test in self.tests if not test.holds(row[column]))


PLACEHOLDERS: Final = ("delivery_at", "completed_at", "window_ends_at", "window_days", "amount", "missing")


def parse_test(column_name: str, raw: Any) -> Test:
    """The test that a policy document writes as `raw`; `ValueError` says what would be right.

    A value · a list (one of) · `{below|up_to|at_least|above = n}` · `{from = a, to = b}`; the symbols `< <= >= >` work too.
    """
    column = COLUMNS.get(column_name)
    if column is None:
        raise ValueError(f"unknown column {column_name!r}; there are {', '.join(COLUMNS)}")
    if column.values is not None:
        wanted = tuple(raw) if isinstance(raw, list) else (raw,)
        for value in wanted:
            if not any(value is known or (value == known and type(value) is type(known)) for known in column.values):
                raise ValueError(f"{column_name}: {value!r} is not one of {', '.join(map(str, column.values))}")
        if not wanted:
            raise ValueError(f"{column_name}: an empty list never holds")
        return OneOf(wanted)
    if _is_whole(raw):
        return Within(raw, raw)
    if isinstance(raw, list) and raw and all(map(_is_whole, raw)):
        return OneOf(tuple(raw))
    if not isinstance(raw, dict) or not raw or not all(map(_is_whole, raw.values())):
        raise ValueError(f"{column_name}: expected a whole number or {{ up_to = n }}, {{ from = a, to = b }}, got {raw!r}")
    low: int | None = None
    high: int | None = None
    for word, bound in raw.items():
        if word in ("at_least", "from", ">="):
            low = bound
        elif word in ("above", ">"):
            low = bound + 1
        elif word in ("up_to", "to", "<="):
            high = bound
        elif word in ("below", "<"):
            high = bound - 1
        else:
            raise ValueError(f"{column_name}: unknown test {word!r}; use at_least, above, up_to, below, from, to")
    if low is not None and high is not None and low > high:
        raise ValueError(f"{column_name}: from {low} to {high} never holds")
    return Within(low, high)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def compile_rules(rules: tuple[Rule, ...]) -> Callable[[Mapping[str, Any]], int]:
    """A function from a row (column → value) to the index of the first rule that hits, or -1.

    Source is generated from the closed set of tests (never from a document's text: values become constants by index),
    because one flat function of comparisons is several times faster than a loop over objects.
    """
    constants: dict[str, Any] = {}
    used = sorted({column for rule in rules for column, _ in rule.tests})
    lines = [f"    {column} = row[{column!r}]" for column in used]
    for index, rule in enumerate(rules):
        conditions = []
        for position, (column, test) in enumerate(rule.tests):
            name = f"c{index}_{position}"
            if isinstance(test, OneOf):
                single = len(test.values) == 1
                constants[name] = test.values[0] if single else frozenset(test.values)
                conditions.append(f"{column} == {name}" if single else f"{column} in {name}")
                continue
            if test.low is not None:
                constants[name + "l"] = test.low
                conditions.append(f"{column} >= {name}l")
            if test.high is not None:
                constants[name + "h"] = test.high
                conditions.append(f"{column} <= {name}h")
        lines.append(f"    if {' and '.join(conditions) or 'True'}: return {index}")
    lines.append("    return -1")
    # Constants as defaults are local variables: the fastest names Python has.
    bound = "".join(f", {name}={name}" for name in constants)
    source = "\n".join([f"def first_hit(row{bound}):", *lines])
    namespace: dict[str, Any] = dict(constants)
    exec(compile(source, "<decision table>", "exec"), namespace)  # noqa: S102 - built from column names and bound constants only
    found: Callable[[Mapping[str, Any]], int] = namespace["first_hit"]
    return found
