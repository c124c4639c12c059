"""The child that reads: it stays, it ends when it hangs or dies, and nobody waits for it for good."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from core.adapters.pictures import process as pictures
from core.adapters.reading import child, is_available, process
from core.adapters.reading.process import Reader, Unreadable
from core.domain.reading import Line, find
from tests.postgres import skip_or_fail

_HEAD = """
import sys, json, os, time
def take():
    head = sys.stdin.buffer.read(4)
    if len(head) < 4: sys.exit()
    return sys.stdin.buffer.read(int.from_bytes(head, "big"))
def say(what): print(json.dumps(what), flush=True)
while True:
    data = take()
"""
ECHO = _HEAD + "    say({'lines': [[data.decode(), 1, 2, 3, 4], [str(os.getpid()), 1, 2, 3, 4]]})"
HANGS = _HEAD + "    time.sleep(600)"
DIES = _HEAD + "    os.abort()"
NONSENSE = _HEAD + "    print('nonsense', flush=True)"
FAILS = _HEAD + "    say({'failed': 'ValueError'})"


@pytest.fixture
def made() -> Iterator[list[Reader]]:
    readers: list[Reader] = []
    yield readers
    for reader in readers:
        reader.close()


def test_one_child_for_many_pictures(made: list[Reader]) -> None:
    """Started at first need, and kept."""
    reader = Reader(ECHO)
    made.append(reader)
    assert reader.pid is None
    first, second = reader.read(b"one"), reader.read(b"two")
    assert first[0] == Line("one", (1, 2, 3, 4)) and second[0].text == "two"
    assert first[1].text == second[1].text == str(reader.pid)


@pytest.mark.parametrize("code", [HANGS, DIES, NONSENSE, FAILS])
def test_an_accident_is_a_picture_that_could_not_be_read(code: str, made: list[Reader]) -> None:
    """… within its time, and no child of it is left."""
    reader = Reader(code, seconds=0.5, start_seconds=0.5)
    made.append(reader)
    for _ in range(2):
        started = time.monotonic()
        with pytest.raises(Unreadable):
            reader.read(b"picture")
        assert time.monotonic() - started < 10
        assert reader.pid is None


def test_an_idle_child_ends(made: list[Reader]) -> None:
    reader = Reader(ECHO, idle_seconds=0.05)
    made.append(reader)
    pid = reader.read(b"one")[1].text
    until = time.monotonic() + 10
    gone = Path(f"/proc/{pid}")
    while (reader.pid is not None or gone.exists()) and time.monotonic() < until:
        time.sleep(0.01)
    assert reader.pid is None and not gone.exists()
    assert reader.read(b"two")[1].text != pid


def test_everybody_else_goes_first(made: list[Reader]) -> None:
    """Reading takes a processor for half a second, and nobody waits for it."""
    at_start = process._CHILD.format(path="").partition("from core")[0]
    reader = Reader(at_start + ECHO.replace("os.getpid()", "os.nice(0)"))
    made.append(reader)
    told = int(reader.read(b"x")[1].text)
    assert told == min(19, os.nice(0) + process.NICE) and process.NICE > pictures.NICE > 0


@pytest.mark.parametrize("height", [10, 1_600, 1_601, 3_000, 9_999])
def test_pieces_overlap_and_each_line_is_kept_once(height: int) -> None:
    found = child.pieces(height)
    for middle in range(height):
        assert sum(first <= middle < last for _, _, first, last in found) == 1
    for top, bottom, first, last in found:
        assert bottom - top <= child.PIECE
        assert first - top >= child.OVERLAP / 2 or top == 0
        assert bottom - last >= child.OVERLAP / 2 or bottom == height


_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def test_a_drawn_screen_is_read(made: list[Reader]) -> None:
    """The real one: a long screen in pieces, what is far down too, and a colour that is not RGB's."""
    if not is_available():
        skip_or_fail("Pictures are not read here: requirements-ocr.txt is not installed (tools/venv.sh).")
    if not _FONT.exists():
        skip_or_fail("No Chinese font to draw with (Debian: apt-get install fonts-noto-cjk).")
    reader = Reader()
    made.append(reader)
    picture = Image.new("L", (720, 2_400), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(str(_FONT), 30)
    for y, label, value in (
        (200, "实付款", "¥99.00"),
        (1_480, "手机号", "13800138000"),
        (2_300, "订单编号", "OD20261103001"),
    ):
        draw.text((40, y), label, 0, font)
        draw.text((400, y), value, 0, font)
    out = io.BytesIO()
    picture.save(out, "PNG")
    found = find(reader.read(out.getvalue()), "OD20261103001")
    assert (found.order, found.paid) == ("same", (9_900,))
    (phone,) = found.covered
    assert phone.kind == "phone" and 360 <= phone.box[0] <= 420 and 1_470 <= phone.box[1] <= 1_500
