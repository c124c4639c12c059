"""Channels' bills held against our payouts: what was read, what stands in a bill, and what does not fit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index("ix_payouts_channel", "payouts", ["channel", "sent_at"])
    _bills()
    _differences()
    _append_only("difference_events", "difference_id = NEW.difference_id AND seq = NEW.seq")
    op.create_table(
        "payout_care",
        sa.Column("payout_id", BIG, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_payout_care_payout_id")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payout_care")),
        sqlite_strict=True,
    )


def _bills() -> None:
    op.create_table(
        "bills",
        sa.Column("id", BIG, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("begins_at", BIG, nullable=True),
        sa.Column("ends_at", BIG, nullable=True),
        sa.Column("is_said", FLAG, nullable=False),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.Column("read_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bills")),
        sa.UniqueConstraint("digest", name=op.f("uq_bills_digest")),
        sqlite_strict=True,
    )
    op.create_index("ix_bills_channel", "bills", ["channel", "ends_at"])
    op.create_table(
        "billed_payouts",
        sa.Column("payout_id", BIG, autoincrement=False, nullable=False),
        sa.Column("bill_id", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_billed_payouts_payout_id")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_billed_payouts_bill_id")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_billed_payouts")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_billed_payouts_bill_id"), "billed_payouts", ["bill_id"])


def _differences() -> None:
    words = ("digest", "channel", "kind", "cause", "owner", "refund_no", "trade_no", "order_no")
    op.create_table(
        "differences",
        sa.Column("id", BIG, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in words),
        sa.Column("bill_id", BIG, nullable=False),
        sa.Column("payout_id", BIG, nullable=True),
        sa.Column("payment_id", BIG, nullable=True),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.Column("ours_minor", BIG, nullable=True),
        sa.Column("theirs_minor", BIG, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("posted_by", sa.Text(), nullable=True),
        sa.Column("found_at", BIG, nullable=False),
        sa.Column("closed_at", BIG, nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'proposed', 'posted', 'settled')", name=op.f("ck_differences_state")
        ),
        sa.CheckConstraint(
            "posted_by IS NULL OR posted_by <> proposed_by", name=op.f("ck_differences_two_people")
        ),
        sa.CheckConstraint(
            "(state IN ('posted', 'settled')) = (closed_at IS NOT NULL)", name=op.f("ck_differences_closed")
        ),
        sa.CheckConstraint(
            "(state IN ('proposed', 'posted')) = (correction IS NOT NULL)",
            name=op.f("ck_differences_proposed"),
        ),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_differences_bill_id")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_differences_payout_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_differences_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
        sa.UniqueConstraint("digest", name=op.f("uq_differences_digest")),
        sqlite_strict=True,
    )
    for name in ("bill_id", "payout_id", "payment_id"):
        op.create_index(op.f(f"ix_differences_{name}"), "differences", [name])
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_differences_open", "differences", ["kind", "id"], postgresql_where=is_open, sqlite_where=is_open
    )
    op.create_table(
        "bill_differences",
        sa.Column("bill_id", BIG, autoincrement=False, nullable=False),
        sa.Column("difference_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_bill_differences_bill_id")),
        sa.ForeignKeyConstraint(
            ["difference_id"], ["differences.id"], name=op.f("fk_bill_differences_difference_id")
        ),
        sa.PrimaryKeyConstraint("bill_id", "difference_id", name=op.f("pk_bill_differences")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_bill_differences_difference_id"), "bill_differences", ["difference_id"])
    op.create_table(
        "difference_events",
        sa.Column("difference_id", BIG, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["difference_id"], ["differences.id"], name=op.f("fk_difference_events_difference_id")
        ),
        sa.PrimaryKeyConstraint("difference_id", "seq", name=op.f("pk_difference_events")),
        sqlite_strict=True,
    )


def _append_only(table: str, same: str) -> None:
    """As in 0001: rows are only ever added."""
    if op.get_bind().dialect.name == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
        )
        return
    for when, what in (("change", "UPDATE OR DELETE"), ("truncate", "TRUNCATE")):
        each = "STATEMENT" if when == "truncate" else "ROW"
        op.execute(
            f"CREATE TRIGGER {table}_no_{when} BEFORE {what} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION append_only()"
        )
