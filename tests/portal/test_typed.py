"""What people type: full-width forms are read, other scripts' digits stay what they are."""

from __future__ import annotations

import pytest

from portal.parts import typed


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("１２．５０", "12.50"),
        ("￥１２．５", "12.5"),
        ("¥ 12.5", "12.5"),
        ("¥49.75元", "49.75"),
        ("￥１２，５００ 元", "12500"),
        ("１２，５００", "12500"),
        ("1,234,567.89", "1234567.89"),
        ("－５", "-5"),
        ("\u3000７\u3000", "7"),
        # Nothing is guessed: these commas part no thousands.
        ("１２，５", "12,5"),
        ("1,23,456", "1,23,456"),
        ("12,500,", "12,500,"),
        ("49元75", "49元75"),
        ("②", "②"),
        ("10²", "10²"),
        ("٣٤", "٣٤"),
        ("𝟏𝟐", "𝟏𝟐"),
    ],
)
def test_an_amount_as_it_is_typed(text: str, read: str) -> None:
    assert typed.amount(text) == read


@pytest.mark.parametrize(
    ("text", "read"), [("ＯＤ１２３－４", "OD123-4"), ("１７：５８", "17:58"), (" A1 ", "A1")]
)
def test_a_number_or_a_time_as_it_is_typed(text: str, read: str) -> None:
    assert typed.plain(text) == read
