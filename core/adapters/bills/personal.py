"""What the bills of persons share: tables that passed through many hands, read row by row with suspicion.

Spreadsheets drop quotes, people delete columns, names hold commas. A row is believed only when time,
direction, amount and status all look like what they should be: a shifted cell is a line to look at, never a
wrong sum.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar, Final

from core.adapters.bills.cells import Unfit, money, row_of
from core.adapters.bills.rows import Notice, Problem, Skipped
from core.adapters.bills.statement import Statement
from core.adapters.bills.times import moment
from core.domain.bills import BillRefund, Coverage
from core.domain.money import plain

CURRENCY: Final = "CNY"
DIRECTIONS: Final = ("收入", "支出", "不计收支", "中性交易", "其他", "/", "")
LONGEST_ROW: Final = 20  # lines of one row whose quoted cell holds line ends
MOST_COMMAS: Final = 5  # in a name
_AMOUNT: Final = re.compile(r"[¥￥]?[0-9]+\.[0-9]{1,2}")
_HALF: Final = re.compile(r"[0-9]{1,3}$")
_OTHER_HALF: Final = re.compile(r"[0-9]{3}(?:\.|$)")
# How a row begins: with a time, or with a number of a trade.
_ROW: Final = re.compile(r"[\"'=`\s]*(?:20[0-9]{2}[-/年.][0-9]|[0-9A-Z_]{12,}|[0-9]{5}\.[0-9])")
# What stands above and below a table, in one or two cells.
_AROUND: Final = re.compile(
    r"[\s\"]*(?:[-#]|共 *[0-9]+ *笔|注[:：]|[0-9]{1,2}[.．、]|特别提示|支付宝|微信支付账单|导出信息|"
    r"(?:[已待]?收入|[已待]?支出|不计收支|中性交易|导出|姓名|微信昵称|起始|终止|账号|账户|用户)[^,，]*[:：])"
)
_TRIMMED: Final = " \t\r\n\u3000\xa0\ufeff"


class PersonalBill(Statement):
    """`time`, `amount`, `status`: the columns' names; `statuses`: what a status looks like."""

    times: ClassVar[tuple[str, ...]]
    status: ClassVar[str]
    statuses: ClassVar[re.Pattern[str]]
    wordy: ClassVar[str]  # the column whose text may hold commas that nobody quoted

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        self._said_back = self._came_back = 0  # refunded, as payments say and as refunds say
        self._counts, self._sums = dict.fromkeys(DIRECTIONS, 0), dict.fromkeys(DIRECTIONS, 0)
        with self._file.lines() as lines:
            for line, cells in self._records(lines):
                if cells is None:
                    self.count += 1
                    yield Problem(line, "quotes_wrong", {})
                elif self._is_header(cells):
                    self._set_header(line, cells)
                    self._tell("header_again", {"line": line})
                else:
                    self.count += 1
                    try:
                        found = self._judge(line, self._aligned(cells))
                    except Unfit as unfit:
                        yield Problem(line, unfit.code, unfit.params)
                    else:
                        if found is not None:
                            yield found
        self._check_said()

    @property
    def covers(self) -> Coverage | None:
        """What the bill says, else from the first row to the last: who knows whether these days are whole?"""
        if self._period is not None or not self._days:
            return self._period
        return Coverage(min(self._days), max(self._days), False)

    def _refund(self, line: int, cells: list[str], minor: int) -> BillRefund | Skipped | None:
        """What this kind makes of a sound row."""
        raise NotImplementedError

    def _said(self, cells: list[str], minor: int) -> int:
        """What a payment says was refunded of it."""
        return 0

    def _cell(self, cells: list[str], column: str) -> str:
        return row_of(self._places, cells, column)

    def _judge(self, line: int, cells: list[str]) -> BillRefund | Skipped | None:
        direction = self._cell(cells, "收/支")
        if direction not in DIRECTIONS:
            raise Unfit("value_unknown", "收/支", direction, allowed="收入, 支出, 不计收支")
        minor = money(self._cell(cells, "金额"), CURRENCY, "金额")
        at = self._at(cells)
        status = self._cell(cells, self.status)
        self._counts[direction] += 1
        self._sums[direction] += minor
        self._days.add(at)
        if self.statuses.search(status) is None:
            return Skipped(line, "status_unknown")
        found = self._refund(line, cells, minor)
        if isinstance(found, BillRefund):
            if minor <= 0:
                raise Unfit("amount_invalid", "金额", self._cell(cells, "金额"))
            self._came_back += found.amount_minor
        elif found is None:
            self._said_back += self._said(cells, minor)
        return found

    def _at(self, cells: list[str]) -> datetime:
        """The last of the row's times that is filled in."""
        column = next((name for name in self.times if self._cell(cells, name)), self.times[-1])
        return moment(self._cell(cells, column), column, day_zero=self._file.day_zero)

    def _aligned(self, cells: list[str]) -> list[str]:
        """The row as wide as its header.

        Too wide, a comma stands in its words: they are joined again if that makes it sound.
        """
        fitted = self._fitted(list(cells))
        if fitted is not None:
            return fitted
        more = len(cells) - self._width
        wordy = self._places.get(self.wordy, -1)
        if 0 < more <= MOST_COMMAS and 0 <= wordy < self._places["收/支"]:
            pieces, rest = cells[wordy : wordy + more + 1], cells[wordy + more + 1 :]
            joined = [*cells[:wordy], ",".join(pieces), *rest]
            if all(map(_is_word, pieces)) and self._is_sound(joined):
                return joined
        raise Unfit("cells_wrong", "", expected=self._width, found=len(cells))

    def _is_sound(self, cells: list[str]) -> bool:
        """Direction, amount, status and time are such, and the amount is no half of one with a comma."""
        place = self._places["金额"]
        half = place > 0 and _HALF.search(cells[place - 1]) and _OTHER_HALF.match(cells[place])
        try:
            money(cells[place], CURRENCY, "金额")
            self._at(cells)
        except Unfit:
            return False
        is_known = self.statuses.search(self._cell(cells, self.status)) is not None
        return not half and is_known and self._cell(cells, "收/支") in DIRECTIONS

    def _records(self, lines: Iterable[str]) -> Iterator[tuple[int, list[str] | None]]:
        """Line and cells of each row below the header; None: a quotation mark that is not closed."""
        numbered = enumerate(lines, 1)
        held: deque[tuple[int, str]] = deque()
        while True:
            number, text = held.popleft() if held else next(numbered, (0, ""))
            if not number:
                return
            if number <= self._header_line:
                if number < self._header_line:
                    self._remark(text.strip())
                continue
            cells = _split(text, self._delimiter)
            if cells is None:
                cells = self._joined(text, numbered, held)
            if cells is not None:
                cells = [_bare(cell) for cell in cells]
                if not any(cells):
                    continue
                if _is_around(text, cells):
                    self._remark(text.strip())
                    continue
            yield number, cells

    def _joined(
        self, text: str, numbered: Iterator[tuple[int, str]], held: deque[tuple[int, str]]
    ) -> list[str] | None:
        """A row whose quoted cell goes on in the next lines, until a line begins a row of its own."""
        lines: list[tuple[int, str]] = []
        while len(lines) < LONGEST_ROW:
            following = held.popleft() if held else next(numbered, None)
            if following is None:
                break
            lines.append(following)
            alone = _split(following[1], self._delimiter)
            if _ROW.match(following[1]) or (alone and self._fitted(alone)):
                break
            text += following[1]
            cells = _split(text, self._delimiter)
            if cells is not None:
                return cells
        held.extendleft(reversed(lines))
        return None

    def _check_said(self) -> None:
        if self._said_count is not None:
            self._check_count("共…笔记录", self._said_count, self.count)
        if self._said_back > self._came_back:
            params = {"said": plain(self._said_back), "found": plain(self._came_back)}
            self.notices.append(Notice("refunded_elsewhere", params))


def _is_word(piece: str) -> bool:
    """Part of a name; an amount or a direction there means that two rows ran into one."""
    return piece not in DIRECTIONS[:4] and _AMOUNT.fullmatch(piece) is None


def _bare(cell: str) -> str:
    """Without blanks, and without the `="…"` by which a text is kept from a spreadsheet."""
    cell = cell.strip(_TRIMMED)
    return cell[2:-1].strip(_TRIMMED) if cell[:2] == '="' and cell[-1:] == '"' else cell


def _is_around(text: str, cells: list[str]) -> bool:
    """No row, but words below the table, or between two."""
    return _AROUND.match(text) is not None and not any(cells[2:])


def _split(text: str, delimiter: str) -> list[str] | None:
    """The cells of one line; None when a quoted cell is still open at its end."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return None
