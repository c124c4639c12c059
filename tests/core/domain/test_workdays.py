"""R3.2, R3.6, R4.1, invariant 16: working days as the State Council decrees them, and deadlines in them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.workdays import FIRST_YEAR, LAST_YEAR, ZONE, Calendar, china, end_of_day, local_date

DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR - 1, 12, 31))
COUNTS = st.integers(0, 120)


def days(text: str) -> set[date]:
    """`2025-10-01..08 2025-10-11` as dates."""
    found = set()
    for part in text.split():
        first, _, last = part.partition("..")
        start = date.fromisoformat(first)
        found |= {start.replace(day=day) for day in range(start.day, int(last or start.day) + 1)}
    return found


# By hand from 国办发明电〔2024〕12号 and 国办发明电〔2025〕7号, weekends inside a holiday included.
OFF = days(
    "2025-01-01 2025-01-28..31 2025-02-01..04 2025-04-04..06 2025-05-01..05 2025-05-31 2025-06-01..02 "
    "2025-10-01..08 "
    "2026-01-01..03 2026-02-15..23 2026-04-04..06 2026-05-01..05 2026-06-19..21 2026-09-25..27 2026-10-01..07"
)
MAKE_UP = days(
    "2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11 "
    "2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"
)


def test_every_day_of_two_years_is_as_decreed():
    day = date(2025, 1, 1)
    while day.year < 2027:
        expected = day in MAKE_UP or (day.weekday() < 5 and day not in OFF)
        assert china().is_working_day(day) is expected, day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "following"),
    [
        # 28 Sep 2025 is a working Sunday, 1–8 Oct are off, 11 Oct is a working Saturday.
        ("2025-09-26", "09-28 09-29 09-30 10-09 10-10 10-11 10-13"),
        # Mid-Autumn 25–27 Sep 2026, then 1–7 Oct off, 10 Oct is a working Saturday.
        ("2026-09-24", "09-28 09-29 09-30 10-08 10-09 10-10 10-12"),
        # Spring Festival 28 Jan – 4 Feb 2025, made up on Sunday 26 Jan and Saturday 8 Feb.
        ("2025-01-24", "01-26 01-27 02-05 02-06 02-07 02-08 02-10"),
        # Spring Festival 15–23 Feb 2026, made up on Saturdays 14 and 28 Feb.
        ("2026-02-13", "02-14 02-24 02-25 02-26 02-27 02-28 03-02"),
        # From inside a holiday the count begins with the first working day after it.
        ("2026-02-18", "02-24 02-25 02-26 02-27 02-28 03-02 03-03"),
        # A plain week.
        ("2026-11-27", "11-30 12-01 12-02 12-03 12-04 12-07 12-08"),
    ],
)
def test_the_next_seven_working_days(start: str, following: str):
    day = date.fromisoformat(start)
    found = [china().add(day, n) for n in range(1, 8)]
    assert [f"{day:%m-%d}" for day in found] == following.split()


def test_zero_days_is_today_or_the_next_working_day():
    assert china().add(date(2026, 11, 23), 0) == date(2026, 11, 23)
    assert china().add(date(2026, 2, 14), 0) == date(2026, 2, 14)  # a working Saturday
    assert china().add(date(2026, 10, 2), 0) == date(2026, 10, 8)


def test_a_deadline_is_the_last_second_of_its_day_in_shanghai():
    found = china().deadline(datetime(2026, 11, 27, 20, 0, tzinfo=ZONE), 3)
    assert found.at == datetime(2026, 12, 2, 23, 59, 59, tzinfo=ZONE)
    assert found.at.tzinfo is UTC
    assert not found.provisional


@pytest.mark.parametrize(
    ("start", "n", "last", "provisional"),
    [
        # One second apart, and a different first day: 1–3 Jan 2026 are off, Sunday 4 Jan is worked.
        ("2025-12-31T23:59:59+08:00", 1, "2026-01-04", False),
        ("2026-01-01T00:00:00+08:00", 1, "2026-01-04", False),
        ("2025-12-31T23:59:59+08:00", 0, "2025-12-31", False),
        ("2026-01-01T00:00:00+08:00", 0, "2026-01-04", False),
        ("2025-12-31T15:59:59Z", 0, "2025-12-31", False),  # the same two seconds in UTC
        ("2025-12-31T16:00:00Z", 0, "2026-01-04", False),
    ],
)
def test_the_year_turns_at_midnight_in_shanghai(start: str, n: int, last: str, provisional: bool):
    found = china().deadline(datetime.fromisoformat(start), n)
    assert (local_date(found.at), found.provisional) == (date.fromisoformat(last), provisional)


def test_beyond_the_published_year_a_deadline_says_that_it_is_provisional():
    """Invariant 16: never guessed silently."""
    last = china().published_through
    before = datetime(last, 12, 31, 12, tzinfo=ZONE)
    assert not china().deadline(before - timedelta(days=10), 0).provisional
    assert china().deadline(before, 7).provisional
    assert china().deadline(before + timedelta(days=400), 0).provisional
    assert [china().is_provisional(date(year, 6, 1)) for year in (last, last + 1)] == [False, True]


def test_the_calendar_is_published_without_a_gap():
    """A year without make-up days would be a guess that passes for knowledge."""
    import holidays

    assert china().published_through >= 2026
    years = range(FIRST_YEAR, china().published_through + 1)
    known = holidays.country_holidays("CN", years=years)
    assert {day.year for day in known.weekend_workdays} >= set(years)


def test_a_date_outside_the_calendar_is_refused_not_guessed():
    for day in (date(FIRST_YEAR - 1, 12, 31), date(LAST_YEAR + 1, 1, 1)):
        with pytest.raises(ValueError, match="outside"):
            china().add(day, 1)
        with pytest.raises(ValueError, match="outside"):
            china().is_working_day(day)
    with pytest.raises(ValueError, match="outside"):
        china().add(date(LAST_YEAR, 12, 31), 5)
    with pytest.raises(ValueError, match="cannot count"):
        china().add(date(2026, 1, 5), -1)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="naive"):
        china().deadline(datetime(2026, 11, 23, 12), 1)


def test_a_calendar_may_begin_with_days_off():
    tiny = Calendar(
        days("2026-01-01..02"), days("2026-01-04"), first_year=2026, last_year=2026, published_through=2026
    )
    assert not tiny.is_working_day(date(2026, 1, 1))
    assert tiny.add(date(2026, 1, 1), 0) == tiny.add(date(2026, 1, 1), 1) == date(2026, 1, 4)
    assert tiny.between(date(2026, 1, 1), date(2026, 1, 4)) == 1


@given(DAYS, COUNTS)
def test_counting_forth_and_measuring_agree(day: date, n: int):
    if day.year > LAST_YEAR - 2:
        n = 0
    found = china().add(day, n)
    assert china().is_working_day(found)
    assert china().between(day, found) == (n or not china().is_working_day(day))
    assert (found > day) if n else (found >= day)


@given(st.dates(date(2015, 1, 1), date(2026, 6, 1)), st.integers(0, 30))
def test_the_ranks_agree_with_walking_day_by_day(day: date, n: int):
    walked, left = day, n
    while left or (n == 0 and not china().is_working_day(walked)):
        walked += timedelta(days=1)
        left -= n > 0 and china().is_working_day(walked)
    assert china().add(day, n) == walked


@given(DAYS, DAYS)
def test_measuring_back_is_the_negative(a: date, b: date):
    assert china().between(a, b) == -china().between(b, a)


@given(st.datetimes(datetime(2016, 1, 1), datetime(2040, 1, 1)), st.integers(0, 30), st.integers(0, 30))
def test_more_days_or_a_later_start_never_mean_an_earlier_deadline(naive: datetime, n: int, more: int):
    start = naive.replace(tzinfo=UTC)
    deadline = china().deadline(start, n).at
    assert china().deadline(start, n + more).at >= deadline
    assert china().deadline(start + timedelta(days=more), n).at >= deadline
    assert deadline >= start.replace(microsecond=0)


@given(st.datetimes(datetime(2016, 1, 1), datetime(2040, 1, 1)))
def test_the_end_of_the_day_is_on_that_day(naive: datetime):
    instant = naive.replace(tzinfo=UTC)
    assert local_date(end_of_day(local_date(instant))) == local_date(instant)
    assert local_date(end_of_day(local_date(instant)) + timedelta(seconds=1)) > local_date(instant)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_servers_zone_changes_nothing(zone: str):
    code = (
        "from datetime import datetime; from core.domain.workdays import china, local_date;"
        "start = datetime.fromisoformat('2025-12-31T23:59:59+08:00');"
        "print(local_date(start), china().deadline(start, 1).at.isoformat())"
    )
    environment = {**os.environ, "TZ": zone}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2025-12-31", "2026-01-04T15:59:59+00:00"]
