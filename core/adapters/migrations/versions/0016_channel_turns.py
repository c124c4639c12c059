"""When each channel may be called next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "channel_turns",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("free_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_turns")),
        sqlite_strict=True,
    )
