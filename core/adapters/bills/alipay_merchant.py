"""Alipay's merchant bill 业务明细: `#` lines around the table, padded cells, refunds as negative amounts.

Amounts are the order's (订单金额), discounts included: the measure in which Alipay counts refunds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core.adapters.bills.cells import Unfit, amount, cells_of, money, number, paid, row_of, words
from core.adapters.bills.rows import Notice, Problem, Refund, Row, Skipped, Trade, bill_trade
from core.adapters.bills.statement import Statement
from core.adapters.bills.times import instant, moment
from core.domain.bills import BillRefund

CURRENCY: Final = "CNY"
_TOTAL: Final = re.compile(
    r"#\s*(交易|退款)合计[:：]\s*([0-9]+)\s*笔[,，]\s*商家实收(?:退款)?共\s*(-?[0-9.]+)元"
)
_REMARK: Final = ("#", '"#')


class AlipayMerchantBill(Statement):
    kind = "alipay_merchant"
    channel = "alipay"
    marks = (frozenset({"支付宝交易号", "商户订单号", "业务类型", "订单金额"}),)
    needed = frozenset({*marks[0], "完成时间"})
    optional = frozenset({"备注"})  # an empty last one may have lost its comma

    def rows(self) -> Iterator[Row]:
        """For import: payments and refunds, read strictly."""
        for line, cells in self._table():
            if cells is not None:
                yield self._read(line, cells)

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        for line, cells in self._table():
            if cells is None:
                continue
            self.count += 1
            if len(cells) != self._width:
                yield self._wrong_width(line, cells)
                continue
            try:
                found = self._refund(line, cells)
            except Unfit as unfit:
                yield Problem(line, unfit.code, unfit.params)
            else:
                if found is not None:
                    yield found

    def _table(self) -> Iterator[tuple[int, list[str] | None]]:
        """Line and cells of each row; totals are checked on the way."""
        self._counts = {"交易": 0, "退款": 0}
        self._received = {"交易": 0, "退款": 0}
        has_totals = False
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                if text.startswith(_REMARK):
                    has_totals |= self._check_total(text.strip('",'))
                    self._remark(text)
                    continue
                cells = cells_of(text)
                if self._is_header(cells):
                    self._set_header(line, cells)
                    self._tell("header_again", {"line": line})
                elif any(cells):
                    yield line, self._fitted(cells) or cells
        if not has_totals:
            self.notices.append(Notice("trailer_missing", {}))

    def _refund(self, line: int, cells: list[str]) -> BillRefund | Skipped | None:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        what = cell("业务类型")
        if what not in self._counts:
            return Skipped(line, "row_kind_unknown")
        at = moment(cell("完成时间"), "完成时间")
        minor = money(cell("订单金额"), CURRENCY, "订单金额")
        received = cell("商家实收")
        self._received[what] += abs(money(received, CURRENCY, "商家实收")) if received else 0
        self._counts[what] += 1
        self._days.add(at)
        if what == "交易":
            return None
        if minor >= 0:
            raise Unfit("amount_invalid", "订单金额", cell("订单金额"))
        order_no = self._number(cell("商户订单号"), "商户订单号")
        return BillRefund(
            line=line,
            trade_no=self._number(cell("支付宝交易号"), "支付宝交易号"),
            # A refund that was asked for without a number carries the order's.
            refund_no=self._number(cell("退款批次号/请求号"), "退款批次号/请求号") or order_no,
            order_no=order_no,
            amount_minor=-minor,
            currency=CURRENCY,
            at=at,
            status=what,
            fee_minor=-self._fee(line, cell("服务费"), "服务费"),  # money that came is positive there
        )

    def _row(self, line: int, cells: list[str]) -> Trade | Refund | Skipped:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        what = cell("业务类型")
        if what not in self._counts:
            return Skipped(line, "row_kind_unknown")
        self._counts[what] += 1
        received = cell("商家实收").removeprefix("-")
        self._received[what] += amount(received, CURRENCY, "商家实收") if received else 0
        trade_no = number(cell("支付宝交易号"), "支付宝交易号")
        order_no = number(cell("商户订单号"), "商户订单号")
        at = instant(cell("完成时间"), "完成时间")
        stated = cell("订单金额")
        if what == "交易":
            return bill_trade(
                line,
                order_no=order_no,
                product=words(cell("商品名称") or order_no, "商品名称"),
                currency=CURRENCY,
                channel="alipay",
                trade_no=trade_no,
                account=cell("对方账户"),
                paid_minor=paid(stated, CURRENCY, "订单金额"),
                paid_at=at,
                source=self.kind,
            )
        refund_minor = amount(stated.removeprefix("-"), CURRENCY, "订单金额")
        if refund_minor == 0 or not stated.startswith("-"):
            raise Unfit("amount_invalid", "订单金额", stated)
        return Refund(
            line=line,
            channel="alipay",
            trade_no=trade_no,
            order_no=order_no,
            # A refund that was asked for without a number carries the order's.
            refund_no=number(cell("退款批次号/请求号") or order_no, "退款批次号/请求号"),
            amount_minor=refund_minor,
            currency=CURRENCY,
            at=at,
        )

    def _check_total(self, text: str) -> bool:
        match = _TOTAL.match(text)
        if match is None:
            return False
        what, count, received = match.groups()
        self._check_count(f"{what}合计", count, self._counts[what])
        self._check_amount(f"{what}合计", received, self._received[what])
        self._counts[what] = self._received[what] = 0  # another bill may follow
        return True
