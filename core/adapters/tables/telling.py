"""Tables of notices: what customers are told, where it went, and how they want to be reached."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.adapters.tables.columns import Id, Instant, metadata

# The inbox, and the outbox from which deliveries are planned: written with the change that it tells of.
notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False),
    Column("seq", Integer, nullable=False),  # the event it tells of, or the last one before it
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False, server_default=""),  # a payout's key, or which warning: half | last
    Column("customer_id", Text, nullable=False),  # '' = a guest, who proves the order
    Column("order_no", Text, nullable=False),
    Column("amount_minor", BigInteger),
    Column("currency", Text, nullable=False),
    Column("by_at", Instant),  # when the case's next step was due
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),  # by the account's owner
    Column("guest_read_at", Instant),  # by whoever proved the order: another reader, with marks of their own
    Column("planned_at", Instant),  # its deliveries, none included, are rows of `notice_deliveries`
    UniqueConstraint("case_no", "seq", "kind", "about"),
    Index("ix_notices_customer", "customer_id", "read_at"),
    Index("ix_notices_order", "order_no", "guest_read_at"),
    Index(
        "ix_notices_unplanned",
        "id",
        sqlite_where=text("planned_at IS NULL"),
        postgresql_where=text("planned_at IS NULL"),
    ),
)

notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    Column("notice_id", ForeignKey("notices.id"), primary_key=True),
    Column("target", Text, primary_key=True),  # 'customer' or one of the shop's, by name: never an address
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant),
    Column("leased_until", Instant),
    Column("worker", Text),
    Column("sent_at", Instant),
    Column("cause", Text),  # of the last try that came to nothing, as a code
    CheckConstraint("state IN ('planned', 'sent', 'failed')", name="state"),
    CheckConstraint("(state = 'planned') = (due_at IS NOT NULL)", name="something_is_due"),
    Index(
        "ix_notice_deliveries_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

contacts = Table(  # of customers who have an account; a guest has no address here
    "contacts",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("mail", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default=""),
)
