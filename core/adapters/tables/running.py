"""What keeps the portal going: sessions and tries of proof, workers, the desk's leases, the demo's clock."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from core.adapters.tables.columns import Id, Instant, metadata

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
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
    Column("seen_at", Instant),  # the last act of its owner, to some minutes
    Column("proved_at", Instant),  # when they showed the provider who they are, as it says
    Column("sign_in", Text),  # SHA-256 of the nonce that it came from: one sign-in is one session
    Index("ix_sessions_person", "person_id"),
    Index("uq_sessions_sign_in", "sign_in", unique=True),
)

# Whom the identity provider knows, by its own number for them: a mail address may change hands.
accounts = Table(
    "accounts",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person_id", Text, nullable=False),  # of orders, events and leases
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("signed_in_at", Instant, nullable=False),
    UniqueConstraint("person_id"),
)

guest_tries = Table(
    "guest_tries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_no", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_guest_tries_order", "order_no", "at"),
    Index("ix_guest_tries_address", "address", "at"),
    Index("ix_guest_tries_at", "at"),
)

# Codes that are being asked about at the identity provider, or came to nothing there.
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_sign_in_tries_address", "address", "at"),
    Index("ix_sign_in_tries_at", "at"),
)

# Who has a case in hand: working state, not history.
desk_leases = Table(
    "desk_leases",
    metadata,
    Column("case_no", Text, ForeignKey("cases.case_no"), primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("until", Instant, nullable=False),
)

worker_beats = Table(
    "worker_beats",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)
