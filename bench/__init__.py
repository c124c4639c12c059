"""Measured claims: each module runs both sides of a comparison in one go; `python -m bench` prints the table.

Only ratios are worth reading: both sides share the machine, the minute and the load on it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table: what `ours` and `theirs` were, and the ratio that has the goal."""

    what: str
    ours: str  # with its unit
    theirs: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def is_met(self) -> bool:
        return (self.at_least is None or self.ratio >= self.at_least) and (
            self.at_most is None or self.ratio <= self.at_most
        )
