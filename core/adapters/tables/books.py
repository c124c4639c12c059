"""The books: our ledger, and what the sandbox says of itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text, UniqueConstraint

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
