"""Credit as a history of entries and what customers say against one; transfers that finance makes by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _credit()
    _transfers()
    _search()
    _readers()


def _readers() -> None:
    op.add_column("notices", sa.Column("guest_read_at", BIG, nullable=True))
    op.execute("UPDATE notices SET guest_read_at = read_at WHERE customer_id = ''")
    op.drop_index("ix_notices_order", "notices")
    op.create_index("ix_notices_order", "notices", ["order_no", "guest_read_at"])


def _search() -> None:
    """Beginnings of numbers and names are found in any collation."""
    for name, table, column in (
        ("ix_orders_begins", "orders", "order_no"),
        ("ix_payments_begins", "payments", "trade_no"),
        ("ix_customers_begins", "customers", "name"),
        ("ix_payouts_reference", "payouts", "reference"),
        ("ix_cases_begins", "cases", "case_no"),
    ):
        op.create_index(name, table, [column], postgresql_ops={column: "text_pattern_ops"})
    op.create_index("ix_orders_paid", "orders", ["paid_at"])
    op.create_index("ix_orders_amount", "orders", ["amount_minor", "paid_at"])
    op.create_index("ix_payments_amount", "payments", ["paid_minor", "paid_at"])


def _transfers() -> None:
    for name in ("payee_channel", "payee_account"):
        op.add_column("payouts", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.create_table(
        "payees",
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", BIG, nullable=False),
        sa.Column("closed_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_payees_case_no")),
        sa.PrimaryKeyConstraint("case_no", name=op.f("pk_payees")),
        sqlite_strict=True,
    )
    by_hand = sa.text("state = 'paying' AND owner = 'finance'")
    op.create_index("ix_cases_by_hand", "cases", ["due_at"], postgresql_where=by_hand, sqlite_where=by_hand)


def _credit() -> None:
    op.add_column("customers", sa.Column("credit_due_at", BIG, nullable=True))
    due = sa.text("credit_due_at IS NOT NULL")
    op.create_index(
        "ix_customers_credit_due", "customers", ["credit_due_at"], sqlite_where=due, postgresql_where=due
    )
    op.create_table(
        "credit_entries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), server_default="", nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_credit_entries_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entries")),
        sa.UniqueConstraint(
            "customer_id", "rule", "about", name=op.f("uq_credit_entries_customer_id_rule_about")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_credit_entries_customer", "credit_entries", ["customer_id", "at"])
    _append_only(
        "credit_entries",
        "id = NEW.id OR (customer_id = NEW.customer_id AND rule = NEW.rule AND about = NEW.about)",
    )
    op.create_table(
        "credit_appeals",
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", BIG, nullable=True),
        sa.CheckConstraint("state IN ('open', 'granted', 'refused')", name=op.f("ck_credit_appeals_state")),
        sa.CheckConstraint(
            "(state = 'open') = (due_at IS NOT NULL)", name=op.f("ck_credit_appeals_someone_acts")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["credit_entries.id"], name=op.f("fk_credit_appeals_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_credit_appeals")),
        sqlite_strict=True,
    )
    # What an account had before there was a history of it.
    op.execute(
        "INSERT INTO credit_entries (customer_id, at, points, rule, made_by)"
        " SELECT id, created_at, credit - 100, 'opening', 'system:portal' FROM customers WHERE credit <> 100"
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_credit_appeals_open", "credit_appeals", ["due_at"], sqlite_where=is_open, postgresql_where=is_open
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
