"""Policies on their way: written by one, approved by another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "policy_drafts",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("meant", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", BIG, nullable=True),
        sa.Column("says", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'sent_back', 'withdrawn')", name=op.f("ck_policy_drafts_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR (decided_by <> author AND version IS NOT NULL)",
            name=op.f("ck_policy_drafts_two_people"),
        ),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_policy_drafts_decided")),
        sa.ForeignKeyConstraint(
            ["based_on"], ["policies.version"], name=op.f("fk_policy_drafts_based_on_policies")
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["policies.version"], name=op.f("fk_policy_drafts_version_policies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_drafts")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_policy_drafts_open",
        "policy_drafts",
        ["created_at"],
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
