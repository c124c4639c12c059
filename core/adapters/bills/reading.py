"""From bytes to lines of text: UTF-8, UTF-16 or GB18030 by trial, and where in them the table begins."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from core.adapters.bills.packed import BUFFER, MEGABYTE, Packed
from core.domain.errors import BillUnknown, EncodingUnknown, FileEmpty, FileNoTable, FileTooLarge

HEADER_WITHIN: Final = 100  # lines before which the header row has to come
MOST_ABOVE: Final = 4  # cells with something in them, in what a bill says above its table
LARGEST_MIXED: Final = 64 * MEGABYTE  # read line by line, all at once
LONGEST_LINE: Final = BUFFER
MIXED: Final = "mixed"

_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_STEERING: Final = re.compile("[\x00-\x08\x0e-\x1f]")
_UNIT: Final = re.compile(r"\s*[(（][+-]?元[)）]$")
_AROUND: Final = " \t\u3000\xa0\ufeff\"'`#\r\n"

Kind = TypeVar("Kind")


class Lines(Protocol):
    """Something that is read line by line, again and again; line ends stand at the lines' ends."""

    encoding: str
    day_zero: datetime | None  # of a sheet: what its numbers of days count from

    def lines(self) -> Any:
        """A context with the lines in it."""


class TextFile:
    """A text whose encoding is known."""

    day_zero: datetime | None = None

    def __init__(self, packed: Packed) -> None:
        """`FileUnreadable` of the fitting kind when it is empty or no text."""
        self._packed = packed
        with packed.open() as stream:
            self.encoding = _encoding(stream)
        if self.encoding == MIXED and packed.size > LARGEST_MIXED:
            raise FileTooLarge(seen=MIXED, megabytes=LARGEST_MIXED // MEGABYTE)

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """The text, line ends kept, so that physical lines can be counted."""
        with self._packed.open() as stream:
            if self.encoding == MIXED:
                whole = stream.read().removeprefix(codecs.BOM_UTF8)
                yield (_decoded(line) for line in whole.splitlines(keepends=True))
            else:
                with io.TextIOWrapper(stream, self.encoding, newline="") as text:
                    yield text


def _encoding(stream: IO[bytes]) -> str:
    """By decoding all of it, for one wrong guess would corrupt names silently.

    A text in two encodings, as when files were joined, is read line by line.
    """
    head = stream.read(4096)
    if not head:
        raise FileEmpty(seen="empty")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
        return _wide(head, stream)
    if _STEERING.search(head.decode("latin-1")):
        raise FileNoTable(seen="binary")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    chunk = head
    try:
        while chunk:
            decoder.decode(chunk)
            chunk = stream.read(BUFFER)
            _check_ends(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        stream.seek(0)
        return _double(stream)
    return "utf-8-sig"


def _double(stream: IO[bytes]) -> str:
    """GB18030, or it and UTF-8 in turn."""
    encoding = "gb18030"
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), 1):
        _check_ends(line)
        if line.isascii():
            continue
        try:
            line.decode("gb18030")
        except UnicodeDecodeError:
            if not _is_utf_8(line):
                raise EncodingUnknown(seen="encoding", line=number) from None
            encoding = MIXED
        else:
            if encoding != MIXED and _is_utf_8(line):
                encoding = MIXED
    return encoding


def _check_ends(chunk: bytes) -> None:
    """No bill has a line of a megabyte, and a file without line ends must not fill the memory."""
    if len(chunk) == LONGEST_LINE and b"\n" not in chunk and b"\r" not in chunk:
        raise FileNoTable(seen="binary")


def _is_utf_8(line: bytes) -> bool:
    """Chinese of GB18030 makes UTF-8 now and then, but never Chinese."""
    try:
        return _CHINESE.search(line.decode("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def _decoded(line: bytes) -> str:
    return line.decode("utf-8" if _is_utf_8(line) else "gb18030", errors="replace")


def _wide(head: bytes, stream: IO[bytes]) -> str:
    """UTF-16 as Excel's 'Unicode text' has it, with or without its mark."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-16-le", "utf-16-be"):
        stream.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            text = decoder.decode(stream.read(4096))
            # Every character of another order of bytes is a rare one, and no line ends.
            if _STEERING.search(text) or not ("\n" in text or "\r" in text):
                continue
            while chunk := stream.read(BUFFER):
                decoder.decode(chunk)
                _check_ends(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileNoTable(seen="binary")


def plain_names(names: list[str]) -> list[str]:
    """Column names without their unit, quotes and full-width signs, which differ from year to year."""
    return [
        _UNIT.sub("", name.translate({0xFF0F: "/", 0xFF08: "(", 0xFF09: ")"})).strip(_AROUND)
        for name in names
    ]


class Header(NamedTuple, Generic[Kind]):
    """Where a table begins, and what it is. `above`: lines before it that look like rows of a table."""

    kind: Kind
    line: int
    names: list[str]
    delimiter: str
    above: list[int]


def find_header(file: Lines, recognise: Callable[[list[str]], Kind | None]) -> Header[Kind]:
    """The first row that `recognise` knows; `BillUnknown(seen=…)` with the file's beginning when none."""
    seen = ""
    above: list[int] = []
    with file.lines() as lines:
        for number, line in enumerate(lines, 1):
            if number > HEADER_WITHIN:
                break
            # Full-width commas slipped into the header in WeChat's documentation, and into copies of it.
            ways = (",，", ",", "\t", ";") if "，" in line else (",", "\t", ";")
            for between in ways:
                delimiter = between[0]
                names = [cell.strip(_AROUND) for cell in re.split(f"[{between}]", line.rstrip("\r\n"))]
                found = recognise(names)
                if found is not None:
                    return Header(found, number, names, delimiter, above)
                if sum(map(bool, names)) > MOST_ABOVE and number not in above:
                    above.append(number)
            seen = seen or line.strip(_AROUND + ",")[:40]
    raise BillUnknown(seen=seen)
