"""The child: one file from stdin, one line of JSON and the pictures to stdout, then it ends.

It gives up what it does not need before it reads the first byte; the kernel keeps its limits, whatever a
decoder does. Nothing in here is trusted by the other side.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core.adapters.confined import give_up, start_clocks
from core.adapters.pictures import MEMORY_BYTES, Picture, Unusable

if TYPE_CHECKING:  # the child starts with every file
    from core.domain.reading import Box

LARGEST_ANSWER: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What one file became."""

    pictures: tuple[Picture, ...]
    notes: tuple[str, ...] = ()


def main() -> None:
    """`argv`: kind of the file, most pages, of a picture of ours as JSON what is to be covered; seconds on a
    processor, seconds on the wall.
    """
    kind, most_pages, regions = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    seconds, at_most = float(sys.argv[4]), float(sys.argv[5])
    work = _work(kind, most_pages, regions)
    give_up(seconds, MEMORY_BYTES, LARGEST_ANSWER)
    data = sys.stdin.buffer.read()
    # A small file can keep a decoder busy for minutes (FACTS). Nothing in here waits for anything else: where
    # the machine has time for us this is the clock on the wall.
    start_clocks(seconds, at_most)
    try:
        kept = work(data)
        answer: dict[str, Any] = {
            "notes": kept.notes,
            "pictures": [
                {
                    "bytes": len(picture.data),
                    "media_type": picture.media_type,
                    "width": picture.width,
                    "height": picture.height,
                    "pixels_sha256": picture.pixels_sha256,
                    "dhash": picture.dhash,
                    "quality": picture.quality.as_dict(),
                    "doubts": [[doubt.code, doubt.seen] for doubt in picture.doubts],
                    "words": base64.b64encode(picture.words).decode(),
                    "keys": picture.keys,
                }
                for picture in kept.pictures
            ],
        }
    except Unusable as refused:
        kept, answer = Kept(()), {"refused": refused.code}
    except MemoryError:
        kept, answer = Kept(()), {"refused": "took_too_much"}
    except Exception:
        # Whatever a decoder complains about: the bytes were not what they said they are.
        kept, answer = Kept(()), {"refused": "damaged"}
    out = sys.stdout.buffer
    out.write(json.dumps(answer).encode() + b"\n")
    for picture in kept.pictures:
        out.write(picture.data)
    out.flush()
    os._exit(0)  # nothing to clean up, and no library's farewell


def _work(kind: str, most_pages: int, regions: Sequence[Box]) -> Any:
    """What to do with the bytes, its libraries imported: they belong to the start, not to the file's time."""
    if kind == "pdf":
        # A page is no camera's picture: there is room for numpy from the start, and time for more pages.
        from core.adapters.pictures import doubts, fingerprints, pages, quality, words  # noqa: F401

        return lambda data: Kept(*pages.rendered(data, most_pages))
    if regions:
        from core.adapters.pictures import covering

        return lambda data: Kept(*covering.covered(data, kind, regions))
    from core.adapters.pictures import raster

    return lambda data: Kept(*raster.kept(data, kind))
