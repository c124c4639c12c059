"""Boxes as they come from a browser, and what is filled for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import MaskRefused
from core.domain.masking import MARGINS, MOST_BOXES, boxes_of, regions
from core.domain.reading import Box

PNG, JPEG = "image/png", "image/jpeg"


@pytest.mark.parametrize(
    ("boxes", "media_type", "filled"),
    [
        ([(50, 60, 20, 10)], PNG, [(46, 56, 28, 18)]),
        ([(50, 60, 20, 10)], JPEG, [(31, 31, 66, 66)]),  # to the blocks of 32…96 and 32…96, a pixel more
        ([(0, 0, 5, 5)], PNG, [(0, 0, 9, 9)]),
        ([(-30, 190, 40, 100)], PNG, [(0, 186, 14, 14)]),  # clipped first
        ([(-9, -9, 999, 999)], JPEG, [(0, 0, 100, 200)]),
        ([(50, 60, 20, 10)] * 30, PNG, [(46, 56, 28, 18)]),  # the same again is no other place
    ],
)
def test_what_is_filled(boxes: list[Box], media_type: str, filled: list[Box]) -> None:
    assert list(regions(boxes, 100, 200, media_type)) == filled


@pytest.mark.parametrize(
    ("boxes", "code"),
    [
        ([], "none"),
        ([(5, 5, 0, 9)], "empty"),
        ([(5, 5, 9, -1)], "empty"),
        ([(5, 5, 9, 9), (100, 5, 9, 9)], "outside"),
        ([(5, -9, 9, 9)], "outside"),
        ([(place, 0, 9, 9) for place in range(MOST_BOXES + 1)], "too_many"),
    ],
)
def test_what_covers_nothing_is_refused(boxes: list[Box], code: str) -> None:
    with pytest.raises(MaskRefused) as refused:
        regions(boxes, 100, 200, PNG)
    assert refused.value.params["mask"] == code


SIDE = st.integers(1, 3000)


@given(SIDE, SIDE, st.tuples(*[st.integers(-4000, 4000)] * 4), st.sampled_from([PNG, JPEG]))
def test_never_less_than_was_drawn_and_never_outside(
    width: int, height: int, box: Box, media_type: str
) -> None:
    try:
        ((left, top, across, down),) = regions([box], width, height, media_type)
    except MaskRefused:
        return
    assert left >= 0 and top >= 0 and left + across <= width and top + down <= height
    assert left <= max(box[0], 0) and left + across >= min(box[0] + box[2], width)
    assert top <= max(box[1], 0) and top + down >= min(box[1] + box[3], height)
    assert MARGINS[media_type].around((left, top, 1, 1), width, height)[0] <= left


@pytest.mark.parametrize(
    "told", [None, 7, "box", [1, 2, 3, 4], [[1, 2, 3]], [[1, 2, 3, "x"]], [[1, 2, 3, float("inf")]], [None]]
)
def test_what_is_no_box_is_refused(told: Any) -> None:
    with pytest.raises(MaskRefused):
        boxes_of(told)


def test_boxes_of_a_browser() -> None:
    assert boxes_of([[1, 2.0, 3.9, 4]]) == ((1, 2, 3, 4),)
