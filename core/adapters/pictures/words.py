"""Where words stand in a picture: what fingerprints and signs of editing are measured on. In the child.

Words of print on a calm ground are found by their upright edges, rows and columns in turn; what is askew or
stands on a photo is not found, and nothing is said of it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image

SHORT_SIDE: Final = 480  # pixels of the small grey picture on which words are looked for
MOST: Final = 300  # a picture full of specks is no page
HEIGHTS: Final = (5, 64)  # of a line in small pixels
EDGE, FAINTEST = 0.2, 8.0  # of the steepest edges, and in grey levels: what counts as an edge

Box = tuple[int, int, int, int]  # left, top, right, bottom


def small(pixels: Image.Image) -> Image.Image:
    """Grey, the shorter side `SHORT_SIDE`. Smoothly made smaller, or the same picture in another size would
    look different in its fine print.
    """
    short = min(pixels.size)
    size = (round(pixels.width * SHORT_SIDE / short), round(pixels.height * SHORT_SIDE / short))
    coarse = pixels.reduce(short // (2 * SHORT_SIDE)) if short >= 4 * SHORT_SIDE else pixels
    return coarse.convert("L").resize(size, Image.Resampling.BICUBIC)


def found(grey: Image.Image, *, longest: float = 1.5) -> list[Box]:
    """Boxes in pixels of `grey`, at least `longest` times as long as high."""
    steps = np.abs(np.diff(np.asarray(grey, np.int16), axis=1))
    edges = steps > max(FAINTEST, EDGE * float(np.percentile(steps, 99.5)))
    boxes: list[Box] = []
    _cut(edges, 0, 0, boxes)
    low, high = HEIGHTS
    return [
        box
        for box in boxes
        if low <= box[3] - box[1] <= high and box[2] - box[0] >= longest * (box[3] - box[1])
    ]


def _cut(edges: Any, left: int, top: int, boxes: list[Box], depth: int = 0) -> None:
    """Rows that hold something, cut where a gap is wider than between letters, and so on inside."""
    for first, last in _runs(edges.any(axis=1), 1):
        height = last - first
        if height < HEIGHTS[0] - 1:
            continue
        gap = int(min(12, max(5, 0.8 * height))) if height <= HEIGHTS[1] else 8
        for start, end in _runs(edges[first:last].any(axis=0), gap):
            if len(boxes) >= MOST:
                return
            part = edges[first:last, start:end]
            inner = _runs(part.any(axis=1), 1)
            if len(inner) == 1:
                above, below = inner[0]
                boxes.append((left + start, top + first + above, left + end, top + first + below))
            elif depth < 3:
                _cut(part, left + start, top + first, boxes, depth + 1)


def _runs(holds: Any, gap: int) -> list[tuple[int, int]]:
    """Beginnings and ends of what is held, gaps of up to `gap` included."""
    at = np.flatnonzero(holds)
    if len(at) == 0:
        return []
    cuts = np.flatnonzero(np.diff(at) > gap)
    starts, ends = np.concatenate(([at[0]], at[cuts + 1])), np.concatenate((at[cuts], [at[-1]])) + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
