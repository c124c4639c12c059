"""Bills and order exports: a file is recognised by its column names and read as the same few types of rows.

`recognise(path)` answers a `Bill`: its `rows()` are payments, refunds and problems, each with its line, to be
imported. `read(path)` answers a `ReadBill`: what any known bill, personal or merchant, says of refunds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeVar

from core.adapters.bills import generic_csv
from core.adapters.bills.alipay_fund import AlipayFundBill
from core.adapters.bills.alipay_merchant import AlipayMerchantBill
from core.adapters.bills.alipay_personal import AlipayPersonalBill
from core.adapters.bills.card_list import CardList
from core.adapters.bills.generic_bill import GenericBill
from core.adapters.bills.mapping import Mapping
from core.adapters.bills.packed import candidates
from core.adapters.bills.reading import Header, Lines, TextFile, find_header
from core.adapters.bills.rows import Bill, Notice, Problem, Skipped
from core.adapters.bills.sheets import SheetFile
from core.adapters.bills.statement import Statement
from core.adapters.bills.wechat_fund import WechatFundBill
from core.adapters.bills.wechat_personal import WechatPersonalBill
from core.adapters.bills.wechat_trade import WechatTradeBill
from core.domain.bills import BillRefund, BillWarning, Coverage, ReadBill
from core.domain.errors import (
    BillUnknown,
    ColumnsUnknown,
    FileUnreadable,
    HoldsNoOrders,
    SeveralBills,
)

__all__ = ["Bill", "Mapping", "read", "recognise"]

# The plainest signs first: a trade bill has 交易时间 as well.
STATEMENTS: Final[tuple[type[Statement], ...]] = (
    WechatTradeBill,
    WechatFundBill,
    AlipayMerchantBill,
    AlipayFundBill,
    WechatPersonalBill,
    AlipayPersonalBill,
    CardList,
)
ORDERS: Final = (WechatTradeBill, AlipayMerchantBill)

Kind = TypeVar("Kind")


class _Refunds(Protocol):
    """What `read` asks of a bill. All else is complete after `refunds()`."""

    count: int
    notices: list[Notice]

    @property
    def kind(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def covers(self) -> Coverage | None: ...

    def refunds(self) -> Iterator[BillRefund | Problem | Skipped]: ...


def recognise(path: Path, mapping: Mapping | None = None) -> Bill:
    """The reader of this file's orders.

    `HoldsNoOrders(seen=…)` names what else it is, `ColumnsUnknown(missing=…)` what its header lacks.
    """
    mapping = mapping or Mapping()
    seen: list[set[str]] = []

    def kind_of(names: list[str]) -> type[Statement] | type[generic_csv.GenericCsv] | None:
        seen.append(set(names))
        known = next((kind for kind in STATEMENTS if kind.recognise(names)), None)
        if known is not None and (known in ORDERS or not generic_csv.recognise(names, mapping)):
            return known
        return generic_csv.GenericCsv if generic_csv.recognise(names, mapping) else None

    kind: type[Statement] | type[generic_csv.GenericCsv]
    try:
        file, (kind, line, names, delimiter, _) = _only_table(path, kind_of)
    except BillUnknown as unknown:
        wanted = [mapping.theirs(name) for name in generic_csv.NEEDED if name not in mapping.defaults]
        likeliest = max(seen, key=lambda found: len(found & set(wanted)), default=set[str]())
        raise ColumnsUnknown(
            missing=[name for name in wanted if name not in likeliest], **unknown.params
        ) from None
    if issubclass(kind, generic_csv.GenericCsv):
        return generic_csv.GenericCsv(file, line, names, delimiter, mapping)
    if issubclass(kind, ORDERS):
        return kind(file, line, names, delimiter)
    raise HoldsNoOrders(seen=kind.kind, bill=kind.kind)


def read(path: Path, mapping: Mapping | None = None) -> ReadBill:
    """What a bill says of refunds; `FileUnreadable` of the fitting kind when it is none that is known.

    Refunds come in the order of the file. Rows that cannot be read become warnings with their line.
    """
    mapping = mapping or Mapping()

    def kind_of(names: list[str]) -> type[Statement] | type[GenericBill] | None:
        if mapping.columns and GenericBill.recognise(names, mapping):
            return GenericBill  # whoever names columns means them
        known = next((kind for kind in STATEMENTS if kind.recognise(names)), None)
        if known is None and (GenericBill.recognise(names, mapping) or generic_csv.recognise(names, mapping)):
            return GenericBill
        return known

    kind: type[Statement] | type[GenericBill]
    file, (kind, line, names, delimiter, above) = _only_table(path, kind_of)
    bill: _Refunds = (
        GenericBill(file, line, names, delimiter, mapping)
        if issubclass(kind, GenericBill)
        else kind(file, line, names, delimiter)
    )
    refunds: list[BillRefund] = []
    problems = [Problem(each, "above_header", {"line": line}) for each in above]
    skipped: dict[str, list[int]] = {}
    for row in bill.refunds():
        if isinstance(row, BillRefund):
            refunds.append(row)
        elif isinstance(row, Problem):
            problems.append(row)
        else:
            skipped.setdefault(row.code, []).append(row.line)
    warnings = [BillWarning(f"import_problem.{code}", (at,), params, True) for at, code, params in problems]
    warnings += [
        BillWarning(f"import_notice.{code}", tuple(lines), {"n": len(lines), "lines": _listed(lines)}, False)
        for code, lines in skipped.items()
    ]
    warnings += [BillWarning(f"import_notice.{code}", (), params, False) for code, params in bill.notices]
    currencies = {refund.currency for refund in refunds}
    if len(currencies) > 1:
        params = {"currencies": ", ".join(sorted(currencies))}
        warnings.append(BillWarning("import_notice.currencies_mixed", (), params, False))
    return ReadBill(bill.kind, bill.channel, bill.count, tuple(refunds), bill.covers, tuple(warnings))


def _listed(lines: list[int], most: int = 10) -> str:
    return ", ".join(map(str, lines[:most])) + ("…" if len(lines) > most else "")


def _only_table(path: Path, kind_of: Callable[[list[str]], Kind | None]) -> tuple[Lines, Header[Kind]]:
    """The one known table in a file: a zip may hold others beside it, such as Alipay's summary (汇总)."""
    packed = candidates(path)
    found, names, refused = [], [], None
    for member in packed:
        try:
            file: Lines = SheetFile(member) if member.is_workbook else TextFile(member)
            found.append((file, find_header(file, kind_of)))
            names.append(member.name)
        except FileUnreadable as error:
            # Of several members the one that comes nearest to a bill tells what is wrong.
            refused = error if refused is None or isinstance(refused, BillUnknown) else refused
    if len(found) > 1:
        raise SeveralBills(seen="several_files", names=names)
    if found:
        return found[0]
    assert refused is not None, "there is at least one candidate"
    raise refused
