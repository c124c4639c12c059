"""From a path to the bytes of what may be bills: the file itself, or the members of a zip.

Strangers send these files. Nothing is unpacked to disk, nothing is read beyond a limit, and archives that are
locked, nested, damaged or would swell are refused by name.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from core.domain.errors import (
    FileDamaged,
    FileEmpty,
    FileLocked,
    FileNested,
    FileNoTable,
    FileTooLarge,
    FileUnreadable,
)

MEGABYTE: Final = 2**20
LARGEST: Final = 2048 * MEGABYTE  # a million rows of WeChat's trade bill are 400 MB
MOST_SWELLING: Final = 200  # bills pack to a tenth or a thirtieth, bombs to a thousandth
UNSUSPICIOUS: Final = 16 * MEGABYTE
MOST_MEMBERS: Final = 200
BUFFER: Final = MEGABYTE

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_WORKBOOK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # XLS of old, and every workbook with a password
_ARCHIVES: Final = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "RAR", b"\x1f\x8b": "gzip", b"\xfd7zXZ": "xz"}
_NO_TABLES: Final = {
    _WORKBOOK: "XLS",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"SQLite format 3": "SQLite",
}
# What reading an archive raises when its bytes are not what they should be; offsets may lead anywhere.
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, OverflowError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packed:
    """Where the bytes of one candidate are. `name` is for people only: kinds are known by content."""

    path: Path
    name: str
    size: int
    place: int | None = None  # in the zip's directory

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Of a member of a zip `FileDamaged`, also while it is read."""
        if self.place is None:
            with self.path.open("rb", buffering=BUFFER) as stream:
                yield stream
            return
        try:
            with _archive(self.path) as archive, archive.open(archive.infolist()[self.place]) as stream:
                yield stream
        except BROKEN:
            raise FileDamaged(seen=self.name) from None

    def head(self) -> bytes:
        with self.open() as stream:
            return stream.read(16)

    @property
    def is_workbook(self) -> bool:
        return self.head().startswith(_ZIP)


def candidates(path: Path) -> list[Packed]:
    """The file, or what of a zip may be a bill; `FileUnreadable` of the fitting kind if there is none."""
    try:
        whole = Packed(path, path.name, path.stat().st_size)
        head = whole.head()
        if not head:
            raise FileEmpty(seen="empty")
        _check_kind(head)
        _check_size(whole.size, whole.size)
    except OSError as error:
        raise FileUnreadable(seen=type(error).__name__) from None
    if not head.startswith(_ZIP):
        return [whole]
    try:
        return _members(path, whole)
    except BROKEN:
        raise FileDamaged(seen=path.name) from None


def _members(path: Path, whole: Packed) -> list[Packed]:
    with _archive(path) as archive:
        infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise FileTooLarge(seen="zip", megabytes=LARGEST // MEGABYTE)
    if any(info.filename == "[Content_Types].xml" for info in infos):
        return [whole]
    found, packed = [], ""
    for place, info in enumerate(infos):
        name = _shown(info)
        if info.is_dir() or not info.file_size:
            continue
        if info.flag_bits & 1:
            raise FileLocked(seen=name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileDamaged(seen=name)
        _check_size(info.file_size, info.compress_size)
        member = Packed(path, name, info.file_size, place)
        head = member.head()
        if (head.startswith(_ZIP) and not _is_workbook(member)) or any(
            head.startswith(magic) for magic in _ARCHIVES
        ):
            packed = name
        elif not any(head.startswith(magic) for magic in _NO_TABLES):
            found.append(member)
    if not found and packed:
        raise FileNested(seen=packed)
    if not found:
        raise FileEmpty(seen="empty_zip")
    return found


def _archive(path: Path) -> zipfile.ZipFile:
    """Names are of any encoding: in Alipay's zips GBK without the UTF-8 flag. They are for people only."""
    return zipfile.ZipFile(path, metadata_encoding="cp437")


def _shown(info: zipfile.ZipInfo) -> str:
    """The last part of a member's name."""
    name = info.filename
    if not info.flag_bits & 0x800:
        name = name.encode("cp437", errors="replace").decode("gb18030", errors="replace")
    return name.rpartition("/")[2]


def _check_kind(head: bytes) -> None:
    for magic, kind in _ARCHIVES.items():
        if head.startswith(magic):
            raise FileNested(seen=kind)
    for magic, kind in _NO_TABLES.items():
        if head.startswith(magic):
            raise FileNoTable(seen=kind)


def _check_size(size: int, packed: int) -> None:
    """What a zip says of a size binds: `zipfile` reads no further."""
    if size > LARGEST or (size > UNSUSPICIOUS and size > MOST_SWELLING * max(packed, 1)):
        raise FileTooLarge(seen="size", megabytes=LARGEST // MEGABYTE)


def _is_workbook(member: Packed) -> bool:
    """A workbook in a zip is how WeChat sends it; any other zip in a zip is refused."""
    try:
        with member.open() as stream, zipfile.ZipFile(stream) as inner:
            return "[Content_Types].xml" in inner.namelist()
    except (FileDamaged, *BROKEN):
        return False
