"""Stripe's refunds of a day, as the card channel writes them from its list (`channels/card.py`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from core.adapters.bills.cells import Unfit, currency_code
from core.adapters.bills.rows import Problem, Skipped
from core.adapters.bills.statement import Statement
from core.domain.bills import BillRefund
from core.domain.workdays import ZONE

_HUNDREDTHS: Final = frozenset({"ISK", "UGX"})  # written with two digits that ISO 4217 does not have
_LONGEST: Final = 12  # digits of an amount


class CardList(Statement):
    """Amounts are in minor units, times in seconds since 1970; a refund from elsewhere has no key of ours."""

    kind = "card_refunds"
    channel = "card"
    marks = (frozenset({"id", "created", "status", "amount", "currency", "charge", "refund_key"}),)
    needed = marks[0]

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                self.count += 1
                cells = self._fitted(next(csv.reader([text]), []))
                if cells is None:
                    yield self._wrong_width(line, text.split(","))
                    continue
                try:
                    yield self._refund(line, cells)
                except Unfit as unfit:
                    yield Problem(line, unfit.code, unfit.params)

    def _refund(self, line: int, cells: list[str]) -> BillRefund:
        def cell(column: str) -> str:
            place = self._places.get(column)
            return "" if place is None else cells[place].strip()

        amount, created = cell("amount"), cell("created")
        currency = currency_code(cell("currency").upper(), "currency")
        if not amount.isascii() or not amount.isdigit() or len(amount) > _LONGEST:
            raise Unfit("amount_invalid", "amount", amount)
        if not created.isascii() or not created.isdigit() or len(created) > _LONGEST - 2:
            raise Unfit("time_invalid", "created", created)
        minor = int(amount) // (100 if currency in _HUNDREDTHS else 1)
        if minor == 0:
            raise Unfit("amount_zero", "amount", amount)
        at = datetime.fromtimestamp(int(created), UTC).astimezone(ZONE)
        self._days.add(at)
        return BillRefund(
            line=line,
            trade_no=cell("payment_intent") or cell("charge"),
            refund_no=cell("refund_key") or cell("id"),
            order_no="",
            amount_minor=minor,
            currency=currency,
            at=at,
            status=cell("status"),
        )
