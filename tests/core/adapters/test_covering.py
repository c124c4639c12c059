"""What is covered is gone: whatever the code was, the covered picture is the same, bit by bit."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from itertools import product

import pytest
from PIL import Image, ImageDraw, ImageFont

from core.adapters.pictures import Picture, covering, raster
from core.adapters.pictures.covering import FILL
from core.adapters.pictures.process import covered, intake
from core.domain.errors import EvidenceRefused
from core.domain.masking import regions
from core.domain.reading import Box

PATIENT = 40.0
CODES = ("8KQX-22M7-WW4D", "1LJI-90T3-AA6B")  # as different as two codes get
FONT = ImageFont.load_default(40)
STRONG = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255))
SIZES = {"phone": (1080, 1500), "long": (1080, 20_000), "camera": (3300, 4200)}


def page(code: str, size: tuple[int, int], at: tuple[int, int], colour: str) -> tuple[Image.Image, Box]:
    """A screen with a code on it, and the box that every code of the test fits in, drawn tight."""
    image = Image.new("RGB", size, "#fafafa")
    pen = ImageDraw.Draw(image)
    for top in (*range(20, 900, 120), *range(900, size[1] - 60, 600)):
        pen.text((30, top), f"Order 20261120 line {top} 49.00", fill="#223", font=FONT)
    pen.rectangle((0, at[1] - 12, size[0], at[1] + 70), fill="#fafafa")
    pen.text(at, code, fill=colour, font=FONT)
    edges = [pen.textbbox(at, each, font=FONT) for each in CODES]
    left, top = min(int(e[0]) for e in edges), min(int(e[1]) for e in edges)
    right, bottom = max(int(e[2]) + 1 for e in edges), max(int(e[3]) + 1 for e in edges)
    return image, (left, top, right - left, bottom - top)


def taken_in(image: Image.Image, kind: str) -> Picture:
    out = io.BytesIO()
    if kind == "png":
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=int(kind.removeprefix("jpeg")))
    (kept,) = intake(out.getvalue(), seconds=PATIENT).pictures
    return kept


def scaled(box: Box, image: Image.Image, kept: Picture) -> Box:
    """The box in the pixels that are kept."""
    by = kept.width / image.width
    left, top = int(box[0] * by), int(box[1] * by)
    return left, top, int((box[0] + box[2]) * by) + 1 - left, int((box[1] + box[3]) * by) + 1 - top


def cover(kept: Picture, box: Box) -> Picture:
    return covered(kept.data, regions([box], kept.width, kept.height, kept.media_type), seconds=PATIENT)


def cases() -> Iterator[tuple[str, str, tuple[int, int], str]]:
    """A place in every phase of the grid of blocks that matters, dark and coloured print, every quality."""
    yield from product(("phone",), ("png", "jpeg90", "jpeg60"), ((101, 703), (96, 704)), ("black", "#d11"))
    yield ("phone", "jpeg30", (111, 711), "#d11")
    yield from product(("long",), ("png", "jpeg85"), ((500, 17_777),), ("#d11",))
    yield from product(("camera",), ("png", "jpeg75"), ((1501, 2203),), ("#d11",))


@pytest.mark.parametrize(("size", "kind", "at", "colour"), list(cases()))
def test_the_code_leaves_nothing(size: str, kind: str, at: tuple[int, int], colour: str) -> None:
    """R2.6: not under the box, not beside it, in no block of a JPEG; else a bit of the two would differ."""
    seen = []
    for code in CODES:
        image, box = page(code, SIZES[size], at, colour)
        kept = taken_in(image, kind)
        seen.append((kept, cover(kept, scaled(box, image, kept)), scaled(box, image, kept)))
    (one, one_covered, box), (other, other_covered, _) = seen
    assert one.pixels_sha256 != other.pixels_sha256, "there was something to cover"
    assert one_covered == other_covered
    assert one_covered.media_type == one.media_type == ("image/png" if kind == "png" else "image/jpeg")
    assert (one_covered.width, one_covered.height) == (one.width, one.height)
    shown = Image.open(io.BytesIO(one_covered.data))
    under = shown.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
    assert under.getcolors() == [(box[2] * box[3], FILL)]


@pytest.mark.parametrize("phase", range(16))
def test_blocks_that_begin_elsewhere_than_ours_hide_nothing(phase: int) -> None:
    """A JPEG that was turned: its blocks and ours cross, and smear what was drawn up to 32 pixels far. Of any
    two fills of a box, the hardest: noise in strong colours up to its edge.
    """
    box = (100 + phase, 80 + 5 * phase % 16, 60, 40)
    seen = set()
    for seed in (1, 2):
        image, pixels = Image.new("RGB", (303, 235), "#fafafa"), random.Random(seed)
        noise = [pixels.choice(STRONG) for _ in range(box[2] * box[3])]
        patch = Image.new("RGB", box[2:])
        patch.putdata(noise)
        image.paste(patch, box[:2])
        turned, out = Image.Exif(), io.BytesIO()
        turned[0x0112] = 3
        image.transpose(Image.Transpose.ROTATE_180).save(out, "JPEG", quality=70, exif=turned)
        ((kept,), _) = raster.kept(out.getvalue(), "jpeg")
        filled = regions([box], kept.width, kept.height, kept.media_type)
        ((after,), _) = covering.covered(kept.data, "jpeg", filled)
        seen.add((after.data, after.pixels_sha256))
    assert len(seen) == 1


@pytest.mark.parametrize("kind", ["png", "jpeg90"])
def test_the_rest_stays_as_it_was(kind: str) -> None:
    image, box = page(CODES[0], SIZES["phone"], (101, 703), "black")
    kept = taken_in(image, kind)
    after = cover(kept, box)
    before, shown = (Image.open(io.BytesIO(each.data)).convert("L") for each in (kept, after))
    above = (0, 0, 1080, 600)
    pairs = zip(before.crop(above).tobytes(), shown.crop(above).tobytes(), strict=True)
    assert max(abs(left - right) for left, right in pairs) <= (0 if kind == "png" else 24)
    assert after.pixels_sha256 != kept.pixels_sha256 and after.doubts == ()


def test_covering_makes_a_picture_neither_dark_nor_sharp() -> None:
    """Judged on what is left of it: a black field is no print."""
    image, _ = page(CODES[0], SIZES["phone"], (101, 703), "black")
    kept = taken_in(image, "png")
    after = cover(kept, (0, 900, 1080, 600))
    assert abs(after.quality.brightness - kept.quality.brightness) <= 6
    everything = cover(kept, (0, 0, 1080, 1500))
    assert everything.quality.filled == everything.quality.legible == 0
    plain = taken_in(Image.new("RGB", (600, 600), "#eee"), "png")
    assert cover(plain, (100, 100, 200, 200)).quality == plain.quality


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(EvidenceRefused):
        covered(b"\x89PNG\r\n\x1a\nx", ((0, 0, 9, 9),))
