"""The books: our ledger, balances kept here, and what the sandbox says of itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from core.adapters.tables.columns import Id, Instant, metadata

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("movement", Text, nullable=False, index=True),  # one balanced set; unique per payout and kind
    Column("line", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("account", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),  # debit positive, credit negative
    Column("currency", Text, nullable=False),
    Column("case_no", Text),
    UniqueConstraint("movement", "line"),
)

balance_lots = Table(
    "balance_lots",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("payout_id", ForeignKey("payouts.id"), unique=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("remaining_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("credited_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    CheckConstraint("remaining_minor >= 0 AND remaining_minor <= amount_minor", name="remaining"),
)

sandbox_refunds = Table(  # the sandbox's own books: a far end that happens to live next door
    "sandbox_refunds",
    metadata,
    Column("key", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("trade_no", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("reference", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("settles_at", Instant, nullable=False),
)
