"""What a JPEG leaves in words: grain on the calm ground between the letters, and steps on a grid of 8 × 8.
Measured for each word, to be compared with the others of the same picture. In the child.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from core.adapters.pictures.words import Box

TRIED: Final = tuple(range(40, 97))  # qualities of an earlier compression
COARSER: Final = 1.2  # than the last one, in the sum of its steps: a finer one before it left nothing
SEARCHED, SAMPLE = 24, 10  # words, and blocks of each, on which the earlier compression is looked for
BLOCKS: Final = 64  # of a word that are measured
FAINT: Final = 30  # grey levels between ink and ground, below which it is no word
COLOURED: Final = 40  # levels between the channels, from which ink or ground has a colour
TALL: Final = 1.8  # times the usual height: no word, but a ring or an arrow that somebody drew around one
CALM: Final = 40  # pixels of ground, below which nothing is said of its grain

_WAVE: Final = np.cos((2 * np.arange(8)[None, :] + 1) * np.arange(8)[:, None] * np.pi / 16)
_ONE: Final = _WAVE * np.where(np.arange(8)[:, None] == 0, np.sqrt(1 / 8), 0.5)
_TWO: Final = np.kron(_ONE, _ONE).astype(np.float32)  # 64 frequencies × 64 pixels
# The steps of brightness at quality 50, as the JPEG group gave them; telephones and chats scale them.
_STEPS: Final = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word in the pixels that came. `grain`: root mean square of the ground's deviation, in grey
    levels.
    """

    box: Box
    is_coloured: bool
    ground: int
    grain: float


def words(pixels: Image.Image, boxes: Sequence[Box], scale: float) -> tuple[Any, list[Word]]:
    """Grey pixels as floats, and the words in them; `boxes` in a picture that is `scale` times as large."""
    grey = np.asarray(pixels.convert("L"))
    tall, wide = grey.shape
    found = []
    usual = float(np.median([box[3] - box[1] for box in boxes])) if boxes else 0.0
    for box in boxes:
        if box[3] - box[1] > TALL * usual:
            continue
        left, top, right, bottom = (int(side / scale) for side in box)
        left, top = max(0, (left - 4) // 8 * 8), max(0, (top - 4) // 8 * 8)
        right, bottom = min(wide, (right + 11) // 8 * 8), min(tall, (bottom + 11) // 8 * 8)
        word = _word(grey[top:bottom, left:right], pixels, (left, top, right, bottom))
        if word is not None:
            found.append(word)
    return grey, found


def _word(grey: Any, pixels: Image.Image, box: Box) -> Word | None:
    if min(grey.shape) < 8:
        return None
    ground = int(np.median(np.concatenate((grey[0], grey[-1]))))
    away = np.abs(grey.astype(np.int16) - ground)
    contrast = int(np.partition(away.ravel(), -away.size // 50)[-away.size // 50])  # of the clearest fiftieth
    if contrast < FAINT:
        return None
    near = away > max(10, 0.15 * contrast)
    for axis in (0, 1):  # the smooth rim of letters is no grain
        near = _wider(near, axis)
    calm = away[~near].astype(np.float32)
    if calm.size < CALM:
        return None
    colours = np.asarray(pixels.crop(box).convert("RGB"))
    is_coloured = any(_colour(part) > COLOURED for part in (colours[away > 0.6 * contrast], colours[0]))
    return Word(box, is_coloured, ground, float(np.sqrt(np.mean(calm**2))))


def _wider(near: Any, axis: int) -> Any:
    """By three pixels on either side."""
    grown = near.copy()
    into, out = (grown, near) if axis == 0 else (grown.T, near.T)
    for by in range(1, 4):
        into[by:] |= out[:-by]
        into[:-by] |= out[by:]
    return grown


def _colour(pixels: Any) -> float:
    """How far the channels of the middling pixel are apart."""
    red, green, blue = pixels.T
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return float(np.median(most - least)) if len(pixels) else 0.0


def steps(quality: int) -> Any:
    """64 steps of brightness of a quality."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip((_STEPS * scale + 50) // 100, 1, 255).astype(np.float32)


def history(grey: Any, found: Sequence[Word], table: Sequence[int]) -> list[float]:
    """How well each word fits the earlier compression that fits most words best; 0: to the pixel, 1: not at
    all. `table`: steps of the last one, of a JPEG.

    A word that was compressed before changes next to nothing when it is compressed so again, on the same
    grid; half a grid beside it changes as anything does. Each word is its own measure.
    """
    some = found[:: -(-len(found) // SEARCHED)]
    fits: dict[tuple[int, int, int], float] = {}
    for across, down in phases(grey, some):
        blocks = _Blocks(grey, some, across, down, SAMPLE)
        is_last = bool(table) and (across, down) == (0, 0)
        coarse = [q for q in TRIED if not is_last or steps(q).sum() > COARSER * sum(table)]
        for quality in coarse[::4]:
            fits[across, down, quality] = float(np.median(blocks.fit(steps(quality))))
        near = min((quality for a, d, quality in fits if (a, d) == (across, down)), default=0,
                   key=lambda quality: fits[across, down, quality])  # fmt: skip
        for quality in coarse:
            if 0 < abs(quality - near) < 4:
                fits[across, down, quality] = float(np.median(blocks.fit(steps(quality))))
    if not fits:
        return [1.0] * len(found)
    across, down, quality = min(fits, key=fits.__getitem__)
    fit: list[float] = _Blocks(grey, found, across, down, BLOCKS).fit(steps(quality)).tolist()
    return fit


def phases(grey: Any, found: Sequence[Word]) -> set[tuple[int, int]]:
    """Where the grid may begin: at the corner, and where the grain of the ground jumps most."""
    total, count = np.zeros((2, 8)), np.ones((2, 8))
    for word in found:
        left, top, right, bottom = word.box
        piece = grey[top:bottom, left:right].astype(np.int16)
        for axis, (side, start) in enumerate(((piece, left), (piece.T, top))):
            is_calm = np.abs(side - word.ground) < 12
            both = is_calm[:, 1:] & is_calm[:, :-1]
            jumps = np.where(both, np.abs(np.diff(side, axis=1)), 0).sum(axis=0)
            phase = (np.arange(1, side.shape[1]) + start) % 8
            np.add.at(total[axis], phase, jumps)
            np.add.at(count[axis], phase, both.sum(axis=0))
    across, down = (total / count).argmax(axis=1)
    return {(0, 0), (int(across), int(down))}


class _Blocks:
    """Blocks of words on a grid and as many half a grid beside it, with their frequencies."""

    def __init__(self, grey: Any, found: Sequence[Word], across: int, down: int, most: int) -> None:
        pairs = [_pair(grey, word.box, across, down, most) for word in found]
        self._owner = np.repeat(np.arange(len(found)), [len(pair[0]) for pair in pairs])
        sides = (np.concatenate(side).astype(np.float32) for side in zip(*pairs, strict=True))
        self._sides = [(blocks, (blocks - 128) @ _TWO.T) for blocks in sides]
        self._count = len(found)

    def fit(self, table: Any) -> Any:
        """Of each word: its change on the grid, by its change beside it."""
        on, off = (
            np.bincount(self._owner, self._changed(blocks, waves, table), self._count)
            for blocks, waves in self._sides
        )
        return np.where(off > 0, on / np.maximum(off, 0.02), 1.0)

    @staticmethod
    def _changed(blocks: Any, waves: Any, table: Any) -> Any:
        again = np.rint(np.clip((np.rint(waves / table) * table) @ _TWO + 128, 0, 255))
        return np.abs(again - blocks).mean(axis=1)


def _pair(grey: Any, box: Box, across: int, down: int, most: int) -> tuple[Any, Any]:
    on, off = (_blocks(grey, box, across + by, down + by) for by in (0, 4))
    count = min(len(on), len(off), most)
    first, second = (side[np.linspace(0, len(side) - 1, count).astype(int)] for side in (on, off))
    return first, second


def _blocks(grey: Any, box: Box, across: int, down: int) -> Any:
    left, top, right, bottom = box
    left, top = left + (across - left) % 8, top + (down - top) % 8
    wide, tall = max(0, (right - left) // 8), max(0, (bottom - top) // 8)
    piece = grey[top : top + 8 * tall, left : left + 8 * wide]
    return piece.reshape(tall, 8, wide, 8).swapaxes(1, 2).reshape(-1, 64)
