"""A picture's fingerprint that tells the same shot from another order in the same app. `of` in the child;
what compares two, and `keys` by which to find candidates among many, are for whoever has them.

Each word is brought to one size by the moments of its ink, so that cropping, another size or another
brightness change next to nothing; a changed figure does. A picture with few words has its `dhash` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from core.adapters.pictures.words import Box

ROWS, COLUMNS = 4, 28  # fields of ink of a word
MOST_WORDS: Final = 48  # that are kept of a picture, the longest
EDGE: Final = 8  # small pixels from the edge, where words may have been cut
FEW: Final = 6  # words, below which the dhash has to do
_WORD: Final = np.dtype([("place", "<f4", 4), ("ink", "i1", ROWS * COLUMNS)])

# Keys: the longest words, each projected on random planes; so many tables, so many bits in each.
KEYED_WORDS, LONG = 12, 3.5  # at most, and how many times as long as high
TABLES, BITS = 2, 28
PLAIN: Final = 24  # bits of the dhash, below which a picture is hardly anything
BANDS: Final = 8  # of the dhash, for a picture with few words
_PLANES: Final = np.random.Generator(np.random.PCG64(20261128)).standard_normal(
    (TABLES * BITS, ROWS * COLUMNS), dtype=np.float32
)

# Chosen on one part of `python -m bench doubts`, measured on the other.
SAME_WORD: Final = 0.95  # correlation of two words from which they are the same …
OTHER_WORD: Final = 0.84  # … and up to which they say something else
LEAST_SAME: Final = 5  # words
LEAST_SHARE: Final = 0.85  # of all their length
NEAR_BITS: Final = 10  # of the 256 of two dhashes


def of(grey: Image.Image, boxes: Sequence[Box]) -> bytes:
    """The words of a small grey picture, packed. What touches an edge was cut there, and is none."""
    right, bottom = grey.width - EDGE, grey.height - EDGE
    whole = [b for b in boxes if b[0] >= EDGE and b[1] >= EDGE and b[2] <= right and b[3] <= bottom]
    longest = sorted(whole, key=lambda box: (box[0] - box[2], box))[:MOST_WORDS]
    levels = np.asarray(grey, np.float32)
    found = [word for box in longest if (word := _word(levels, box)) is not None]
    return np.array(found, _WORD).tobytes()


def keys(words: bytes, dhash: str) -> list[int]:
    """Numbers of which the same shot has some, and other pictures hardly any: each below 2^63. None of a
    picture that is plain nearly everywhere: whatever is plain is like it.
    """
    found = np.frombuffer(words, _WORD)
    if len(found) < FEW:
        seen, bits = int(dhash, 16), 256 // BANDS
        if not PLAIN <= seen.bit_count() <= 256 - PLAIN:
            return []
        return [(TABLES + band) << 32 | (seen >> band * bits) % (1 << bits) for band in range(BANDS)]
    place = found["place"]
    length = place[:, 2] / np.maximum(place[:, 3], 0.5)
    longest = [at for at in np.argsort(-length, kind="stable") if length[at] >= LONG][:KEYED_WORDS]
    signs = found["ink"][longest].astype(np.float32) @ _PLANES.T > 0
    weights = 1 << np.arange(BITS, dtype=np.int64)
    told = signs.reshape(-1, TABLES, BITS) @ weights + (np.arange(TABLES, dtype=np.int64) << 32)
    return sorted({int(key) for key in told.ravel()})


def is_same_shot(words: bytes, dhash: str, other_words: bytes, other_dhash: str) -> bool:
    """Whether both are the same shot, cropped a little, in another size, brighter, or encoded anew. One word
    that says something else makes it another one.
    """
    mine, other = np.frombuffer(words, _WORD), np.frombuffer(other_words, _WORD)
    if min(len(mine), len(other)) < FEW:
        apart = (int(dhash, 16) ^ int(other_dhash, 16)).bit_count()
        return apart <= NEAR_BITS and _others(mine, other) == 0
    found = compared(mine, other)
    return found.same >= LEAST_SAME and found.others == 0 and found.share >= LEAST_SHARE


@dataclass(frozen=True, slots=True)
class Compared:
    """Words that are the same, words in the same place that say something else, and the share of the same, by
    length, of the longer of both.
    """

    same: int
    others: int
    share: float


def compared(mine: Any, other: Any) -> Compared:
    """Two pictures' words, the one laid on the other by those words that are the same."""
    likeness = _likeness(mine, other)
    pairs = [(at, int(likeness[at].argmax())) for at in range(len(mine))]
    pairs = [pair for pair in pairs if likeness[pair] >= SAME_WORD]
    if len(pairs) < LEAST_SAME:
        return Compared(0, 0, 0.0)
    left, right = mine["place"][[at for at, _ in pairs]], other["place"][[at for _, at in pairs]]
    # Medians, so that a wrong pair is no matter.
    scale = float(np.median(right[:, 2] / np.maximum(left[:, 2], 0.1)))
    shift = np.median(right[:, :2] - left[:, :2] * scale, axis=0)
    moved = mine["place"] * scale
    moved[:, :2] += shift
    best = np.where(_here(moved, other["place"]), likeness, -1.0).max(axis=1)
    is_same = best >= SAME_WORD
    others = int(((best > -1.0) & (best < OTHER_WORD)).sum())
    # By their length: a crop that cuts what tells two orders apart, a number or a time, cuts a large part
    # of it.
    longer = max(float(moved[:, 2].sum()), float(other["place"][:, 2].sum()), 1.0)
    return Compared(int(is_same.sum()), others, float(moved[is_same, 2].sum()) / longer)


def _others(mine: Any, other: Any) -> int:
    """Words in the same place of both pictures that say something else."""
    if not len(mine) or not len(other):
        return 0
    best = np.where(_here(mine["place"], other["place"]), _likeness(mine, other), -1.0).max(axis=1)
    return int(((best > -1.0) & (best < OTHER_WORD)).sum())


def _here(places: Any, other: Any) -> Any:
    """Which words stand in the same place, as long and as high: else they are cut otherwise, and say
    nothing.
    """
    gaps, spread = np.abs(places[:, None, :] - other[None, :, :]), other[None, :, 2:]
    found = (gaps[..., 0] <= 0.2 * spread[..., 0] + 2) & (gaps[..., 1] <= 0.6 * spread[..., 1] + 1)
    return found & (gaps[..., 2] <= 0.12 * spread[..., 0] + 1) & (gaps[..., 3] <= 0.25 * spread[..., 1] + 0.7)


def _likeness(mine: Any, other: Any) -> Any:
    """Correlation of each word with each."""
    one, two = (side["ink"].astype(np.float32) for side in (mine, other))
    one, two = (ink / np.maximum(np.linalg.norm(ink, axis=1, keepdims=True), 1e-6) for ink in (one, two))
    return one @ two.T


def _word(grey: Any, box: Box) -> tuple[Any, Any] | None:
    """Its ink in fields, and its middle and spread in pixels; None where there is no ink."""
    left, top, right, bottom = box
    left, top = max(0, left - 3), max(0, top - 3)
    piece = grey[top : bottom + 3, left : right + 4]
    ground = float(np.median(np.concatenate((piece[0], piece[-1]))))
    ink = np.abs(piece - ground)
    clearest = np.partition(ink.ravel(), -(ink.size // 50) - 1)[-(ink.size // 50) - 1]
    ink = np.maximum(ink - 0.08 * clearest, 0.0)  # grain of the ground is none
    total = float(ink.sum())
    if total <= 0:
        return None
    x, y = np.arange(piece.shape[1]) + 0.5, np.arange(piece.shape[0]) + 0.5
    across, down = ink.sum(axis=0) / total, ink.sum(axis=1) / total
    middle = float(across @ x), float(down @ y)
    spread = float(np.sqrt(across @ (x - middle[0]) ** 2)), float(np.sqrt(down @ (y - middle[1]) ** 2))
    sums = np.zeros((piece.shape[0] + 1, piece.shape[1] + 1))
    sums[1:, 1:] = ink.cumsum(axis=0).cumsum(axis=1)
    rows = middle[1] + np.linspace(-1.9, 1.9, ROWS + 1) * spread[1]
    columns = middle[0] + np.linspace(-1.8, 1.8, COLUMNS + 1) * spread[0]
    fields = np.diff(np.diff(_at(_at(sums, rows).T, columns).T, axis=0), axis=1)
    fields -= fields.mean(axis=1, keepdims=True)  # that there are lines is no mark of a word
    most = float(np.abs(fields).max())
    if most <= 0:
        return None
    return (left + middle[0], top + middle[1], *spread), np.rint(fields.ravel() * (127 / most)).astype(
        np.int8
    )


def _at(sums: Any, places: Any) -> Any:
    """Rows of `sums` at broken numbers."""
    places = np.clip(places, 0, len(sums) - 1)
    whole = np.minimum(places.astype(int), len(sums) - 2)
    part = (places - whole)[:, None]
    return sums[whole] * (1 - part) + sums[whole + 1] * part
