"""A bill of anybody's, its columns named by a mapping: which rows are refunds, of how much and when.

Without a mapping the columns are called as ours are: `refund_amount`, `refunded_at`, `refund_no`, `trade_no`,
`order_no`, `currency`, `refund_status`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from typing import Final

from core.adapters.bills.cells import Unfit, currency_code, is_rounded, money, reference
from core.adapters.bills.generic_csv import KIND
from core.adapters.bills.mapping import Mapping
from core.adapters.bills.reading import Lines
from core.adapters.bills.rows import Notice, Problem, Skipped
from core.adapters.bills.statement import header_refused
from core.adapters.bills.times import moment
from core.domain.bills import BillRefund, Coverage

_AMOUNT: Final = "refund_amount"
_AT: Final = "refunded_at"


class GenericBill:
    """The same to its readers as a `Statement`, of which it shares nothing but that."""

    kind = KIND
    channel = ""

    def __init__(
        self, file: Lines, header_line: int, names: list[str], delimiter: str, mapping: Mapping
    ) -> None:
        self._file, self._header_line, self._delimiter = file, header_line, delimiter
        self._names, self._mapping = names, mapping
        self.notices: list[Notice] = []
        self.count = 0
        self.covers: Coverage | None = None
        self._has_refunds = mapping.theirs(_AMOUNT) in names
        wanted = [_AT] if self._has_refunds else []
        missing = [mapping.theirs(column) for column in wanted if mapping.theirs(column) not in names]
        missing += [name for name in mapping.refund if name not in names]
        used = [mapping.theirs(column) for column in (_AMOUNT, _AT)] + list(mapping.refund)
        twice = [name for name in used if names.count(name) > 1]
        if missing or twice:
            raise header_refused(self.kind, header_line, missing, twice)
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}
        self._is_negative: bool | None = None

    @staticmethod
    def recognise(names: list[str], mapping: Mapping) -> bool:
        return mapping.theirs(_AMOUNT) in names

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        width, begins, ends = len(self._names), None, None
        if not self._has_refunds:
            self.notices.append(Notice("no_refund_columns", {}))
        with self._file.lines() as lines:
            reader = csv.reader(
                islice(lines, self._header_line, None), delimiter=self._delimiter, strict=True
            )
            while True:
                line = self._header_line + 1 + reader.line_num
                try:
                    cells = next(reader, None)
                except csv.Error:  # where the next row would begin is anybody's guess
                    yield Problem(line, "quotes_wrong", {})
                    break
                if cells is None:
                    break
                while len(cells) > width and not cells[-1].strip():
                    cells.pop()
                if not any(cell.strip() for cell in cells) or cells == self._names:
                    continue
                self.count += 1
                if len(cells) != width:
                    yield Problem(line, "cells_wrong", {"expected": width, "found": len(cells)})
                    continue
                if not self._has_refunds:
                    continue
                try:
                    found = self._refund(line, cells)
                except Unfit as unfit:
                    column = self._mapping.named(unfit.params["column"])
                    yield Problem(line, unfit.code, {**unfit.params, "column": column})
                    continue
                if found is not None:
                    begins = found.at if begins is None else min(begins, found.at)
                    ends = found.at if ends is None else max(ends, found.at)
                    yield found
        if begins is not None and ends is not None:
            self.covers = Coverage(begins, ends, False)

    def _refund(self, line: int, cells: list[str]) -> BillRefund | None:
        def cell(column: str, otherwise: str = "") -> str:
            place = self._places.get(self._mapping.theirs(column))
            found = "" if place is None else cells[place].strip()
            return found or self._mapping.defaults.get(column, otherwise)

        for name, words in self._mapping.refund.items():
            if cells[self._places[name]].strip() not in words:
                return None
        currency = currency_code(cell("currency", "CNY"), "currency")
        stated = cell(_AMOUNT)
        minor = money(stated, currency, _AMOUNT) if stated or self._mapping.refund else 0
        if minor == 0:
            if self._mapping.refund:
                raise Unfit("amount_zero", _AMOUNT, stated)
            return None
        if self._is_negative is None:
            self._is_negative = minor < 0
        if self._is_negative != (minor < 0):  # of two signs one is no refund, and nobody says which
            raise Unfit("amount_invalid", _AMOUNT, stated)
        return BillRefund(
            line=line,
            trade_no=self._number(cell("trade_no"), "trade_no"),
            refund_no=self._number(cell("refund_no"), "refund_no"),
            order_no=self._number(cell("order_no"), "order_no"),
            amount_minor=abs(minor),
            currency=currency,
            at=moment(cell(_AT), _AT, day_zero=self._file.day_zero),
            status=cell("refund_status")[:40],
        )

    def _number(self, text: str, column: str) -> str:
        found = reference(text)
        if not is_rounded(found):
            return found
        if all(notice.code != "number_rounded" for notice in self.notices):
            params = {"column": self._mapping.named(column), "value": found}
            self.notices.append(Notice("number_rounded", params))
        return ""
