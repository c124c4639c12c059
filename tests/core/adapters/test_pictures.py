"""Strangers' pictures: only pixels come back, and no file can hold the portal up."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from core.adapters import pictures
from core.domain.errors import EvidenceRefused


def picture(kind: str = "PNG", size: tuple[int, int] = (320, 200), **save: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, kind, **save)
    return out.getvalue()


def refused(data: bytes, **more: float) -> str:
    with pytest.raises(EvidenceRefused) as error:
        pictures.intake(data, **more)
    return str(error.value.params["reason"])


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/jpeg")]
)
def test_a_picture_comes_back_as_our_own(kind: str, media_type: str) -> None:
    """Invariant 18."""
    data = picture(kind)
    kept = pictures.intake(data)
    assert (kept.media_type, kept.width, kept.height) == (media_type, 320, 200)
    assert Image.open(io.BytesIO(kept.data)).size == (320, 200)


def test_metadata_comment_and_tail_stay_outside() -> None:
    """Invariant 18: where it was taken, what was written into it, what was hung onto it."""
    exif = Image.Exif()
    exif[0x010E] = "secret-description"
    exif.get_ifd(0x8825)[1] = "secret-gps"
    data = picture("JPEG", exif=exif, comment=b"secret-comment") + b"secret-tail"
    assert b"secret" in data
    assert b"secret" not in pictures.intake(data).data
    assert not Image.open(io.BytesIO(pictures.intake(data).data)).getexif()


def test_a_photo_taken_sideways_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    kept = pictures.intake(picture("JPEG", (400, 100), exif=exif))
    assert (kept.width, kept.height) == (100, 400)


def test_a_camera_picture_is_made_smaller_and_transparency_is_kept() -> None:
    assert pictures.intake(picture("JPEG", (4_000, 300), quality=20)).width == 3_000
    out = io.BytesIO()
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(out, "PNG")
    assert Image.open(io.BytesIO(pictures.intake(out.getvalue()).data)).mode == "RGBA"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"%PDF-1.7 ...",
        b"%!PS-Adobe-3.0 EPSF-3.0\n(evil) run",
        b"GIF89a" + b"\0" * 100,
        b"<svg xmlns=''/>",
        b"PK\x03\x04",
    ],
)
def test_what_is_no_picture_is_not_even_opened(data: bytes) -> None:
    assert refused(data) == "not_a_picture"


def test_a_head_without_a_body() -> None:
    assert refused(b"\x89PNG\r\n\x1a\n" + b"\0" * 200) == "not_a_picture"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture(kind: str) -> None:
    """FACTS: half a JPEG passes verify()."""
    data = picture(kind, (400, 400))
    assert refused(data[: len(data) // 2]) in {"damaged", "not_a_picture"}


def test_too_small_to_read() -> None:
    assert refused(picture(size=(63, 500))) == "too_small"


def test_a_small_file_with_too_many_pixels() -> None:
    """FACTS: 17 kB can be 144 megapixels; the size is read before anything is decoded."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    side = 12_000
    rows = zlib.compress((b"\0" + b"\0" * (side // 8)) * side, 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    bomb += chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert len(bomb) < 100_000
    assert refused(bomb) == "too_big"


def test_a_file_that_is_too_big_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LARGEST_BYTES", 1_000)
    assert refused(picture()) == "too_big"


def test_the_clock_on_the_wall_ends_it() -> None:
    """FACTS: whatever a decoder does, the portal answers."""
    assert refused(picture("PNG", (1_500, 1_500)), seconds=0.05) == "took_too_long"


def test_a_decoder_that_dies_takes_nobody_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_CHILD", "import os; os.abort()  # {path}")
    assert refused(picture()) == "damaged"
