"""What whoever books a refund from elsewhere is told of the payment it is of."""

from __future__ import annotations

import pytest

from core.domain.room import Room


@pytest.mark.parametrize(
    ("refunded", "outside", "under_way", "taken", "running", "says"),
    [
        (0, 0, 0, 100, (), ""),
        (0, 0, 40, 60, (40,), ""),
        (0, 0, 50, 50, (50,), "same"),
        (0, 0, 95, 94, (94,), "stop"),
        (0, 0, 100, 1, (50, 50), "stop"),
        (60, 0, 0, 41, (), "beyond"),
        (0, 60, 40, 41, (40,), "beyond"),
    ],
)
def test_what_is_said(
    refunded: int, outside: int, under_way: int, taken: int, running: tuple[int, ...], says: str
) -> None:
    """Nothing while all of it fits; else what is wrong, the worst first."""
    cases = tuple((f"R{place}", minor) for place, minor in enumerate(running))
    room = Room(100, refunded, outside, under_way, taken, "CNY", cases)
    assert room.says == says and room.is_beyond == (says in ("stop", "beyond"))
    assert room.left_minor == 100 - refunded - outside - under_way
