"""Alipay's bill of a person, as the app has sent it since 2021 and as the web page wrote it before.

A refund is a row of its own with the status 退款成功; the payment beside it says 交易关闭 or nothing (FACTS).
"""

from __future__ import annotations

import re
from typing import Final

from core.adapters.bills.cells import money
from core.adapters.bills.personal import CURRENCY, PersonalBill
from core.adapters.bills.rows import Skipped
from core.domain.bills import BillRefund

REFUNDED: Final = "退款成功"


class AlipayPersonalBill(PersonalBill):
    kind = "alipay_personal"
    channel = "alipay"
    marks = (
        frozenset({"交易时间", "收/支", "交易分类"}),
        frozenset({"交易时间", "收/支", "交易状态"}),
        frozenset({"交易订单号", "收/支"}),
        frozenset({"交易创建时间", "收/支"}),
    )
    needed = frozenset({"交易时间", "收/支", "金额", "交易状态"})
    aliases = {  # noqa: RUF012
        "交易号": "交易订单号",
        "商户订单号": "商家订单号",
        "交易创建时间": "交易时间",
        "商品名称": "商品说明",
    }
    optional = frozenset({"备注", "资金状态"})
    times = ("最近修改时间", "付款时间", "交易时间")
    status = "交易状态"
    statuses = re.compile(
        r"(?:成功|关闭|失败|完成|收货|发货|付款|还款|撤销|取消|退回|退还|受理|生效|失效|过期|冻结|到账|提交|中)$"
        r"|^(?:等待|待|已|退款|冻结|解冻)"
    )
    wordy = "商品说明"

    def _refund(self, line: int, cells: list[str], minor: int) -> BillRefund | Skipped | None:
        status = self._cell(cells, self.status)
        if status != REFUNDED:
            # A refund under way, or a category that a person has given.
            is_asked = self._cell(cells, "交易分类") == "退款" or "退款" in status
            return Skipped(line, "refund_unsure") if is_asked else None
        if self._cell(cells, "收/支") == "支出":
            self._tell("refund_outgoing", {"line": line})
        # A refund's number is the trade's with the refund's own behind it.
        trade_no, _, refund_no = self._number(self._cell(cells, "交易订单号"), "交易订单号").partition("_")
        return BillRefund(
            line=line,
            trade_no=trade_no,
            refund_no=refund_no,
            order_no=self._number(self._cell(cells, "商家订单号"), "商家订单号"),
            amount_minor=minor,
            currency=CURRENCY,
            at=self._at(cells),
            status=status,
        )

    def _said(self, cells: list[str], minor: int) -> int:
        refunded = self._cell(cells, "成功退款")
        return money(refunded, CURRENCY, "成功退款") if refunded else 0
