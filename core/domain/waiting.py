"""How long requests would wait for people: one queue, first come first served, over the real times at which
they were sent (R6.3). A model; where people were measured, what it says of the past can be held against them.

Time is counted while somebody is there: an instant becomes microseconds of working time since the first day
of the calendar, the queue runs in those, and its ends become instants again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from heapq import heapreplace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain.history import DAY, ZONE_OFFSET
from core.domain.workdays import FIRST_YEAR, LAST_YEAR, Calendar

Ints = NDArray[np.int64]

HOUR: Final = 3_600_000_000  # microseconds
_EPOCH: Final = date(1970, 1, 1).toordinal()
CURVE: Final = (0, 1, 2, 4, 8, 12, 24, 36, 48, 72, 96, 120, 168, 240, 336)  # hours


@dataclass(frozen=True, slots=True)
class Staff:
    """`people` at once, each working day from `opens` to `closes` o'clock in Shanghai; how long one decision
    takes is drawn from `seconds`. `ValueError` for a staff that decides nothing.
    """

    people: int
    opens: int
    closes: int
    seconds: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.people < 1 or not 0 <= self.opens < self.closes <= 24 or min(self.seconds, default=0) < 1:
            raise ValueError(f"no staff: {self}")


@dataclass(frozen=True, slots=True)
class Expected:
    """Of `jobs` requests that wait for people half are decided after `half`, nine of ten after `most`; `late`
    of them after the end of the working day that was promised. `busy`: the share of their time that people
    work while requests come; above 1 the queue grows. `left`: not decided yet when the last one comes.
    `within`: the share decided after each of `CURVE` hours.
    """

    jobs: int
    half: timedelta
    most: timedelta
    late: int
    busy: float
    left: int
    within: tuple[float, ...]


def ends(at: Ints, decisions: Ints, staff: Staff, calendar: Calendar, seed: int = 1) -> Ints:
    """When each request is decided, in microseconds like `at`; one of no `decisions` at once. More than one
    decision follow each other.
    """
    found = at.copy()
    rows = np.flatnonzero(decisions > 0)
    rows = rows[np.argsort(at[rows], kind="stable")]
    hours = _Hours(staff, calendar)
    work = _work(decisions[rows], staff, seed)
    found[rows] = hours.instant(_served(hours.worked(at[rows]), work, staff.people))
    return found


def expected(
    at: Ints, decisions: Ints, done: Ints, staff: Staff, calendar: Calendar, promised_days: int
) -> Expected:
    """What `done`, the answer of `ends`, comes to, held against a promise in working days."""
    rows = np.flatnonzero(decisions > 0)
    if not len(rows):
        none = timedelta(0)
        return Expected(0, none, none, 0, 0.0, 0, (1.0,) * len(CURVE))
    sent, done = at[rows], done[rows]
    waits = np.sort(done - sent)
    half, most = (timedelta(microseconds=int(waits[_place(len(waits), percent)])) for percent in (50, 90))
    days = _working_days(calendar)
    late = np.searchsorted(days, _day(done), "right") - np.searchsorted(days, _day(sent), "right")
    within = np.searchsorted(waits, np.array(CURVE) * HOUR, side="right") / len(waits)
    return Expected(
        len(rows),
        half,
        most,
        int((late > promised_days).sum()),
        busy(at, decisions, staff, calendar),
        int((done > sent.max()).sum()),
        tuple(map(float, within)),
    )


def busy(at: Ints, decisions: Ints, staff: Staff, calendar: Calendar) -> float:
    """The share of their time that people work while requests come, those too that nobody decides: what two
    policies send to people is held against the same time. One working day at least.
    """
    rows = decisions > 0
    if not rows.any():
        return 0.0
    hours = _Hours(staff, calendar)
    first, last = (int(each) for each in hours.worked(np.array([at.min(), at.max()])))
    work = int(decisions[rows].sum()) * sum(staff.seconds) / len(staff.seconds) * 1_000_000
    return work / (staff.people * max(last - first, hours.a_day))


def enough(at: Ints, decisions: Ints, staff: Staff, calendar: Calendar) -> int:
    """How many people keep up with these requests and work at most nine tenths of their time."""
    return max(1, int(-(-staff.people * busy(at, decisions, staff, calendar) // 0.9)))


def _place(n: int, percent: int) -> int:
    """The place of a quantile among `n` in order, by the nearest rank."""
    return max(0, -(-n * percent // 100) - 1)


def _work(decisions: Ints, staff: Staff, seed: int) -> Ints:
    """Microseconds of each request's decisions together."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.array(staff.seconds, np.int64), int(decisions.sum())) * 1_000_000
    starts = np.cumsum(decisions) - decisions
    found: Ints = np.add.reduceat(drawn, starts)
    return found


def _served(comes: Ints, work: Ints, people: int) -> Ints:
    """The end of each, in the order in which they come, by whoever is free first."""
    free = [0] * people
    found = []
    for begins, takes in zip(comes.tolist(), work.tolist(), strict=True):
        end = max(begins, free[0]) + takes
        heapreplace(free, end)
        found.append(end)
    return np.array(found, np.int64)


class _Hours:
    """Instants as working time and back. What comes outside of it counts from its next beginning."""

    def __init__(self, staff: Staff, calendar: Calendar) -> None:
        self.days = _working_days(calendar)
        self.opens = staff.opens * HOUR
        self.a_day = (staff.closes - staff.opens) * HOUR

    def worked(self, at: Ints) -> Ints:
        day = _day(at)
        before = np.searchsorted(self.days, day)  # working days before that day
        is_working = self.days[np.minimum(before, len(self.days) - 1)] == day
        today = np.clip(at + ZONE_OFFSET - day * DAY - self.opens, 0, self.a_day)
        found: Ints = before * self.a_day + np.where(is_working, today, 0)
        return found

    def instant(self, worked: Ints) -> Ints:
        """An end that falls on a day's last moment is that day's, not the next one's first."""
        place = np.minimum(np.maximum(worked - 1, 0) // self.a_day, len(self.days) - 1)
        found: Ints = self.days[place] * DAY - ZONE_OFFSET + self.opens + worked - place * self.a_day
        return found


def _day(at: Ints) -> Ints:
    """Days since 1970 on a clock in Shanghai."""
    found: Ints = (at + ZONE_OFFSET) // DAY
    return found


@lru_cache(maxsize=4)
def _working_days(calendar: Calendar) -> NDArray[Any]:
    first, last = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()
    return np.array(
        [day - _EPOCH for day in range(first, last + 1) if calendar.is_working_day(date.fromordinal(day))]
    )
