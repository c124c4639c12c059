"""A workbook's one sheet (XLSX) as lines of comma-separated text, a row a line, read as a stream.

Read with zipfile and expat and nothing else: the text of a number stays what it is, where readers made for
spreadsheets turn it into a float, and no size, entity or reference in a stranger's file goes unlimited.
Formats and formulas do not matter to a bill: of a formula its stored value is taken.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation
from typing import IO, Any, Final
from xml.parsers import expat

from core.adapters.bills.packed import BROKEN, MEGABYTE, MOST_SWELLING, UNSUSPICIOUS, Packed
from core.domain.errors import FileDamaged, FileEmpty, FileLocked, FileTooLarge, SeveralBills

LARGEST_PART: Final = 256 * MEGABYTE
LARGEST_STRINGS: Final = 64 * MEGABYTE  # kept in memory
LARGEST_PACKED: Final = 64 * MEGABYTE
MOST_COLUMNS: Final = 256
MOST_EMPTY_ROWS: Final = 10_000
_CHUNK: Final = 2**16
_COLUMN: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
_SHOWN: Final = Context(prec=15)  # what a spreadsheet shows: 16.989999999999998 is 16.99


class SheetFile:
    """The only sheet with something in it. `lines()` counts rows as the spreadsheet does."""

    encoding = "utf-8"

    def __init__(self, packed: Packed) -> None:
        """`FileUnreadable` of the fitting kind if it is locked, damaged, too large or has several tables."""
        self._packed = packed
        with self._archive() as archive:
            infos = {info.filename: info for info in archive.infolist()}
            self._check(infos)
            self._strings = _strings(archive) if "xl/sharedStrings.xml" in infos else []
            self.day_zero: datetime | None = _day_zero(archive, infos)
            sheets = sorted(name for name in infos if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name))
            filled = [name for name in sheets if next(self._rows(archive, name), None) is not None]
        if not filled:
            raise FileEmpty(seen="empty")
        if len(filled) > 1:
            raise SeveralBills(seen="sheets", names=[name.rpartition("/")[2] for name in filled])
        self._sheet = filled[0]

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        with self._archive() as archive:
            yield self._lines(archive)

    @contextmanager
    def _archive(self) -> Iterator[zipfile.ZipFile]:
        if self._packed.place is not None and self._packed.size > LARGEST_PACKED:
            raise FileTooLarge(seen="xlsx", megabytes=LARGEST_PACKED // MEGABYTE)
        try:
            with self._packed.open() as stream:
                # One in a zip is not sought in, but read first.
                whole = stream if self._packed.place is None else io.BytesIO(stream.read())
                with zipfile.ZipFile(whole) as archive:
                    yield archive
        except (expat.ExpatError, KeyError, *BROKEN):
            raise FileDamaged(seen=self._packed.name) from None

    def _check(self, infos: dict[str, zipfile.ZipInfo]) -> None:
        for info in infos.values():
            if info.flag_bits & 1:
                raise FileLocked(seen=self._packed.name)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FileDamaged(seen=info.filename)
            swells = info.file_size > max(UNSUSPICIOUS, MOST_SWELLING * info.compress_size)
            if info.file_size > LARGEST_PART or swells:
                raise FileTooLarge(seen="xlsx", megabytes=LARGEST_PART // MEGABYTE)

    def _lines(self, archive: zipfile.ZipFile) -> Iterator[str]:
        line = 0
        for number, cells in self._rows(archive, self._sheet):
            while line < number - 1:
                line += 1
                yield "\n"
            line += 1
            yield ",".join(_quoted(cell) for cell in cells) + "\n"

    def _rows(self, archive: zipfile.ZipFile, name: str) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of each row that has something in it."""
        reader = _Sheet(self._strings)
        with archive.open(name) as stream:
            for _ in _parsed(reader, stream):
                yield from reader.rows
                reader.rows.clear()


class _Sheet:
    """What expat calls while it reads a sheet; whole rows gather in `rows`."""

    def __init__(self, strings: list[str]) -> None:
        self._strings = strings
        self._kind, self._at, self._number = "n", 0, 0
        self._text: list[str] = []
        self._cells: list[str] = []
        self._is_read = self._is_spoken = False
        self.rows: list[tuple[int, list[str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        if tag == "row":
            number = attributes.get("r", "")
            last = self._number
            self._number = int(number) if number.isascii() and number.isdigit() else last + 1
            if not last < self._number <= last + MOST_EMPTY_ROWS:
                raise FileDamaged(seen="rows")
            self._cells, self._at = [], 0
        elif tag == "c":
            place = _COLUMN.fullmatch(attributes.get("r", ""))
            self._at = _column(place[1]) if place else self._at + 1
            if self._at > MOST_COLUMNS:
                raise FileDamaged(seen="columns")
            self._kind, self._text = attributes.get("t", "n"), []
        elif tag == "rPh":  # how the text is spoken
            self._is_spoken = True
        elif tag in ("v", "t"):
            self._is_read = not self._is_spoken

    def text(self, text: str) -> None:
        if self._is_read:
            self._text.append(text)

    def end(self, tag: str) -> None:
        tag = tag.rpartition("}")[2]
        if tag in ("v", "t"):
            self._is_read = False
        elif tag == "rPh":
            self._is_spoken = False
        elif tag == "c":
            while len(self._cells) < self._at - 1:
                self._cells.append("")
            self._cells[self._at - 1 :] = [self._value("".join(self._text))]
        elif tag == "row" and any(cell.strip() for cell in self._cells):
            self.rows.append((self._number, self._cells))
            self._cells = []

    def _value(self, text: str) -> str:
        if self._kind == "s":
            place = int(text) if text.isascii() and text.isdigit() else -1
            if not 0 <= place < len(self._strings):
                raise FileDamaged(seen="strings")
            return self._strings[place]
        return _number(text) if self._kind == "n" and text else text


class _Strings:
    """What expat calls while it reads the texts that cells share."""

    def __init__(self) -> None:
        self._is_read = self._is_spoken = False
        self._text: list[str] = []
        self.found: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        if tag == "si":
            self._text = []
        self._is_spoken |= tag == "rPh"
        self._is_read = tag == "t" and not self._is_spoken

    def text(self, text: str) -> None:
        if self._is_read:
            self._text.append(text)

    def end(self, tag: str) -> None:
        tag = tag.rpartition("}")[2]
        self._is_read = False
        self._is_spoken &= tag != "rPh"
        if tag == "si":
            self.found.append("".join(self._text))


def _day_zero(archive: zipfile.ZipFile, infos: dict[str, zipfile.ZipInfo]) -> datetime:
    """Days are counted from 1899, on old Macs from 1904."""
    if "xl/workbook.xml" in infos:
        with archive.open("xl/workbook.xml") as stream:
            if re.search(rb"date1904=[\"'](?:1|true)[\"']", stream.read(MEGABYTE)):
                return datetime(1904, 1, 1)
    return datetime(1899, 12, 30)


def _strings(archive: zipfile.ZipFile) -> list[str]:
    reader = _Strings()
    if archive.getinfo("xl/sharedStrings.xml").file_size > LARGEST_STRINGS:
        raise FileTooLarge(seen="xlsx", megabytes=LARGEST_STRINGS // MEGABYTE)
    with archive.open("xl/sharedStrings.xml") as stream:
        for _ in _parsed(reader, stream):
            pass
    return reader.found


def _parsed(reader: _Sheet | _Strings, stream: IO[bytes]) -> Iterator[None]:
    """Feed a part to expat piece by piece. A workbook has no document type, and so no entities."""
    parser = expat.ParserCreate(namespace_separator="}")

    def refuse(*_: Any) -> None:
        raise FileDamaged(seen="doctype")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    while chunk := stream.read(_CHUNK):
        parser.Parse(chunk, False)
        yield
    parser.Parse(b"", True)
    yield


def _column(letters: str) -> int:
    """`A` → 1, `AA` → 27."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place


def _number(text: str) -> str:
    """A number as a spreadsheet shows it; one too long to be kept exactly stays in scientific form."""
    try:
        shown = Decimal(text).normalize(_SHOWN)
    except InvalidOperation:
        return text
    if not shown.is_finite() or not -12 < shown.adjusted() < 15:
        return str(shown)
    return f"{shown:f}"


def _quoted(cell: str) -> str:
    plain = cell.replace("\r", " ").replace("\n", " ")
    return '"' + plain.replace('"', '""') + '"' if any(sign in plain for sign in ',"\t') else plain
