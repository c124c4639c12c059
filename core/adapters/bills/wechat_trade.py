"""WeChat Pay's trade bill, types ALL, SUCCESS and REFUND: payments, refunds, and a trailer with the totals.

Every value begins with a backtick, names never do. Amounts are the order's, vouchers included: the measure in
which WeChat counts refunds. A row keeps the status it had when the refund was asked for (FACTS).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.adapters.bills.cells import (
    Minors,
    Unfit,
    amount,
    cells_of,
    currency_code,
    money,
    number,
    paid,
    row_of,
    words,
)
from core.adapters.bills.rows import Notice, Problem, Refund, Row, Skipped, Trade, bill_trade
from core.adapters.bills.statement import Statement
from core.adapters.bills.times import instant, moment
from core.domain.bills import BillRefund

_TOTALS: Final = "总交易单数"
# REVOKED: taken back at the till, the money went back as well.
_BACK: Final = ("REFUND", "REVOKED")
_KNOWN: Final = "SUCCESS, REFUND, REVOKED"
_NOT_BACK: Final = ("FAIL", "CHANGE")  # the money did not go back this way
# Since 2018, and before. The REFUND bill dates its rows by the payment and has the refund's times beside.
_PAID: Final = ("订单金额", "总金额", "应结订单金额")
_ASKED: Final = ("申请退款金额", "退款金额")
_WHEN: Final = ("退款成功时间", "退款申请时间", "交易时间")


@dataclass(slots=True)
class _Sums:
    """Of the rows since the header, to hold against the trailer."""

    count: int = 0
    paid: int = 0
    asked: int = 0


class WechatTradeBill(Statement):
    kind = "wechat_trade"
    channel = "wechat"
    marks = (frozenset({"交易时间", "微信订单号", "商户订单号", "交易状态"}),)
    needed = marks[0]

    def rows(self) -> Iterator[Row]:
        """For import: payments and refunds, read strictly."""
        self._sums = _Sums()
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                cells = _cells(text)
                if cells and cells[0] == _TOTALS:
                    self._check_totals(cells, _cells(next(lines, "").strip()))
                    return
                self._sums.count += 1
                yield self._read(line, cells)
        self.notices.append(Notice("trailer_missing", {}))

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        """Payments take one straight path, for a bill has a million of them."""
        self._sums = sums = _Sums()
        self._asked_column = self._first_of(_ASKED)
        minors, is_closed = Minors("CNY", self._paid_column), False
        status_at, time_at, currency_at, paid_at, width = self._straight()
        dates: set[str] = set()
        stated: list[str] = []  # the trailer's names, until its values come
        with self._file.lines() as lines:
            numbered = enumerate(lines, 1)
            for line, text in numbered:
                if line <= self._header_line:
                    continue
                if text[:1] == "`":
                    cells = text[1:].split(",`")
                    if len(cells) == width and cells[status_at] == "SUCCESS" and cells[currency_at] == "CNY":
                        try:
                            if (date := cells[time_at][:10]) not in dates:
                                self._days.add(moment(cells[time_at], "交易时间"))
                                dates.add(date)
                            sums.paid += minors[cells[paid_at]]
                            sums.count += 1
                            continue
                        except Unfit:
                            pass  # it is told below
                cells = _cells(text.strip())
                if not any(cells):
                    continue
                if stated and len(cells) <= len(stated):
                    self._check_totals(stated, cells)
                    self.count += sums.count
                    self._sums = sums = _Sums()
                    stated, is_closed = [], len(cells) == len(stated)
                elif cells[0] == _TOTALS:
                    stated = cells
                elif self._is_header(cells):
                    self._set_header(line, cells)
                    self._tell("header_again", {"line": line})
                    self._asked_column = self._first_of(_ASKED)
                    status_at, time_at, currency_at, paid_at, width = self._straight()
                else:
                    sums.count += 1
                    found = self._looked_at(line, cells)
                    if found is not None:
                        yield found
        self.count += sums.count
        if sums.count or not is_closed:
            self.notices.append(Notice("trailer_missing", {}))

    def _first_of(self, columns: tuple[str, ...]) -> str:
        return next((column for column in columns if column in self._places), columns[0])

    @property
    def _paid_column(self) -> str:
        return self._first_of(_PAID)

    def _straight(self) -> tuple[int, int, int, int, int]:
        """Where status, time, currency and amount stand, and the width, unless one is missing."""
        columns = ("交易状态", "交易时间", "货币种类", self._paid_column)
        if any(column not in self._places for column in columns):
            return 0, 0, 0, 0, -1
        status_at, time_at, currency_at, paid_at = (self._places[column] for column in columns)
        return status_at, time_at, currency_at, paid_at, self._width

    def _looked_at(self, line: int, cells: list[str]) -> BillRefund | Problem | Skipped | None:
        """A row that is not plainly a payment in CNY."""
        fitted = self._fitted(cells)
        if fitted is None:
            return self._wrong_width(line, cells)
        try:
            return self._refund(line, fitted)
        except Unfit as unfit:
            return Problem(line, unfit.code, unfit.params)

    def _refund(self, line: int, cells: list[str]) -> BillRefund | Skipped | None:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        status = cell("交易状态")
        currency = currency_code(cell("货币种类") or "CNY", "货币种类")
        if status == "SUCCESS":
            self._sums.paid += money(cell(self._paid_column), currency, self._paid_column)
            self._days.add(moment(cell("交易时间"), "交易时间"))
            return None
        if status not in _BACK:
            raise Unfit("value_unknown", "交易状态", status, allowed=_KNOWN)
        column = self._asked_column
        minor = money(cell(column) or ("0" if status == "REVOKED" else ""), currency, column)
        if minor < 0 or (minor == 0 and status != "REVOKED"):
            raise Unfit("amount_invalid", column, cell(column))
        when = next((name for name in _WHEN if cell(name) not in ("", "0")), "交易时间")
        at = moment(cell(when), when)
        self._sums.asked += minor
        self._days.add(at)
        if minor == 0:
            return Skipped(line, "never_paid")
        if cell("退款状态") in _NOT_BACK:
            return Skipped(line, "refund_failed")
        return BillRefund(
            line,
            self._number(cell("微信订单号"), "微信订单号"),
            self._number(cell("商户退款单号"), "商户退款单号"),
            self._number(cell("商户订单号"), "商户订单号"),
            minor,
            currency,
            at,
            cell("退款状态") or status,
            self._fee(line, cell("手续费"), "手续费"),
        )

    def _row(self, line: int, cells: list[str]) -> Trade | Refund | Skipped:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        currency = currency_code(cell("货币种类"), "货币种类")
        trade_no = number(cell("微信订单号"), "微信订单号")
        order_no = number(cell("商户订单号"), "商户订单号")
        status = cell("交易状态")
        if status == "SUCCESS":
            column = self._paid_column
            paid_minor = paid(cell(column), currency, column)
            self._sums.paid += paid_minor
            return bill_trade(
                line,
                order_no=order_no,
                product=words(cell("商品名称") or order_no, "商品名称"),
                currency=currency,
                channel="wechat",
                trade_no=trade_no,
                account="",  # 用户标识 tells nobody anything
                paid_minor=paid_minor,
                paid_at=instant(cell("交易时间"), "交易时间"),
                source=self.kind,
            )
        if status not in _BACK:
            raise Unfit("value_unknown", "交易状态", status, allowed=_KNOWN)
        when = next((name for name in _WHEN if cell(name) not in ("", "0")), "交易时间")
        at = instant(cell(when), when)
        column = self._first_of(_ASKED)
        refund_minor = amount(cell(column), currency, column)
        self._sums.asked += refund_minor
        if status == "REVOKED" and refund_minor == 0:
            return Skipped(line, "never_paid")
        if cell("退款状态") in _NOT_BACK:
            return Skipped(line, "refund_failed")
        refund_no = cell("商户退款单号")
        if status == "REVOKED" and refund_no in ("", "0"):
            refund_no = trade_no
        if refund_minor == 0:
            raise Unfit("amount_invalid", column, cell(column))
        return Refund(
            line=line,
            channel="wechat",
            trade_no=trade_no,
            order_no=order_no,
            refund_no=number(refund_no, "商户退款单号"),
            amount_minor=refund_minor,
            currency=currency,
            at=at,
        )

    def _check_totals(self, names: list[str], values: list[str]) -> None:
        stated = dict(zip(names, values, strict=False))
        self._check_count(_TOTALS, stated.get(_TOTALS, ""), self._sums.count)
        for columns, found in (
            (("订单总金额", "总交易额"), self._sums.paid),
            (("申请退款总金额", "总退款金额"), self._sums.asked),
        ):
            for column in columns:
                if column in stated:
                    self._check_amount(column, stated[column], found)


def _cells(text: str) -> list[str]:
    """A line's values. Names of goods may hold commas and are not quoted: the backtick is what parts them."""
    if text.startswith("`"):
        return [cell.strip() for cell in text[1:].split(",`")]
    return [cell.removeprefix("`").strip() for cell in cells_of(text)]
