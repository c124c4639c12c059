"""A balance as lots: which go first, until when they are good, when their owner is warned."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import AmountInvalid, BalanceTooSmall
from core.domain.wallet import Lot, due_warning, is_good, lasts_until, next_warning, take, warnings
from core.domain.workdays import ZONE

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=ZONE)
END = datetime(2027, 9, 1, 23, 59, 59, tzinfo=ZONE)


def lot(number: int, minor: int, days: int = 10) -> Lot:
    return Lot(number, minor, NOON + timedelta(days=days))


def test_first_what_ends_first() -> None:
    lots = [lot(1, 300, 30), lot(2, 200, 10), lot(3, 100, 10)]
    assert take(lots, 250, "CNY") == [(2, 200), (3, 50)]
    assert take(lots, 600, "CNY") == [(2, 200), (3, 100), (1, 300)]
    with pytest.raises(BalanceTooSmall) as refused:
        take(lots, 601, "CNY")
    assert refused.value.params == {"left_minor": 600, "currency": "CNY"}
    for amount in (0, -1):
        with pytest.raises(AmountInvalid):
            take(lots, amount, "CNY")


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5)), max_size=8), st.integers(1, 2_000))
def test_all_of_it_and_no_more(made: list[tuple[int, int]], amount: int) -> None:
    """What is taken sums up; only the last lot may keep something."""
    lots = [lot(number, minor, days) for number, (minor, days) in enumerate(made)]
    if sum(each.remaining_minor for each in lots) < amount:
        with pytest.raises(BalanceTooSmall):
            take(lots, amount, "CNY")
        return
    parts = take(lots, amount, "CNY")
    by_id = {each.id: each for each in lots}
    assert sum(minor for _, minor in parts) == amount
    assert all(0 < minor <= by_id[number].remaining_minor for number, minor in parts)
    assert all(minor == by_id[number].remaining_minor for number, minor in parts[:-1])
    last = by_id[parts[-1][0]]
    untouched = [each for each in lots if each.id not in dict(parts) and each.remaining_minor]
    assert all((each.expires_at, each.id) > (last.expires_at, last.id) for each in untouched)


def test_a_day_is_whole() -> None:
    assert lasts_until(NOON, 365) == END
    late = datetime(2026, 9, 1, 23, 30, tzinfo=ZONE)
    assert lasts_until(late, 365) == END, "the day in Shanghai"
    assert is_good(END, END) and is_good(END, END + timedelta(microseconds=999_999))
    assert not is_good(END, END + timedelta(seconds=1))


def test_when_its_owner_is_warned() -> None:
    month, week = datetime(2027, 8, 2, 10, 0, tzinfo=ZONE), datetime(2027, 8, 25, 10, 0, tzinfo=ZONE)
    assert warnings(NOON, END) == [(month, 30), (week, 7)]
    assert (next_warning(NOON, END), next_warning(month, END), next_warning(week, END)) == (month, week, None)
    for now, days in (
        (month - timedelta(seconds=1), None), (month, 30), (week - timedelta(seconds=1), 30), (week, 7),
        (END, 7), (END + timedelta(seconds=1), None),
    ):  # fmt: skip
        assert due_warning(NOON, END, now) == days, now


def test_the_shortest_time_of_a_policy() -> None:
    """Thirty days: a month before is the day itself, in the morning or not at all."""
    end = lasts_until(NOON, 30)
    assert [days for _, days in warnings(NOON, end)] == [7]
    assert [days for _, days in warnings(NOON.replace(hour=8), end)] == [30, 7]
