"""What the channels' bills said: bills that were read, payouts that stand in one, and what did not fit."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from core.adapters.tables.columns import Id, Instant, metadata
from core.domain.lifecycle import check_sql
from core.domain.reconciling import DIFFERENCE

bills = Table(
    "bills",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # of what was read: the same bill is read once
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),  # of the file, for the eye
    Column("begins_at", Instant),
    Column("ends_at", Instant),
    Column("is_said", Boolean, nullable=False),  # the period: by the bill, else drawn from its rows
    Column("refunds", Integer, nullable=False),
    Column("matched", Integer, nullable=False),
    Column("read_by", Text, nullable=False),  # role:person
    Column("read_at", Instant, nullable=False),
    Index("ix_bills_channel", "channel", "ends_at"),
)

# In which bill a payout was found first.
billed_payouts = Table(
    "billed_payouts",
    metadata,
    Column("payout_id", ForeignKey("payouts.id"), primary_key=True, autoincrement=False),
    Column("bill_id", ForeignKey("bills.id"), nullable=False, index=True),
    Column("amount_minor", BigInteger, nullable=False),  # as the bill says
    Column("at", Instant, nullable=False),
)

differences = Table(
    "differences",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # domain.reconciling.Difference.digest
    Column("bill_id", ForeignKey("bills.id"), nullable=False, index=True),  # that showed it first
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("refund_no", Text, nullable=False),
    Column("trade_no", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("payout_id", ForeignKey("payouts.id"), index=True),
    Column("payment_id", ForeignKey("payments.id"), index=True),
    Column("case_no", Text),
    Column("ours_minor", BigInteger),
    Column("theirs_minor", BigInteger),
    Column("currency", Text, nullable=False),
    Column("at", Instant),
    Column("line", Integer),
    Column("said", Text, nullable=False),
    Column("nth", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("correction", Text),  # JSON of what is proposed or posted; NULL: nothing was proposed
    Column("proposed_by", Text),  # role:person
    Column("posted_by", Text),
    Column("found_at", Instant, nullable=False),
    Column("closed_at", Instant),
    CheckConstraint(check_sql(DIFFERENCE), name="state"),
    CheckConstraint("posted_by IS NULL OR posted_by <> proposed_by", name="two_people"),
    CheckConstraint("(state IN ('posted', 'settled')) = (closed_at IS NOT NULL)", name="closed"),
    CheckConstraint("(state IN ('proposed', 'posted')) = (correction IS NOT NULL)", name="proposed"),
    Index(
        "ix_differences_open",
        "kind",
        "id",
        postgresql_where=text("closed_at IS NULL"),
        sqlite_where=text("closed_at IS NULL"),
    ),
)

# Every bill that shows a difference, the first one and the others.
bill_differences = Table(
    "bill_differences",
    metadata,
    Column("bill_id", ForeignKey("bills.id"), primary_key=True, autoincrement=False),
    Column("difference_id", ForeignKey("differences.id"), primary_key=True, autoincrement=False, index=True),
)

# What people and time did with a difference: never changed.
difference_events = Table(
    "difference_events",
    metadata,
    Column("difference_id", ForeignKey("differences.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("note", Text, nullable=False),
)

# Whose hands a payout was given into: working state, not history.
payout_care = Table(
    "payout_care",
    metadata,
    Column("payout_id", ForeignKey("payouts.id"), primary_key=True, autoincrement=False),
    Column("person_id", Text, nullable=False),
    Column("given_by", Text, nullable=False),  # role:person
    Column("given_at", Instant, nullable=False),
)
