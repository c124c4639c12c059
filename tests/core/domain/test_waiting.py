"""How long people would take: by hand over week-ends and holidays, and by the theory of queues."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import waiting
from core.domain.history import from_micros, to_micros
from core.domain.waiting import CURVE, HOUR, Expected, Staff, ends, enough
from core.domain.workdays import FIRST_YEAR, LAST_YEAR, ZONE, Calendar, china

ONE = Staff(1, 9, 18, (600,))


def at(*wanted: str) -> np.ndarray:
    return np.array([to_micros(datetime.fromisoformat(text).replace(tzinfo=ZONE)) for text in wanted])


def expected(sent: np.ndarray, decisions: np.ndarray, staff: Staff, promised_days: int = 3) -> Expected:
    done = ends(sent, decisions, staff, china())
    return waiting.expected(sent, decisions, done, staff, china(), promised_days)


def decided(wanted: list[str], staff: Staff = ONE, decisions: list[int] | None = None) -> list[str]:
    found = ends(at(*wanted), np.array(decisions or [1] * len(wanted)), staff, china())
    return [f"{from_micros(end).astimezone(ZONE):%Y-%m-%d %H:%M}" for end in found]


@pytest.mark.parametrize(
    ("sent", "done"),
    [
        ("2026-11-20 10:00", "2026-11-20 10:10"),  # a Friday
        ("2026-11-20 08:00", "2026-11-20 09:10"),  # before anybody is there
        ("2026-11-20 17:50", "2026-11-20 18:00"),  # the day's last moment
        ("2026-11-20 17:55", "2026-11-23 09:05"),  # goes on on Monday
        ("2026-11-20 18:00", "2026-11-23 09:10"),
        ("2026-11-21 12:00", "2026-11-23 09:10"),  # a Saturday
        ("2026-09-30 17:55", "2026-10-08 09:05"),  # over Golden Week
        ("2026-10-10 10:00", "2026-10-10 10:10"),  # a Saturday on which people work instead
    ],
)
def test_one_request_by_hand(sent: str, done: str) -> None:
    assert decided([sent]) == [done]


def test_first_come_first_served() -> None:
    """Whoever is free takes the next, whatever order the rows stand in; who needs nobody waits for nobody."""
    sent = ["2026-11-20 10:02", "2026-11-20 10:00", "2026-11-20 10:01"]
    assert decided(sent) == ["2026-11-20 10:30", "2026-11-20 10:10", "2026-11-20 10:20"]
    two = Staff(2, 9, 18, (600,))
    assert decided(sent, two) == ["2026-11-20 10:20", "2026-11-20 10:10", "2026-11-20 10:11"]
    assert decided(sent, ONE, [1, 0, 2]) == ["2026-11-20 10:31", "2026-11-20 10:00", "2026-11-20 10:21"]


def test_what_is_late_is_counted_in_working_days() -> None:
    """600 requests of ten minutes for one person: 54 a day."""
    sent = np.sort(np.concatenate([at("2026-11-20 09:00")] * 600))
    found = expected(sent, np.ones(600, np.int64), ONE)
    assert (found.jobs, found.late, found.left) == (600, 600 - 4 * 54, 600)
    assert found.half == timedelta(days=7, hours=5)  # the 300th: the sixth day's 30th
    assert found.busy > 1


def test_two_policies_are_held_against_the_same_time() -> None:
    """The one that sends fewer requests to people takes less of their time, whenever those came."""
    sent = np.concatenate([at(f"2026-11-{day} 10:00") for day in (16, 17, 18, 19, 20)])
    every, last = np.ones(5, np.int64), np.array([0, 0, 0, 0, 1])
    most, least = (expected(sent, decisions, ONE).busy for decisions in (every, last))
    assert most == pytest.approx(5 * least) and least > 0


def test_nobody_waits_where_nobody_decides() -> None:
    found = expected(at("2026-11-20 10:00"), np.zeros(1, np.int64), ONE)
    assert (found.jobs, found.half, found.busy, found.within[0]) == (0, timedelta(0), 0, 1)


@pytest.mark.parametrize("wrong", [(0, 9, 18, (60,)), (1, 18, 9, (60,)), (1, 9, 25, (60,)), (1, 9, 18, ())])
def test_a_staff_that_decides_nothing(wrong: tuple[int, int, int, tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="no staff"):
        Staff(*wrong)


@given(
    st.lists(st.tuples(st.integers(0, 30 * 24 * 60), st.integers(0, 2)), max_size=60),
    st.integers(1, 4),
    st.lists(st.integers(1, 20_000), min_size=1, max_size=5),
)
def test_more_people_never_make_a_request_wait_longer(
    rows: list[tuple[int, int]], people: int, seconds: list[int]
) -> None:
    start = at("2026-11-20 00:00")[0]
    sent = np.array([start + minute * HOUR // 60 for minute, _ in rows], np.int64)
    decisions = np.array([n for _, n in rows], np.int64)
    fewer, more = (
        ends(sent, decisions, Staff(n, 9, 18, tuple(seconds)), china()) for n in (people, people + 1)
    )
    assert (more <= fewer).all()
    assert (fewer >= sent).all()
    assert (fewer[decisions == 0] == sent[decisions == 0]).all()
    found = expected(sent, decisions, Staff(people, 9, 18, tuple(seconds)))
    assert found.half <= found.most
    assert all(low <= high for low, high in pairwise(found.within))
    assert len(found.within) == len(CURVE)


def test_enough_people_keep_up() -> None:
    """540 requests of ten minutes within ten working days are 54 a day: all of one person's time."""
    days = [
        day for day in range(20, 34) if china().is_working_day(date(2026, 11, 1) + timedelta(days=day - 1))
    ]
    sent = np.concatenate(
        [
            at(f"{date(2026, 11, 1) + timedelta(days=day - 1)} 09:00") + np.arange(54) * HOUR // 6
            for day in days
        ]
    )
    ones = np.ones(len(sent), np.int64)
    assert enough(sent, ones, ONE, china()) == 2
    assert enough(sent[::4], ones[::4], ONE, china()) == 1
    assert enough(np.zeros(0, np.int64), np.zeros(0, np.int64), ONE, china()) == 1


def _every_day() -> Calendar:
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    on = frozenset(day for day in days if day.weekday() >= 5)
    return Calendar(frozenset(), on, first_year=FIRST_YEAR, last_year=LAST_YEAR, published_through=LAST_YEAR)


@pytest.mark.parametrize(("people", "load"), [(1, 0.7), (3, 0.8)])
def test_as_the_theory_of_queues_says(people: int, load: float) -> None:
    """Erlang's formula, for a house that never closes: requests by chance, decisions of random length."""
    rng, mean, n = np.random.default_rng(7), 600.0, 300_000
    sent = at("2020-01-01 00:00")[0] + np.cumsum(rng.exponential(mean / (people * load) * 1e6, n)).astype(int)
    seconds = tuple(np.maximum(1, rng.exponential(mean, 50_000)).astype(int).tolist())
    done = ends(sent, np.ones(n, np.int64), Staff(people, 0, 24, seconds), _every_day())
    offered = people * load
    waits_first = offered**people / factorial(people) / (1 - load)
    waits = waits_first / (sum(offered**k / factorial(k) for k in range(people)) + waits_first)
    in_theory = mean + waits * mean / (people * (1 - load))
    assert np.mean(done - sent) / 1e6 == pytest.approx(in_theory, rel=0.04)
