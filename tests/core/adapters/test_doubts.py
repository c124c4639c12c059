"""R2.4: signs of editing are told to the reviewer; what honest people do to a picture is none."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from bench.spoilt import with_software
from core.adapters.pictures import raster
from core.adapters.pictures.editors import editor_of
from core.adapters.pictures.kinds import kind_of
from core.adapters.pictures.process import intake
from core.domain.pictures import Doubt
from tests.core.adapters.odd_pictures import (
    ACCEPTED,
    FILES,
    chunk,
    exif,
    jpeg,
    png,
    segment,
    webp,
    with_chunk,
)
from tests.screens import AMOUNT, SIBLING, again, cropped, resized, retyped, screen
from tests.screens import jpeg as saved
from tests.screens import png as saved_png


def told(data: bytes) -> tuple[Doubt, ...]:
    (one,), _ = raster.kept(data, kind_of(data))
    return one.doubts


def codes(data: bytes) -> list[str]:
    return [doubt.code for doubt in told(data)]


# --- who wrote the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["exif", "xmp", "png"])
@pytest.mark.parametrize(
    "name", ["Adobe Photoshop 25.1 (Windows)", "GIMP 2.10.36", "Snapseed 2.0", "美图秀秀"]
)
def test_an_editor_that_names_itself(name: str, place: str) -> None:
    """Its name as it stands there, for the reviewer."""
    (doubt,) = told(with_software(screen(), name, place))
    assert doubt.code == "editor" and doubt.seen.startswith(name[:8]) and doubt.place is None


@pytest.mark.parametrize(
    "name",
    [
        "17.1.1",
        "HDR+ 1.0.345618096zd",
        "G991BXXU5CVF1",
        "MediaTek Camera Application",
        "Google",
        "Snipaste",
        "gnome-screenshot",
        "ShareX",
        "Windows Photo Viewer 10.0",
        "Image::ExifTool",
        "Photos 9.0",
        "Skitchen 2",
        "GIMPLE",
        "Apple iOS 18",
        "微信",
        "QQ截图",
    ],
)
@pytest.mark.parametrize("place", ["exif", "png", "xmp"])
def test_cameras_telephones_and_screenshot_tools_are_none(name: str, place: str) -> None:
    assert told(with_software(screen(), name, place)) == ()


def resource(number: int, body: bytes) -> bytes:
    padded = body + b"\0" * (len(body) % 2)
    return b"8BIM" + number.to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(4, "big") + padded


def test_what_photoshop_alone_writes() -> None:
    """Captions stand in the same place, and everybody writes them."""
    caption = resource(0x0404, b"\x1c\x02\x28\x00\x05FBMD0")
    assert codes(segment(0xED, b"Photoshop 3.0\0" + caption)()) == []
    assert codes(segment(0xED, b"Photoshop 3.0\0" + caption + resource(0x0406, b"\0" * 7))()) == ["editor"]
    assert codes(segment(0xEC, b"Ducky\0\1\0\4\0\0\0\x3c")()) == ["editor"]
    assert codes(segment(0xFE, b"CREATOR: gd-jpeg v1.0")()) == []
    assert codes(segment(0xFE, b"Created with GIMP")()) == ["editor"]


def test_wherever_a_format_has_room_for_it() -> None:
    software = Image.Exif()
    software[0x0131] = "Adobe Photoshop 2026"
    packed = PngImagePlugin.PngInfo()
    packed.add_itxt("Software", "Affinity Photo 2", zip=True)
    squeezed = with_chunk(b"zTXt", b"Software\0\0" + zlib.compress(b"Pixelmator Pro"))
    files = (
        webp(exif=software),
        png(exif=software),
        png(pnginfo=packed),
        squeezed(),
        with_chunk(b"tEXt", b"software\0Krita 5")(),
    )
    assert [editor_of(data, kind_of(data)) is not None for data in files] == [True] * len(files)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe1\x00\x08Exif\0\0",
        b"\x89PNG\r\n\x1a\n\0\0",
        segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")(),
        segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")(),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x06")(),
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM" * 40)(),
        with_chunk(b"zTXt", b"Software\0\0broken")(),
        with_chunk(b"iTXt", b"Software\0\1")(),
        with_chunk(b"iTXt", b"Software")(),
        jpeg(exif=exif()),
    ],
)
def test_what_is_broken_tells_nothing_and_breaks_nothing(data: bytes) -> None:
    for kind in ("jpeg", "png", "webp"):
        assert editor_of(data, kind) is None


def test_a_packed_text_is_not_unpacked_without_end() -> None:
    """60 MB of a text bomb: only its beginning is looked at."""
    bomb = b"Software\0\0" + zlib.compress(b"a" * 60_000_000, 9)
    data = png()[:33] + chunk(b"zTXt", bomb) + png()[33:]
    assert editor_of(data, "png") is None


# --- words that do not fit in with the others -------------------------------------------------------------

EDITED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "typed anew on a JPEG, kept as PNG": ("grids", lambda: saved_png(retyped(again(screen(), 70)))),
    "typed anew on a JPEG, saved finer": ("grids", lambda: saved(retyped(again(screen(), 65)), 95)),
    "typed anew on a forwarded JPEG": ("grids", lambda: saved(retyped(again(again(screen(), 85), 65)), 94)),
    "the amount of another JPEG": ("grids", lambda: saved_png(pasted(again(screen(), 70)))),
    "a piece of a JPEG on a screenshot": ("pasted", lambda: saved_png(pasted(screen()))),
    "… saved as a fine JPEG": ("pasted", lambda: saved(pasted(screen()), 96)),
}


def pasted(image: Image.Image) -> Image.Image:
    """The amount of another order's picture that came as a JPEG, some pixels off as a hand lays it."""
    image = image.copy()
    piece = again(screen(SIBLING), 60).crop((AMOUNT[0], AMOUNT[1] - 6, AMOUNT[2], AMOUNT[3] + 6))
    image.paste(piece, (AMOUNT[0] + 3, AMOUNT[1] - 4))
    return image


@pytest.mark.parametrize(("code", "make"), EDITED.values(), ids=EDITED)
def test_an_edited_word_is_told_with_its_place(code: str, make: Callable[[], bytes]) -> None:
    (doubt,) = told(make())
    assert doubt.code == code and doubt.place is not None
    across, down = doubt.place
    assert AMOUNT[0] <= across * 7.2 <= AMOUNT[2] and AMOUNT[1] - 20 <= down * 12.8 <= AMOUNT[3] + 20


def banner(image: Image.Image) -> Image.Image:
    """A shop's own picture in the page, which came as JPEG: white as the page, with words in it."""
    image = image.copy()
    part = Image.new("RGB", (640, 70), "#FFFFFF")
    ImageDraw.Draw(part).text(
        (30, 20), "Members pay 20 less", font=ImageFont.load_default(30), fill="#16211E"
    )
    image.paste(again(part, 60), (40, 655))
    return image


def covered(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).rectangle((250, 170, 620, 212), fill="#000000")
    return image


HONEST: dict[str, Callable[[], bytes]] = {
    "as it was": lambda: saved_png(screen()),
    "as a fine JPEG": lambda: saved(screen(), 95),
    "as a coarse JPEG": lambda: saved(screen(), 60),
    "forwarded": lambda: saved(again(screen(), 75), 70),
    "forwarded, then finer": lambda: saved(again(screen(), 65), 92),
    "forwarded, then PNG": lambda: saved_png(again(again(screen(), 80), 70)),
    "forwarded smaller": lambda: saved(resized(again(screen(), 85), 0.75), 75),
    "cropped": lambda: saved_png(cropped(screen())),
    "a JPEG cropped, saved finer": lambda: saved(cropped(again(screen(), 65)), 94),
    "a JPEG cropped, kept as PNG": lambda: saved_png(cropped(again(screen(), 65))),
    "with a shop's banner": lambda: saved_png(banner(screen())),
    "… as a fine JPEG": lambda: saved(banner(screen()), 95),
    "… sent on": lambda: saved_png(again(banner(screen()), 70)),
    "number covered": lambda: saved(covered(again(screen(), 70)), 94),
    "number covered, PNG": lambda: saved_png(covered(screen())),
}


@pytest.mark.parametrize("make", HONEST.values(), ids=HONEST)
def test_what_honest_people_do_is_no_sign(make: Callable[[], bytes]) -> None:
    assert told(make()) == ()


def test_what_is_lost_is_not_told() -> None:
    """Honest about what it cannot see: edited before any compression, or sent on more coarsely than it
    came.
    """
    assert told(saved_png(retyped(screen()))) == ()
    assert told(saved(retyped(again(screen(), 85)), 60)) == ()


def test_what_we_made_smaller_or_turned_is_not_looked_at() -> None:
    """Its traces are gone, and ours would be there."""
    large = retyped(again(resized(screen(), 3.2), 70))
    assert told(saved_png(large)) == ()
    turned = Image.Exif()
    turned[0x0112] = 6
    out = io.BytesIO()
    retyped(again(screen(), 65)).save(out, "JPEG", quality=95, exif=turned)
    assert told(out.getvalue()) == ()


def test_the_child_tells_them_with_the_picture() -> None:
    """What the portal believes of the child is checked: a code of ours, at most some words."""
    (one,) = intake(saved_png(retyped(again(screen(), 70))), seconds=60).pictures
    assert [doubt.code for doubt in one.doubts] == ["grids"]
    assert one.words and one.keys


PLAIN = [name for name, odd in FILES.items() if odd.outcome == ACCEPTED and not name.endswith(".pdf")]


@pytest.mark.parametrize("name", PLAIN[::4])
def test_odd_files_that_are_taken_are_not_edited_for_that(name: str) -> None:
    assert told(FILES[name].make()) == ()
