"""What strangers may make us ask the identity provider is counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sign_in_tries",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
        sqlite_strict=True,
    )
    op.create_index("ix_sign_in_tries_address", "sign_in_tries", ["address", "at"])
    op.create_index("ix_sign_in_tries_at", "sign_in_tries", ["at"])
