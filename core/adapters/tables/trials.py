"""Policies on trial: one that decides beside what is in force, unseen; one that really decides a share."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from core.adapters.tables.columns import Id, Instant, metadata

policy_trials = Table(
    "policy_trials",
    metadata,
    Column("id", Id, primary_key=True),
    Column("draft_id", ForeignKey("policy_drafts.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("percent", Integer, nullable=False),  # of new orders, by their number; 0: nothing acts
    Column("secret", Text, nullable=False),  # which orders are in the share: nobody can choose them
    Column("version", Integer, ForeignKey("policies.version")),  # of a share, once it was agreed to
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("agreed_by", Text),
    Column("begun_at", Instant),
    Column("ended_by", Text),
    Column("ended_at", Instant),
    Column("cause", Text, nullable=False, server_default=""),  # stopped | published | decided
    CheckConstraint("kind IN ('shadow', 'share')", name="kind"),
    CheckConstraint("state IN ('asked', 'running', 'ended')", name="state"),
    CheckConstraint(
        "(kind = 'shadow' AND percent = 0 AND version IS NULL)"
        " OR (kind = 'share' AND percent BETWEEN 1 AND 50)",
        name="percent",
    ),
    CheckConstraint(
        "kind = 'shadow' OR begun_at IS NULL"
        " OR (agreed_by IS NOT NULL AND agreed_by <> asked_by AND version IS NOT NULL)",
        name="two_people",
    ),
    CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
    CheckConstraint("state <> 'running' OR begun_at IS NOT NULL", name="begun"),
    Index(
        "uq_policy_trials_one_share",
        "kind",
        unique=True,
        sqlite_where=text("kind = 'share' AND state <> 'ended'"),
        postgresql_where=text("kind = 'share' AND state <> 'ended'"),
    ),
    Index(
        "uq_policy_trials_one_shadow",
        "draft_id",
        unique=True,
        sqlite_where=text("kind = 'shadow' AND state <> 'ended'"),
        postgresql_where=text("kind = 'shadow' AND state <> 'ended'"),
    ),
)

# What a policy in the shadow would have said to a request, beside what was said.
trial_answers = Table(
    "trial_answers",
    metadata,
    Column("trial_id", ForeignKey("policy_trials.id"), primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the event that answered it
    Column("at", Instant, nullable=False),
    Column("currency", Text, nullable=False),
    Column("real_verdict", Text, nullable=False),
    Column("real_rule", Text, nullable=False),
    Column("real_minor", BigInteger),  # that arrives, or would after a review; NULL: nothing
    Column("verdict", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("minor", BigInteger),
    Column("better", Integer, nullable=False),  # for the customer: -1 worse, 0 the same, 1 better
    CheckConstraint("better IN (-1, 0, 1)", name="better"),
)
