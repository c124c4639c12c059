"""The decision table as cells: a row for each rule, a column for each fact that may be tested, and what a
rule answers. The text is the document: a changed cell rewrites its own value there and nothing else.

Values are the document's (`{"up_to": 50000}`); how a cell of numbers is written by hand: `number_cells`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.domain import spots
from core.domain.errors import CellRefused
from core.domain.slips import Slip, written
from core.domain.spots import Path
from core.domain.table import COLUMNS, LANGUAGES, parse_rule, parse_test

FEE: Final = "fee_basis_points"
_UNITS: Final = {"minor": "money"}


def _kind(name: str) -> str:
    column = COLUMNS[name]
    if column.values is None:
        return _UNITS.get(column.unit, "number")
    return "yes_no" if column.values == (False, True) else "words"


# Columns in the order of the grid, and what a cell of each may hold: `name`, `verdict`, `words`, `yes_no`,
# `number`, `money`, `fee`, `sentence`.
CELLS: Final[Mapping[str, str]] = {
    "id": "name",
    "verdict": "verdict",
    **{name: _kind(name) for name in COLUMNS},
    FEE: "fee",
    **dict.fromkeys(LANGUAGES, "sentence"),
}
MAY: Final = (  # why a cell was refused: what it may hold
    *("name", "name_of_its_own", "verdict", "words", "yes_no", "number", "money", "never", "fee", "sentence"),
    *("braces", "placeholders", "in_text", "one_rule"),
)
_ALIASES: Final = {"<=": "up_to", ">=": "at_least", "<": "below", ">": "above"}
_WHOLE: Final = {
    "id": "x",
    "when": {},
    "verdict": "review",
    "zh": "x",
    "en": "x",
}  # a rule to try one cell in
_MAY: Final = {"words_missing": "sentence", "braces": "braces", "placeholder": "placeholders"}


def rows(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each rule its cells, None for what it does not test or say; a `Slip` where no table can be read."""
    rules = raw.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Slip("rule_shape", "rules")
    return [{name: spots.value_at(rule, path_in(name)) for name in CELLS} for rule in rules]


def used(cells: list[dict[str, Any]]) -> tuple[str, ...]:
    """The facts that some rule tests, in the order of the grid."""
    return tuple(name for name in COLUMNS if any(row[name] is not None for row in cells))


def path_in(column: str) -> Path:
    """Where a rule has this cell."""
    return ("when", column) if column in COLUMNS else (column,)


def with_cell(text: str, rule: int, column: str, value: Any) -> str:
    """`text` with this cell of the rule at this place changed, or taken out for None; `CellRefused` for what
    it may not hold, and where the text has it in a way that only a person can change.
    """
    raw = spots.read(text)
    table = rows(raw)
    row = table[rule]
    name, now = str(row["id"] if row["id"] is not None else rule + 1), row[column]
    check(name, column, value, tuple(each["id"] for each in table if each is not row))
    if _same(column, now, value):
        return text
    path: Path = ("rules", rule, *path_in(column))
    try:
        if value is None:
            return spots.take(text, path)
        for word in _words(now, value):
            text = spots.put(text, (*path, word), value[_ALIASES.get(word, word)])
        if _words(now, value):
            return text
        if column in COLUMNS and not isinstance(raw["rules"][rule].get("when"), dict):
            return spots.put(text, ("rules", rule, "when"), {column: value})
        return spots.put(text, path, value)
    except (Slip, KeyError):
        raise CellRefused(rule=name, cell=column, value=_short(value), may="in_text") from None


def check(rule: str, column: str, value: Any, others: tuple[Any, ...] = ()) -> None:
    """`CellRefused` unless a cell of this column may hold `value`; `others` are the names that are taken."""
    try:
        if column in COLUMNS:
            if value is not None:
                parse_test(column, value)
            return
        if value is None and column == FEE:
            return
        parse_rule({**_WHOLE, column: value})
    except Slip as slip:
        may = _MAY.get(slip.code, "never" if slip.code in ("never_holds", "below_least") else CELLS[column])
        raise CellRefused(rule=rule, cell=column, value=_short(value), may=may) from None
    if column == "id" and value in others:
        raise CellRefused(rule=rule, cell=column, value=_short(value), may="name_of_its_own")


def _same(column: str, now: Any, value: Any) -> bool:
    """Whether the document says this already, in its own spelling."""
    if column not in COLUMNS or now is None or value is None:
        return bool(now == value)
    try:
        return parse_test(column, now) == parse_test(column, value)
    except Slip:
        return False


def _words(now: Any, value: Any) -> tuple[str, ...]:
    """The bounds whose numbers alone differ, as the document spells them."""
    if not (isinstance(now, dict) and isinstance(value, dict)):
        return ()
    if {_ALIASES.get(word, word) for word in now} != set(value) or len(now) != len(value):
        return ()
    return tuple(word for word in now if now[word] != value[_ALIASES.get(word, word)])


def _short(value: Any) -> str:
    return (
        "" if value is None else spots.literal(value)[:60] if not isinstance(value, str) else written(value)
    )
