"""One figure of a policy through a range, over one history: money against people's work, point by point.

The other figures and rules stay as they are. A point is a policy like any other, made by changing the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from core.domain import effects, policy_figures, spots
from core.domain.effects import Seen
from core.domain.errors import SweepInvalid
from core.domain.history import History
from core.domain.policy import load
from core.domain.policy_figures import Figure
from core.domain.simulation import Decider
from core.domain.spots import Path

MOST: Final = 61  # points of one sweep


@dataclass(frozen=True, slots=True)
class Point:
    """`refund`: minor units at least and at most, by currency; `people`: decisions by persons, likewise;
    `moved`: requests that are answered otherwise than by the text as it stands.
    """

    value: int
    refund: dict[str, tuple[int, int]]
    people: tuple[int, int]
    moved: int
    is_current: bool


def number(text: str, path: Path) -> tuple[Figure, int]:
    """The figure at `path` of a document, and what it is now; `SweepInvalid` unless a whole number."""
    raw = spots.read(text)
    figure = policy_figures.find(raw, path)
    value = spots.value_at(raw, path)
    if figure is None or figure.unit not in policy_figures.NUMBERS or not isinstance(value, int):
        raise SweepInvalid(place=".".join(map(str, path))[:120], cause="figure")
    return figure, value


def values(start: int, stop: int, step: int) -> tuple[int, ...]:
    """From `start` to `stop`, which is among them where a step meets it; `SweepInvalid` else."""
    if step <= 0 or stop < start:
        raise SweepInvalid(place=f"{start}:{stop}:{step}", cause="range")
    if (stop - start) // step + 1 > MOST:
        raise SweepInvalid(place=f"{start}:{stop}:{step}", cause="many", most=MOST)
    return tuple(range(start, stop + 1, step))


def sweep(history: History, seen: Seen, text: str, path: Path, wanted: tuple[int, ...]) -> tuple[Point, ...]:
    """A point for each of `wanted` and for what stands there now, ascending. `PolicyInvalid` for a value that
    makes no policy.
    """
    return Sweeper(text, path, wanted)(history, seen)


class Sweeper:
    """The policies of a sweep made ready for many parts of a history, whose points `merge` puts together."""

    def __init__(self, text: str, path: Path, wanted: tuple[int, ...]) -> None:
        _, self._current = number(text, path)
        values = sorted({*wanted, self._current})
        self._policies = [(value, Decider(load(spots.put(text, path, value)))) for value in values]
        self._now = Decider(load(text))

    def __call__(self, history: History, seen: Seen) -> tuple[Point, ...]:
        now = self._now(history).verdict
        found = []
        for value, decide in self._policies:
            outcome = decide(history)
            effect = effects.effect(history, decide.policy, outcome, seen)
            refund = {currency: (least, most) for currency, least, most in effects.sums(history, effect)}
            people = (int(effect.people.sum()), int(effect.people_most.sum()))
            moved = int(np.count_nonzero(outcome.verdict != now))
            found.append(Point(value, refund, people, moved, value == self._current))
        return tuple(found)


def merge(one: tuple[Point, ...], other: tuple[Point, ...]) -> tuple[Point, ...]:
    """The same sweep over both parts; currencies by their names."""
    return tuple(
        Point(
            a.value,
            {
                name: _added(a.refund.get(name, (0, 0)), b.refund.get(name, (0, 0)))
                for name in sorted({*a.refund, *b.refund})
            },
            _added(a.people, b.people),
            a.moved + b.moved,
            a.is_current,
        )
        for a, b in zip(one, other, strict=True)
    )


def _added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def as_dict(point: Point) -> dict[str, Any]:
    """For `simulate --sweep --json`."""
    return {
        "value": point.value,
        "refund_minor": {currency: list(span) for currency, span in point.refund.items()},
        "people": list(point.people),
        "moved": point.moved,
        "current": point.is_current,
    }
