"""How many faults of a policy were accepted by who asked for it, and by who put it in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("policies", sa.Column("despite", sa.Integer(), nullable=True))
    op.add_column("policy_drafts", sa.Column("despite", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("policy_drafts", "despite")
    op.drop_column("policies", "despite")
