"""The desk: who has a case in hand, and indexes for its queues; notices, and how customers are reached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _desk()
    _notices()
    _warnings()


def _desk() -> None:
    op.create_table(
        "desk_leases",
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_desk_leases_case_no")),
        sa.PrimaryKeyConstraint("case_no", name=op.f("pk_desk_leases")),
        sqlite_strict=True,
    )
    desk = sa.text(
        "state IN ('in_review', 'awaiting_customer', 'in_arbitration', 'negotiating', 'in_appeal')"
    )
    op.create_index("ix_cases_desk", "cases", ["state", "due_at"], postgresql_where=desk, sqlite_where=desk)
    op.create_index("ix_cases_order", "cases", ["order_no"])
    second = sa.text("owner = 'second'")
    op.create_index("ix_cases_second", "cases", ["due_at"], postgresql_where=second, sqlite_where=second)


def _notices() -> None:
    # What happened before has no notices, and nobody is told of it weeks later.
    op.execute(
        "INSERT INTO settings (key, value) SELECT 'notices_after', CAST(newest AS TEXT)"
        " FROM (SELECT max(at) AS newest FROM case_events) AS events WHERE newest IS NOT NULL"
    )
    op.create_table(
        "contacts",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_contacts")),
        sqlite_strict=True,
    )
    op.create_table(
        "notices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("by_at", BIG, nullable=True),
        sa.Column("at", BIG, nullable=False),
        sa.Column("read_at", BIG, nullable=True),
        sa.Column("planned_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_notices_case_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "case_no", "seq", "kind", "about", name=op.f("uq_notices_case_no_seq_kind_about")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_notices_customer", "notices", ["customer_id", "read_at"], unique=False)
    op.create_index("ix_notices_order", "notices", ["order_no", "read_at"], unique=False)
    op.create_index(
        "ix_notices_unplanned",
        "notices",
        ["id"],
        unique=False,
        postgresql_where=sa.text("planned_at IS NULL"),
        sqlite_where=sa.text("planned_at IS NULL"),
    )
    op.create_table(
        "notice_deliveries",
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("leased_until", BIG, nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("sent_at", BIG, nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'sent', 'failed')", name=op.f("ck_notice_deliveries_state")),
        sa.CheckConstraint(
            "(state = 'planned') = (due_at IS NOT NULL)", name=op.f("ck_notice_deliveries_something_is_due")
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_deliveries_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "target", name=op.f("pk_notice_deliveries")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_notice_deliveries_due",
        "notice_deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )


def _warnings() -> None:
    op.add_column("cases", sa.Column("warn_at", BIG, nullable=True))
    set_ = sa.text("warn_at IS NOT NULL")
    op.create_index("ix_cases_warn", "cases", ["warn_at"], postgresql_where=set_, sqlite_where=set_)
    # Long ago: the worker looks at once, and plans what is still ahead of these.
    op.execute("UPDATE cases SET warn_at = 0 WHERE state IN ('awaiting_customer', 'rejected')")
