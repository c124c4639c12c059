"""What keeps the portal going: sessions and tries of proof, workers, the desk's leases, the demo's clock."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

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
