"""What a channel's bill says of refunds, and whether one refund stands in it.

A bill is a photograph: it knows nothing of what came after its last day. So 'not in it' always says which
days it covers and when the refund was due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True)
class BillRefund:
    """One refund in a bill. `status` is the channel's own word; numbers that the bill has not are ''."""

    line: int
    trade_no: str  # the channel's
    refund_no: str  # the merchant's, in our own bills our key
    order_no: str  # the merchant's
    amount_minor: int
    currency: str
    at: datetime
    status: str
    fee_minor: int = 0  # what the channel took with it, less than zero where it gave a fee back


@dataclass(frozen=True, slots=True)
class Coverage:
    """From `begins` up to `ends`. `is_said`: by the bill itself, else drawn from its rows."""

    begins: datetime
    ends: datetime
    is_said: bool


@dataclass(frozen=True, slots=True)
class BillWarning:
    """What to know about a bill that was read; the words are those of `key`.

    `lines`: of which lines it speaks. `is_problem`: they could not be read, so the total may lack them.
    """

    key: str
    lines: tuple[int, ...]
    params: dict[str, Any]
    is_problem: bool


@dataclass(frozen=True, slots=True)
class ReadBill:
    """A bill as it was read. `rows` counts what stands below the header, refunds or not."""

    kind: str
    channel: str
    rows: int
    refunds: tuple[BillRefund, ...]
    covers: Coverage | None
    warnings: tuple[BillWarning, ...]

    @property
    def totals(self) -> dict[str, int]:
        """Minor units refunded, by currency."""
        found: dict[str, int] = {}
        for refund in self.refunds:
            found[refund.currency] = found.get(refund.currency, 0) + refund.amount_minor
        return found

    @property
    def is_whole(self) -> bool:
        """Every line was understood."""
        return not any(warning.is_problem for warning in self.warnings)


PERSONAL: Final = frozenset(
    {"alipay_personal", "wechat_personal"}
)  # of one person: amounts tell refunds apart
CLOCKS_DIFFER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """A refund to look for. `refund_numbers`: our key and the channel's number; `payment_numbers`: of what
    was paid, the channel's and ours.
    """

    channel: str
    amount_minor: int
    currency: str
    refund_numbers: frozenset[str]
    payment_numbers: frozenset[str]
    sent_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """It stands on this line. `by`: how it was known; the amount alone is told as such.

    `is_same_amount` is false when the number is right and the amount is another.
    """

    line: int
    at: datetime
    amount_minor: int
    currency: str
    by: Literal["refund_number", "payment_number", "amount"]
    is_same_amount: bool = True


@dataclass(frozen=True, slots=True)
class SeveralAlike:
    """More than one row could be it; a person must look at these lines."""

    lines: tuple[int, ...]


Why = Literal[
    "other_channel", "ends_before_sent", "ends_before_due", "begins_later", "unknown_days", "missing"
]


@dataclass(frozen=True, slots=True)
class NotInBill:
    """Not there. Only `missing` speaks against the channel: the bill covers all days on which it was due."""

    why: Why
    due_at: datetime
    covers: Coverage | None
    unread: tuple[int, ...] = field(default=())  # lines that nobody could read: it may be one of them


def look_up(bill: ReadBill, sought: Sought) -> Found | SeveralAlike | NotInBill:
    """Whether the refund is in the bill: by its number, by what was paid, in a personal bill by amount."""
    if bill.channel not in ("", sought.channel):
        return _absent("other_channel", bill, sought)
    ours = [
        refund
        for refund in bill.refunds
        if not sought.refund_numbers.isdisjoint((refund.refund_no, refund.trade_no))
    ]
    if ours:
        alike = [refund for refund in ours if _is_alike(refund, sought)]
        return _found((alike or ours)[0], "refund_number", bool(alike))
    alike = [refund for refund in bill.refunds if _is_alike(refund, sought)]
    paid = [
        refund
        for refund in alike
        if not sought.payment_numbers.isdisjoint((refund.trade_no, refund.order_no, refund.refund_no))
    ]
    if paid:
        return _one_of(paid, "payment_number")
    if bill.kind in PERSONAL and alike:
        return _one_of(alike, "amount")
    return _absent(_why(bill.covers, sought), bill, sought)


def _is_alike(refund: BillRefund, sought: Sought) -> bool:
    return (
        (refund.amount_minor, refund.currency) == (sought.amount_minor, sought.currency)
        and refund.at >= sought.sent_at - CLOCKS_DIFFER
    )  # fmt: skip


def _one_of(refunds: Sequence[BillRefund], by: Literal["payment_number", "amount"]) -> Found | SeveralAlike:
    if len(refunds) > 1:
        return SeveralAlike(tuple(refund.line for refund in refunds))
    return _found(refunds[0], by, True)


def _found(
    refund: BillRefund, by: Literal["refund_number", "payment_number", "amount"], is_same_amount: bool
) -> Found:
    return Found(refund.line, refund.at, refund.amount_minor, refund.currency, by, is_same_amount)


def _why(covers: Coverage | None, sought: Sought) -> Why:
    if covers is None:
        return "unknown_days"
    if covers.ends <= sought.sent_at:
        return "ends_before_sent"
    if covers.ends < sought.due_at:
        return "ends_before_due"
    return "begins_later" if covers.begins > sought.sent_at else "missing"


def _absent(why: Why, bill: ReadBill, sought: Sought) -> NotInBill:
    unread = tuple(
        line for warning in bill.warnings if warning.is_problem for line in warning.lines
    )  # fmt: skip
    return NotInBill(why, sought.due_at, bill.covers, unread)
