"""Tickets of 'not received' with their answers, the one line of a bill that a customer lets us keep, and the
channel's last word on each payout.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _heard()
    _tickets()
    _answers()
    _bill_rows()


def _heard() -> None:
    op.add_column("payouts", sa.Column("heard", sa.Text(), nullable=True))
    op.add_column("payouts", sa.Column("heard_at", BIG, nullable=True))
    # What its state says of older ones: an arrival and an acceptance are the channel's words.
    op.execute(
        "UPDATE payouts SET heard = state, heard_at = COALESCE(arrived_at, accepted_at)"
        " WHERE state IN ('accepted', 'arrived') AND channel NOT IN ('balance', 'transfer')"
    )
    has_arrived = sa.text("arrived_at IS NOT NULL")
    op.create_index(
        "ix_payouts_arrived",
        "payouts",
        ["channel", "arrived_at"],
        postgresql_where=has_arrived,
        sqlite_where=has_arrived,
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("payout_id", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("carries", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("closed_at", BIG, nullable=True),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_tickets_state")),
        sa.CheckConstraint(
            "(state = 'open') = (due_at IS NOT NULL)", name=op.f("ck_tickets_somebody_answers")
        ),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_tickets_closed")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_tickets_case_no")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_tickets_payout_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_tickets_case_no"), "tickets", ["case_no"])
    op.create_index(op.f("ix_tickets_payout_id"), "tickets", ["payout_id"])
    is_open = sa.text("state = 'open'")
    for name, column, unique in (
        ("uq_tickets_one_open_per_case", "case_no", True),
        ("ix_tickets_open", "at", False),
        ("ix_tickets_due", "due_at", False),
    ):
        op.create_index(
            name, "tickets", [column], unique=unique, postgresql_where=is_open, sqlite_where=is_open
        )


def _answers() -> None:
    op.create_table(
        "ticket_answers",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("closes", FLAG, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_answers_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_answers")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_ticket_answers_ticket_id"), "ticket_answers", ["ticket_id"])
    _append_only("ticket_answers", "id = NEW.id")


def _bill_rows() -> None:
    op.create_table(
        "bill_rows",
        sa.Column("payout_id", BIG, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("trade_no", sa.Text(), nullable=False),
        sa.Column("refund_no", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("known_by", sa.Text(), nullable=False),
        sa.Column("kept_by", sa.Text(), nullable=False),
        sa.Column("kept_at", BIG, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bill_rows_amount")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_bill_rows_case_no")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_bill_rows_payout_id")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_bill_rows")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_bill_rows_case_no"), "bill_rows", ["case_no"])


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
