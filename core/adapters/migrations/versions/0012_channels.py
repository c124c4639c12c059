"""What channels told by themselves, and which of them do not answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "channel_notices",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "verdict IN ('heard', 'unknown', 'differs', 'contradicts')",
            name=op.f("ck_channel_notices_verdict"),
        ),
        sa.PrimaryKeyConstraint("channel", "number", name=op.f("pk_channel_notices")),
        sqlite_strict=True,
    )
    op.create_index("ix_channel_notices_at", "channel_notices", ["at"])
    op.create_table(
        "refused_notices",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "day", "code", name=op.f("pk_refused_notices")),
        sqlite_strict=True,
    )
    op.create_table(
        "circuits",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("next_at", BIG, nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_circuits")),
        sqlite_strict=True,
    )
