"""From a file to lines of text: plain or zipped, UTF-8 or GB18030, and where in it the table begins."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from core.domain.errors import FileUnreadable

HEADER_WITHIN: Final = 100  # lines before which the header row has to come
LARGEST_UNZIPPED: Final = 4 * 2**30
_CHUNK: Final = 2**20


class TextFile:
    """A file whose encoding is known. `lines()` can be asked for again and again."""

    def __init__(self, path: Path) -> None:
        """`FileUnreadable` when it cannot be opened, is no text, or is a zip without one bill in it."""
        self._path = path
        self._member: str | None = None
        try:
            if zipfile.is_zipfile(path):
                self._member = _only_bill(path)
            with self._bytes() as stream:
                self.encoding = _encoding(stream)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise FileUnreadable(seen=type(error).__name__) from None

    @contextmanager
    def lines(self) -> Iterator[IO[str]]:
        """The text, line ends kept, so that physical lines can be counted."""
        with self._bytes() as stream, io.TextIOWrapper(stream, self.encoding, newline="") as text:
            yield text

    @contextmanager
    def _bytes(self) -> Iterator[IO[bytes]]:
        if self._member is None:
            with self._path.open("rb", buffering=_CHUNK) as stream:
                yield stream
        else:
            # Names in Alipay's zips are GBK without the UTF-8 flag.
            with (
                zipfile.ZipFile(self._path, metadata_encoding="gb18030") as archive,
                archive.open(self._member) as stream,
            ):
                yield stream


def _only_bill(path: Path) -> str:
    """The details, not the summary (汇总) beside them."""
    with zipfile.ZipFile(path, metadata_encoding="gb18030") as archive:
        bills = [
            info
            for info in archive.infolist()
            if info.filename.lower().endswith((".csv", ".txt")) and "汇总" not in info.filename
        ]
    if len(bills) != 1:
        raise FileUnreadable(seen="empty_zip" if not bills else "several_files")
    if bills[0].file_size > LARGEST_UNZIPPED:
        raise FileUnreadable(seen="too_large")
    return bills[0].filename


def _encoding(stream: IO[bytes]) -> str:
    """`utf-8-sig` or `gb18030`, by decoding all of it: one wrong guess would corrupt names silently."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "gb18030")}
    first = True
    while chunk := stream.read(_CHUNK):
        if first and (chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in chunk[:4096]):
            raise FileUnreadable(seen="no_text")
        first = False
        for name in list(decoders):
            try:
                decoders[name].decode(chunk)
            except UnicodeDecodeError:
                del decoders[name]
        if list(decoders) == []:
            raise FileUnreadable(seen="encoding")
    for name, decoder in list(decoders.items()):
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            del decoders[name]
    if first or not decoders:
        raise FileUnreadable(seen="empty" if first else "encoding")
    return next(iter(decoders))


def find_header(
    file: TextFile, recognise: Callable[[list[str]], str | None]
) -> tuple[str, int, list[str], str]:
    """(what `recognise` said, physical line, column names, delimiter) of the first row that it knows.

    `FileUnreadable(seen=…)` with the first line's beginning when no row is known.
    """
    seen = ""
    with file.lines() as lines:
        for number, line in enumerate(lines, 1):
            if number > HEADER_WITHIN:
                break
            for delimiter in (",", "\t", ";"):
                names = [cell.strip().strip('"').strip() for cell in line.rstrip("\r\n").split(delimiter)]
                found = recognise(names)
                if found is not None:
                    return found, number, names, delimiter
            seen = seen or line.strip()[:40]
    raise FileUnreadable(seen=seen)
