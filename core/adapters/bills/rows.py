"""What a bill or an order export is made of, row by row: payments, refunds, and rows that say what is wrong.

Bad rows are values with a line number, never exceptions. Instants are microseconds since 1970, money is minor
units: a `Trade` goes into the database as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol

from core.adapters.bills.cells import digest, masked


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
    "amount_zero", "paid_in_future", "refunded_in_future", "above_header",
)  # fmt: skip
NOTICE_CODES: Final = (
    "trailer_missing", "trailer_count", "trailer_amount", "trade_shared", "refunded_beyond_paid",
    "never_paid", "refund_failed", "row_kind_unknown", "refund_incoming", "refund_outgoing", "refund_unsure",
    "status_unknown", "refunded_elsewhere", "number_rounded", "header_again", "encoding_mixed",
    "currencies_mixed", "no_refund_columns", "fee_unread",
)  # fmt: skip


class Bill(Protocol):
    """A recognised file. `notices` are complete once `rows()` has come to its end."""

    notices: list[Notice]

    @property
    def kind(self) -> str: ...

    def rows(self) -> Iterator[Row]: ...


# What a bill cannot say and must not guess in the customer's favour: docs/import.md tells why.
ASSUMED_DELIVERY: Final = "code_viewed"


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
