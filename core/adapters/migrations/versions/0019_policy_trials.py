"""Policies on trial: beside what is in force, or really for a share of the orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "policy_trials",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("draft_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", BIG, nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=True),
        sa.Column("begun_at", BIG, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", BIG, nullable=True),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('shadow', 'share')", name=op.f("ck_policy_trials_kind")),
        sa.CheckConstraint("state IN ('asked', 'running', 'ended')", name=op.f("ck_policy_trials_state")),
        sa.CheckConstraint(
            "(kind = 'shadow' AND percent = 0 AND version IS NULL)"
            " OR (kind = 'share' AND percent BETWEEN 1 AND 50)",
            name=op.f("ck_policy_trials_percent"),
        ),
        sa.CheckConstraint(
            "kind = 'shadow' OR begun_at IS NULL"
            " OR (agreed_by IS NOT NULL AND agreed_by <> asked_by AND version IS NOT NULL)",
            name=op.f("ck_policy_trials_two_people"),
        ),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_policy_trials_ended")),
        sa.CheckConstraint("state <> 'running' OR begun_at IS NOT NULL", name=op.f("ck_policy_trials_begun")),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["policy_drafts.id"], name=op.f("fk_policy_trials_draft_id_policy_drafts")
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["policies.version"], name=op.f("fk_policy_trials_version_policies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_trials")),
        sqlite_strict=True,
    )
    op.create_index("ix_policy_trials_draft_id", "policy_trials", ["draft_id"])
    for name, column, kind in (
        ("uq_policy_trials_one_share", "kind", "share"),
        ("uq_policy_trials_one_shadow", "draft_id", "shadow"),
    ):
        where = sa.text(f"kind = '{kind}' AND state <> 'ended'")
        op.create_index(
            name, "policy_trials", [column], unique=True, sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "trial_answers",
        sa.Column("trial_id", BIG, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("real_verdict", sa.Text(), nullable=False),
        sa.Column("real_rule", sa.Text(), nullable=False),
        sa.Column("real_minor", BIG, nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("minor", BIG, nullable=True),
        sa.Column("better", sa.Integer(), nullable=False),
        sa.CheckConstraint("better IN (-1, 0, 1)", name=op.f("ck_trial_answers_better")),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["policy_trials.id"], name=op.f("fk_trial_answers_trial_id_policy_trials")
        ),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_trial_answers_case_no_cases")),
        sa.PrimaryKeyConstraint("trial_id", "case_no", "seq", name=op.f("pk_trial_answers")),
        sqlite_strict=True,
    )
