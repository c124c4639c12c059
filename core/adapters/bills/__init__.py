"""Bills and order exports: a file is recognised by its column names and read as the same few types of rows.

`recognise(path)` answers a `Bill`; its `rows()` are payments, refunds and problems, each with its line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.adapters.bills import alipay_merchant, generic_csv, wechat_trade
from core.adapters.bills.mapping import Mapping
from core.adapters.bills.reading import TextFile, find_header
from core.adapters.bills.rows import Bill
from core.domain.errors import ColumnsUnknown, FileUnreadable

__all__ = ["Bill", "Mapping", "recognise"]

# Bills that hold no orders, told apart so that the refusal can name what was brought.
_OTHERS: Final = {
    "alipay_personal": {"交易时间", "交易分类", "收/支"},
    "wechat_personal": {"交易时间", "交易类型", "收/支"},
    "alipay_fund": {"账务流水号", "业务流水号"},
    "wechat_fund": {"资金流水单号", "业务凭证号"},
}


def recognise(path: Path, mapping: Mapping | None = None) -> Bill:
    """The reader of this file; `FileUnreadable(seen=…)` names what it looks like instead."""
    mapping = mapping or Mapping()
    file = TextFile(path)
    seen: list[set[str]] = []

    def kind_of(names: list[str]) -> str | None:
        seen.append(set(names))
        if wechat_trade.recognise(names):
            return wechat_trade.KIND
        if alipay_merchant.recognise(names):
            return alipay_merchant.KIND
        if generic_csv.recognise(names, mapping):
            return generic_csv.KIND
        return next((kind for kind, columns in _OTHERS.items() if columns.issubset(names)), None)

    try:
        kind, line, names, delimiter = find_header(file, kind_of)
    except FileUnreadable as error:
        wanted = [mapping.theirs(name) for name in generic_csv.NEEDED if name not in mapping.defaults]
        likeliest = max(seen, key=lambda names: len(names & set(wanted)), default=set[str]())
        raise ColumnsUnknown(
            missing=[name for name in wanted if name not in likeliest], **error.params
        ) from None
    if kind == wechat_trade.KIND:
        return wechat_trade.WechatTradeBill(file, line, names)
    if kind == alipay_merchant.KIND:
        return alipay_merchant.AlipayMerchantBill(file, line, names)
    if kind == generic_csv.KIND:
        return generic_csv.GenericCsv(file, line, names, delimiter, mapping)
    raise FileUnreadable(seen=kind)
