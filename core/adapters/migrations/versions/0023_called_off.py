"""A version that is to begin later can be called off: who did so, when, why, and its former day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("policies", sa.Column("called_off_from", BIG, nullable=True))
    op.add_column("policies", sa.Column("called_off_at", BIG, nullable=True))
    op.add_column("policies", sa.Column("called_off_by", sa.Text(), nullable=True))
    because = sa.Column("called_off_because", sa.Text(), nullable=False, server_default="")
    op.add_column("policies", because)


def downgrade() -> None:
    for name in ("called_off_because", "called_off_by", "called_off_at", "called_off_from"):
        op.drop_column("policies", name)
