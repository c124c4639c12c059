"""Alipay's merchant bill 业务明细: `#` lines around the table, padded cells, refunds as negative amounts.

Amounts are the order's (订单金额), discounts included: the measure in which Alipay counts refunds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core.adapters.bills.channel_bill import ChannelBill
from core.adapters.bills.reading import TextFile
from core.adapters.bills.rows import (
    Notice,
    Refund,
    Row,
    Skipped,
    Trade,
    Unfit,
    amount,
    bill_trade,
    cells_of,
    instant,
    number,
    paid,
    row_of,
    words,
)

KIND: Final = "alipay_merchant"
CURRENCY: Final = "CNY"
NEEDED: Final = frozenset({"支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额"})
_TOTAL: Final = re.compile(
    r"#\s*(交易|退款)合计[:：]\s*([0-9]+)\s*笔[,，]\s*商家实收(?:退款)?共\s*(-?[0-9.]+)元"
)


def plain_names(names: list[str]) -> list[str]:
    """Column names without their unit, which is written in two ways."""
    return [re.sub(r"[(（]元[)）]$", "", name) for name in names]


def recognise(names: list[str]) -> bool:
    return NEEDED.issubset(plain_names(names))


class AlipayMerchantBill(ChannelBill):
    kind = KIND

    def __init__(self, file: TextFile, header_line: int, names: list[str]) -> None:
        super().__init__(file, header_line, plain_names(names))
        self._counts = {"交易": 0, "退款": 0}
        self._received = {"交易": 0, "退款": 0}

    def rows(self) -> Iterator[Row]:
        has_totals = False
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                if text.startswith("#"):
                    has_totals |= self._check_total(text)
                    continue
                cells = cells_of(text)
                while len(cells) > self._width and not cells[-1]:
                    cells.pop()
                if len(cells) == self._width - 1:
                    cells.append("")  # an empty last remark may have lost its comma
                yield self._read(line, cells)
        if not has_totals:
            self.notices.append(Notice("trailer_missing", {}))

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
                source=KIND,
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
        return True
