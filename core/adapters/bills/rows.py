"""What a bill or an order export is made of, row by row: payments, refunds, and rows that say what is wrong.

Bad rows are values with a line number, never exceptions. Instants are microseconds since 1970, money is minor
units: a `Trade` goes into the database as it is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Protocol

from core.domain.errors import AmountInvalid
from core.domain.money import parse_minor
from core.domain.workdays import ZONE


class Trade(NamedTuple):
    """One payment of one order. `digest` covers what the row says of the order, not of the payment."""

    line: int
    order_no: str
    customer_id: str
    customer_name: str
    product: str
    kind: str
    quantity: int
    amount_minor: int
    currency: str
    delivery: str
    delivery_at: int | None
    completed_at: int | None
    escrow: int
    channel: str
    trade_no: str  # the order's number where the channel's is not known
    account: str
    is_open: int
    paid_minor: int
    paid_at: int
    charged_currency: str | None
    charged_minor: int | None
    source: str
    digest: str


class Refund(NamedTuple):
    """One refund row of a channel's bill. `refund_no` is the merchant's: our own key when we made it."""

    line: int
    channel: str
    trade_no: str
    order_no: str
    refund_no: str
    amount_minor: int
    currency: str
    at: int


class Problem(NamedTuple):
    """Why the row on physical line `line` cannot be taken. The words are `import_problem.<code>`."""

    line: int
    code: str
    params: dict[str, Any]


class Skipped(NamedTuple):
    """A row that is rightly left out. The words are `import_notice.<code>`; '' is not worth telling."""

    line: int
    code: str


Row = Trade | Refund | Problem | Skipped


class Notice(NamedTuple):
    """Something to know about a file that was read. The words are `import_notice.<code>`."""

    code: str
    params: dict[str, Any]


# All codes there are; each has words in both languages.
PROBLEM_CODES: Final = (
    "value_missing", "value_unknown", "number_invalid", "text_invalid", "currency_unknown",
    "amount_invalid", "time_invalid", "quantity_invalid", "cells_wrong", "quotes_wrong", "column_missing",
    "column_twice", "rows_disagree", "payment_twice", "amount_changed", "owner_changed",
    "older_than_known", "payment_changed", "trade_taken", "refund_changed",
    "amount_zero", "paid_in_future", "refunded_in_future",
)  # fmt: skip
NOTICE_CODES: Final = (
    "trailer_missing", "trailer_count", "trailer_amount", "trade_shared", "refunded_beyond_paid",
    "never_paid", "refund_failed", "row_kind_unknown",
)  # fmt: skip


class Bill(Protocol):
    """A recognised file. `notices` are complete once `rows()` has come to its end."""

    kind: str
    notices: list[Notice]

    def rows(self) -> Iterator[Row]: ...


# What a bill cannot say and must not guess in the customer's favour: docs/import.md tells why.
ASSUMED_DELIVERY: Final = "code_viewed"

LONGEST_TEXT: Final = 200
_IS_NUMBER: Final = re.compile(r"[!-~]{1,64}", re.ASCII).fullmatch
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


def paid(text: str, currency: str, column: str) -> int:
    """`amount` of a payment: more than nothing."""
    minor = amount(text, currency, column)
    if minor == 0:
        raise Unfit("amount_zero", column, text)
    return minor


_EPOCH_THERE: Final = datetime(1970, 1, 1)  # a naive time is Shanghai's
_SHANGHAI: Final = timedelta(hours=8)
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST: Final = 946_684_800_000_000  # 2000-01-01
_LATEST: Final = 4_102_444_800_000_000  # 2100-01-01
_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK: Final = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_LOOSE: Final = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?", re.ASCII
)


class _Days(dict[str, int]):
    """`2026-11-20` → its midnight in Shanghai. Only dates of this century are kept, so it stays small."""

    def __missing__(self, text: str) -> int:
        if _DAY.fullmatch(text) is None:
            raise ValueError(text)
        found = datetime.fromisoformat(text) - _SHANGHAI - _EPOCH_THERE
        self[text] = micros = found // _MICROSECOND
        return micros


class _Clocks(dict[str, int]):
    """`17:58:03` → microseconds since midnight."""

    def __missing__(self, text: str) -> int:
        if _CLOCK.fullmatch(text) is None:
            raise ValueError(text)
        found = time.fromisoformat(text)
        self[text] = micros = (found.hour * 3600 + found.minute * 60 + found.second) * 1_000_000
        return micros


_DAYS: Final = _Days()
_CLOCKS: Final = _Clocks()


def instant(text: str, column: str) -> int:
    """Microseconds since 1970 of `2026-11-20 17:58:03`, ISO 8601, or what a spreadsheet makes of it."""
    if len(text) == 19 and text[10] == " ":  # nearly all: two look-ups are three times faster
        try:
            return _DAYS[text[:10]] + _CLOCKS[text[11:]]
        except ValueError:
            pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _loose(text, column)
    try:
        there = found if found.tzinfo is None else found.astimezone(ZONE).replace(tzinfo=None)
        micros = (there - _SHANGHAI - _EPOCH_THERE) // _MICROSECOND
    except OverflowError:
        micros = -1
    if not _EARLIEST <= micros <= _LATEST:
        raise Unfit("time_invalid", column, text)
    return micros


def _loose(text: str, column: str) -> datetime:
    match = _LOOSE.fullmatch(text)
    if match is not None:
        try:
            return datetime(*(int(part) for part in match.groups(default="0")))  # type: ignore[arg-type]
        except ValueError:
            pass
    raise Unfit("time_invalid" if text else "value_missing", column, text)


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


def bill_trade(
    line: int, *, order_no: str, product: str, currency: str, channel: str, trade_no: str, account: str,
    paid_minor: int, paid_at: int, source: str,
) -> Trade:  # fmt: skip
    """The order that stands behind a payment in a channel's bill, as far as a bill knows it."""
    return Trade(
        line=line,
        order_no=order_no,
        customer_id="",
        customer_name="",
        product=product,
        kind="other",
        quantity=1,
        amount_minor=paid_minor,
        currency=currency,
        delivery=ASSUMED_DELIVERY,
        delivery_at=None,
        completed_at=paid_at,
        escrow=0,
        channel=channel,
        trade_no=trade_no,
        account=masked(account),
        is_open=1,
        paid_minor=paid_minor,
        paid_at=paid_at,
        charged_currency=None,
        charged_minor=None,
        source=source,
        digest=digest(f"{order_no}\x1f{currency}"),
    )


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
