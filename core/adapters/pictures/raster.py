"""JPEG, PNG and WebP into our own picture, within the memory of the child: decoded no larger than needed,
brought to size before anything else is done, and built anew from bare pixels.
"""

from __future__ import annotations

import hashlib
import io
import math
import struct
import warnings
import zlib
from typing import Final

from PIL import Image, ImageChops, ImageCms

from core.adapters.pictures import Came, Picture, Unusable

FORMATS: Final = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
# What fits the memory, asked before a pixel is decoded: a JPEG is decoded to a fraction, WebP's decoder holds
# the picture several times.
MOST_PIXELS: Final = {"jpeg": 120_000_000, "png": 64_000_000, "webp": 25_000_000}
MOST_COEFFICIENTS: Final = 320 * 1024 * 1024  # bytes that a progressive JPEG keeps until its last scan
SMALLEST_SIDE: Final = 64
NARROWEST: Final = 40  # a long screenshot is 20 times as long as wide
# What is kept: a camera's picture gets smaller, a long screenshot keeps the width at which it can be read.
LONGEST_SIDE: Final = 3000
READABLE_WIDTH: Final = 1080
MOST_KEPT: Final = 24_000_000
MOST_LOOKED_AT: Final = (
    8_000_000  # pixels as they came that are kept beside ours, to look for signs of editing
)
BAND: Final = 2_000_000  # pixels that are worked on at a time where a picture has to change its mode
WHITE: Final = (255, 255, 255)

Kept = tuple[tuple[Picture, ...], tuple[str, ...]]


def kept(data: bytes, kind: str) -> Kept:
    """The picture in a file of `kind`, and notes on it; `Unusable` when there is none that helps."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS[kind] // 2  # Pillow refuses twice as many
    try:
        # With one format, or Pillow would try every decoder it has (FACTS).
        image = Image.open(io.BytesIO(data), formats=(FORMATS[kind],))
    except Image.DecompressionBombError:
        raise Unusable("too_many_pixels") from None
    check_shape(image.width, image.height)
    size = kept_size(image.width, image.height)
    notes = []
    if kind != "jpeg" and getattr(image, "is_animated", False):
        notes.append("first_frame_only")
    if size != image.size:
        notes.append("made_smaller")
    if kind == "jpeg":
        if image.info.get("progressive") and _coefficients(image) > MOST_COEFFICIENTS:
            raise Unusable("took_too_much")
        image.draft(None, size)
    image.load()  # verify() passes half a JPEG (FACTS)
    orientation, profile = _orientation(image), image.info.get("icc_profile")
    fitted = _fitted(image, size)
    is_itself = size == image.size and orientation == 1 and size[0] * size[1] <= MOST_LOOKED_AT
    came = Came(data, kind, fitted if is_itself else None, getattr(image, "quantization", {}).get(0, ()))
    del image  # its memory is needed for what follows
    upright = _upright(_srgb(fitted, profile), orientation)
    return (picture(upright, drawn=None if kind != "jpeg" else False, came=came),), tuple(notes)


def check_shape(width: int, height: int) -> None:
    """`Unusable` when nobody could read it."""
    if max(width, height) > NARROWEST * min(width, height):
        raise Unusable("too_narrow")
    if min(width, height) < SMALLEST_SIDE:
        raise Unusable("too_small")


def kept_size(width: int, height: int) -> tuple[int, int]:
    """What a reviewer needs of so many pixels; never more than there are."""
    long, short = max(width, height), min(width, height)
    scale = min(
        1.0, max(LONGEST_SIDE / long, READABLE_WIDTH / short), math.sqrt(MOST_KEPT / (width * height))
    )
    # Rounded down, or the pixels of both together could be more than the most.
    return max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))


def picture(pixels: Image.Image, drawn: bool | None = None, came: Came | None = None) -> Picture:
    """Upright sRGB pixels as we keep them: what is `drawn` (None: look) without loss, a photo as JPEG.
    Signs of editing are looked for in what `came`.
    """
    raw = pixels.tobytes()
    # From bare pixels, both of them: no EXIF, comment, profile or tail can come along.
    if _is_drawn(pixels) if drawn is None else drawn:
        data, media_type = _png(pixels.size, raw), "image/png"
    else:
        out = io.BytesIO()
        Image.frombytes("RGB", pixels.size, raw).save(out, "JPEG", quality=88)
        data, media_type = out.getvalue(), "image/jpeg"
    seen = hashlib.sha256(b"%dx%d:" % pixels.size)
    seen.update(raw)
    del raw  # of a large picture there is no room for both it and what follows
    # Only now: numpy takes address space that decoding a large picture needs.
    from core.adapters.pictures import doubts, fingerprints, quality, words

    light = pixels.convert("L") if pixels.width * pixels.height <= quality.MOST_PIXELS else pixels
    grey = words.small(light)
    boxes = words.found(grey)
    fingerprint = dhash(grey)
    ink = fingerprints.of(grey, boxes)
    return Picture(
        data,
        media_type,
        pixels.width,
        pixels.height,
        seen.hexdigest(),
        fingerprint,
        quality.measure(light),
        doubts.found(came, boxes, grey.width / pixels.width) if came else (),
        ink,
        tuple(fingerprints.keys(ink, fingerprint)),
    )


def _png(size: tuple[int, int], raw: bytes) -> bytes:
    """RGB without filters: a third of the time of Pillow's, which tries five on every row, and smaller for
    what is drawn (a screenshot of 1080 × 20000: 0.17 s and 2.7 MB for 0.53 s and 3.1 MB).
    """
    packed, body = zlib.compressobj(3), bytearray()
    rows, stride = memoryview(raw), 3 * size[0]
    for start in range(0, len(rows), stride):
        body += packed.compress(b"\0")  # the row's filter: none
        body += packed.compress(rows[start : start + stride])
    body += packed.flush()
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)  # 8 bits a sample, RGB
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        for kind, content in ((b"IHDR", header), (b"IDAT", bytes(body)), (b"IEND", b""))
    )


def dhash(image: Image.Image) -> str:
    """16 × 16 bits, each whether a field is brighter than its right neighbour; as hex."""
    fields = image.resize((17, 16), Image.Resampling.BOX, reducing_gap=1.0).convert("L").tobytes()
    bits = 0
    for row in range(16):
        for column in range(16):
            place = row * 17 + column
            bits = bits << 1 | (fields[place] > fields[place + 1])
    return f"{bits:064x}"


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """In the size that is kept, without transparency; L, CMYK and RGB keep their mode for the profile.

    What has to change its mode does so in bands: beside the decoded picture and the kept one there would be
    no room for a third.
    """
    if image.mode == "I;16":  # 16 bits of grey: their upper halves; convert() would cut off at 255
        image = Image.frombytes("L", image.size, image.tobytes()[1::2])
    if image.mode in ("L", "RGB", "CMYK") and not image.has_transparency_data:
        return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.0)
    result = Image.new("RGB", size)
    shrink = image.height / size[1]
    margin = math.ceil(2 * max(1.0, shrink)) + 1  # what bicubic looks at beyond its pixel
    step = max(1, math.floor(BAND / image.width / shrink))
    for top in range(0, size[1], step):
        bottom = min(top + step, size[1])
        first = max(0, math.floor(top * shrink) - margin)
        last = min(image.height, math.ceil(bottom * shrink) + margin)
        band = _opaque(image.crop((0, first, image.width, last)))
        box = (0, top * shrink - first, image.width, min(bottom * shrink - first, band.height))
        fitted = band.resize((size[0], bottom - top), Image.Resampling.BICUBIC, box, reducing_gap=1.0)
        result.paste(fitted, (0, top))
    return result


def _opaque(image: Image.Image) -> Image.Image:
    """As RGB on white: what is hidden behind transparency is neither seen nor kept."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image if image.mode == "RGBA" else image.convert("RGBA")
    cover = layer.getchannel("A")
    if cover.getextrema() == (255, 255):  # as most screenshots of computers are
        return layer.convert("RGB")
    ground = Image.new("RGB", layer.size, WHITE)
    ground.paste(layer, mask=cover)
    return ground


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """By its colour profile, where it has one that can be read and is about these colours."""
    if profile:
        try:
            given = ImageCms.getOpenProfile(io.BytesIO(profile))
            space = given.profile.xcolor_space.strip()
            if space == {"L": "GRAY"}.get(image.mode, image.mode) and not _is_srgb(given):
                turned = ImageCms.profileToProfile(
                    image, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
                )
                if turned is not None:
                    return turned
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a broken profile: the colours as they are
    return image if image.mode == "RGB" else image.convert("RGB")


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """By its name: converting what is sRGB already costs time and changes nothing."""
    return "srgb" in (profile.profile.profile_description or "").lower()


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(0x0112, 1)
    except Exception:  # EXIF is a file format of its own, and may be broken where the picture is not
        return 1
    return found if isinstance(found, int) else 1


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _coefficients(image: Image.Image) -> int:
    """Bytes libjpeg keeps for a progressive picture: two for each sample of each component."""
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    widest = max((across for _, across, _, _ in layers), default=1)
    highest = max((down for _, _, down, _ in layers), default=1)
    samples = sum(across * down for _, across, down, _ in layers) / (widest * highest)
    return int(2 * samples * image.width * image.height)


def _is_drawn(image: Image.Image) -> bool:
    """A screenshot, a page or a drawing: most neighbours are alike. A photo has none that are."""
    sample = image.crop(_middle(image.size))
    left = sample.crop((0, 0, sample.width - 1, sample.height)).convert("L")
    right = sample.crop((1, 0, sample.width, sample.height)).convert("L")
    alike = ImageChops.difference(left, right).histogram()[0]
    return 2 * alike > left.width * left.height


def _middle(size: tuple[int, int], most: int = 1200) -> tuple[int, int, int, int]:
    """A field of at most `most` a side from the middle."""
    across, down = (min(side, most) for side in size)
    left, top = (size[0] - across) // 2, (size[1] - down) // 2
    return left, top, left + across, top + down
