"""How well a picture can be read, measured on the tiles that hold print. In the child, on our own pixels.

What counts is how wide an edge is beside the print it belongs to: a blur of two pixels does nothing to a
headline and ends the small print. `python -m bench legibility` shows what the score tells apart, and where it
is weak.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image

from core.domain.pictures import Quality

MOST_PIXELS, BANDS = 8_000_000, 6
TILE: Final = 32
PRINT: Final = 28  # contrast of a tile, of 255, from which it holds print; more where the picture is grainy
GRAIN: Final = 1.6  # … so many times the contrast of its quiet tiles …
MOST_GRAIN: Final = 110  # … but where print is everywhere there are none
MOST_TILES: Final = 1_600  # that are looked at closely
STRIP: Final = 96  # pixels across in which lines of print are looked for
LINES: Final = (3, 96)  # heights of lines in pixels
SPECK: Final = 6  # lower ones are ends of something, unless most are as low
# Heights of print that an edge may fill: below the first nothing can be read, from the second on everything.
UNREADABLE, READABLE = 1.5, 7.0
# Pixels of height, of the longer side of a thumbnail, and the contrast of the clearest tiles: the same.
TOO_SMALL, LARGE_ENOUGH = 4.0, 10.0
THUMBNAIL, PICTURE = 300.0, 600.0
FAINT, CLEAR = 24.0, 60.0


def measure(pixels: Image.Image) -> Quality:
    """`pixels` upright, RGB or their grey, as they are kept."""
    grey = _grey(pixels)
    tall, wide = (side // TILE * TILE for side in grey.shape)
    tiles = grey[:tall, :wide].reshape(tall // TILE, TILE, wide // TILE, TILE)
    contrast = _of_tiles(np.maximum, grey[:tall, :wide]) - _of_tiles(np.minimum, grey[:tall, :wide])
    brightness = round(float(grey[:: TILE // 4, :: TILE // 4].mean()))
    least = min(MOST_GRAIN, max(PRINT, GRAIN * float(np.percentile(contrast, 20))))
    rows, columns = np.nonzero(contrast >= least)
    filled = round(100 * len(rows) / contrast.size)
    if len(rows) == 0:
        return Quality(0, 0, brightness, 0, filled)
    step = max(1, len(rows) // MOST_TILES)
    edge = _edge(_piled(tiles, rows[::step], columns[::step]), least, _noise(tiles, contrast, least))
    height = _height(grey, least)
    unblurred = max(1.0, (height or TILE / 2) - edge + 1)  # a blur makes its lines taller as well
    score = min(
        _between(unblurred / edge, UNREADABLE, READABLE),
        _between(height, TOO_SMALL, LARGE_ENOUGH) if height else 1.0,
        _between(max(grey.shape), THUMBNAIL, PICTURE) if _is_a_screen(pixels) else 1.0,
        _between(float(np.percentile(contrast, 98)), FAINT, CLEAR),
    )
    return Quality(round(100 * score), round(100 / max(1.0, edge)), brightness, height, filled)


def _grey(pixels: Image.Image) -> Any:
    """All of it, or of a large picture some bands: they speak for it, and memory is scarce."""
    wide, tall = pixels.size
    if wide * tall <= MOST_PIXELS:
        return np.asarray(pixels.convert("L"))
    band = max(TILE, MOST_PIXELS // wide // BANDS // TILE * TILE)
    tops = [round((tall - band) * place / (BANDS - 1)) for place in range(BANDS)]
    return np.vstack([np.asarray(pixels.crop((0, top, wide, top + band)).convert("L")) for top in tops])


def _of_tiles(most: Any, grey: Any) -> Any:
    """The highest or the lowest of each tile: rows first, a tenth of the time of both axes at once."""
    rows = most.reduce(grey.reshape(-1, TILE, grey.shape[1]), axis=1)
    return most.reduce(rows.reshape(len(rows), -1, TILE), axis=2).astype(np.int16)


def _is_a_screen(pixels: Image.Image) -> bool:
    """Upright as a telephone: small, it is a thumbnail. What was cut out of one may be small."""
    return pixels.height > 1.3 * pixels.width


def _between(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _edge(tiles: Any, least: float, noise: float) -> float:
    """How many pixels an edge takes, in the blurrier direction and the blurrier half of the print: neither a
    sharp frame nor a sharp line helps.
    """
    wider = np.ones(tiles.shape[2])
    for axis in (0, 1):
        contrast = (tiles.max(axis=axis) - tiles.min(axis=axis)).max(axis=0)
        steepest = np.abs(np.diff(tiles, axis=axis)).max(axis=0).max(axis=0)
        widths = np.maximum(contrast - noise, 1.0) / np.maximum(steepest - noise, 1.0)
        wider = np.where(contrast >= least, np.maximum(wider, widths), wider)
    return float(np.percentile(wider, 60))


def _noise(tiles: Any, contrast: Any, least: float) -> float:
    """The grain of the quiet tiles, which print has as well and which is no edge."""
    rows, columns = np.nonzero(contrast < least)
    if len(rows) < 4:
        return 0.0
    step = max(1, len(rows) // 400)
    quiet = _piled(tiles, rows[::step], columns[::step])
    return float(np.percentile(np.abs(np.diff(quiet, axis=1)), 99))


def _piled(tiles: Any, rows: Any, columns: Any) -> Any:
    """Some tiles, (TILE, TILE, how many): one upon the other, numpy compares many at a time."""
    return np.ascontiguousarray(tiles[rows, :, columns, :].transpose(1, 2, 0), np.int16)


def _height(grey: Any, least: float) -> int:
    """Of a line of small print: the lower quarter of the runs of rows with ink; 0 where there is none."""
    found: list[int] = []
    across = min(STRIP, grey.shape[1])
    for left in range(0, grey.shape[1] - across + 1, across):
        strip = grey[:, left : left + across]
        holds = strip.max(axis=1).astype(np.int16) - strip.min(axis=1) >= least
        ends = np.flatnonzero(np.diff(np.concatenate(([False], holds, [False])).astype(np.int8)))
        runs = ends[1::2] - ends[::2]
        found += [int(run) for run in runs if LINES[0] <= run <= LINES[1]]
    if not found:
        return 0
    lines = [run for run in found if run >= SPECK]
    if 2 * len(lines) < len(found):  # most are too low to be anything but print too small to see
        return round(float(np.median(found)))
    return round(float(np.percentile(lines, 25)))
