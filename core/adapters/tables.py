"""The tables, as SQLAlchemy Core. Shapes and constraints only; triggers and partial indexes included.

Money columns end in `_minor` (integer minor units, beside a `currency`), instants are UTC (`Instant`),
JSON columns hold canonical JSON text. State columns carry the CHECK that the lifecycle table produces.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

from core.domain.lifecycle import CASE, PAYOUT, check_sql

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, as integer microseconds since 1970: sorts and survives both databases.

    `DateTime(timezone=True)` comes back naive from SQLite (FACTS).
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else from_micros(value)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(value: datetime) -> int:
    """Exact microseconds since 1970 (float timestamps would round)."""
    if value.tzinfo is None:
        raise ValueError("naive datetime")
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(value: int) -> datetime:
    """The aware UTC datetime of `to_micros`."""
    from datetime import timedelta

    return _EPOCH + timedelta(microseconds=value)


# SQLite gives out row ids only for INTEGER PRIMARY KEY; PostgreSQL wants 64 bits.
_Id = BigInteger().with_variant(Integer, "sqlite")

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

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
    CheckConstraint("approved_by IS NULL OR approved_by <> author", name="two_people"),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("credit", Integer, nullable=False, server_default="100"),
    Column("created_at", Instant, nullable=False),
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
)

payments = Table(
    "payments",
    metadata,
    Column("id", _Id, primary_key=True),
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
    CheckConstraint(
        "paid_minor >= 0 AND reserved_minor >= 0 AND refunded_minor >= 0 AND external_minor >= 0"
        " AND reserved_minor + refunded_minor <= paid_minor",
        name="never_beyond_paid",
    ),
)

external_refunds = Table(
    "external_refunds",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
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

_FINAL = ", ".join(f"'{state}'" for state in sorted(CASE.final_states))

cases = Table(
    "cases",
    metadata,
    Column("case_no", Text, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("customer_id", Text, nullable=False),  # '' = a guest, who proves the order
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("requested_minor", BigInteger),
    Column("quantity", Integer),
    Column("description", Text, nullable=False, server_default=""),
    Column("route", Text),  # original | balance | negotiated, the customer's choice
    Column("step", Integer, nullable=False, server_default="1"),  # of the wizard, while a draft
    Column("policy_version", Integer, ForeignKey("policies.version"), nullable=False),
    Column("verdict", Text),
    Column("rule", Text),
    Column("approved_minor", BigInteger),
    Column("fee_minor", BigInteger),
    Column("fx_minor", BigInteger),
    Column("refund_minor", BigInteger),
    Column("currency", Text, nullable=False),
    Column("decided_by", Text),
    Column("due_at", Instant),
    Column("due_action", Text),
    Column("owner", Text),  # a named human, where nothing is due
    Column("leased_until", Instant),
    Column("worker", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("submitted_at", Instant),
    Column("decided_at", Instant),
    Column("finished_at", Instant),
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("last_hash", Text, nullable=False, server_default=""),
    CheckConstraint(check_sql(CASE), name="state"),
    CheckConstraint(
        "approved_minor IS NULL OR approved_minor = fee_minor + fx_minor + refund_minor", name="sums"
    ),
    CheckConstraint(f"state IN ({_FINAL}) OR due_at IS NOT NULL OR owner IS NOT NULL", name="someone_acts"),
    Index("ix_cases_customer", "customer_id", "created_at"),
    Index(
        "ix_cases_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "uq_cases_one_open_per_order",
        "order_no",
        unique=True,
        sqlite_where=text(f"state NOT IN ({_FINAL})"),
        postgresql_where=text(f"state NOT IN ({_FINAL})"),
    ),
)

case_events = Table(
    "case_events",
    metadata,
    Column("case_no", Text, ForeignKey("cases.case_no"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON: facts, assessment, note, changed columns
    Column("hash", Text, nullable=False),  # sha256(previous hash + this row)
)

commands = Table(
    "commands",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("result", Text, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
)

payouts = Table(
    "payouts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),  # whose money it is
    Column("route", Text, nullable=False),
    Column("channel", Text, nullable=False),  # that carries it: the payment's, or 'balance'
    Column("reserved_minor", BigInteger, nullable=False),  # what it holds of the payment
    Column("amount_minor", BigInteger, nullable=False),  # what the customer gets
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # idempotency key at the channel
    Column("request", Text, nullable=False),  # canonical JSON sent on every try
    Column("reference", Text),  # the channel's refund number
    Column("cause", Text),  # why refused, returned or unknown, as a code
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant),
    Column("leased_until", Instant),
    Column("worker", Text),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("accepted_at", Instant),
    Column("eta_at", Instant),
    Column("arrived_at", Instant),
    CheckConstraint(check_sql(PAYOUT), name="state"),
    CheckConstraint("amount_minor > 0 AND amount_minor <= reserved_minor", name="amount"),
    CheckConstraint("state IN ('arrived', 'replanned') OR due_at IS NOT NULL", name="something_is_due"),
    Index(
        "ix_payouts_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
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

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("role", Text, nullable=False),  # customer | guest | support | reviewer | …
    Column("person_id", Text, nullable=False),
    Column("order_no", Text),  # a guest's scope
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

guest_tries = Table(
    "guest_tries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("order_no", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_guest_tries_order", "order_no", "at"),
    Index("ix_guest_tries_address", "address", "at"),
    Index("ix_guest_tries_at", "at"),
)

worker_beats = Table(
    "worker_beats",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

APPEND_ONLY = ("case_events", "ledger_entries")
