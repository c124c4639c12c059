"""Alipay's merchant bill of the account 账务明细: money in and out by row, refunds as what went out.

Two pages of Alipay export it, with other names for the same columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core.adapters.bills.cells import Unfit, cells_of, money, row_of
from core.adapters.bills.rows import Notice, Problem, Skipped
from core.adapters.bills.statement import Statement
from core.adapters.bills.times import moment
from core.domain.bills import BillRefund

CURRENCY: Final = "CNY"
_TOTAL: Final = re.compile(r"#?\s*(支出|收入)合计[:：]\s*([0-9]+)\s*笔[,，]\s*共\s*([+-]?[0-9.,]+)\s*元")
_IN: Final = "收入金额"
_OUT: Final = "支出金额"
_WORDS: Final = ("业务类型", "业务描述", "备注")  # what a row is for, the plainest first


class AlipayFundBill(Statement):
    kind = "alipay_fund"
    channel = "alipay"
    marks = (frozenset({"账务流水号", _IN, _OUT}), frozenset({"账务流水号", "业务流水号"}))
    needed = frozenset({"账务流水号", "发生时间", _IN, _OUT})
    aliases = {  # noqa: RUF012
        "支付宝流水号": "账务流水号",
        "支付宝交易号": "业务流水号",
        "入账时间": "发生时间",
        "账务类型": "业务类型",
        "收入": _IN,
        "支出": _OUT,
        "商家订单号": "商户订单号",
    }
    optional = frozenset({"备注", "付款备注"})

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        self._counts, self._sums, has_totals = {"收入": 0, "支出": 0}, {"收入": 0, "支出": 0}, False
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                if text.lstrip('"').startswith("#"):
                    has_totals |= self._check_total(text.strip('",'))
                    self._remark(text)
                    continue
                cells = cells_of(text)
                if not any(cells):
                    continue
                if self._is_header(cells):
                    self._set_header(line, cells)
                    self._tell("header_again", {"line": line})
                    continue
                self.count += 1
                fitted = self._fitted(cells)
                if fitted is None:
                    yield self._wrong_width(line, cells)
                    continue
                try:
                    found = self._refund(line, fitted)
                except Unfit as unfit:
                    found = Problem(line, unfit.code, unfit.params)
                if found is not None:
                    yield found
        if not has_totals:
            self.notices.append(Notice("trailer_missing", {}))

    def _refund(self, line: int, cells: list[str]) -> BillRefund | Problem | Skipped | None:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        at = moment(cell("发生时间"), "发生时间")
        came = money(cell(_IN) or "0", CURRENCY, _IN)
        went = money(cell(_OUT) or "0", CURRENCY, _OUT)
        if came and went:
            raise Unfit("amount_invalid", _OUT, cell(_OUT))
        for way, minor in (("收入", came), ("支出", went)):
            self._counts[way] += minor != 0
            self._sums[way] += abs(minor)
        self._days.add(at)
        what = next((text for text in map(cell, _WORDS) if text), "")
        if "退款" not in what:
            return None
        if not went:  # a fee that came back, or a refund that did not reach the customer
            return Skipped(line, "refund_incoming")
        trade_no = self._number(cell("业务流水号"), "业务流水号")
        return BillRefund(
            line=line,
            trade_no=trade_no,
            refund_no=self._number(cell("商户退款请求号"), "商户退款请求号"),
            order_no=self._number(cell("商户订单号"), "商户订单号"),
            amount_minor=abs(went),
            currency=CURRENCY,
            at=at,
            status=what[:40],
        )

    def _check_total(self, text: str) -> bool:
        match = _TOTAL.match(text)
        if match is None:
            return False
        way, count, total = match.groups()
        self._check_count(f"{way}合计", count, self._counts[way])
        self._check_amount(f"{way}合计", total, self._sums[way])
        self._counts[way] = self._sums[way] = 0  # another bill may follow
        return True
