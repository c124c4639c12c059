"""WeChat's bill of a person, CSV of old and XLSX of late.

A refund is a row of its own whose 交易类型 ends with 退款. The payment's row says 已全额退款 or 已退款(￥x),
too: counting both would double the total (FACTS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core.adapters.bills.cells import Unfit, money
from core.adapters.bills.personal import CURRENCY, PersonalBill
from core.adapters.bills.rows import Problem, Skipped
from core.domain.bills import BillRefund

_BACK: Final = "退款"
_PART: Final = re.compile(r"已退款[(（]?([¥￥]?[0-9,，.]+)[)）]?")
_SUM: Final = re.compile(r"^[\"\s]*(收入|支出|中性交易)[:：] *([0-9]+) *笔[ ,，]*([0-9.,]+) *元", re.ASCII)


class WechatPersonalBill(PersonalBill):
    kind = "wechat_personal"
    channel = "wechat"
    marks = (
        frozenset({"交易时间", "交易类型", "收/支"}),
        frozenset({"交易时间", "当前状态", "收/支"}),
    )
    needed = frozenset({"交易时间", "交易类型", "收/支", "金额", "当前状态"})
    optional = frozenset({"备注"})
    times = ("交易时间",)
    status = "当前状态"
    statuses = re.compile(r"已|成功|完成|失败|退|收钱|到账|待|过期|中$")
    wordy = "商品"

    def _remark(self, text: str) -> None:
        super()._remark(text)
        found = _SUM.match(text)
        if found is not None:
            self._said_sums.append(found.groups())

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        self._said_sums: list[tuple[str, ...]] = []
        return super().refunds()

    def _refund(self, line: int, cells: list[str], minor: int) -> BillRefund | Skipped | None:
        if not self._cell(cells, "交易类型").endswith(_BACK):
            return None
        if self._cell(cells, "收/支") == "支出":
            return Skipped(line, "refund_outgoing")
        return BillRefund(
            line=line,
            trade_no=self._number(self._cell(cells, "交易单号"), "交易单号"),
            refund_no=self._number(self._cell(cells, "商户单号"), "商户单号"),
            order_no="",
            amount_minor=minor,
            currency=CURRENCY,
            at=self._at(cells),
            status=self._cell(cells, self.status),
        )

    def _said(self, cells: list[str], minor: int) -> int:
        if self._cell(cells, "收/支") == "收入":
            return 0
        status = self._cell(cells, self.status)
        if status in ("已全额退款", "对方已退还"):
            return minor
        part = _PART.match(status)
        try:
            return money(part[1], CURRENCY, self.status) if part else 0
        except Unfit:
            return 0

    def _check_said(self) -> None:
        super()._check_said()
        for direction, count, total in self._said_sums:
            name = "/" if direction == "中性交易" else direction
            self._check_count(direction, count, self._counts[name])
            self._check_amount(direction, total, self._sums[name])
