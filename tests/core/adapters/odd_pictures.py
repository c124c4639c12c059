"""Strangers' files, made by script and the same every time: good pictures of every kind, broken ones, bombs,
files that are something else. `FILES` maps a name to how it is made and what has to become of it.
"""

from __future__ import annotations

import io
import random
import resource
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from core.adapters.pictures import Picture, process
from core.domain.errors import EvidenceRefused

# In everything that is not pixels: what is kept must not have it.
MARK = b"MARK-of-the-sender-7f3a"
ACCEPTED = "accepted"


@dataclass(frozen=True)
class Odd:
    """`outcome` is `accepted`, codes of refusal, or empty: either, but nothing worse."""

    make: Callable[[], bytes]
    outcome: str = ""


# --- pixels -------------------------------------------------------------------------------------------------


def photo(width: int = 640, height: int = 480) -> Image.Image:
    """Noise on a slope, the same every time: no two neighbours are alike."""
    noise = Image.frombytes("RGB", (160, 120), random.Random(7).randbytes(160 * 120 * 3))
    slope = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    return Image.blend(noise.resize((width, height), Image.Resampling.BICUBIC), slope, 0.5)


def screenshot(width: int = 640, height: int = 480) -> Image.Image:
    """Lines of text on white."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for top in range(8, height, 24):
        draw.text((12, top), f"No {top * 7919} ordered, paid, not delivered", fill=(top % 200, 20, 60))
    return image


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


# --- JPEG ---------------------------------------------------------------------------------------------------


def jpeg(image: Image.Image | None = None, **more: object) -> bytes:
    return saved(image or photo(), "JPEG", **{"quality": 85, **more})


def exif(**tags: int) -> Image.Exif:
    """Who, where and with what, and `orientation`."""
    found = Image.Exif()
    found[0x010E] = found[0x010F] = found[0x013B] = MARK.decode()
    found.get_ifd(0x8825)[1] = MARK.decode()
    for number in tags.values():
        found[0x0112] = number
    return found


def segment(marker: int, body: bytes) -> Callable[[], bytes]:
    """A JPEG with one more segment after its start."""

    def make() -> bytes:
        data = jpeg()
        return data[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + data[2:]

    return make


def resized_header(width: int, height: int) -> bytes:
    """A small JPEG that says it is large."""
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan comes a thousand times (FACTS: 15 s whatever Pillow's limits)."""
    data = jpeg(Image.new("L", (8_000, 7_000), 128), progressive=True, quality=50)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return data[:-2] + scan * min(1_500, 9_000_000 // len(scan)) + data[-2:]


def mpo() -> bytes:
    out = io.BytesIO()
    photo().save(out, "MPO", save_all=True, append_images=[screenshot()])
    return out.getvalue()


def cmyk() -> bytes:
    return jpeg(photo().convert("CMYK"))


def large_photo(width: int, height: int, progressive: bool = False, mode: str = "RGB") -> bytes:
    fine = photo(width // 4, height // 4).convert(mode)
    return jpeg(fine.resize((width, height), Image.Resampling.NEAREST), quality=60, progressive=progressive)


# --- PNG ----------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(
    width: int, height: int, depth: int, colour: int, row: bytes, *, before: bytes = b"", interlace: int = 0
) -> bytes:
    """A PNG of equal rows, packed row by row: it can say any size."""
    packed, body = zlib.compressobj(9), bytearray()
    for _ in range(height):
        body += packed.compress(b"\0" + row)
    body += packed.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + before
        + chunk(b"IDAT", bytes(body))
        + chunk(b"IEND", b"")
    )


def png(image: Image.Image | None = None, **more: object) -> bytes:
    return saved(image or screenshot(), "PNG", **more)


def with_chunk(kind: bytes, body: bytes) -> Callable[[], bytes]:
    """A PNG with one more chunk after its header."""

    def make() -> bytes:
        data = png()
        return data[:33] + chunk(kind, body) + data[33:]

    return make


def interlaced() -> bytes:
    """Adam7, which Pillow reads and does not write."""
    size, image = 128, screenshot().crop((0, 0, 128, 128)).convert("L")
    passes = (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    )
    rows = b"".join(
        b"\0" + bytes(image.getpixel((x, y)) for x in range(left, size, across))  # type: ignore[arg-type]
        for left, top, across, down in passes
        for y in range(top, size, down)
    )
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def texts() -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", MARK.decode())
    told.add_text("Comment", MARK.decode() * 50, zip=True)
    told.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{MARK.decode()}</x:xmpmeta>")
    return png(pnginfo=told, exif=exif())


def transparent(mode: str) -> Image.Image:
    """A red frame around nothing."""
    image = Image.new("RGBA", (200, 160), (0, 0, 255, 0))
    ImageDraw.Draw(image).rectangle((10, 10, 190, 150), outline=(255, 0, 0, 255), width=12)
    return image.convert(mode)


def greys16() -> Image.Image:
    """256 steps of grey in the upper of 16 bits, the other way round in the lower."""
    row = b"".join(struct.pack("<H", step << 8 | 255 - step) for step in range(256))
    return Image.frombytes("I;16", (256, 100), row * 100)


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (200, 120), colour) for colour in ("red", "green", "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, loop=0)


# --- WebP, profiles -----------------------------------------------------------------------------------------


def webp(image: Image.Image | None = None, **more: object) -> bytes:
    return saved(image or photo(), "WEBP", **{"method": 0, **more})


def lossy_webp_says(width: int, height: int) -> bytes:
    data = bytearray(webp(quality=50))
    place = data.index(b"\x9d\x01\x2a") + 3
    data[place : place + 4] = struct.pack("<HH", width, height)
    return bytes(data)


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def swapped() -> bytes:
    """An RGB profile in which red is blue: only who reads it sees the right colours."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * struct.unpack(">I", data[128:132])[0], 12):
        name = bytes(data[place : place + 4])
        if name in (b"rXYZ", b"bXYZ"):
            data[place : place + 4] = b"bXYZ" if name == b"rXYZ" else b"rXYZ"
    return bytes(data).replace(b"s\0R\0G\0B", b"t\0u\0r\0n")


# --- PDF ----------------------------------------------------------------------------------------------------


def pdf(
    *contents: bytes,
    box: tuple[float, float] = (595, 842),
    catalog: bytes = b"",
    page: bytes = b"",
    resources: bytes = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>",
    more: tuple[bytes, ...] = (),
    count: int | None = None,
    trailer: bytes = b"",
) -> bytes:
    """A page for each content stream; `more` are further objects, numbered after the pages' own."""
    number = len(contents)
    kids = b" ".join(b"%d 0 R" % (3 + 2 * place) for place in range(number))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % (number if count is None else count),
    ]
    for place, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R /Resources << %s >> %s >>"
            % (*box, 4 + 2 * place, resources, page)
        )
        objects.append(stream(content))
    objects += more
    out, places = bytearray(b"%PDF-1.7\n"), []
    for place, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % place + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def stream(content: bytes, head: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n" % (len(content), head) + content + b"\nendstream"


LINES = b"BT /F1 24 Tf 60 700 Td (Order 1234567, paid, not delivered) Tj ET 0 0 1 rg 60 500 200 100 re f"
FIRST_MORE = 5  # the number of the first of `more` when there is one page


def with_attachment() -> bytes:
    names = b"/Names << /EmbeddedFiles << /Names [(note.txt) %d 0 R] >> >>" % FIRST_MORE
    spec = b"<< /Type /Filespec /F (note.txt) /EF << /F %d 0 R >> >>" % (FIRST_MORE + 1)
    return pdf(LINES, catalog=names, more=(spec, stream(MARK, b"/Type /EmbeddedFile")))


def with_script() -> bytes:
    action = b"/OpenAction << /S /JavaScript /JS (app.alert\\('%s'\\); while\\(1\\){}) >>" % MARK
    return pdf(LINES, catalog=action, trailer=b"/Info << /Author (%s) >>" % MARK)


def with_launch() -> bytes:
    return pdf(LINES, catalog=b"/OpenAction << /S /Launch /F (/bin/sh) /P (%s) >>" % MARK)


def pdf_image(width: int, height: int, filters: bytes, body: bytes) -> bytes:
    head = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8" % (width, height)
    return pdf(
        b"595 0 0 842 0 0 cm /X Do",
        resources=b"/XObject << /X %d 0 R >>" % FIRST_MORE,
        more=(stream(body, head + b" /ColorSpace /DeviceGray /Filter " + filters),),
    )


def pdf_loop() -> bytes:
    """A form that draws itself."""
    form = stream(
        b"/X Do /X Do",
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >>"
        % FIRST_MORE,
    )
    return pdf(b"/X Do", resources=b"/XObject << /X %d 0 R >>" % FIRST_MORE, more=(form,))


def pdf_laughs() -> bytes:
    """Forms that draw ten of the next, eight deep."""
    forms = tuple(
        stream(
            b"/X Do " * 10 if place < 7 else b"0 0 300 300 re f",
            b"/Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources << /XObject << /X %d 0 R >> >>"
            % (FIRST_MORE + place + 1),
        )
        for place in range(8)
    )
    return pdf(b"/X Do", resources=b"/XObject << /X %d 0 R >>" % FIRST_MORE, more=forms)


def pdf_locked() -> bytes:
    """With a password nobody knows: 40-bit RC4, and values that fit none."""
    lock = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"11" * 32, b"22" * 32)
    return pdf(LINES, more=(lock,), trailer=b"/Encrypt %d 0 R /ID [<01><01>]" % FIRST_MORE)


# --- what happens to files ----------------------------------------------------------------------------------


def cut(make: Callable[[], bytes], part: float) -> Callable[[], bytes]:
    return lambda: (data := make())[: max(12, int(len(data) * part))]


def flipped(make: Callable[[], bytes], seed: int) -> Callable[[], bytes]:
    """A dozen bits changed after the first bytes."""

    def spoil() -> bytes:
        data, chance = bytearray(make()), random.Random(seed)
        for _ in range(12):
            data[chance.randrange(16, len(data))] ^= 1 << chance.randrange(8)
        return bytes(data)

    return spoil


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), MARK)
    return out.getvalue()


def some(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _good() -> Iterator[tuple[str, Callable[[], bytes]]]:
    for orientation in range(1, 9):
        yield (
            f"turned-{orientation}.jpg",
            lambda o=orientation: jpeg(photo(400, 100), exif=exif(orientation=o)),
        )
    yield "plain.jpg", jpeg
    yield "grey.jpg", lambda: jpeg(photo().convert("L"))
    yield "cmyk.jpg", cmyk
    yield "progressive.jpg", lambda: jpeg(progressive=True)
    yield "444.jpg", lambda: jpeg(subsampling=0)
    yield "coarse.jpg", lambda: jpeg(quality=1)
    yield "fine.jpg", lambda: jpeg(quality=100)
    yield "restarts.jpg", lambda: jpeg(restart_marker_rows=1)
    yield "comment.jpg", lambda: jpeg(comment=MARK)
    yield "xmp.jpg", lambda: jpeg(xmp=b"<x:xmpmeta>" + MARK + b"</x:xmpmeta>")
    yield "photoshop.jpg", segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 23) + MARK)
    yield "app9.jpg", segment(0xE9, MARK * 100)
    yield "broken-exif.jpg", segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff" + MARK)
    yield "looping-exif.jpg", segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\x08\0\0\0" + MARK)
    yield "tail.jpg", lambda: jpeg() + MARK
    yield "zip-behind.jpg", lambda: jpeg() + zipped("evil.exe")
    yield "html-inside.jpg", lambda: jpeg(comment=b"<script>alert('" + MARK + b"')</script>")
    yield "pdf-behind.jpg", lambda: jpeg() + with_script()
    yield "profile-lab.jpg", lambda: jpeg(icc_profile=profile())
    yield "profile-broken.jpg", lambda: jpeg(icc_profile=MARK * 40)
    yield "profile-swapped.jpg", lambda: jpeg(icc_profile=swapped())
    yield "two-frames.mpo", mpo
    for mode in ("1", "L", "P", "RGB"):
        yield f"mode-{mode}.png", lambda m=mode: png(screenshot().convert(m))
    for mode in ("LA", "RGBA"):
        yield f"mode-{mode}.png", lambda m=mode: png(transparent(m))
    yield "palette-transparent.png", lambda: png(transparent("RGBA").quantize(16))
    yield "colour-transparent.png", lambda: png(transparent("RGB"), transparency=(0, 0, 255))
    yield "greys-16-bit.png", lambda: png(greys16())
    yield "rgb-16-bit.png", lambda: png_of(300, 200, 16, 2, bytes(range(256)) * 7 + b"\0" * 8)
    yield "rgba-16-bit.png", lambda: png_of(300, 200, 16, 6, b"\xff\x00\x80\x80\x00\x00\xff\xff" * 300)
    yield "interlaced.png", interlaced
    yield "texts.png", texts
    yield "tail.png", lambda: png() + MARK + zipped("evil.exe")
    yield "unknown-chunk.png", with_chunk(b"prVt", MARK)
    yield "profile-broken.png", with_chunk(b"iCCP", b"x\0\0" + zlib.compress(MARK))
    yield "animated.png", lambda: animated("PNG")
    yield "photo.png", lambda: png(photo())
    yield "noise.png", lambda: png(Image.frombytes("RGB", (900, 900), random.Random(1).randbytes(2_430_000)))
    yield "plain.webp", webp
    yield "lossless.webp", lambda: webp(screenshot(), lossless=True)
    yield "transparent.webp", lambda: webp(transparent("RGBA"), lossless=True)
    yield "metadata.webp", lambda: webp(exif=exif(orientation=6), xmp=MARK, icc_profile=swapped())
    yield "tail.webp", lambda: webp() + MARK
    yield "animated.webp", lambda: animated("WEBP")
    yield "page.pdf", lambda: pdf(LINES)
    yield "twelve-pages.pdf", lambda: pdf(*[LINES] * 12)
    yield "script.pdf", with_script
    yield "attachment.pdf", with_attachment
    yield "launch.pdf", with_launch
    yield (
        "link.pdf",
        lambda: pdf(
            LINES,
            page=b"/Annots [<< /Subtype /Link /Rect [0 0 99 99] /A << /S /URI /URI (http://%s/) >> >>]"
            % MARK,
        ),
    )
    yield "late-mark.pdf", lambda: b"\n\n" + MARK + b"\n" + pdf(LINES)
    yield "poster.pdf", lambda: pdf(LINES, box=(14_400, 14_400))
    yield (
        "photo-inside.pdf",
        lambda: pdf_image(640, 480, b"/DCTDecode", jpeg(photo().convert("L"), comment=MARK)),
    )
    yield "misnamed.png", jpeg
    yield "misnamed.txt", png


def _refused() -> Iterator[tuple[str, Callable[[], bytes], str]]:
    whole = (
        ("jpg", jpeg),
        ("progressive.jpg", lambda: jpeg(progressive=True)),
        ("png", png),
        ("webp", webp),
        ("lossless.webp", lambda: webp(screenshot(), lossless=True)),
    )
    for name, make in whole:
        for part in (0.3, 0.6, 0.9):
            yield f"cut-{int(part * 100)}.{name}", cut(make, part), "damaged"
        yield f"only-a-head.{name}", cut(make, 0), "damaged"
    yield "one-pixel.png", lambda: png(Image.new("RGB", (1, 1))), "too_small"
    yield "one-pixel.jpg", lambda: jpeg(Image.new("RGB", (1, 1))), "too_small"
    yield "one-pixel.webp", lambda: webp(Image.new("RGB", (1, 1))), "too_small"
    yield "thumbnail.png", lambda: png(Image.new("RGB", (63, 63))), "too_small"
    yield "line.png", lambda: png(Image.new("RGB", (30_000, 1))), "too_narrow"
    yield "line.jpg", lambda: jpeg(Image.new("RGB", (1, 30_000))), "too_narrow"
    yield "nothing.png", lambda: png_of(0, 0, 8, 2, b""), "damaged"
    yield "144-megapixels.png", lambda: png_of(12_000, 12_000, 1, 0, b"\0" * 1_500), "too_many_pixels"
    yield "900-megapixels.png", lambda: png_of(30_000, 30_000, 1, 0, b"\0" * 3_750), "too_many_pixels"
    yield "says-4-gigapixels.jpg", lambda: resized_header(65_500, 65_500), "too_many_pixels"
    yield "says-268-megapixels.webp", lambda: lossy_webp_says(16_383, 16_383), "too_many_pixels"
    yield "text-bomb.png", with_chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * 60_000_000, 9)), "damaged"
    yield (
        "48-megapixels-progressive-cmyk.jpg",
        lambda: large_photo(8_064, 6_048, True, "CMYK"),
        "took_too_much",
    )
    yield "scans.jpg", scan_bomb, "took_too_long"
    yield "locked.pdf", pdf_locked, "pdf_locked"
    yield "no-pages.pdf", lambda: pdf(), "damaged"
    yield "tiny-page.pdf", lambda: pdf(LINES, box=(3, 3)), "too_small"
    yield "strip.pdf", lambda: pdf(LINES, box=(14_000, 20)), "too_narrow"
    yield "only-a-head.pdf", some(b"%PDF-1.7\n" + MARK), "damaged"
    yield "draws-itself.pdf", pdf_loop, "took_too_long took_too_much"
    yield "laughs.pdf", pdf_laughs, "took_too_long took_too_much"
    yield "empty.png", some(b""), "empty"
    yield "too-big.jpg", lambda: jpeg() + b"\0" * (10 * 1024 * 1024), "too_big"
    for name, data, code in (
        ("still.gif", saved(Image.new("P", (200, 100)), "GIF"), "gif"),
        ("moving.gif", animated("GIF"), "gif"),
        ("zip-behind.gif", saved(Image.new("P", (200, 100)), "GIF") + zipped("evil.jar"), "gif"),
        ("bitmap.bmp", saved(photo(), "BMP"), "other_format"),
        ("scan.tiff", saved(photo(), "TIFF"), "other_format"),
        ("icon.ico", saved(photo(64, 64), "ICO"), "other_format"),
        ("picture.jp2", saved(photo(64, 64), "JPEG2000"), "other_format"),
        ("picture.avif", b"\0\0\0\x20ftypavif" + MARK, "other_format"),
        ("picture.psd", b"8BPS\0\1" + MARK, "other_format"),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + MARK, "heic"),
        ("film.mp4", b"\0\0\0\x18ftypisom\0\0\2\0" + MARK, "video"),
        ("film.webm", b"\x1a\x45\xdf\xa3" + MARK, "video"),
        ("film.avi", b"RIFF\0\0\0\0AVI " + MARK, "video"),
        ("sound.wav", b"RIFF\0\0\0\0WAVE" + MARK, "not_a_picture"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "drawing"),
        ("prolog.svg", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg onload='x()'/>", "drawing"),
        ("page.html", b"<!DOCTYPE html><html><script>" + MARK + b"</script></html>", "web_page"),
        ("pdf-inside.html", b"<html>%PDF-1.7 " + MARK, "web_page"),
        ("archive.zip", zipped("a.png", "b.png"), "archive"),
        ("letter.docx", zipped("[Content_Types].xml", "word/document.xml"), "archive"),
        ("packed.gz", b"\x1f\x8b\x08" + MARK, "archive"),
        ("packed.rar", b"Rar!\x1a\7\0" + MARK, "archive"),
        ("postscript.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n(" + MARK + b") run", "not_a_picture"),
        ("program.jpg", b"MZ\x90\0" + MARK, "not_a_picture"),
        ("program.png", b"\x7fELF\2\1\1" + MARK, "not_a_picture"),
        ("script.png", b"#!/bin/sh\necho " + MARK, "not_a_picture"),
        ("portable.ppm", b"P6\n9 9\n255\n" + MARK, "not_a_picture"),
        ("note.txt", "没收到卡密".encode(), "not_a_picture"),
        ("zeros.jpg", b"\0" * 5_000, "not_a_picture"),
        ("one-byte.jpg", b"\xff", "not_a_picture"),
        ("half-a-mark.png", b"\x89PNG\r\n", "not_a_picture"),
    ):
        yield name, some(data), code


def _either() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Taken or not, by where it hits and how busy the machine is; that it ends well is sure."""
    for name, make in (("jpg", jpeg), ("png", png), ("webp", webp), ("pdf", with_attachment), ("mpo", mpo)):
        for seed in range(5):
            yield f"spoilt-{seed}.{name}", flipped(make, seed)
    for part in (0.4, 0.8):  # PDFium mends what it can
        yield f"cut-{int(part * 100)}.pdf", cut(with_attachment, part)
    yield "48-megapixels.jpg", lambda: large_photo(8_064, 6_048)
    yield "48-megapixels-cmyk.jpg", lambda: large_photo(8_064, 6_048, False, "CMYK")
    yield "22-megapixels-long.png", lambda: png(screenshot(1_080, 20_000), compress_level=1)
    yield "60-megapixels-rgb.png", lambda: png_of(7_746, 7_746, 8, 2, bytes(range(256)) * 90 + b"\1" * 198)
    yield "60-megapixels-rgba.png", lambda: png_of(7_746, 7_746, 8, 6, bytes(range(256)) * 121 + b"\1" * 8)
    yield "60-megapixels-grey-16-bit.png", lambda: png_of(7_746, 7_746, 16, 0, b"\1" * 15_492)
    yield "60-megapixels-rgba-16-bit.png", lambda: png_of(7_746, 7_746, 16, 6, b"\1" * 61_968)
    yield "60-megapixels-noise.png", lambda: png_of(7_746, 7_746, 8, 2, random.Random(3).randbytes(23_238))
    yield "60-megapixels-long.png", lambda: png_of(1_300, 46_000, 8, 2, b"\1" * 3_900)
    yield "24-megapixels.webp", lambda: webp(photo(600, 400).resize((6_000, 4_000)), quality=40)
    yield "110-megapixels.jpg", lambda: large_photo(12_000, 9_000)
    yield "48-megapixels-progressive.jpg", lambda: large_photo(8_064, 6_048, True)
    yield "profile-bomb.png", with_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 80_000_000, 9))
    yield "wrong-checksum.png", lambda: (d := png())[:29] + b"\0\0\0\0" + d[33:]
    yield "no-palette.png", lambda: png_of(200, 100, 8, 3, b"\0" * 200)
    yield "two-headers.png", lambda: (d := png())[:33] + d[8:33] + d[33:]
    yield "zip-first.pdf", lambda: b"x" * 900 + pdf(LINES)
    yield (
        "image-bomb.pdf",
        lambda: pdf_image(30_000, 30_000, b"/FlateDecode", zlib.compress(b"\0" * 90_000_000, 9)),
    )
    yield (
        "twice-packed.pdf",
        lambda: pdf_image(
            9_000,
            9_000,
            b"[/FlateDecode /FlateDecode]",
            zlib.compress(zlib.compress(b"\0" * 81_000_000, 9), 9),
        ),
    )
    yield "many-strokes.pdf", lambda: pdf(b"0 0 m 595 842 l S 9 9 m 500 1 400 800 9 9 c S\n" * 150_000)
    yield "counts-wrong.pdf", lambda: pdf(LINES, count=2_000_000_000)
    yield "deep.pdf", lambda: pdf(b"q " * 500_000 + LINES)
    yield "deep-arrays.pdf", lambda: pdf(LINES, catalog=b"/X " + b"[" * 200_000)


FILES: dict[str, Odd] = {
    **{name: Odd(make, ACCEPTED) for name, make in _good()},
    **{name: Odd(make, code) for name, make, code in _refused()},
    **{name: Odd(make) for name, make in _either()},
}


# --- what became of them ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """`code` of a refusal or `accepted`; `seconds` of a processor, Python's start included; `peak` in bytes,
    the largest of all children so far.
    """

    code: str
    pictures: tuple[Picture, ...]
    seconds: float
    peak: int


def measured(data: bytes, seconds: float) -> Measured:
    """Taken in, in a small process of its own: a child's peak starts with what its parent has."""
    code, pictures, before = ACCEPTED, (), resource.getrusage(resource.RUSAGE_CHILDREN)
    process.BUSY = 60.0  # type: ignore[misc] # however many others use this machine
    try:
        pictures = process.intake(data, seconds=seconds).pictures
    except EvidenceRefused as refused:
        code = str(refused.params["reason"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(code, pictures, took, after.ru_maxrss * 1024)
