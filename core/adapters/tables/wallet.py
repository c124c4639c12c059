"""What customers hold here: lots of balance, what took from them, and vouchers."""

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
from core.domain.vouchers import EVENTS, KINDS, STATES

LEFT = "remaining_minor > 0"
OPEN = "state = 'open'"


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


balance_lots = Table(
    "balance_lots",
    metadata,
    Column("id", Id, primary_key=True),
    Column("customer_id", Text, nullable=False, index=True),
    # The refund that it came from; of a redeem code the one that was paid by the code.
    Column("payout_id", ForeignKey("payouts.id"), unique=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("remaining_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("credited_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),  # its last second, in Shanghai
    Column("warn_at", Instant),  # when its owner is next warned that it ends
    CheckConstraint("remaining_minor >= 0 AND remaining_minor <= amount_minor", name="remaining"),
    Index("ix_balance_lots_left", "expires_at", postgresql_where=text(LEFT), sqlite_where=text(LEFT)),
    Index(
        "ix_balance_lots_warn",
        "warn_at",
        postgresql_where=text("warn_at IS NOT NULL"),
        sqlite_where=text("warn_at IS NOT NULL"),
    ),
)

spends = Table(
    "spends",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # the shop's, for the order that is paid
    Column("customer_id", Text, nullable=False, index=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("what", Text, nullable=False, server_default=""),  # what was bought, in the shop's words
    Column("made_by", Text, nullable=False),  # role:person
    Column("at", Instant, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount"),
)

# What took from a lot: a spend, or its end.
lot_uses = Table(
    "lot_uses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lot_id", ForeignKey("balance_lots.id"), nullable=False),
    Column("spend_id", ForeignKey("spends.id"), index=True),  # NULL: it expired
    Column("amount_minor", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount"),
    UniqueConstraint("lot_id", "spend_id"),
    Index(
        "uq_lot_uses_expired",
        "lot_id",
        unique=True,
        postgresql_where=text("spend_id IS NULL"),
        sqlite_where=text("spend_id IS NULL"),
    ),
)

vouchers = Table(
    "vouchers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("payout_id", ForeignKey("payouts.id"), nullable=False, unique=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("customer_id", Text, nullable=False, index=True),  # '' = a guest, who proves the order
    Column("order_no", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Of the code there is a hash and its end; it was born when its owner looked, and seen that once.
    Column("code_sha256", Text, unique=True),
    Column("code_tail", Text, nullable=False, server_default=""),
    Column("codes", Integer, nullable=False, server_default="0"),  # how many there were, the last one counts
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("warn_at", Instant),
    Column("closed_at", Instant),
    Column("used_by", Text),  # role:person who redeemed it
    Column("used_for", Text),  # whose balance, or which purchase
    CheckConstraint(_one_of("kind", KINDS), name="kind"),
    CheckConstraint(_one_of("state", STATES), name="state"),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
    CheckConstraint("(state = 'redeemed') = (used_for IS NOT NULL)", name="used"),
    CheckConstraint("(codes = 0) = (code_sha256 IS NULL)", name="code"),
    Index("ix_vouchers_open", "expires_at", postgresql_where=text(OPEN), sqlite_where=text(OPEN)),
    Index(
        "ix_vouchers_warn",
        "warn_at",
        postgresql_where=text("warn_at IS NOT NULL"),
        sqlite_where=text("warn_at IS NOT NULL"),
    ),
)

voucher_events = Table(
    "voucher_events",
    metadata,
    Column("voucher_id", ForeignKey("vouchers.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("made_by", Text, nullable=False),  # role:person
    CheckConstraint(_one_of("event", EVENTS), name="event"),
)
