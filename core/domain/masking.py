"""Covering parts of a picture: the boxes that its sender drew, and what is filled for them.

More is filled than was drawn. A JPEG smears what stands in a block of 16 × 16 pixels over all of it, first in
the sender's file and then in ours: beside a tight box enough would be left to tell digits apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.domain.errors import MaskRefused
from core.domain.reading import Box

MOST_BOXES: Final = 20
# Why boxes are refused; each has words under `mask.<code>`.
REFUSALS: Final = ("none", "empty", "outside", "too_many")


@dataclass(frozen=True, slots=True)
class Margin:
    """Pixels around a box that are filled too: `grow`, on to the next line of a `grid`, and `rim` more."""

    grow: int
    grid: int
    rim: int

    def around(self, box: Box, width: int, height: int) -> Box:
        """What is filled for `box` in a picture of this size."""
        (left, right), (top, bottom) = (
            (max(0, self._low(start)), min(most, self._high(start + length)))
            for start, length, most in ((box[0], box[2], width), (box[1], box[3], height))
        )
        return left, top, right - left, bottom - top

    def _low(self, at: int) -> int:
        return (at - self.grow) // self.grid * self.grid - self.rim

    def _high(self, at: int) -> int:
        return -(-(at + self.grow) // self.grid) * self.grid + self.rim


# PNG: what smoothing an edge and making a picture smaller spread. JPEG: the blocks of the file that was sent
# (nobody knows where they began), those of ours, and a pixel for colours between blocks.
MARGINS: Final[Mapping[str, Margin]] = {"image/png": Margin(4, 1, 0), "image/jpeg": Margin(16, 16, 1)}


def regions(boxes: Iterable[Box], width: int, height: int, media_type: str) -> tuple[Box, ...]:
    """What is filled for `boxes`, the same box once; `MaskRefused`."""
    drawn = tuple(dict.fromkeys(tuple(map(int, box)) for box in boxes))
    if not drawn:
        raise MaskRefused(mask="none")
    if len(drawn) > MOST_BOXES:
        raise MaskRefused(mask="too_many", limit=MOST_BOXES)
    return tuple(
        MARGINS[media_type].around(_clipped(box, width, height), width, height)  # type: ignore[arg-type]
        for box in drawn
    )


def _clipped(box: Box, width: int, height: int) -> Box:
    left, top, across, down = box
    if across <= 0 or down <= 0:
        raise MaskRefused(mask="empty")
    right, bottom = min(left + across, width), min(top + down, height)
    left, top = max(left, 0), max(top, 0)
    if right <= left or bottom <= top:
        raise MaskRefused(mask="outside")
    return left, top, right - left, bottom - top


def boxes_of(told: Any) -> tuple[Box, ...]:
    """Boxes from a browser: lists of four numbers; `MaskRefused` for anything else."""
    try:
        return tuple((int(x), int(y), int(across), int(down)) for x, y, across, down in told)
    except (TypeError, ValueError, OverflowError):
        raise MaskRefused(mask="empty") from None
