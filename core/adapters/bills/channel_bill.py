"""What the channels' bills share: a header somewhere, rows below it, and totals to check at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.adapters.bills.reading import TextFile
from core.adapters.bills.rows import Notice, Problem, Refund, Skipped, Trade, Unfit
from core.domain.errors import AmountInvalid
from core.domain.money import parse_minor, plain


class ChannelBill:
    """`rows()` once; `notices` after it. A bill of a channel says how to read one row."""

    kind: str

    def __init__(self, file: TextFile, header_line: int, names: list[str]) -> None:
        self._file = file
        self._header_line = header_line
        self._width = len(names)
        self._places = {name: place for place, name in enumerate(names)}
        self.notices: list[Notice] = []

    def _row(self, line: int, cells: list[str]) -> Trade | Refund | Skipped:
        raise NotImplementedError

    def _below_header(self, lines: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Number and text of every line that is not empty."""
        for line, text in enumerate(lines, 1):
            text = text.strip()
            if line > self._header_line and text:
                yield line, text

    def _read(self, line: int, cells: list[str]) -> Trade | Refund | Skipped | Problem:
        if len(cells) != self._width:
            return Problem(line, "cells_wrong", {"expected": self._width, "found": len(cells)})
        try:
            return self._row(line, cells)
        except Unfit as unfit:
            return Problem(line, unfit.code, unfit.params)

    def _check_count(self, column: str, stated: str, found: int) -> None:
        if stated.removesuffix(".0") != str(found):
            self.notices.append(Notice("trailer_count", {"column": column, "stated": stated, "found": found}))

    def _check_amount(self, column: str, stated: str, found: int) -> None:
        try:
            same = abs(parse_minor(stated, signed=True)) == found
        except AmountInvalid:
            same = False
        if not same:
            params = {"column": column, "stated": stated, "found": plain(found)}
            self.notices.append(Notice("trailer_amount", params))
