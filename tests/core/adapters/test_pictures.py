"""Strangers' files: only pixels come back, they look right, and no file can hold the portal up."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from pypdfium2 import PDFIUM_INFO

from core.adapters.pictures import MEMORY_BYTES, REFUSALS, SECONDS, Picture, kinds, process, raster
from core.adapters.pictures.process import Intake, Turns, intake
from core.domain.errors import EvidenceBusy, EvidenceRefused
from tests.core.adapters.odd_hybrids import HYBRIDS, POSTSCRIPT
from tests.core.adapters.odd_pictures import (
    ACCEPTED,
    FILES,
    FIRST_MORE,
    MARK,
    Measured,
    greys16,
    jpeg,
    measured,
    pdf,
    photo,
    png,
    screenshot,
    stream,
    swapped,
    transparent,
    webp,
)

ALL = {**FILES, **HYBRIDS}

# Of a processor, for starting Python; the file's own time comes on top.
START = 1.5
# Where the question is what a picture becomes, and not how long it takes on a busy machine.
PATIENT = 40.0


def one(data: bytes) -> Picture:
    (kept,) = intake(data, seconds=PATIENT).pictures
    return kept


def shown(kept: Picture) -> Image.Image:
    return Image.open(io.BytesIO(kept.data))


def refused(data: bytes, **more: float) -> str:
    with pytest.raises(EvidenceRefused) as error:
        intake(data, **more)  # type: ignore[arg-type]
    return str(error.value.params["reason"])


def far(left: Image.Image, right: Image.Image) -> float:
    """Mean difference of all samples, of 255."""
    difference = ImageStat.Stat(ImageChops.difference(left.convert("RGB"), right.convert("RGB"))).mean
    return sum(difference) / len(difference)


# --- every odd file ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measure() -> Iterator[Callable[..., Measured]]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda data, seconds=SECONDS: pool.submit(measured, data, seconds).result()


def test_there_are_enough_of_them() -> None:
    assert len(ALL) == len(FILES) + len(HYBRIDS) >= 220
    quick = [odd for name, odd in ALL.items() if odd.outcome == ACCEPTED and "megapixels" not in name]
    marked = [odd for odd in quick if MARK in odd.make()]
    assert len(marked) >= 20  # whose sender would be found if something came along


@pytest.mark.parametrize("name", ALL)
def test_it_ends_well(name: str, measure: Callable[..., Measured]) -> None:
    """R2.3, invariant 18: taken or refused with a code, in time and memory; nothing of the sender's."""
    odd = ALL[name]
    data = odd.make()
    found = measure(data)
    assert found.code in (odd.outcome.split() or (ACCEPTED, *REFUSALS))
    assert found.seconds < SECONDS + START
    assert found.peak <= MEMORY_BYTES
    for kept in found.pictures:
        assert MARK not in kept.data
        again = shown(kept)
        again.load()
        assert again.size == (kept.width, kept.height) == raster.kept_size(kept.width, kept.height)
        assert (
            again.mode,
            not again.getexif(),
            again.info.keys() - {"jfif", "jfif_version", "jfif_unit"},
        ) == (
            "RGB",
            True,
            {"jfif_density"} if kept.media_type == "image/jpeg" else set(),
        )


@pytest.mark.parametrize("name", [name for name in FILES if "megapixels" in name and not FILES[name].outcome])
def test_large_ones_fit_the_memory(name: str, measure: Callable[..., Measured]) -> None:
    """48 megapixels of a phone, 60 of a PNG, a screenshot of 20,000 rows: with time enough all are taken."""
    found = measure(FILES[name].make(), PATIENT)
    assert found.code == ACCEPTED
    assert found.peak <= MEMORY_BYTES


# --- it looks right ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_taken_sideways_is_upright(orientation: int) -> None:
    """By what the file says of itself, all eight."""
    lying = Image.new("RGB", (300, 200), "white")
    lying.paste("red", (0, 0, 90, 60))
    exif = Image.Exif()
    exif[0x0112] = orientation
    kept = shown(one(jpeg(lying, exif=exif, quality=95)))
    assert kept.size == ((300, 200) if orientation < 5 else (200, 300))
    right, bottom = kept.width - 9, kept.height - 9
    corners = [(9, 9), (right, 9), (right, bottom), (9, bottom)]
    # What EXIF calls it: where the stored picture's first corner belongs.
    assert [place for place in corners if _is_red(kept, place)] == [corners[(orientation - 1) % 4]]


def _is_red(image: Image.Image, place: tuple[int, int]) -> bool:
    red, green, _ = image.getpixel(place)  # type: ignore[misc]
    return bool(red > 200 and green < 60)


def test_colours_by_their_profile() -> None:
    """An RGB profile with red for blue: who reads it shows blue where the bytes say red."""
    red = Image.new("RGB", (100, 100), (200, 30, 40))
    for data in (jpeg(red, icc_profile=swapped()), png(red, icc_profile=swapped())):
        assert far(shown(one(data)), Image.new("RGB", (100, 100), (40, 30, 200))) < 4
    assert far(shown(one(jpeg(red))), red) < 4


def test_print_colours_and_deep_greys() -> None:
    red = Image.new("RGB", (100, 100), (200, 30, 40))
    assert far(shown(one(jpeg(red.convert("CMYK"), quality=95))), red) < 4
    steps = shown(one(png(greys16()))).convert("L")
    row = [steps.getpixel((place, 50)) for place in range(256)]
    assert max(abs(grey - place) for place, grey in enumerate(row)) <= 4  # type: ignore[operator]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_white_and_hides_nothing(mode: str) -> None:
    """Blue under full transparency is neither seen nor kept: it could say anything."""
    image = transparent("RGBA").quantize(8) if mode == "P" else transparent(mode)
    kept = shown(one(png(image)))
    assert kept.getpixel((100, 80)) == (255, 255, 255)
    frame = kept.getpixel((14, 80))
    assert frame == ((76, 76, 76) if mode == "LA" else (255, 0, 0))


def test_large_transparent_ones_are_put_together_without_seams() -> None:
    """They are worked on in bands; rows that are nothing alike show each seam."""
    rows = Image.frombytes("L", (1, 3_300), random.Random(5).randbytes(3_300)).resize((3_300, 3_300))
    image = Image.merge("RGBA", (rows, rows, rows, Image.new("L", rows.size, 255)))
    image.putpixel((0, 0), (0, 0, 0, 0))
    kept = shown(one(png(image, compress_level=1)))
    assert (kept.size, kept.format) == ((3_000, 3_000), "PNG")
    at_once = rows.resize(kept.size, Image.Resampling.BICUBIC)
    off = ImageChops.difference(
        kept.convert("L").crop((9, 9, 3_000, 3_000)), at_once.crop((9, 9, 3_000, 3_000))
    )
    assert off.getextrema()[1] <= 2  # type: ignore[operator]


def test_a_long_screenshot_keeps_its_width_and_a_photo_gets_smaller() -> None:
    for given, kept in (
        ((1_080, 20_000), (1_080, 20_000)),
        ((1_440, 3_200), (1_350, 3_000)),
        ((4_000, 3_000), (3_000, 2_250)),
        ((8_064, 6_048), (3_000, 2_250)),
        ((20_000, 1_500), (14_400, 1_080)),
        ((640, 480), (640, 480)),
    ):
        assert raster.kept_size(*given) == kept
        assert raster.kept_size(*given[::-1]) == kept[::-1]
    wide = raster.kept_size(1_600, 60_000)
    assert wide[0] * wide[1] <= raster.MOST_KEPT + max(wide)


def test_text_is_kept_without_loss_and_a_photo_as_jpeg() -> None:
    """By what is seen: a photo saved as PNG would take ten times the room."""
    drawn = one(png(screenshot()))
    assert drawn.media_type == "image/png" and far(shown(drawn), screenshot()) == 0
    assert one(webp(screenshot(), lossless=True)).media_type == "image/png"
    assert {one(data).media_type for data in (png(photo()), webp(), jpeg(screenshot()))} == {"image/jpeg"}


def test_what_is_left_out_is_said() -> None:
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "green", "blue")]
    for kind in ("PNG", "WEBP"):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
        found = intake(out.getvalue(), seconds=PATIENT)
        assert found.notes == ("first_frame_only",)
        assert far(shown(found.pictures[0]), frames[0]) < 3
    assert intake(png(Image.new("RGB", (3_200, 3_200))), seconds=PATIENT).notes == ("made_smaller",)
    assert intake(png()).notes == ()


# --- PDF ---------------------------------------------------------------------------------------------------


def page(colour: bytes) -> bytes:
    return colour + b" rg 0 0 595 842 re f"


def test_each_page_becomes_a_picture() -> None:
    found = intake(pdf(page(b"1 0 0"), page(b"0 0 1")))
    assert [shown(kept).getpixel((800, 1_000)) for kept in found.pictures] == [(255, 0, 0), (0, 0, 255)]
    assert [(kept.width, kept.height) for kept in found.pictures] == [(1_653, 2_339)] * 2  # A4 at 200 dpi
    assert found.notes == ()


def test_what_is_filled_in_is_seen() -> None:
    """A form's field and a stamp: what the sender sees when opening it."""
    look = stream(b"1 0 0 rg 0 0 9 9 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    for what in (b"/Subtype /Widget /FT /Tx /T (a) /V (x)", b"/Subtype /Stamp"):
        note = b"<< /Type /Annot /F 4 /Rect [0 0 595 842] /AP << /N %d 0 R >> %s >>" % (FIRST_MORE + 1, what)
        form = b"/AcroForm << /Fields [%d 0 R] >>" % FIRST_MORE
        data = pdf(b"", page=b"/Annots [%d 0 R]" % FIRST_MORE, catalog=form, more=(note, look))
        assert shown(one(data)).getpixel((800, 1_000)) == (255, 0, 0)


def test_pdfium_has_no_javascript() -> None:
    """Filled-in fields are drawn because no script can run in them."""
    assert not {"V8", "XFA"} & set(PDFIUM_INFO.flags)


def test_only_the_first_pages() -> None:
    found = intake(pdf(*[page(b"1 0 0")] * 3), most_pages=2)
    assert (len(found.pictures), found.notes) == (2, ("first_pages_only",))


# --- the same picture --------------------------------------------------------------------------------------


def different_bits(left: Picture, right: Picture) -> int:
    return (int(left.dhash, 16) ^ int(right.dhash, 16)).bit_count()


def test_the_same_pixels_in_another_file() -> None:
    """R2.4: what tells the same picture again is about pixels, not about the file."""
    first, again = one(png(screenshot())), one(webp(screenshot(), lossless=True, exact=True))
    assert first.pixels_sha256 == again.pixels_sha256
    assert len(first.dhash) == 64
    coarse = one(jpeg(screenshot(), quality=40))
    assert coarse.pixels_sha256 != first.pixels_sha256
    assert different_bits(coarse, first) < 60 < different_bits(one(jpeg()), first)


# --- what a file is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind"),
    [(jpeg(), "jpeg"), (png(), "png"), (webp(), "webp"), (pdf(b""), "pdf"), (b"", "not_a_picture")],
)
def test_content_decides(data: bytes, kind: str) -> None:
    assert kinds.kind_of(data) == kind
    assert kinds.looks_like_picture(data) == (kind in ("jpeg", "png", "webp"))


def test_what_is_refused_by_its_look_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_CHILD", "raise SystemExit('{path}')")
    assert refused(b"GIF89a" + bytes(50)) == "gif"
    assert refused(jpeg()) == "took_too_much"


@pytest.mark.parametrize("name", POSTSCRIPT)
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_nobody_interprets_postscript(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where something has taken it for a picture: Pillow would start Ghostscript (FACTS)."""
    for program in ("gs", "gsc", "magick", "convert", "sh"):
        (tmp_path / program).write_text(f"#!/bin/sh\ntouch {tmp_path}/started")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EvidenceRefused):
        process._answer(POSTSCRIPT[name], [kind, "5", "[]", str(PATIENT)], PATIENT)
    assert not (tmp_path / "started").exists()


def test_of_two_frames_the_first() -> None:
    """As phones write them, with a small or a large second one."""
    for name in ("two-frames.mpo", "small-second.mpo", "large-second.mpo"):
        kept = shown(one(ALL[name].make()))
        assert kept.size == (640, 480) and far(kept, photo()) < 12, name  # what JPEG makes of its noise


def test_a_file_that_is_too_big_says_how_big_it_may_be() -> None:
    data = jpeg() + bytes(1024 * 1024)
    with pytest.raises(EvidenceRefused) as error:
        intake(data, largest_megabytes=1)
    assert error.value.params == {"reason": "too_big", "limit": 1}
    assert intake(data, largest_megabytes=2).pictures


# --- the child's limits ------------------------------------------------------------------------------------

# The child as it is, with another thing to do than pictures.
INSTEAD = """
import os, sys; sys.path.insert(0, {{path!r}})
from core.adapters.pictures import child
def work(data):
    {does}
child._work = lambda kind, most_pages, regions: work
child.main()
"""


@pytest.mark.parametrize(
    ("does", "code"),
    [
        ("while True: pass", "took_too_long"),
        ("bytearray(600_000_000)", "took_too_much"),
        ("os.abort()", "took_too_much"),
        ("os.kill(os.getpid(), 9)", "took_too_much"),
        ("os.write(1, b'{{}}'); os._exit(0)", "damaged"),
        ("os.write(1, b'[1]'); os._exit(0)", "damaged"),
        ("os.write(1, b'no json'); os._exit(0)", "damaged"),
        ('os.write(1, b\'{{"pictures": [], "notes": []}}\'); os._exit(0)', "damaged"),
        ('os.write(1, b\'{{"refused": "by heart"}}\'); os._exit(0)', "damaged"),
        (
            'os.write(1, b\'{{"refused": "gif"}}\\n\'); '
            "[os.write(1, bytes(1_000_000)) for _ in range(140)]; os._exit(0)",
            "took_too_much",
        ),
    ],
)
def test_whatever_a_decoder_does(does: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends by its own limits and takes nobody with it; an answer is believed when it is one."""
    monkeypatch.setattr(process, "_CHILD", INSTEAD.format(does=does))
    monkeypatch.setattr(process, "START_SECONDS", 60.0)  # so that only the child's own clock can end it
    monkeypatch.setattr(process, "BUSY", 60.0)
    assert refused(jpeg(), seconds=1.0) == code


@pytest.mark.parametrize(("busy", "start"), [(2.0, 60.0), (60.0, -59.0)])
def test_who_waits_for_a_processor_is_not_to_blame(
    busy: float, start: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends in time all the same: by the child's own clock on the wall, and by ours."""
    monkeypatch.setattr(process, "_CHILD", INSTEAD.format(does="import time; time.sleep(600)"))
    monkeypatch.setattr(process, "START_SECONDS", start)
    monkeypatch.setattr(process, "BUSY", busy)
    started = time.monotonic()
    with pytest.raises(EvidenceBusy):
        intake(jpeg(), seconds=1.0)
    assert time.monotonic() - started < 30


def test_a_child_lets_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only looks does not wait for pictures."""
    does = "os.write(1, b'%d' % os.nice(0)); os._exit(7)"
    real = process._CHILD.replace("from core.adapters.pictures.child import main; main()", does)
    assert real != process._CHILD
    told: list[bytes] = []
    run = subprocess.run

    def kept(*arguments: Any, **more: Any) -> Any:
        done = run(*arguments, **more)
        more["stdout"].seek(0)
        told.append(more["stdout"].read())
        return done

    monkeypatch.setattr(process, "_CHILD", real)
    monkeypatch.setattr(process.subprocess, "run", kept)
    assert refused(jpeg()) == "took_too_much"
    assert os.nice(0) < int(told[0]) == min(19, os.nice(0) + process.NICE)


def test_one_core_stays_for_who_looks() -> None:
    assert 1 <= process.CHILDREN <= max(1, len(os.sched_getaffinity(0)) - 1)


@pytest.mark.parametrize(
    "does",
    [
        "os.system('touch {file}')",
        "import subprocess; subprocess.run(['touch', '{file}'])",
        "os.posix_spawn('/usr/bin/touch', ['touch', '{file}'], dict())",
        "if os.fork() == 0: os.execv('/usr/bin/touch', ['touch', '{file}'])",
        "import socket; socket.socket(); open('{file}', 'w')",
    ],
)
def test_no_program_is_started_and_nothing_connected_to(
    does: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = f"{tmp_path}/started"
    monkeypatch.setattr(process, "_CHILD", INSTEAD.format(does=does.format(file=file)))
    assert refused(jpeg()) == "took_too_much"
    assert not Path(file).exists()


def test_a_picture_that_is_none_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that was taken over cannot make us store the file it was given."""
    does = (
        "from core.adapters.pictures import Picture; "
        "return child.Kept((Picture(b'<svg onload=x>', 'image/{kind}', 9, 9, '', ''),))"
    )
    monkeypatch.setattr(process, "_CHILD", INSTEAD.format(does=does.format(kind="png")))
    assert refused(jpeg()) == "damaged"
    page = does.replace("<svg onload=x>", "\\x89PNG\\r\\n\\x1a\\n").format(kind="svg+xml")
    monkeypatch.setattr(process, "_CHILD", INSTEAD.format(does=page))
    assert refused(jpeg()) == "damaged"


# --- turns -------------------------------------------------------------------------------------------------


def test_no_more_children_than_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cores and memory are not for files only: the third waits."""
    at_once, most, lock = 0, 0, threading.Lock()
    monkeypatch.setattr(process, "_turns", Turns(2))
    both = threading.Barrier(2)

    def answer(*_: object) -> Intake:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        both.wait(10)  # goes on when so many are here at the same time
        with lock:
            at_once -= 1
        return Intake((), ())

    monkeypatch.setattr(process, "_answer", answer)
    data = jpeg()
    with ThreadPoolExecutor(6) as many:
        assert len(list(many.map(lambda _: intake(data), range(6)))) == 6
    assert most == 2


def test_turns_come_in_the_order_of_asking() -> None:
    turns, order = Turns(1), []
    waiting: list[threading.Thread] = []

    def ask(number: int) -> None:
        with turns.one(10):
            order.append(number)

    with turns.one(0):
        for number in range(5):
            waiting.append(threading.Thread(target=ask, args=(number,)))
            waiting[-1].start()
            while len(turns._waiting) <= number:
                pass
        assert order == []
    for thread in waiting:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]


def test_who_waited_long_enough_may_come_again() -> None:
    turns = Turns(1)
    with turns.one(0):
        with pytest.raises(EvidenceBusy), turns.one(0.01):
            raise AssertionError("there was no turn")
        assert not turns._waiting
    with turns.one(0), pytest.raises(EvidenceBusy), turns.one(0.01):
        raise AssertionError("two at a time")


def test_a_turn_is_given_back_whatever_happens() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError), turns.one(0):
        raise ValueError
    with turns.one(0):
        pass
