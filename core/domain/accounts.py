"""The chart of accounts, and what balances. Debits are positive, credits negative."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.domain.facts import CHANNELS
from core.domain.missing import BY_HAND
from core.domain.vouchers import KINDS

Lines = tuple[tuple[str, int], ...]  # (account, minor units); of one movement they sum to zero

REFUNDS: Final = "contra_revenue:refunds"  # sales taken back
FEES: Final = "revenue:refund_fees"  # kept from refunds
EXCHANGE: Final = "revenue:exchange_difference"  # borne by the customer
CHANNEL_FEES: Final = "expenses:channel_fees"  # what a channel took with a refund, less what it gave back
PAYABLE: Final = "liabilities:customer_refunds"  # approved, not arrived
BALANCE: Final = "liabilities:balance"  # customers' money kept here
VOUCHERS: Final = "liabilities:vouchers"  # owed to whoever redeems them
SALES: Final = "revenue:sales"  # paid with balance or vouchers; other sales are the shop's own books
EXPIRED: Final = "revenue:expired_balances"  # of balances and vouchers, once their promised time is over


CHART: Final = frozenset(
    {REFUNDS, FEES, EXCHANGE, CHANNEL_FEES, PAYABLE, BALANCE, VOUCHERS, SALES, EXPIRED}
    | {f"assets:channel:{name}" for name in (*CHANNELS, BY_HAND) if name != "balance"}
)


def is_channel(name: str) -> bool:
    """Whether money of ours can leave there."""
    return name in (*CHANNELS, BY_HAND, *KINDS)


def channel_account(channel: str) -> str:
    """The account that a channel's payouts leave from; `ValueError` of a channel that there is not."""
    if not is_channel(channel):
        raise ValueError(f"no channel is called {channel!r}")
    if channel in KINDS:
        return VOUCHERS
    return BALANCE if channel == "balance" else f"assets:channel:{channel}"


def balances(lines: Iterable[tuple[str, int]]) -> bool:
    """Whether the lines of one movement sum to zero."""
    return sum(minor for _, minor in lines) == 0
