"""Each call takes the next free moment; nobody waits longer than a lease allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.pace import LONGEST_WAIT, after, turn
from core.services.sending import LEASE

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("free_in", "waits"),
    [
        (None, 0),
        (-5, 0),
        (0, 0),
        (0.2, 0.2),
        (30, 30),
        (30.1, None),
        (60, None),
        (60.1, 0),  # nobody can have waited for that: a clock was wrong
        (86_400, 0),
    ],
)
def test_the_next_free_moment(free_in: float | None, waits: float | None) -> None:
    free_at = None if free_in is None else NOW + timedelta(seconds=free_in)
    assert turn(free_at, NOW) == (None if waits is None else NOW + timedelta(seconds=waits))


def test_a_second_holds_no_more_calls_than_it_may() -> None:
    free_at, moments = None, []
    while (at := turn(free_at, NOW)) is not None:
        moments.append(at)
        free_at = after(at, 7)
    assert len(moments) == 30 * 7
    for start in moments:
        assert sum(start <= at < start + timedelta(seconds=1) for at in moments) <= 7


def test_a_wait_and_two_calls_are_shorter_than_a_lease() -> None:
    two_calls = 2 * timedelta(seconds=5 + 15)  # as the channels' own timeouts are
    assert LONGEST_WAIT + two_calls < LEASE
