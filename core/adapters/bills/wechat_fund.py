"""WeChat Pay's fund-flow bill 资金账单: money in and out of one account, and a trailer with the totals.

A refund is known by our key: 业务凭证号 is its `out_refund_no`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.adapters.bills.cells import Unfit, cells_of, money, row_of
from core.adapters.bills.rows import Notice, Problem, Skipped
from core.adapters.bills.statement import Statement
from core.adapters.bills.times import moment
from core.domain.bills import BillRefund

CURRENCY: Final = "CNY"
_TOTALS: Final = "资金流水总笔数"
_WAYS: Final = ("收入", "支出")


class WechatFundBill(Statement):
    kind = "wechat_fund"
    channel = "wechat"
    marks = (
        frozenset({"资金流水单号", "业务凭证号"}),
        frozenset({"记账时间", "资金流水单号"}),
        frozenset({"记账时间", "微信支付业务单号"}),
    )
    needed = frozenset({"记账时间", "业务类型", "收支类型", "收支金额"})

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]:
        self._rows, is_closed = 0, False
        stated: list[str] = []  # the trailer's names, until its values come
        self._counts, self._sums = dict.fromkeys(_WAYS, 0), dict.fromkeys(_WAYS, 0)
        with self._file.lines() as lines:
            for line, text in self._below_header(lines):
                cells = _cells(text)
                if not any(cells):
                    continue
                if stated and len(cells) <= len(stated):
                    self._check_totals(stated, cells)
                    stated, is_closed = [], len(cells) == len(stated)
                elif cells[0] == _TOTALS:
                    stated = cells
                elif self._is_header(cells):
                    self._set_header(line, cells)
                    self._tell("header_again", {"line": line})
                else:
                    self.count += 1
                    self._rows += 1
                    fitted = self._fitted(cells)
                    try:
                        found = self._refund(line, fitted) if fitted else self._wrong_width(line, cells)
                    except Unfit as unfit:
                        found = Problem(line, unfit.code, unfit.params)
                    if found is not None:
                        yield found
        if self._rows or not is_closed:
            self.notices.append(Notice("trailer_missing", {}))

    def _refund(self, line: int, cells: list[str]) -> BillRefund | Problem | Skipped | None:
        def cell(column: str) -> str:
            return row_of(self._places, cells, column)

        at = moment(cell("记账时间"), "记账时间")
        minor = money(cell("收支金额"), CURRENCY, "收支金额")
        way = cell("收支类型")
        if way not in _WAYS:
            raise Unfit("value_unknown", "收支类型", way, allowed="收入, 支出")
        if minor < 0:
            raise Unfit("amount_invalid", "收支金额", cell("收支金额"))
        self._counts[way] += 1
        self._sums[way] += minor
        self._days.add(at)
        what = cell("业务类型") or cell("业务名称")
        if "退款" not in what:
            return None
        if way == "收入":  # a fee that came back, or a refund that did not reach the customer
            return Skipped(line, "refund_incoming")
        if minor == 0:
            return Skipped(line, "never_paid")
        return BillRefund(
            line=line,
            trade_no=self._number(cell("微信支付业务单号"), "微信支付业务单号"),
            refund_no=self._number(cell("业务凭证号"), "业务凭证号"),
            order_no="",
            amount_minor=minor,
            currency=CURRENCY,
            at=at,
            status=what[:40],
        )

    def _check_totals(self, names: list[str], values: list[str]) -> None:
        stated = dict(zip(names, values, strict=False))
        self._check_count(_TOTALS, stated.get(_TOTALS, ""), self._rows)
        for way in _WAYS:
            if f"{way}笔数" in stated:
                self._check_count(f"{way}笔数", stated[f"{way}笔数"], self._counts[way])
            if f"{way}金额" in stated:
                self._check_amount(f"{way}金额", stated[f"{way}金额"], self._sums[way])
            self._counts[way] = self._sums[way] = 0  # another bill may follow
        self._rows = 0


def _cells(text: str) -> list[str]:
    """Parted by the backtick where there is one: remarks hold commas and are not quoted."""
    if text.startswith("`"):
        return [cell.strip() for cell in text[1:].split(",`")]
    return [cell.removeprefix("`").strip() for cell in cells_of(text)]
