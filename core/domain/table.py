"""The decision table: typed columns, a small closed set of tests, first hit decides.

No expressions: a table made of these tests can be checked for gaps (`analysis`), shown as a grid, compared,
and evaluated for one order (`diagram`) or for a million rows (`simulation`) by the same meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Final

from core.domain.facts import CHANNELS, DELIVERIES, KINDS, REASONS
from core.domain.slips import Slip, written

LANGUAGES: Final = ("zh", "en")
VERDICTS: Final = ("approve", "review", "reject", "needs_evidence")

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Column:
    """One fact that rules may test: one of `values` in their order, or a whole number from `least` on."""

    name: str
    values: tuple[Value, ...] | None
    unit: str = ""
    least: int | None = None


COLUMNS: Final[dict[str, Column]] = {
    column.name: column
    for column in (
        Column("reason", REASONS),
        Column("kind", KINDS),
        Column("delivery", DELIVERIES),
        Column("delivered", (False, True)),  # by what the policy counts as delivered
        Column("days_left", None, "day"),  # 0 on the last day of the window, negative after it
        Column("amount_minor", None, "minor", 1),  # asked for
        Column("order_refund_minor", None, "minor", 1),  # that and all refunds of this order before
        Column("channel", CHANNELS),  # of the largest payment
        Column("evidence_complete", (False, True)),  # by the policy's checklist for the reason
        Column("contested", (False, True)),  # a redemption record was sent
        Column("duplicate", (False, True)),  # our books show that this amount was paid twice
        Column("guest", (False, True)),  # bought without an account: no history to go by
        Column("credit", None, "point"),
        Column("recent_refunds", None, "count", 0),
        Column("unnamed_refunds", None, "count", 0),  # to guests nobody can tell apart, within a day
        Column("escrow", (False, True)),
    )
}


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equals one of these values."""

    values: tuple[Value, ...]

    def holds(self, actual: Any) -> bool:
        return actual in self.values

    def written(self) -> Any:
        """As a policy document has it."""
        return list(self.values)


@dataclass(frozen=True, slots=True)
class Within:
    """A whole number from `low` to `high`, both included; None is open."""

    low: int | None
    high: int | None

    def holds(self, actual: Any) -> bool:
        return (self.low is None or actual >= self.low) and (self.high is None or actual <= self.high)

    def written(self) -> Any:
        """As a policy document has it."""
        bounds = {"at_least": self.low, "up_to": self.high}
        if self.low is not None and self.high is not None:
            bounds = {"from": self.low, "to": self.high}
        return {name: bound for name, bound in bounds.items() if bound is not None}


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


PLACEHOLDERS: Final = (
    "delivery",  # how far it got, as a clause: 'the code was issued and nobody has opened it'
    "delivery_at",
    "completed_at",
    "window_ends_at",
    "window_days",
    "amount",
    "missing",
)


def parse_test(column_name: str, raw: Any) -> Test:
    """The test that a policy document writes as `raw`; a `Slip` says what would be right.

    A value · a list (one of) · `{below|up_to|at_least|above = n}` · `{from = a, to = b}`; the symbols
    `< <= >= >` work too.
    """
    column = COLUMNS.get(column_name)
    if column is None:
        raise Slip("unknown", column_name, allowed=", ".join(COLUMNS))
    if column.values is not None:
        return _one_of(column, raw)
    test = _numbers(column_name, raw)
    if column.least is not None and not _reaches(test, column.least):
        raise Slip("below_least", column_name, least=column.least)
    return test


_RULE_KEYS: Final = {"id", "when", "verdict", "fee_basis_points", *LANGUAGES}


def parse_rule(row: Any) -> Rule:
    """The rule that a policy document writes as `row`; a `Slip` says what would be right."""
    if not isinstance(row, dict):
        raise Slip("rule_shape")
    for key in row:
        if key not in _RULE_KEYS:
            raise Slip("unknown", key, allowed=", ".join(sorted(_RULE_KEYS)))
    identifier = row.get("id")
    if (
        not isinstance(identifier, str)
        or not identifier.replace("_", "").isalnum()
        or not identifier.isascii()
    ):
        raise Slip("identifier", "id")
    verdict = row.get("verdict")
    if verdict not in VERDICTS:
        raise Slip("choice", "verdict", value=written(verdict), allowed=", ".join(VERDICTS))
    when = row.get("when")  # a line that got lost must not mean "always"
    if not isinstance(when, dict):
        raise Slip("when_shape", "when")
    fee = row.get("fee_basis_points")
    if fee is not None and not (isinstance(fee, int) and not isinstance(fee, bool) and 0 <= fee <= 10_000):
        raise Slip("number_between", "fee_basis_points", least=0, most=10_000)
    for language in LANGUAGES:
        _check_words(language, row.get(language))
    tests = tuple((column, _test_in_place(column, test)) for column, test in when.items())
    order = {name: place for place, name in enumerate(COLUMNS)}
    return Rule(
        id=identifier,
        tests=tuple(sorted(tests, key=lambda pair: order[pair[0]])),
        verdict=verdict,
        words={language: row[language] for language in LANGUAGES},
        fee_basis_points=fee,
    )


def _test_in_place(column: str, raw: Any) -> Test:
    try:
        return parse_test(column, raw)
    except Slip as slip:
        raise slip.below("when") from None


def _check_words(language: str, words: Any) -> None:
    if not isinstance(words, str) or not words.strip():
        raise Slip("words_missing", language)
    try:
        places = list(Formatter().parse(words))
    except ValueError:
        raise Slip("braces", language) from None
    for _, name, form, conversion in places:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise Slip("placeholder", language, allowed=known)


def bounds(tests: list[Test]) -> list[int]:
    """Where the answer of any of these numeric tests changes, ascending: each bound begins a new interval."""
    found: set[int] = set()
    for test in tests:
        if isinstance(test, OneOf):
            for value in test.values:
                found.update((int(value), int(value) + 1))
            continue
        if test.low is not None:
            found.add(test.low)
        if test.high is not None:
            found.add(test.high + 1)
    return sorted(found)


def _one_of(column: Column, raw: Any) -> OneOf:
    assert column.values is not None
    wanted = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    for value in wanted:
        # By type too: 1 == True, and `delivered = 1` is a slip.
        if not any(value == known and type(value) is type(known) for known in column.values):
            allowed = ", ".join(map(written, column.values))
            raise Slip("choice", column.name, value=written(value), allowed=allowed)
    if not wanted:
        raise Slip("empty_list", column.name)
    if len(set(wanted)) < len(wanted):
        raise Slip("value_twice", column.name)
    return OneOf(wanted)


_LOW: Final = {"at_least": 0, "from": 0, ">=": 0, "above": 1, ">": 1}
_HIGH: Final = {"up_to": 0, "to": 0, "<=": 0, "below": -1, "<": -1}


def _numbers(name: str, raw: Any) -> Test:
    if _is_whole(raw):
        return Within(raw, raw)
    if isinstance(raw, list) and raw and all(map(_is_whole, raw)):
        return OneOf(tuple(dict.fromkeys(raw)))
    if not isinstance(raw, dict) or not raw or not all(map(_is_whole, raw.values())):
        raise Slip("numbers", name)
    low: int | None = None
    high: int | None = None
    for word, bound in raw.items():
        if word in _LOW:
            if low is not None:
                raise Slip("two_bounds", name)
            low = bound + _LOW[word]
        elif word in _HIGH:
            if high is not None:
                raise Slip("two_bounds", name)
            high = bound + _HIGH[word]
        else:
            raise Slip("unknown", f"{name}.{word}", allowed="at_least, above, up_to, below, from, to")
    if low is not None and high is not None and low > high:
        raise Slip("never_holds", name, low=low, high=high)
    return Within(low, high)


def _reaches(test: Test, least: int) -> bool:
    if isinstance(test, OneOf):
        return any(int(value) >= least for value in test.values)
    return test.high is None or test.high >= least


def _is_whole(value: Any) -> bool:
    # Amounts and days fit 64 bits with room to spare, so that masks over rows agree with single answers.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15
