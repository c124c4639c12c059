"""A replay in parts: what is asked of a history too large for one memory or one machine, and how answers to
its parts become the answer to the whole.

`Replay` decides one part, `Partial.merge` puts two answers together, in any order and any cut, to the same
figures. A `Question` is texts and numbers only, so that it can be sent to other machines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Final

import numpy as np

from core.domain import effects, sweep, tallies
from core.domain.effects import Seen
from core.domain.history import History
from core.domain.policy import load
from core.domain.simulation import Decider, Outcome
from core.domain.spots import Path
from core.domain.sweep import Point, Sweeper
from core.domain.table import VERDICTS
from core.domain.tallies import Compared, Tally, added, ordered


@dataclass(frozen=True)
class Question:
    """Documents of one policy or two; with their costs; and `swept`, a figure of the first and its values."""

    policy: str
    against: str | None = None
    costs: bool = False
    swept: tuple[Path, tuple[int, ...]] | None = None


@dataclass(frozen=True)
class Arrives:
    """Rows of which another sum arrives under one policy than under the other; `minor`: at most in all."""

    rows: int
    minor: dict[str, int]

    def merge(self, other: Arrives) -> Arrives:
        return Arrives(self.rows + other.rows, added(self.minor, other.minor))


NONE: Final = Arrives(0, {})


@dataclass(frozen=True)
class Partial:
    """Rows by verdict under each policy, rows that differ, and what `tallies` and `sweep` know of the part.
    `counts`: rows by currency; `less`, `more`: of how many another sum arrives, and by how much in all.
    """

    rows: int
    verdicts: tuple[int, ...]
    against: tuple[int, ...]
    moved: int
    counts: dict[str, int]
    tally: Tally | None
    points: tuple[Point, ...]
    less: Arrives = NONE
    more: Arrives = NONE

    def merge(self, other: Partial) -> Partial:
        """Of both parts. Pure, associative, and the same either way round."""
        tally = self.tally
        if tally is not None and other.tally is not None:
            tally = tally.merge(other.tally)
        return Partial(
            self.rows + other.rows,
            tuple(a + b for a, b in zip(self.verdicts, other.verdicts, strict=True)),
            tuple(a + b for a, b in zip(self.against, other.against, strict=True)),
            self.moved + other.moved,
            added(self.counts, other.counts),
            tally,
            sweep.merge(self.points, other.points),
            self.less.merge(other.less),
            self.more.merge(other.more),
        )

    @property
    def costs(self) -> Compared | None:
        return None if self.tally is None else tallies.compared(self.tally)

    @property
    def curve(self) -> tuple[Point, ...]:
        """The points of the sweep, currencies of most rows first."""
        names = ordered(self.counts)
        return tuple(
            replace(point, refund={name: point.refund[name] for name in names}) for point in self.points
        )

    @property
    def by_verdict(self) -> dict[str, int]:
        return dict(zip(VERDICTS, self.verdicts, strict=True))

    @property
    def by_verdict_before(self) -> dict[str, int] | None:
        """Under the policy beside it, if there is one."""
        return dict(zip(VERDICTS, self.against, strict=True)) if self.against else None


class Replay:
    """A question made ready for many parts; `PolicyInvalid` and `SweepInvalid` before the first of them."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._after = Decider(load(question.policy))
        self._before = None if question.against is None else Decider(load(question.against))
        self._sweeper = None if question.swept is None else Sweeper(question.policy, *question.swept)

    def __call__(self, history: History, start: int, total: int) -> Partial:
        """The rows of `history`, the first of which is number `start` of `total`. At most
        `tallies.MOST_ROWS`.
        """
        seen = Seen.nothing(len(history))  # of a file of facts nobody knows what people made of it
        after = self._after(history)
        before = None if self._before is None else self._before(history)
        tally, less, more = None, NONE, NONE
        if self._question.costs or (before is not None and self._pays_otherwise(before, after)):
            will = effects.effect(history, self._after.policy, after, seen)
            was = will
            if self._before is not None and before is not None:
                was = effects.effect(history, self._before.policy, before, seen)
                less, more = (Arrives(len(p.rows), p.minor) for p in effects.paid(history, was, will))
            if self._question.costs:
                tally = effects.tally(history, was, will, start, total)
        counts = np.bincount(history.currency, minlength=len(history.currencies))
        return Partial(
            len(history),
            tuple(after.verdicts().values()),
            () if before is None else tuple(before.verdicts().values()),
            0 if before is None else int(after.moved(before).sum()),
            {name: int(n) for name, n in zip(history.currencies, counts, strict=True) if n},
            tally,
            () if self._sweeper is None else self._sweeper(history, seen),
            less,
            more,
        )

    def _pays_otherwise(self, before: Outcome, after: Outcome) -> bool:
        """Whether one verdict may mean another sum: by the fee, who bears the exchange, what is waived."""
        if self._before is None:
            return False
        was, now = self._before.policy, self._after.policy
        return bool(
            was.fx_borne_by != now.fx_borne_by
            or was.balance.fee_waived != now.balance.fee_waived
            or (before.fee != after.fee).any()
        )

    def nothing(self) -> Partial:
        """The answer for no rows: what merging begins with."""
        return self(History.of([]), 0, 0)


def merged(parts: Iterable[Partial], nothing: Partial) -> Partial:
    return reduce(Partial.merge, parts, nothing)


@lru_cache(maxsize=4)
def replay(question: Question) -> Replay:
    """The question made ready, once in each process."""
    return Replay(question)
