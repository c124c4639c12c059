"""One cell of a bill or export: numbers, names, amounts and times, or why it is none.

What goes into the database is read strictly (`amount`), what is only looked at as people write it (`money`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from core.domain.asked import LONGEST_NUMBER
from core.domain.errors import AmountInvalid
from core.domain.money import exponent, parse_minor

LONGEST_TEXT: Final = 200
_IS_NUMBER: Final = re.compile(rf"[!-~]{{1,{LONGEST_NUMBER}}}", re.ASCII).fullmatch
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


class Unfit(ValueError):
    """A cell that cannot be taken: `code` and `params` of the `Problem` to come."""

    def __init__(self, code: str, column: str, value: str = "", **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = {"column": column, "value": printable(value), **params}


def printable(value: str) -> str:
    """The beginning of a cell, safe to show."""
    return "".join(char if char.isprintable() else "�" for char in value[:40])


def number(text: str, column: str) -> str:
    """A number of an order, trade, refund or customer: up to 64 printable ASCII characters without spaces."""
    if _IS_NUMBER(text) is None:
        raise Unfit("value_missing" if not text else "number_invalid", column, text)
    return text


@lru_cache(maxsize=4096)
def words(text: str, column: str) -> str:
    """A name to show: not empty, not endless, no control characters."""
    if not text:
        raise Unfit("value_missing", column)
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise Unfit("text_invalid", column, text, limit=LONGEST_TEXT)
    return text


@lru_cache(maxsize=256)
def currency_code(text: str, column: str) -> str:
    """An ISO 4217 code in capitals."""
    if _CURRENCY.fullmatch(text) is None:
        raise Unfit("value_missing" if not text else "currency_unknown", column, text)
    return text


@lru_cache(maxsize=65_536)
def amount(text: str, currency: str, column: str) -> int:
    """Minor units, exactly."""
    try:
        return parse_minor(text, currency)
    except AmountInvalid:
        raise Unfit("amount_invalid" if text else "value_missing", column, text) from None


# As people, spreadsheets and input methods write amounts. NFKC would also turn ² and ① into digits.
_PLAIN: Final = {
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **dict(zip(map(ord, "（），．＋－−￥＄\u3000\xa0\ufeff\t`"), "(),.+--¥$" + " " * 5, strict=True)),
}
_MONEY: Final = re.compile(
    r"(?P<open>\()?(?P<before>[+-])?(?:¥|CNY|RMB)? ?(?P<after>[+-])?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.(?P<part>[0-9]{1,12}))? ?元?(?P<close>\))?",
    re.ASCII,
)


def money(text: str, currency: str, column: str) -> int:
    """Signed minor units of an amount as it is written for people: `￥1,234.50`, `（５０．００）`, `-0.10元`.

    Exact: thousands must stand in threes, and what the currency has no unit for is refused, zeros aside.
    """
    written = text.translate(_PLAIN).strip()
    found = _MONEY.fullmatch(written)
    if found is None:
        raise Unfit("amount_invalid" if written else "value_missing", column, text)
    signs = [sign for sign in (found["before"], found["after"]) if sign]
    if (found["open"] is None) != (found["close"] is None) or len(signs) + bool(found["open"]) > 1:
        raise Unfit("amount_invalid", column, text)
    whole, part = found["whole"].replace(",", "").lstrip("0") or "0", (found["part"] or "").rstrip("0")
    try:
        minor = parse_minor(f"{whole}.{part}" if part else whole, currency)
    except AmountInvalid:
        raise Unfit("amount_invalid", column, text) from None
    return -minor if found["open"] or "-" in signs else minor


class Minors(dict[str, int]):
    """`money` of one currency, remembered: a bill repeats its amounts. Bounded, for a bill need not."""

    def __init__(self, currency: str, column: str) -> None:
        super().__init__()
        self._currency, self._column = currency, column
        self._is_usual = exponent(currency) == 2

    def __missing__(self, text: str) -> int:
        whole, _, part = text.partition(".")
        digits = whole + part
        if self._is_usual and len(part) == 2 and digits.isascii() and digits.isdigit() and len(digits) < 13:
            minor = int(digits)  # nearly all, ten times as fast
        else:
            minor = money(text, self._currency, self._column)
        if len(self) < 65_536:
            self[text] = minor
        return minor


def reference(text: str) -> str:
    """A number to compare and show: '' for `/`, `0` and the like, without what spreadsheets put around it."""
    if text.isalnum() and text.isascii() and text != "0":
        return text[:128]
    found = text.removeprefix('="').removesuffix('"').strip("`' \t\u3000\xa0\ufeff")
    return "" if found in ("", "/", "-", "0", "--") or not found.isprintable() else found[:128]


_ROUNDED: Final = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE | re.ASCII)


def is_rounded(text: str) -> bool:
    """`4.2E+27`: a spreadsheet made a number of a number, and its end is lost."""
    return "E" in text.upper() and _ROUNDED.fullmatch(text) is not None


def paid(text: str, currency: str, column: str) -> int:
    """`amount` of a payment: more than nothing."""
    minor = amount(text, currency, column)
    if minor == 0:
        raise Unfit("amount_zero", column, text)
    return minor


_DIGITS: Final = re.compile(r"[0-9]{7,}")
_LOCAL_PART: Final = re.compile(r"[^\s@*(（]+(?=@)")


@lru_cache(maxsize=4096)
def masked(account: str) -> str:
    """An account for the eye: no full phone, card or mail address. Masking twice changes nothing."""
    text = "".join(char for char in account if char.isprintable())[:64]
    text = _LOCAL_PART.sub(lambda match: match[0][:3] + "***", text)
    return _DIGITS.sub(lambda m: (m[0][:3] if len(m[0]) <= 11 else "") + "****" + m[0][-4:], text)


def digest(said: str) -> str:
    """A short name for what a row says of its order."""
    return blake2b(said.encode(), digest_size=16).hexdigest()


def row_of(header: Mapping[str, int], cells: list[str], column: str) -> str:
    """The cell of `column`, '' where the bill has no such column."""
    place = header.get(column)
    return "" if place is None else cells[place]


def cells_of(text: str) -> list[str]:
    """One line of comma-separated values, trimmed; no cells at all when it is no such line."""
    try:
        return [cell.strip() for cell in next(csv.reader([text]), [])]
    except csv.Error:
        return []
