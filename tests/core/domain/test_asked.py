"""What is said on the telephone: numbers, amounts, days and times, in whatever way they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.asked import Asked, read

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", Asked()),
        ("SD1042", Asked(words=("SD1042",))),
        ("¥49.00", Asked(amounts=(4_900,))),
        ("￥４９", Asked(amounts=(4_900,))),
        ("¥1,618.00", Asked(amounts=(161_800,))),
        ("1,618.00", Asked(amounts=(161_800,))),
        ("￥12,345,678元", Asked(amounts=(1_234_567_800,))),
        ("100,200", Asked(either=(("100", 10_000), ("200", 20_000)))),
        ("49元", Asked(amounts=(4_900,))),
        ("49.9", Asked(amounts=(4_990,))),
        ("49", Asked(either=(("49", 4_900),))),
        ("11月3日", Asked(days=(date(2026, 11, 3),))),
        ("2026-11-03", Asked(days=(date(2026, 11, 3),))),
        ("12-31", Asked(days=(date(2025, 12, 31),))),  # not in the future: last year's
        ("11-29", Asked(days=(date(2026, 11, 29),))),  # it is tomorrow somewhere
        ("13-40", Asked(words=("13-40",))),
        ("14:02", Asked(times=(time(14, 2),))),
        ("14：02:33", Asked(times=(time(14, 2),))),
        (
            "SD10，49.00 11/3 14:02",
            Asked(words=("SD10",), amounts=(4_900,), days=(date(2026, 11, 3),), times=(time(14, 2),)),
        ),
        ("林晓", Asked(words=("林晓",))),
    ],
)
def test_what_it_means(text: str, asked: Asked) -> None:
    assert read(text, NOW) == asked


@given(st.text(max_size=300))
def test_anything_can_be_said(text: str) -> None:
    found = read(text, NOW)
    assert all(amount >= 0 for amount in found.amounts)
    assert found.is_empty == (found == Asked())
