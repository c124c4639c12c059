"""Who signed in with the identity provider; sessions that know when they were last used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("signed_in_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_accounts")),
        sa.UniqueConstraint("person_id", name=op.f("uq_accounts_person_id")),
        sqlite_strict=True,
    )
    op.add_column("sessions", sa.Column("seen_at", BIG, nullable=True))
    op.add_column("sessions", sa.Column("proved_at", BIG, nullable=True))
    op.add_column("sessions", sa.Column("sign_in", sa.Text(), nullable=True))
    op.execute("UPDATE sessions SET seen_at = created_at")
    op.create_index("ix_sessions_person", "sessions", ["person_id"])
    op.create_index("uq_sessions_sign_in", "sessions", ["sign_in"], unique=True)
