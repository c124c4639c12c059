"""Whose personal data was erased, and when."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from core.adapters.tables.columns import Instant, metadata

erasures = Table(
    "erasures",
    metadata,
    Column("customer_id", Text, primary_key=True),  # '' = whoever bought as a guest
    Column("order_no", Text, primary_key=True),  # of a guest; '' of an account
    Column("at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),  # role:person
)
