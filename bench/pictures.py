"""What our own re-encoding costs beside the least that Pillow can do: decode, make smaller, encode.

Measured in the child's work function, in seconds of the processor, for it is one thread on one core; what
starting a child adds, on the wall, is a line without a goal.
"""

from __future__ import annotations

import gc
import io
import math
import random
import time
from collections.abc import Callable
from typing import Any

from PIL import Image

from bench import Measured
from core.adapters.pictures import raster
from core.adapters.pictures.process import intake

WIDTH, HEIGHT = 4_000, 3_000
ROUNDS = 15


def run() -> list[Measured]:
    """A camera's 12 megapixels, each side in turn and the best of its rounds."""
    data = photo()
    (ours,), _ = raster.kept(data, "jpeg")
    theirs = Image.open(io.BytesIO(bare(data)))
    assert (ours.width, ours.height, ours.media_type) == (*theirs.size, "image/jpeg")
    work, least = _best(time.process_time, lambda: raster.kept(data, "jpeg"), lambda: bare(data))
    whole, alone = _best(time.perf_counter, lambda: intake(data, seconds=60), lambda: bare(data))
    return [
        Measured("12 MP photo, against bare Pillow", _ms(work), _ms(least), work / least, at_most=1.3),
        Measured("… a process for it included", _ms(whole), _ms(alone), whole / alone),
    ]


def photo() -> bytes:
    """Coarse and fine noise, as large in JPEG as a photo of such a size."""
    noise = Image.frombytes("RGB", (500, 375), random.Random(7).randbytes(500 * 375 * 3))
    out = io.BytesIO()
    noise.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


def bare(data: bytes) -> bytes:
    """No limits, no profile, no turning, no fingerprints, and whatever the file carries along."""
    image = Image.open(io.BytesIO(data))
    smaller = image.resize(raster.kept_size(*image.size), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    smaller.save(out, "JPEG", quality=88)
    return out.getvalue()


def _best(clock: Callable[[], float], *sides: Callable[[], Any]) -> list[float]:
    """Seconds of each side: all in turn, so that a busy moment hits none for good."""
    best = [math.inf] * len(sides)
    gc.disable()
    for _ in range(ROUNDS):
        for place, side in enumerate(sides):
            started = clock()
            side()
            best[place] = min(best[place], clock() - started)
    gc.enable()
    return best


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.0f} ms"


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["pictures"]))
