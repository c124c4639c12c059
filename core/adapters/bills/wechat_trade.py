"""WeChat Pay's trade bill, types ALL, SUCCESS and REFUND: payments, refunds, and a trailer with the totals.

Every value begins with a backtick, names never do. Amounts are the order's, vouchers included: the measure in
which WeChat counts refunds. A row keeps the status it had when the refund was asked for (FACTS).
"""

from __future__ import annotations

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
    currency_code,
    instant,
    number,
    paid,
    row_of,
    words,
)

KIND: Final = "wechat_trade"
NEEDED: Final = frozenset({"交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类"})
_TOTALS: Final = "总交易单数"


def recognise(names: list[str]) -> bool:
    return NEEDED.issubset(names)


class WechatTradeBill(ChannelBill):
    kind = KIND

    def __init__(self, file: TextFile, header_line: int, names: list[str]) -> None:
        super().__init__(file, header_line, names)
        self._count = 0
        self._sums = {"订单总金额": 0, "申请退款总金额": 0}

    def rows(self) -> Iterator[Row]:
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                if text.startswith(_TOTALS):
                    self._check_totals(text, next(lines, "").strip())
                    return
                self._count += 1
                yield self._read(line, _cells(text))
        self.notices.append(Notice("trailer_missing", {}))

    def _row(self, line: int, cells: list[str]) -> Trade | Refund | Skipped:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        currency = currency_code(cell("货币种类"), "货币种类")
        trade_no = number(cell("微信订单号"), "微信订单号")
        order_no = number(cell("商户订单号"), "商户订单号")
        at = instant(cell("交易时间"), "交易时间")
        status = cell("交易状态")
        if status == "SUCCESS":
            column = "订单金额" if "订单金额" in self._places else "应结订单金额"
            paid_minor = paid(cell(column), currency, column)
            self._sums["订单总金额"] += paid_minor
            return bill_trade(
                line,
                order_no=order_no,
                product=words(cell("商品名称") or order_no, "商品名称"),
                currency=currency,
                channel="wechat",
                trade_no=trade_no,
                account="",  # 用户标识 tells nobody anything
                paid_minor=paid_minor,
                paid_at=at,
                source=KIND,
            )
        if status not in (
            "REFUND",
            "REVOKED",
        ):  # REVOKED: taken back at the till, the money went back as well
            raise Unfit("value_unknown", "交易状态", status, allowed="SUCCESS, REFUND, REVOKED")
        column = "申请退款金额" if "申请退款金额" in self._places else "退款金额"
        refund_minor = amount(cell(column), currency, column)
        self._sums["申请退款总金额"] += refund_minor
        if status == "REVOKED" and refund_minor == 0:
            return Skipped(line, "never_paid")
        if cell("退款状态") in ("FAIL", "CHANGE"):
            return Skipped(line, "refund_failed")  # the money did not go back this way
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

    def _check_totals(self, names: str, values: str) -> None:
        stated = dict(zip(names.split(","), _cells(values), strict=False))
        self._check_count(_TOTALS, stated.get(_TOTALS, ""), self._count)
        for column, found in self._sums.items():
            if column in stated:
                self._check_amount(column, stated[column], found)


def _cells(text: str) -> list[str]:
    """A line's values. Names of goods may hold commas and are not quoted: the backtick is what parts them."""
    if text.startswith("`"):
        return [cell.strip() for cell in text[1:].split(",`")]
    return [cell.removeprefix("`") for cell in cells_of(text)]
