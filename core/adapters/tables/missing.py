"""Money that its customer does not find: their tickets, our answers, and the one line of their bill that they
let us keep.
"""

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

tickets = Table(
    "tickets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("payout_id", ForeignKey("payouts.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("words", Text, nullable=False, server_default=""),  # of who does not find it
    Column("carries", Text, nullable=False),  # JSON: how the payout stood then, what the bill said
    Column("opened_by", Text, nullable=False),  # role:person
    Column("at", Instant, nullable=False),
    Column("due_at", Instant),  # of our answer
    Column("owner", Text),  # a lead, once it is late
    Column("closed_at", Instant),
    CheckConstraint("state IN ('open', 'closed')", name="state"),
    CheckConstraint("(state = 'open') = (due_at IS NOT NULL)", name="somebody_answers"),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
    Index(
        "uq_tickets_one_open_per_case",
        "case_no",
        unique=True,
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
    Index(
        "ix_tickets_open",
        "at",
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
    Index(
        "ix_tickets_due",
        "due_at",
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
)

ticket_answers = Table(
    "ticket_answers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket_id", ForeignKey("tickets.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("answered_by", Text, nullable=False),  # role:person
    Column("words", Text, nullable=False),
    Column("closes", Boolean, nullable=False),
)

bill_rows = Table(
    "bill_rows",
    metadata,
    Column("payout_id", ForeignKey("payouts.id"), primary_key=True, autoincrement=False),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # of bill
    Column("line", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("trade_no", Text, nullable=False),
    Column("refund_no", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("known_by", Text, nullable=False),  # refund_number | payment_number | amount
    Column("kept_by", Text, nullable=False),  # role:person who agreed to it
    Column("kept_at", Instant, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount"),
)
