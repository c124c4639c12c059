"""Working days of mainland China, make-up weekends (调休) included, and the deadlines counted in them.

The State Council publishes one year at a time. Beyond the last published year the calendar is a forecast, and
every deadline that reaches there says so (`provisional`), and is computed again once the year is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import accumulate

# One offset for the whole country, no summer time since 1991: the server's own zone never matters.
ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")

FIRST_YEAR = 2015  # from here on `holidays` knows the make-up days of every year; before, some lack
LAST_YEAR = 2060  # further than any deadline; all of it is ranked in 10 ms


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last second in time, as a UTC instant; `provisional` when its year is not published yet."""

    at: datetime
    provisional: bool


def local_date(instant: datetime) -> date:
    """The date on a clock in Shanghai."""
    if instant.tzinfo is None:
        raise ValueError("naive datetime")
    return instant.astimezone(ZONE).date()


def end_of_day(day: date) -> datetime:
    """23:59:59 in Shanghai, as a UTC instant."""
    return datetime.combine(day, time(23, 59, 59), ZONE).astimezone(UTC)


class Calendar:
    """Working days of the years `first_year` … `last_year`, ranked once so that every answer is one look-up.

    `off` are the weekdays without work, `on` the Saturdays and Sundays with it. A date outside these years
    is a `ValueError`.
    """

    __slots__ = ("_first", "_last", "_ranks", "_working", "published_through")

    def __init__(
        self, off: Set[date], on: Set[date], *, first_year: int, last_year: int, published_through: int
    ) -> None:
        self.published_through = published_through
        self._first = date(first_year, 1, 1).toordinal()
        self._last = date(last_year, 12, 31).toordinal()
        off_ordinals, on_ordinals = _ordinals(off), _ordinals(on)
        # Ordinal 1 was a Monday, so the weekday is (ordinal - 1) % 7.
        works = [
            day in on_ordinals or ((day - 1) % 7 < 5 and day not in off_ordinals)
            for day in range(self._first, self._last + 1)
        ]
        self._working = [self._first + index for index, does in enumerate(works) if does]
        # Working days from the first day up to and including this one.
        self._ranks = list(accumulate(map(int, works)))

    def is_working_day(self, day: date) -> bool:
        rank = self._rank(day)
        return rank > 0 and self._working[rank - 1] == day.toordinal()

    def add(self, day: date, n: int) -> date:
        """The n-th working day after `day`; for n = 0 `day` itself, or the next one when it is none."""
        if n < 0:
            raise ValueError(f"cannot count {n} working days")
        self._rank(day)  # refuses dates outside
        index = bisect_left(self._working, day.toordinal() + (n > 0)) + max(n - 1, 0)
        if index >= len(self._working):
            raise ValueError(f"{n} working days after {day} lie outside the calendar")
        return date.fromordinal(self._working[index])

    def between(self, a: date, b: date) -> int:
        """Working days after `a` up to and including `b`: `between(day, add(day, n)) == n`; negative back."""
        return self._rank(b) - self._rank(a)

    def is_provisional(self, day: date) -> bool:
        """Whether a count that ends on `day` rests on a year not published yet."""
        return day.year > self.published_through

    def deadline(self, start: datetime, n: int) -> Deadline:
        """The end of the n-th working day after the local date of `start`: that date itself never counts."""
        day = self.add(local_date(start), n)
        return Deadline(end_of_day(day), self.is_provisional(day))

    def _rank(self, day: date) -> int:
        ordinal = day.toordinal()
        if not self._first <= ordinal <= self._last:
            raise ValueError(f"{day} lies outside the calendar")
        return self._ranks[ordinal - self._first]


def _ordinals(days: Iterable[date]) -> frozenset[int]:
    return frozenset(day.toordinal() for day in days)


@lru_cache(maxsize=1)
def china() -> Calendar:
    """The calendar of mainland China from the `holidays` package, built at first use."""
    import holidays  # half a second to import: only when a date is counted

    days = holidays.country_holidays("CN", years=range(FIRST_YEAR, LAST_YEAR + 1))
    make_up = frozenset(days.weekend_workdays)
    return Calendar(
        frozenset(days),
        make_up,
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        # Every published year has make-up days; past them `holidays` guesses without a word.
        published_through=max(day.year for day in make_up),
    )
