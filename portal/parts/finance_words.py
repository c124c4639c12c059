"""What finance's codes are called: accounts, differences, corrections."""

from __future__ import annotations

from typing import Final

from core.domain.reconciling import Correction, Difference
from core.domain.room import Room
from core.services.reconciliation import Listed
from core.texts import Texts

_ACCOUNTS: Final = {
    "contra_revenue:refunds": "account.refunds",
    "revenue:refund_fees": "account.fees",
    "revenue:exchange_difference": "account.exchange",
    "expenses:channel_fees": "account.channel_fees",
    "liabilities:customer_refunds": "account.payable",
    "liabilities:balance": "account.balance",
    "liabilities:vouchers": "account.vouchers",
    "revenue:sales": "account.sales",
    "revenue:expired_balances": "account.expired",
}
_CHANNEL: Final = "assets:channel:"


def account(tx: Texts, name: str) -> str:
    """An account of the ledger in words; one that we do not know keeps its name."""
    if name.startswith(_CHANNEL):
        return tx("account.channel", channel=channel(tx, name.removeprefix(_CHANNEL)))
    return tx(_ACCOUNTS[name]) if name in _ACCOUNTS else name


def channel(tx: Texts, name: str) -> str:
    return tx(f"channel.{name}") if f"channel.{name}" in tx else name


def cause(tx: Texts, code: str) -> str:
    """Why a channel has not settled it; a word of its own that we do not know is shown as it is."""
    key = f"payout_cause.{code}"
    return tx(key) if key in tx else tx("payout_cause.other", code=code)


def kind(tx: Texts, found: Difference) -> str:
    """What does not fit, in a few words."""
    return tx(f"difference_cause.{found.cause}") if found.cause else tx(f"difference.{found.kind}")


def taken(tx: Texts, room: Room) -> str:
    """How much of the payment can be refunded no more: all that is left, where that is less."""
    minor = min(room.taken_minor, room.left_minor)
    key = "finance.correction.takes_up" if minor else "finance.correction.nothing_left"
    return tx(key, amount=tx.money(minor, room.currency))


def room(tx: Texts, told: Room) -> str:
    """What was paid, what went back, what is under way, and what to do first; '' for nothing to tell."""
    if not told.says:
        return ""

    def money(minor: int) -> str:
        return tx.money(minor, told.currency)

    sums = tx(
        "finance.room",
        paid=money(told.paid_minor),
        refunded=money(told.refunded_minor + told.outside_minor),
        under_way=money(told.under_way_minor),
        taken=money(told.taken_minor),
    )
    return f"{tx(f'finance.room.{told.says}')} {sums}"


def correction(tx: Texts, listed: Listed) -> str:
    """What would be booked: each account with its sum, and what can never be refunded again."""
    wanted, currency = listed.correction, listed.found.currency
    if wanted is None:
        return tx("finance.correction.none")
    if wanted == Correction():
        return tx("finance.correction.nothing")
    lines = [
        tx("finance.correction.line", account=account(tx, name), amount=tx.money(minor, currency))
        for name, minor in wanted.lines
    ]
    if wanted.takes_up:
        if listed.room is not None:
            return tx("list.next").join([*lines, taken(tx, listed.room)])
        is_known = listed.found.payment_id is not None
        key = "finance.correction.takes_up" if is_known else "finance.correction.no_payment"
        lines.append(tx(key, amount=tx.money(wanted.takes_up, currency)))
    return tx("list.next").join(lines)
