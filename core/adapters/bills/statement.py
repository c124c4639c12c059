"""What all bills share: a header somewhere, rows below it, and around them a period, counts and totals.

A bill is read from top to bottom once: by `refunds()` for what it says of refunds, or, where it has payments,
by `rows()` for import. `notices`, `count` and `covers` are complete after that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Final

from core.adapters.bills.cells import Unfit, is_rounded, money, reference
from core.adapters.bills.reading import MIXED, Lines, plain_names
from core.adapters.bills.rows import Notice, Problem, Refund, Skipped, Trade
from core.domain.bills import BillRefund, Coverage
from core.domain.errors import AmountInvalid, BillAmbiguous, BillIncomplete, FileUnreadable
from core.domain.money import parse_minor, plain
from core.domain.workdays import ZONE

_DATE: Final = r"(20[0-9]{2})[年/.-]([0-9]{1,2})[月/.-]([0-9]{1,2})日?"
_DAY: Final = rf"\[?{_DATE}(?: *([0-9]{{1,2}}):([0-9]{{2}})(?::([0-9]{{2}}))?)?\]?"
_PERIOD: Final = re.compile(
    rf"起始(?:时间|日期)[:：] *{_DAY}.*?(?:终止|结束)(?:时间|日期)[:：] *{_DAY}", re.ASCII
)
_MADE: Final = re.compile(rf"导出时间[:：] *{_DAY}", re.ASCII)
_COUNT: Final = re.compile(r"共 *([0-9]{1,9}) *笔(?:记录)?[\"', ;\t]*$", re.ASCII)
A_DAY: Final = timedelta(days=1)


class Statement:
    """A bill's reader. Below it stands how one kind's rows are read."""

    kind: ClassVar[str]
    channel: ClassVar[str]
    marks: ClassVar[tuple[frozenset[str], ...]]  # columns by any set of which the kind is known
    needed: ClassVar[frozenset[str]]  # columns without which it cannot be read
    aliases: ClassVar[
        dict[str, str]
    ] = {}  # what other years and pages call a column → what it is called here
    optional: ClassVar[frozenset[str]] = frozenset()  # last columns that a row may leave out

    def __init__(self, file: Lines, header_line: int, names: list[str], delimiter: str = ",") -> None:
        """`BillIncomplete` or `BillAmbiguous` when a needed column is missing or stands there twice."""
        self._file = file
        self._header_line = header_line
        self._delimiter = delimiter
        self.notices: list[Notice] = []
        self.count = 0
        self._period: Coverage | None = None
        self._made: datetime | None = None  # when it was exported
        self._said_count: str | None = None
        self._days: set[datetime] = set()  # or moments, where a bill is not of whole days
        self._set_header(header_line, names)
        if file.encoding == MIXED:
            self.notices.append(Notice("encoding_mixed", {}))

    @classmethod
    def named(cls, names: list[str]) -> list[str]:
        """The columns as they are called here."""
        return [cls.aliases.get(name, name) for name in plain_names(names)]

    @classmethod
    def recognise(cls, names: list[str]) -> bool:
        found = set(cls.named(names))
        return any(mark <= found for mark in cls.marks)

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        """Every refund, and every row that could not be read or is not counted; nothing of the others."""
        raise NotImplementedError

    @property
    def covers(self) -> Coverage | None:
        """What the bill says it covers, but not beyond when it was made; else the days of its rows."""
        period, made = self._period, self._made
        if period is not None and made is not None and period.begins < made < period.ends:
            return Coverage(period.begins, made, True)
        if period is not None or not self._days:
            return period
        begins = min(self._days).replace(hour=0, minute=0, second=0)
        return Coverage(begins, max(self._days).replace(hour=0, minute=0, second=0) + A_DAY, False)

    def _set_header(self, line: int, names: list[str]) -> None:
        named = self.named(names)
        self._column_names = {*names, *named, *self.needed, *self.aliases} - {""}
        missing = sorted(self.needed - set(named))
        twice = sorted(name for name in self.needed if named.count(name) > 1)
        if missing or twice:
            raise header_refused(self.kind, line, missing, twice)
        self._width = len(named)
        self._places = {name: place for place, name in reversed(list(enumerate(named)))}
        # Columns at the end that a row may lack. What then stands last may be cut off, so it must not matter.
        self._spare = 0
        while self._spare + 1 < self._width and named[-1 - self._spare] in ("", *self.optional):
            if named[-2 - self._spare] in self.needed:
                break
            self._spare += 1

    def _is_header(self, cells: list[str]) -> bool:
        """The header once more, perhaps in another order: files were joined."""
        return not self._column_names.isdisjoint(cells[:2]) and self.recognise(cells)

    def _below_header(self, lines: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Number and text of every line that is not empty."""
        for line, text in enumerate(lines, 1):
            text = text.strip()
            if line > self._header_line and text:
                yield line, text
            elif text and line < self._header_line:
                self._remark(text)

    def _remark(self, text: str) -> None:
        """A line above or below the table."""
        period = _PERIOD.search(text)
        if period is not None:
            parts = period.groups()
            begins, ends = _moment(parts[:6], end=False), _moment(parts[6:], end=True)
            if begins is not None and ends is not None and begins < ends:
                if self._period is not None:
                    begins, ends = min(begins, self._period.begins), max(ends, self._period.ends)
                self._period = Coverage(begins, ends, True)
        made = _MADE.search(text)
        if made is not None:
            self._made = _moment(made.groups(), end=False)
        count = _COUNT.search(text)
        if count is not None and "：" not in text and ":" not in text:
            self._said_count = count[1]

    def _fitted(self, cells: list[str]) -> list[str] | None:
        """A row as wide as its header: without empty cells beyond, with those that it may leave out."""
        while len(cells) > self._width and not cells[-1].strip():
            cells.pop()
        if self._width > len(cells) >= self._width - self._spare:
            cells += [""] * (self._width - len(cells))
        return cells if len(cells) == self._width else None

    def _wrong_width(self, line: int, cells: list[str]) -> Problem:
        return Problem(line, "cells_wrong", {"expected": self._width, "found": len(cells)})

    def _read(self, line: int, cells: list[str]) -> Trade | Refund | Skipped | Problem:
        """A row for import."""
        if len(cells) != self._width:
            return self._wrong_width(line, cells)
        try:
            return self._row(line, cells)
        except Unfit as unfit:
            return Problem(line, unfit.code, unfit.params)

    def _row(self, line: int, cells: list[str]) -> Trade | Refund | Skipped:
        raise NotImplementedError

    def _number(self, text: str, column: str) -> str:
        """A number as it is; one that a spreadsheet has rounded is told and left out."""
        found = reference(text)
        if is_rounded(found):
            self._tell("number_rounded", {"column": column, "value": found})
            return ""
        return found

    def _fee(self, line: int, text: str, column: str) -> int:
        """A fee in minor units; one that cannot be read is told, and counts for nothing."""
        if not text.strip("-0."):  # nearly all
            return 0
        try:
            return money(text, "CNY", column)
        except Unfit:
            self._tell("fee_unread", {"line": line, "column": column})
            return 0

    def _tell(self, code: str, params: dict[str, object]) -> None:
        """A notice once, however often it applies."""
        if all(notice.code != code for notice in self.notices):
            self.notices.append(Notice(code, params))

    def _check_count(self, column: str, stated: str, found: int) -> None:
        if stated.removesuffix(".0") != str(found):
            self.notices.append(Notice("trailer_count", {"column": column, "stated": stated, "found": found}))

    def _check_amount(self, column: str, stated: str, found: int) -> None:
        try:
            same = abs(parse_minor(stated, signed=True)) == found
        except AmountInvalid:
            try:
                same = abs(money(stated, "CNY", column)) == found
            except Unfit:
                same = False
        if not same:
            params = {"column": column, "stated": stated, "found": plain(found)}
            self.notices.append(Notice("trailer_amount", params))


def header_refused(kind: str, line: int, missing: list[str], twice: list[str]) -> FileUnreadable:
    """Why a bill with this header cannot be read."""
    if missing:
        return BillIncomplete(seen=kind, bill=kind, line=line, missing=missing)
    return BillAmbiguous(seen=kind, bill=kind, line=line, twice=twice)


def _moment(parts: tuple[str | None, ...], *, end: bool) -> datetime | None:
    """A day alone ends with itself."""
    year, month, day, hour, minute, second = (None if part is None else int(part) for part in parts)
    try:
        found = datetime(year or 0, month or 0, day or 0, hour or 0, minute or 0, second or 0, tzinfo=ZONE)
    except ValueError:
        return None
    return found + A_DAY if end and hour is None else found
