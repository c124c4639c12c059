"""Covering parts of one of our own pictures: filled solid, and built anew from bare pixels. In the child."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PIL import Image

from core.adapters.pictures import quality
from core.adapters.pictures.raster import FORMATS, MOST_PIXELS, Kept, picture

if TYPE_CHECKING:  # the child starts with every file
    from core.domain.reading import Box

FILL: Final = (0, 0, 0)  # after JPEG it is exactly this again


def covered(data: bytes, kind: str, regions: Sequence[Box]) -> Kept:
    """The picture with `regions` filled, in the same encoding and size."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS[kind] // 2
    image = Image.open(io.BytesIO(data), formats=(FORMATS[kind],))
    image.load()
    pixels = image if image.mode == "RGB" else image.convert("RGB")
    grounds = [_ground(pixels, region) for region in regions]
    for region in regions:
        pixels.paste(FILL, _corners(region))
    one = picture(pixels, drawn=kind == "png")
    # How well the rest can be read: a black field with sharp edges is neither print nor dark.
    for region, ground in zip(regions, grounds, strict=True):
        pixels.paste(ground, _corners(region))
    return (replace(one, quality=quality.measure(pixels)),), ()


def _corners(region: Box) -> tuple[int, int, int, int]:
    left, top, width, height = region
    return left, top, left + width, top + height


def _ground(pixels: Image.Image, region: Box) -> tuple[int, int, int]:
    """The middle colour of the pixels around a region; of what it covers there is nothing in it."""
    left, top, right, bottom = _corners(region)
    around = (
        (left, top - 1, right, top),
        (left, bottom, right, bottom + 1),
        (left - 1, top, left, bottom),
        (right, top, right + 1, bottom),
    )
    counts = [0] * 768
    for strip in around:
        if strip[0] >= 0 and strip[1] >= 0 and strip[2] <= pixels.width and strip[3] <= pixels.height:
            counts = [one + more for one, more in zip(counts, pixels.crop(strip).histogram(), strict=True)]
    red, green, blue = (_median(counts[start : start + 256]) for start in (0, 256, 512))
    return red, green, blue


def _median(counts: list[int]) -> int:
    seen, half = 0, sum(counts) / 2
    for value, count in enumerate(counts):
        seen += count
        if seen >= half:
            return value
    return 0
