"""Pictures from strangers, opened in a child process with limits on time and memory; only our re-encoding
comes back.

`intake` runs in the portal, `python -m core.adapters.pictures` is the child: bytes in, a JSON line and bytes
out. The wall clock is the limit that counts: a small file can keep a decoder busy for minutes (FACTS).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Final

from core.domain.errors import EvidenceRefused

LARGEST_BYTES: Final = 12 * 1024 * 1024
LARGEST_PIXELS: Final = 60_000_000
SMALLEST_SIDE: Final = 64
LONGEST_SIDE: Final = 3000  # of what we keep: a screenshot stays readable, a camera's picture gets smaller
SECONDS: Final = 5.0
MEMORY_BYTES: Final = 1024 * 1024 * 1024
FORMATS: Final = (
    "JPEG",
    "PNG",
    "WEBP",
    "MPO",
)  # without a list Pillow would try every decoder it has (FACTS)
REFUSALS: Final = ("too_big", "not_a_picture", "damaged", "too_small", "took_too_long")


@dataclass(frozen=True, slots=True)
class Picture:
    """Our re-encoding: upright, without metadata, only pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


def intake(data: bytes, *, seconds: float = SECONDS) -> Picture:
    """Re-encode a stranger's file; `EvidenceRefused(reason=…)` with one of `REFUSALS`."""
    if len(data) > LARGEST_BYTES:
        raise EvidenceRefused(reason="too_big")
    if not looks_like_picture(data):
        raise EvidenceRefused(reason="not_a_picture")
    command = [sys.executable, "-I", "-c", _CHILD.format(path=_root())]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False, env={})
    except subprocess.TimeoutExpired:
        raise EvidenceRefused(reason="took_too_long") from None
    head, _, body = done.stdout.partition(b"\n")
    try:
        answer: dict[str, Any] = json.loads(head)
    except ValueError:
        raise EvidenceRefused(reason="damaged") from None  # the child died: memory, or a decoder's crash
    if "refused" in answer:
        raise EvidenceRefused(reason=answer["refused"])
    return Picture(body, answer["media_type"], answer["width"], answer["height"])


def looks_like_picture(data: bytes) -> bool:
    """By its first bytes, before anything is decoded."""
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (
        data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    )


# -I: no environment, no user site, no current directory; so the child is told where the code is.
_CHILD: Final = "import sys; sys.path.insert(0, {path!r}); from core.adapters.pictures import child; child()"


def _root() -> str:
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def child() -> None:
    """Read a picture from stdin, write the answer to stdout."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS) + 1, int(SECONDS) + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes only, no files
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer, body = _reencode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)


def _reencode(data: bytes) -> tuple[dict[str, Any], bytes]:
    import io
    import warnings

    from PIL import Image, ImageOps

    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # our own limit is below, asked before a pixel is decoded
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception:
        return {"refused": "not_a_picture"}, b""
    if opened.width * opened.height > LARGEST_PIXELS:
        return {"refused": "too_big"}, b""
    if min(opened.size) < SMALLEST_SIDE:
        return {"refused": "too_small"}, b""
    try:
        opened.load()  # verify() passes half a JPEG (FACTS)
        upright = ImageOps.exif_transpose(opened)
        has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        pixels = upright.convert("RGBA" if has_alpha else "RGB")
        pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        # A fresh image from bare pixels: no EXIF, comment, profile or tail can come along.
        bare = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
        out = io.BytesIO()
        if opened.format == "PNG":
            bare.save(out, "PNG", compress_level=6)
            media_type = "image/png"
        else:
            bare.convert("RGB").save(out, "JPEG", quality=88)
            media_type = "image/jpeg"
    except MemoryError:
        return {"refused": "too_big"}, b""
    except Exception:
        return {"refused": "damaged"}, b""
    return {"media_type": media_type, "width": bare.width, "height": bare.height}, out.getvalue()
