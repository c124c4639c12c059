"""More strangers' files: two formats in one, containers full of something, formats of others. `HYBRIDS` is
like `odd_pictures.FILES`.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import count

from PIL import Image

from tests.core.adapters.odd_pictures import (
    ACCEPTED,
    FIRST_MORE,
    LINES,
    MARK,
    Odd,
    chunk,
    jpeg,
    pdf,
    photo,
    png,
    png_of,
    saved,
    screenshot,
    some,
    stream,
    webp,
    with_chunk,
    zipped,
)

# In whatever wrapping, it may be run by nobody.
_RUN = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\n(" + MARK + b") run showpage\n"
POSTSCRIPT = {
    "plain.ps": _RUN,
    "drawing.eps": b"\xc5\xd0\xd3\xc6" + struct.pack("<6IH", 30, len(_RUN), 0, 0, 0, 0, 0xFFFF) + _RUN,
    "behind-blanks.jpg": b"\r\n\r\n" + _RUN,
    "with-a-mark-of-pdf.jpg": b"%!PS\n%PDF-1.4\n" + _RUN,
    "behind-the-end-of-pdf.pdf": b"%PDF-1.4\n%%EOF\n" + _RUN,
}


def mpo(second: Image.Image) -> bytes:
    out = io.BytesIO()
    photo().save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def segments(marker: int, body: bytes, times: int) -> Callable[[], bytes]:
    """A JPEG with so many more segments after its start."""

    def make() -> bytes:
        data = jpeg()
        return data[:2] + (struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body) * times + data[2:]

    return make


def frames(kind: str, number: int) -> bytes:
    """A short film of different frames."""
    first, *others = (Image.new("RGB", (80, 80), (each % 256, each // 256, 9)) for each in range(number))
    return saved(first, kind, save_all=True, append_images=others, duration=20, loop=0)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_with_more() -> bytes:
    """A chunk that nobody knows, behind the picture."""
    data = webp()
    more = b"evil" + struct.pack("<I", len(MARK) + 1) + MARK + b"\0"
    return b"RIFF" + struct.pack("<I", len(data) - 8 + len(more)) + data[8:] + more


def webp_large_canvas() -> bytes:
    """A film of 16,384 × 16,384 with one small frame."""
    side = struct.pack("<I", 16_383)[:3]
    small = webp(Image.new("RGB", (64, 64), "red"), lossless=True)
    frame = struct.pack("<I", 0)[:3] * 2 + struct.pack("<I", 63)[:3] * 2 + b"\x64\0\0\0" + small[12:]
    return riff((b"VP8X", b"\x02\0\0\0" + side * 2), (b"ANIM", b"\xff" * 4 + b"\0\0"), (b"ANMF", frame))


def many_texts() -> bytes:
    """A thousand compressed texts of 100 kB: each is allowed, all of them are not."""
    one = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * 100_000, 9))
    data = png()
    return data[:33] + one * 1_000 + data[33:]


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def owners_lock() -> bytes:
    """As banks send receipts: a password for who wants to change it, and none for who reads it."""
    padding = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
    owner = _rc4(hashlib.md5((b"owner" + padding)[:32]).digest()[:5], padding)
    key = hashlib.md5(padding + owner + struct.pack("<i", -4) + b"\1").digest()[:5]
    lock = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>"
    lock %= (owner.hex().encode(), _rc4(key, padding).hex().encode())
    content = 4  # the page's stream
    content_key = hashlib.md5(key + struct.pack("<I", content)[:3] + b"\0\0").digest()[:10]
    locked = _rc4(content_key, LINES)
    return pdf(locked, more=(lock,), trailer=b"/Encrypt %d 0 R /ID [<01><01>]" % FIRST_MORE)


def pdf_everything() -> bytes:
    """Pages with scripts for opening and closing, a form that sends itself, an attachment, a film, a link."""
    actions = (
        b"/AA << /O << /S /JavaScript /JS (x\\(\\)) >> /C << /S /SubmitForm /F (http://%s/) >> >>" % MARK
    )
    catalog = b"/OpenAction << /S /GoToR /F (%s) >> /AA << /WC << /S /Launch /F (%s) >> >> " % (MARK, MARK)
    names = b"/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (%s) >>] >> >>" % MARK
    film = b"/Annots [<< /Subtype /Movie /Rect [0 0 9 9] /Movie << /F (%s) >> >>]" % MARK
    contents = [LINES] * 3
    return pdf(*contents, catalog=catalog + names, page=actions + b" " + film)


def pdf_pages(number: int) -> bytes:
    return pdf(*[LINES] * number)


def palette_of_two() -> bytes:
    return png_of(200, 100, 1, 3, b"\xf0" * 25, before=chunk(b"PLTE", b"\xff\xff\xff\x10\x20\x30"))


def nested_forms(levels: int) -> bytes:
    """Each form draws the next one once."""
    numbers = count(FIRST_MORE + 1)
    forms = tuple(
        stream(
            b"/X Do" if place < levels - 1 else b"0 0 99 99 re f",
            b"/Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources << /XObject << /X %d 0 R >> >>"
            % next(numbers),
        )
        for place in range(levels)
    )
    return pdf(b"/X Do", resources=b"/XObject << /X %d 0 R >>" % FIRST_MORE, more=forms)


def _good() -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield "small-second.mpo", lambda: mpo(photo(160, 120))
    yield "large-second.mpo", lambda: mpo(screenshot(2_000, 1_500))
    yield "9-megabytes-of-app.jpg", segments(0xE9, (MARK * 3_000)[:65_000], 145)
    yield "thousand-comments.jpg", segments(0xFE, MARK, 1_000)
    yield "pdf-mark-inside.jpg", segments(0xFE, b"%PDF-1.7\n" + MARK, 1)
    yield "postscript-inside.jpg", segments(0xFE, _RUN, 1)
    yield "script-behind.png", lambda: png() + b"<script>" + MARK + b"</script>"
    yield "php-inside.png", with_chunk(b"tEXt", b"Comment\0<?php system('" + MARK + b"'); ?>")
    yield "more-behind.webp", webp_with_more
    yield "six-hundred-frames.webp", lambda: frames("WEBP", 600)
    yield "five-hundred-frames.png", lambda: frames("PNG", 500)
    yield "grey-with-cover-16-bit.png", lambda: png_of(300, 200, 16, 4, b"\x40\x01\xff\xff" * 300)
    yield "palette-of-two.png", palette_of_two
    yield "thousand-pages.pdf", lambda: pdf_pages(1_000)
    yield "everything.pdf", pdf_everything
    yield "zip-behind.pdf", lambda: pdf(LINES) + zipped("evil.exe")
    yield "owners-lock.pdf", owners_lock
    yield "twenty-forms-deep.pdf", lambda: nested_forms(20)


def _refused() -> Iterator[tuple[str, bytes, str]]:
    yield "html-before.jpg", b"<html><body>" + MARK + b"</body></html>" + jpeg(), "web_page"
    yield "xhtml.png", b"<?xml version='1.0'?><html xmlns='x'>" + MARK, "web_page"
    yield "zip-first.png", zipped("a") + png(), "archive"
    yield "packed.svgz", b"\x1f\x8b\x08\0" + MARK, "archive"
    yield "long-comment.svg", b"<!--" + b"x" * 2_000 + b"--><svg/>" + MARK, "not_a_picture"
    yield "big-endian.tiff", b"MM\0*" + MARK, "other_format"
    yield "pages.tiff", saved(photo(), "TIFF", save_all=True, append_images=[photo()]), "other_format"
    yield "picture.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + MARK, "other_format"
    yield "sequence.avif", b"\0\0\0\x20ftypavis" + MARK, "other_format"
    yield "burst.heic", b"\0\0\0\x18ftyphevc\0\0\0\0" + MARK, "heic"
    yield "picture.heif", b"\0\0\0\x18ftypmif1\0\0\0\0" + MARK, "heic"
    yield "large.gif", saved(Image.new("P", (3_000, 3_000)), "GIF"), "gif"
    yield "letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + MARK, "not_a_picture"
    yield "targa.tga", saved(photo(64, 64), "TGA"), "not_a_picture"
    yield "fits.fits", b"SIMPLE  =                    T" + MARK, "not_a_picture"
    yield "wordlist.jpg", b"PASSWORD\n" * 900, "not_a_picture"
    for name, data in POSTSCRIPT.items():
        yield name, data, "damaged" if b"%PDF-" in data else "not_a_picture"


def _either() -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield "lost-second.mpo", lambda: mpo(photo(160, 120))[:-3_000]
    yield "packed-text-bomb.png", with_chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(b"a" * 60_000_000, 9))
    yield "many-texts.png", many_texts
    yield "large-canvas.webp", webp_large_canvas
    yield "box-without-end.pdf", lambda: pdf(LINES, box=(2_000_000_000, 2_000_000_000))
    yield "box-inside-out.pdf", lambda: pdf(LINES, box=(-595, -842))
    yield "box-of-nothing.pdf", lambda: pdf(LINES, box=(0, 0))
    yield "thousands-of-forms-deep.pdf", lambda: nested_forms(5_000)
    yield "restarts-without-end.jpg", lambda: jpeg()[:-2] + b"\xff\xd0" * 4_000_000 + b"\xff\xd9"
    yield "tables-without-end.jpg", segments(0xDB, b"\0" + b"\1" * 64, 130_000)
    yield "empty-blocks.png", lambda: (d := png())[:33] + chunk(b"IDAT", b"") * 500_000 + d[33:]


HYBRIDS: dict[str, Odd] = {
    **{name: Odd(make, ACCEPTED) for name, make in _good()},
    **{name: Odd(some(data), code) for name, data, code in _refused()},
    **{name: Odd(make) for name, make in _either()},
}
