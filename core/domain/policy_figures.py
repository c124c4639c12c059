"""The figures of a policy by section, each with its unit: what a form offers and a sweep may move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.domain import spots
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.spots import Path
from core.domain.table import COLUMNS

NUMBERS: Final = (
    "days", "working_days", "basis_points", "minor", "characters", "megabytes", "percent", "files", "times",
    "bits", "pixels", "points", "score",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """`unit`: one of `NUMBERS`, or `span` (two numbers of working days), `choice`, `several`, `yes_no`."""

    path: Path
    unit: str
    choices: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return ".".join(map(str, self.path))


def _of(section: str, names: tuple[str, ...], unit: str, choices: tuple[str, ...] = ()) -> tuple[Figure, ...]:
    return tuple(Figure((section, name), unit, choices) for name in names)


# Sections in the order of the form: what customers meet first, then money, then the desk's own figures.
FIGURES: Final[Mapping[str, tuple[Figure, ...]]] = {
    "window_days": _of("window_days", KINDS, "days"),
    "delivery": _of("delivery", ("counts_from",), "choice", DELIVERIES[1:]),
    "fee_basis_points": _of("fee_basis_points", REASONS, "basis_points"),
    "limits": (
        *_of("limits", ("second_approval_minor",), "minor"),
        *_of("limits", ("look_back_days",), "days"),
        *_of("limits", ("arrival_overdue_working_days",), "working_days"),
        *_of("limits", ("appeal_needs_evidence", "kinder_version"), "yes_no"),
        *_of("limits", ("evidence_files",), "files"),
        *_of("limits", ("evidence_megabytes",), "megabytes"),
        *_of("limits", ("description_characters",), "characters"),
    ),
    "working_days": _of(
        "working_days",
        ("review_least", "review_most", "reply", "arbitration", "appeal", "draft", "ticket"),
        "working_days",
    ),
    "eta_working_days": _of("eta_working_days", CHANNELS, "span"),
    "channel_days": _of("channel_days", CHANNELS, "days"),
    "fx_borne_by": _of("fx_borne_by", REASONS, "choice", ("platform", "customer")),
    "balance": (
        *_of("balance", ("expires_after_days",), "days"),
        *_of("balance", ("fee_waived",), "yes_no"),
    ),
    "evidence": _of("evidence", REASONS, "several", EVIDENCE_KINDS),
    "credit": (
        *_of("credit", ("least", "most", "forgery", "upheld", "recovery"), "points"),
        *_of("credit", ("recovery_days",), "days"),
    ),
    "pictures": (
        *_of("pictures", ("legible_at_least", "bright_at_least"), "score"),
        *_of("pictures", ("text_pixels_at_least",), "pixels"),
        *_of("pictures", ("filled_at_least",), "percent"),
        *_of("pictures", ("alike_bits",), "bits"),
        *_of("pictures", ("kept_days",), "days"),
    ),
}
RULES: Final = "rules"  # the section of the numbers in the decision table
_OF_COLUMNS: Final = {"day": "days", "minor": "minor", "point": "points", "count": "times"}
_BY_PLACE: Final = {figure.place: figure for figures in FIGURES.values() for figure in figures}


def in_rules(raw: Mapping[str, Any]) -> Iterator[Figure]:
    """The numbers in the rules of a document, which need not be right: limits and fees."""
    rules = raw.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, dict):
            continue
        when = rule.get("when")
        for column, test in when.items() if isinstance(when, dict) else ():
            if column not in COLUMNS or COLUMNS[column].values is not None:
                continue
            unit, path = _OF_COLUMNS[COLUMNS[column].unit], ("rules", number, "when", column)
            if isinstance(test, dict):
                yield from (Figure((*path, word), unit) for word in test)
            elif not isinstance(test, list):
                yield Figure(path, unit)
        if "fee_basis_points" in rule:
            yield Figure(("rules", number, "fee_basis_points"), "basis_points")


def find(raw: Mapping[str, Any], path: Path) -> Figure | None:
    """The figure at `path`, if one is there."""
    if path[:1] == ("rules",):
        return next((figure for figure in in_rules(raw) if figure.path == path), None)
    return _BY_PLACE.get(".".join(map(str, path)))


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Figure | None:
    """The first number that differs between two states of a document, where it stands in the later one; a
    rule is the same by its name.
    """
    known = [figure for figures in FIGURES.values() for figure in figures]
    for figure in (*known, *in_rules(after)):
        now = spots.value_at(after, figure.path)
        if figure.unit in NUMBERS and isinstance(now, int) and not isinstance(now, bool):
            was = spots.value_at(before, spots.path_of(before, spots.place_of(after, figure.path)))
            if was != now:
                return figure
    return None


@dataclass(frozen=True, slots=True)
class Parted:
    """Two rules met at one limit, and one of them was moved: `rule` stayed, and with `value` at `path` meets
    `other` again.
    """

    rule: str
    other: str
    column: str
    path: Path
    value: int


_BEGINS: Final = {"at_least": 0, "from": 0, ">=": 0, "above": 1, ">": 1}  # the first number that holds
_ENDS: Final = {"up_to": 1, "to": 1, "<=": 1, "below": 0, "<": 0}  # the first that does not any more


def parted(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Parted, ...]:
    """Limits that one rule shared with its complement before (`up_to 500` and `above 500`), and of which only
    one was moved since. Nothing is said of two that were both moved.
    """
    was, now = _edges(before), _edges(after)
    found = []
    for first, edge in was.items():
        for second, other in was.items():
            is_pair = first[1] == second[1] and first[0] != second[0] and first[2] != second[2]
            if not is_pair or edge[0] != other[0] or first not in now or second not in now:
                continue
            if now[first][0] == edge[0] != now[second][0]:
                path, shift = now[first][1:]
                found.append(Parted(first[0], second[0], first[1], path, now[second][0] - shift))
    return tuple(found)


def _edges(raw: Mapping[str, Any]) -> dict[tuple[str, str, bool], tuple[int, Path, int]]:
    """By rule, column and whether it is where the test begins: the limit, its path, and how it is counted."""
    found: dict[tuple[str, str, bool], tuple[int, Path, int]] = {}
    for figure in in_rules(raw):
        value = spots.value_at(raw, figure.path)
        if len(figure.path) != 5 or not isinstance(value, int) or isinstance(value, bool):
            continue
        word, rule = str(figure.path[4]), raw["rules"][figure.path[1]].get("id")
        if word in _BEGINS or word in _ENDS:
            shift = _BEGINS[word] if word in _BEGINS else _ENDS[word]
            found[str(rule), str(figure.path[3]), word in _BEGINS] = (value + shift, figure.path, shift)
    return found
