"""Pictures from strangers become our own. `process.intake` runs in the portal and starts a child for each
file; `child`, `raster` and `pages` run in it; `kinds` tells what a file is. Here is what both sides know.

The child starts with every file: nothing that is slow to import belongs here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.adapters.pictures.kinds import LOOKS, looks_like_picture
from core.domain.pictures import Doubt, Quality

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["NOTES", "REFUSALS", "Came", "Picture", "Unusable", "looks_like_picture"]

SECONDS: Final = 2.0  # of a processor from the file's last byte on; starting Python does not count
MOST_KEYS: Final = 32  # of one picture: numbers by which it is found again
MEMORY_BYTES: Final = 512 * 1024 * 1024  # of address space, so also of memory

# Why a file is refused; each has a sentence under `picture.<code>`.
REFUSALS: Final = (
    *LOOKS,
    "empty",
    "too_big",
    "too_many_pixels",
    "too_small",
    "too_narrow",
    "damaged",
    "pdf_locked",
    "took_too_long",
    "took_too_much",
)
# What the sender should know of a file that was taken; each has a sentence under `picture_note.<code>`.
NOTES: Final = ("first_frame_only", "first_pages_only", "made_smaller")


class Unusable(Exception):
    """In the child: the file is refused. `code` is one of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Picture:
    """Our re-encoding: upright, sRGB, without metadata, only pixels."""

    data: bytes
    media_type: str
    width: int
    height: int
    pixels_sha256: str  # of the kept pixels before encoding: the same picture in another file has the same
    dhash: str  # 256 bits in hex; of little use where it shows words: one app's screens are all alike (FACTS)
    quality: Quality
    doubts: tuple[Doubt, ...] = ()
    words: bytes = (
        b""  # its words as `fingerprints.of` packs them: what tells the same shot from the same app
    )
    keys: tuple[int, ...] = ()  # `fingerprints.keys`: by which another shot of it is found among many


@dataclass(frozen=True, slots=True)
class Came:
    """In the child: what was sent. `pixels` in their own size and not turned, where they can be looked at;
    `table`: of a JPEG, the 64 steps of its brightness.
    """

    data: bytes
    kind: str
    pixels: Image.Image | None
    table: Sequence[int]
