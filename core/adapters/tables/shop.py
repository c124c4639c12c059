"""What was sold: customers, orders, payments, refunds made outside, rates, and the rules in force."""

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
    UniqueConstraint,
    text,
)

from core.adapters.tables.columns import Id, Instant, metadata, tail

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("approved_by", Text),
    Column("in_force_from", Instant),
    Column("created_at", Instant, nullable=False),
    Column("despite", Integer),  # so many faults were accepted by who put it in force
    # Called off before it began: then `in_force_from` is NULL and stands here.
    Column("called_off_from", Instant),
    Column("called_off_at", Instant),
    Column("called_off_by", Text),
    Column("called_off_because", Text, nullable=False, server_default=""),
    CheckConstraint("approved_by IS NULL OR approved_by <> author", name="two_people"),
)

# A policy on its way: written by one, approved by another, and only then a version.
policy_drafts = Table(
    "policy_drafts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("meant", Text, nullable=False),  # what the author wants to reach, in their words
    Column("author", Text, nullable=False),
    Column(
        "based_on", Integer, ForeignKey("policies.version"), nullable=False
    ),  # in force when it was written
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("says", Text, nullable=False, server_default=""),  # of whoever sent it back
    Column("version", Integer, ForeignKey("policies.version")),  # that it became
    Column("despite", Integer),  # so many faults were accepted by who asked for it
    CheckConstraint("state IN ('open', 'approved', 'sent_back', 'withdrawn')", name="state"),
    CheckConstraint(
        "state <> 'approved' OR (decided_by <> author AND version IS NOT NULL)", name="two_people"
    ),
    CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    Index(
        "ix_policy_drafts_open",
        "created_at",
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("credit", Integer, nullable=False, server_default="100"),
    Column("credit_due_at", Instant),  # when time brings the next points back
    Column("created_at", Instant, nullable=False),
    Index("ix_customers_begins", "name", postgresql_ops={"name": "text_pattern_ops"}),
    Index(
        "ix_customers_credit_due",
        "credit_due_at",
        sqlite_where=text("credit_due_at IS NOT NULL"),
        postgresql_where=text("credit_due_at IS NOT NULL"),
    ),
)

# Points earned and lost; the sum of a customer's entries and the start is `customers.credit`. Never changed.
credit_entries = Table(
    "credit_entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("points", Integer, nullable=False),  # as they counted, after the least and the most
    Column("rule", Text, nullable=False),  # of the policy's [credit]
    Column("case_no", Text, nullable=False, server_default=""),
    Column(
        "about", Text, nullable=False, server_default=""
    ),  # what makes it unique: a case, a month, an entry
    Column("made_by", Text, nullable=False),  # role:person
    Column("note", Text, nullable=False, server_default=""),
    UniqueConstraint("customer_id", "rule", "about"),
    Index("ix_credit_entries_customer", "customer_id", "at"),
)

credit_appeals = Table(  # one for an entry: the customer's words, and the answer of another person
    "credit_appeals",
    metadata,
    Column("entry_id", ForeignKey("credit_entries.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("owner", Text),  # who has it since it is late
    Column("answer", Text, nullable=False, server_default=""),
    Column("answered_by", Text),
    Column("answered_at", Instant),
    CheckConstraint("state IN ('open', 'granted', 'refused')", name="state"),
    CheckConstraint("(state = 'open') = (due_at IS NOT NULL)", name="someone_acts"),
    Index(
        "ix_credit_appeals_open",
        "due_at",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

orders = Table(
    "orders",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("customer_id", Text, nullable=False, server_default=""),  # '' = a guest's order
    Column("product", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("quantity", Integer, nullable=False, server_default="1"),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("delivery_at", Instant),
    Column("paid_at", Instant, nullable=False),
    Column("completed_at", Instant),
    Column("escrow", Boolean, nullable=False, server_default=text("false")),
    Column("source", Text, nullable=False),  # shop | alipay_merchant | wechat_trade | demo
    Column("digest", Text, nullable=False),  # of the imported row: importing again changes nothing
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("quantity >= 1", name="quantity"),
    Index("ix_orders_customer", "customer_id", "paid_at"),
    # For support, who hears a part of a number: `text_pattern_ops` finds beginnings in any collation.
    Index("ix_orders_begins", "order_no", postgresql_ops={"order_no": "text_pattern_ops"}),
    Index("ix_orders_tail", tail("order_no")),
    Index("ix_orders_paid", "paid_at"),
    Index("ix_orders_amount", "amount_minor", "paid_at"),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("trade_no", Text, nullable=False),
    Column("account", Text, nullable=False, server_default=""),  # masked, for the eye only
    Column(
        "is_open", Boolean, nullable=False, server_default=text("true")
    ),  # the paying account still exists
    Column("currency", Text, nullable=False),
    Column("paid_minor", BigInteger, nullable=False),
    Column(
        "reserved_minor", BigInteger, nullable=False, server_default="0"
    ),  # approved, in flight or unknown
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),  # settled by us
    Column("external_minor", BigInteger, nullable=False, server_default="0"),  # refunded outside the portal
    Column("paid_at", Instant, nullable=False),
    # A cross-border payment: what the channel charged there, so that the exchange difference can be told.
    Column("charged_currency", Text),
    Column("charged_minor", BigInteger),
    # A channel's own bill may name one trade for two orders: kept apart here, said aloud by the import.
    UniqueConstraint("channel", "trade_no", "order_no"),
    Index("ix_payments_begins", "trade_no", postgresql_ops={"trade_no": "text_pattern_ops"}),
    Index("ix_payments_tail", tail("trade_no")),
    Index("ix_payments_amount", "paid_minor", "paid_at"),
    CheckConstraint(
        "paid_minor >= 0 AND reserved_minor >= 0 AND refunded_minor >= 0 AND external_minor >= 0"
        " AND reserved_minor + refunded_minor <= paid_minor",
        name="never_beyond_paid",
    ),
)

external_refunds = Table(
    "external_refunds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("refund_no", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("payment_id", "refund_no"),  # Alipay's request numbers are unique within a trade only
    CheckConstraint("amount_minor > 0", name="amount"),
)

waiting_refunds = Table(  # refund rows of a bill whose payment is not known yet: kept until it is
    "waiting_refunds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("trade_no", Text, nullable=False),
    Column("order_no", Text, nullable=False),  # the merchant's number in the bill
    Column("refund_no", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("channel", "trade_no", "order_no", "refund_no"),
    CheckConstraint("amount_minor > 0", name="amount"),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column(
        "currency", Text, primary_key=True
    ),  # 1 unit of this, in millionths of a unit of the order's currency
    Column("micro_rate", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
)
