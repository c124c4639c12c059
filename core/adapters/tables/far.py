"""Tables about the far ends: what channels told by themselves, and which of them do not answer."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from core.adapters.tables.columns import Instant, metadata

# Notices with a good signature, once by the channel's own number: what is there is not heard again.
channel_notices = Table(
    "channel_notices",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("key", Text, nullable=False),  # of the payout that it names, ours or not
    Column("verdict", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),  # how often it came
    CheckConstraint("verdict IN ('heard', 'unknown', 'differs', 'contradicts')", name="verdict"),
    Index("ix_channel_notices_at", "at"),
)

# The others only as a count of a day in Shanghai: whoever sends them must not fill our disk.
refused_notices = Table(
    "refused_notices",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("times", Integer, nullable=False),
)

# Channels that failed lately; one that answers has no row.
circuits = Table(
    "circuits",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("since", Instant, nullable=False),  # the first of them
    Column("next_at", Instant),  # open until then; one call is let through to see
    Column("cause", Text, nullable=False),  # of the last one
)

# Of channels with a limit of calls a second: from when on the next one may go out.
channel_turns = Table(
    "channel_turns",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("free_at", Instant, nullable=False),
)
