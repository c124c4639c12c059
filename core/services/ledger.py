"""The books, double entry: every movement is one balanced set of lines, written once and never changed.

Debits are positive, credits negative. A movement's name says what caused it, so the same cause cannot be
booked twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypedDict, Unpack

from sqlalchemy import Connection, func, insert, select

from core.adapters.prepared import Prepared
from core.adapters.tables import ledger_entries
from core.domain.accounts import (
    BALANCE,
    CHART,
    EXCHANGE,
    EXPIRED,
    FEES,
    PAYABLE,
    REFUNDS,
    SALES,
    VOUCHERS,
    Lines,
    balances,
    channel_account,
)

_INSERT: Final = Prepared(
    insert(ledger_entries).inline(),
    ["movement", "line", "at", "account", "amount_minor", "currency", "case_no"],
)


class Granted(TypedDict):
    """What was approved, and what becomes of it, in minor units: approved = fee + exchange loss + refund."""

    approved_minor: int
    fee_minor: int
    fx_minor: int
    refund_minor: int


def approved(
    conn: Connection, *, case_no: str, seq: int, at: datetime, currency: str, **amounts: Unpack[Granted]
) -> None:
    """A refund was granted by event `seq`: sales go down, the customer is owed, fee and exchange loss
    stay.
    """
    _book(conn, f"approve:{case_no}:{seq}", at, currency, _grant(1, amounts), case_no)


def released(
    conn: Connection, *, case_no: str, seq: int, at: datetime, currency: str, **amounts: Unpack[Granted]
) -> None:
    """The grant was taken back by event `seq` before any money moved: the mirror of `approved`."""
    _book(conn, f"release:{case_no}:{seq}", at, currency, _grant(-1, amounts), case_no)


def _grant(sign: int, amounts: Granted) -> list[tuple[str, int]]:
    return [
        (REFUNDS, sign * amounts["approved_minor"]),
        (PAYABLE, -sign * amounts["refund_minor"]),
        (FEES, -sign * amounts["fee_minor"]),
        (EXCHANGE, -sign * amounts["fx_minor"]),
    ]


def arrived(
    conn: Connection, *, case_no: str, key: str, at: datetime, currency: str, channel: str, amount_minor: int
) -> None:
    """The payout with this key reached the customer: no longer owed, gone from the channel or added to the
    balance.
    """
    lines = [(PAYABLE, amount_minor), (channel_account(channel), -amount_minor)]
    _book(conn, f"arrive:{key}", at, currency, lines, case_no)


def corrected(
    conn: Connection, *, difference_id: int, at: datetime, currency: str, lines: Lines, case_no: str | None
) -> None:
    """A difference between a channel's bill and our books was put right, by two people."""
    _book(conn, f"reconcile:{difference_id}", at, currency, lines, case_no)


def spent(conn: Connection, *, spend_id: int, at: datetime, currency: str, amount_minor: int) -> None:
    """A purchase was paid with a balance."""
    _book(conn, f"spend:{spend_id}", at, currency, [(BALANCE, amount_minor), (SALES, -amount_minor)], None)


def lot_expired(
    conn: Connection, *, lot_id: int, at: datetime, currency: str, amount_minor: int, case_no: str | None
) -> None:
    """What nobody spent in the promised time is no longer owed."""
    lines = [(BALANCE, amount_minor), (EXPIRED, -amount_minor)]
    _book(conn, f"expire:lot:{lot_id}", at, currency, lines, case_no)


def voucher_redeemed(
    conn: Connection,
    *,
    voucher_id: int,
    at: datetime,
    currency: str,
    amount_minor: int,
    case_no: str,
    to_balance: bool,
) -> None:
    """A voucher became balance, or was taken off a purchase."""
    lines = [(VOUCHERS, amount_minor), (BALANCE if to_balance else SALES, -amount_minor)]
    _book(conn, f"redeem:{voucher_id}", at, currency, lines, case_no)


def voucher_expired(
    conn: Connection, *, voucher_id: int, at: datetime, currency: str, amount_minor: int, case_no: str
) -> None:
    """As of a lot."""
    lines = [(VOUCHERS, amount_minor), (EXPIRED, -amount_minor)]
    _book(conn, f"expire:voucher:{voucher_id}", at, currency, lines, case_no)


def _book(
    conn: Connection,
    movement: str,
    at: datetime,
    currency: str,
    lines: Sequence[tuple[str, int]],
    case_no: str | None,
) -> None:
    strangers = sorted({account for account, _ in lines} - CHART)
    if strangers:
        raise ValueError(f"{movement}: not in the chart of accounts: {strangers}")
    if not balances(lines):
        raise ValueError(f"{movement} does not balance: {lines}")
    _INSERT.insert(
        conn,
        [
            {
                "movement": movement,
                "line": number,
                "at": at,
                "account": account,
                "amount_minor": amount,
                "currency": currency,
                "case_no": case_no,
            }
            for number, (account, amount) in enumerate(lines, 1)
            if amount
        ],
    )


def trial_balance(conn: Connection) -> dict[tuple[str, str], int]:
    """(account, currency) → sum. The sums of one currency add up to zero."""
    rows = conn.execute(
        select(
            ledger_entries.c.account, ledger_entries.c.currency, func.sum(ledger_entries.c.amount_minor)
        ).group_by(ledger_entries.c.account, ledger_entries.c.currency)
    )
    return {(account, currency): int(total) for account, currency, total in rows}
