"""The figures of a policy by section, each with its unit: what a form offers and a sweep may move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.spots import Path
from core.domain.table import COLUMNS

NUMBERS: Final = (
    "days", "working_days", "basis_points", "minor", "characters", "megabytes", "percent", "count", "bits",
    "pixels", "points", "score",
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
        *_of("limits", ("appeal_needs_evidence",), "yes_no"),
        *_of("limits", ("evidence_files",), "count"),
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
_OF_COLUMNS: Final = {"day": "days", "minor": "minor", "point": "points", "count": "count"}
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
