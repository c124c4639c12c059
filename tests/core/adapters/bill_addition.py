"""The refunds of a bill added up once more, in another way than the reader's: to catch it when it is wrong.

Small and slow: the whole file at once, no streams, its own splitting of lines and its own reading of amounts.
A line that it does not understand is `unclear`; there the reader may say what it likes as long as it says so.
"""

# ruff: noqa: E501
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

AMOUNT = {
    "alipay_personal": ("金额",), "wechat_personal": ("金额",), "alipay_merchant": ("订单金额",), "alipay_fund": ("支出金额",),
    "wechat_trade": ("申请退款金额", "退款金额"), "wechat_fund": ("收支金额",), "generic_csv": ("变动金额",),
}  # fmt: skip


@dataclass
class Addition:
    """Line → minor units of what is a refund beyond doubt, and the lines of which that cannot be said."""

    refunds: dict[int, int] = field(default_factory=dict)
    unclear: set[int] = field(default_factory=set)


def of_text(data: bytes, kind: str, columns: set[str]) -> Addition:
    """`columns`: names that its header may have."""
    rows = []
    for line, text in enumerate(re.split("\r\n|\r|\n", _text(data)), 1):
        bare = text.split(max(",\t;，", key=text.count))
        rows.append((line, bare if is_header(bare, columns) else split(text)))
    return of_rows(rows, kind, columns)


def is_header(cells: Iterable[str], columns: set[str]) -> bool:
    names = [plain(cell) for cell in cells if cell.strip()]
    return len(names) > 2 and sum(name in columns for name in names) > 0.5 * len(names)


def of_rows(rows: Iterable[tuple[int, list[str] | None]], kind: str, columns: set[str]) -> Addition:
    """`None` for a row that cannot be split."""
    found, names = Addition(), [""][:0]
    for line, cells in rows:
        if cells is None:
            found.unclear.add(line)
            continue
        cells = [cell.strip(" \t\ufeff`\u3000\xa0") for cell in cells]
        if is_header(cells, columns):
            names = [plain(cell) for cell in cells]
            continue
        if not names or not any(cells):
            continue
        while len(cells) > len(names) and not cells[-1]:
            cells.pop()
        # A row may have lost its empty end, as the header may have an empty one.
        while len(cells) < len(names) and names[len(cells)] in ("", "备注", "资金状态", "付款备注"):
            cells.append("")
        if len(cells) != len(names):
            found.unclear.add(line)
            continue
        row = dict(zip(reversed(names), reversed(cells), strict=True))
        try:
            if not _is_refund(row, kind):
                continue
        except KeyError:  # a column is missing
            found.unclear.add(line)
            continue
        name = next((name for name in AMOUNT[kind] if name in row), "")
        minor = _minor(row.get(name, ""))
        if minor is None:
            found.unclear.add(line)
        elif minor:
            found.refunds[line] = minor
    return found


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        parts = []
        for line in re.split(rb"(\r\n|\r|\n)", data.removeprefix(b"\xef\xbb\xbf")):
            try:
                text = line.decode("utf-8")
                parts.append(text if re.search("[\u4e00-\u9fff]", text) else line.decode("gb18030"))
            except UnicodeDecodeError:
                parts.append(line.decode("gb18030", errors="replace"))
        return "".join(parts)


def split(text: str) -> list[str] | None:
    """Backticks part, where there are some; else commas, tabs or semicolons outside quotes."""
    if text.startswith("`"):
        return text[1:].split(",`")
    sign = max(",\t;", key=text.count)
    cells, cell, is_quoted = [], "", False
    for place, char in enumerate(text):
        if char == '"' and (is_quoted or not cell.strip()):
            if is_quoted and text[place + 1 : place + 2] == '"':
                return None  # doubled quotes: rare enough to be unclear
            is_quoted = not is_quoted
        elif char == sign and not is_quoted:
            cells.append(cell)
            cell = ""
        else:
            cell += char
    return None if is_quoted else [*cells, cell]


def plain(name: str) -> str:
    name = name.strip("\"'# ")
    return re.sub(r"\([+-]?元\)$", "", unicodedata.normalize("NFKC", name))


def _is_refund(row: dict[str, str], kind: str) -> bool:
    if kind == "alipay_personal":
        return row["交易状态"] == "退款成功"
    if kind == "wechat_personal":
        return row.get("交易类型", "").endswith("退款") and row["收/支"] != "支出"
    if kind == "alipay_merchant":
        return row["业务类型"] == "退款"
    if kind == "alipay_fund":
        return "退款" in (row.get("业务类型") or row.get("业务描述") or row.get("备注", ""))
    if kind == "wechat_trade":
        return row["交易状态"] in ("REFUND", "REVOKED") and row.get("退款状态") not in ("FAIL", "CHANGE")
    if kind == "wechat_fund":
        return "退款" in (row.get("业务类型") or row.get("业务名称", "")) and row["收支类型"] == "支出"
    return row["类型"] == "退款"


def _minor(text: str) -> int | None:
    """Any way of writing an amount; the sign does not matter here."""
    text = unicodedata.normalize("NFKC", text).replace("−", "-")
    bare = re.sub(r"CNY|RMB|[¥元()+\-\s]", "", text)
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", bare):
        bare = bare.replace(",", "")
    try:
        minor = Decimal(bare) * 100
    except InvalidOperation:
        return None
    return int(minor) if minor.is_finite() and minor == int(minor) else None


def total(refunds: Sequence[int]) -> Decimal:
    """In yuan, one after the other."""
    found = Decimal(0)
    for minor in refunds:
        found += Decimal(minor) / 100
    return found
