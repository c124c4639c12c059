"""The first schema: orders and payments, cases with their events, payouts, ledger, and what stands around
them.

Frozen: later changes are later migrations. SQLite tables are STRICT, so integers and flags are INTEGER there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")

# Events and ledger entries are only ever added. On SQLite the INSERT trigger also stops REPLACE on
# connections that forgot `recursive_triggers`.
APPEND_ONLY = {
    "case_events": "case_no = NEW.case_no AND seq = NEW.seq",
    "ledger_entries": "id = NEW.id OR (movement = NEW.movement AND line = NEW.line)",
}


def upgrade() -> None:
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _sqlite_triggers() -> None:
    for table, same in APPEND_ONLY.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
        )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )


def _tables() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sqlite_strict=True,
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credit", sa.Integer(), server_default="100", nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sqlite_strict=True,
    )
    op.create_table(
        "exchange_rates",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("micro_rate", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("currency", name=op.f("pk_exchange_rates")),
        sqlite_strict=True,
    )
    op.create_table(
        "waiting_refunds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("trade_no", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("refund_no", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_waiting_refunds_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_refunds")),
        sa.UniqueConstraint(
            "channel",
            "trade_no",
            "order_no",
            "refund_no",
            name=op.f("uq_waiting_refunds_channel_trade_no_order_no_refund_no"),
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "guest_tries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_tries")),
        sqlite_strict=True,
    )
    op.create_index("ix_guest_tries_address", "guest_tries", ["address", "at"], unique=False)
    op.create_index("ix_guest_tries_at", "guest_tries", ["at"], unique=False)
    op.create_index("ix_guest_tries_order", "guest_tries", ["order_no", "at"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("movement", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("movement", "line", name=op.f("uq_ledger_entries_movement_line")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_ledger_entries_movement"), "ledger_entries", ["movement"], unique=False)
    op.create_table(
        "orders",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), server_default="", nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("delivery_at", BIG, nullable=True),
        sa.Column("paid_at", BIG, nullable=False),
        sa.Column("completed_at", BIG, nullable=True),
        sa.Column("escrow", FLAG, server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_orders_amount")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_orders_quantity")),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_orders")),
        sqlite_strict=True,
    )
    op.create_index("ix_orders_customer", "orders", ["customer_id", "paid_at"], unique=False)
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("in_force_from", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> author", name=op.f("ck_policies_two_people")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
        sqlite_strict=True,
    )
    op.create_table(
        "sandbox_refunds",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("trade_no", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("accepted_at", BIG, nullable=False),
        sa.Column("settles_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sandbox_refunds")),
        sqlite_strict=True,
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
        sqlite_strict=True,
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
        sqlite_strict=True,
    )
    op.create_table(
        "worker_beats",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_worker_beats")),
        sqlite_strict=True,
    )
    op.create_table(
        "cases",
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_minor", BIG, nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("step", sa.Integer(), server_default="1", nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("approved_minor", BIG, nullable=True),
        sa.Column("fee_minor", BIG, nullable=True),
        sa.Column("fx_minor", BIG, nullable=True),
        sa.Column("refund_minor", BIG, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("due_action", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("leased_until", BIG, nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("submitted_at", BIG, nullable=True),
        sa.Column("decided_at", BIG, nullable=True),
        sa.Column("finished_at", BIG, nullable=True),
        sa.Column("last_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_hash", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('closed', 'completed', 'withdrawn') OR due_at IS NOT NULL OR owner IS NOT NULL",
            name=op.f("ck_cases_someone_acts"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'screening', 'in_review', 'awaiting_customer', 'in_arbitration',"
            " 'approved', 'negotiating', 'paying', 'rejected', 'in_appeal', 'completed', 'closed',"
            " 'withdrawn')",
            name=op.f("ck_cases_state"),
        ),
        sa.CheckConstraint(
            "approved_minor IS NULL OR approved_minor = fee_minor + fx_minor + refund_minor",
            name=op.f("ck_cases_sums"),
        ),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_cases_order_no")),
        sa.ForeignKeyConstraint(
            ["policy_version"], ["policies.version"], name=op.f("fk_cases_policy_version")
        ),
        sa.PrimaryKeyConstraint("case_no", name=op.f("pk_cases")),
        sqlite_strict=True,
    )
    op.create_index("ix_cases_customer", "cases", ["customer_id", "created_at"], unique=False)
    op.create_index(
        "ix_cases_due",
        "cases",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_cases_one_open_per_order",
        "cases",
        ["order_no"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('closed', 'completed', 'withdrawn')"),
        postgresql_where=sa.text("state NOT IN ('closed', 'completed', 'withdrawn')"),
    )
    op.create_table(
        "payments",
        sa.Column("id", BIG, nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("trade_no", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("is_open", FLAG, server_default=sa.text("true"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_minor", BIG, nullable=False),
        sa.Column("reserved_minor", BIG, server_default="0", nullable=False),
        sa.Column("refunded_minor", BIG, server_default="0", nullable=False),
        sa.Column("external_minor", BIG, server_default="0", nullable=False),
        sa.Column("paid_at", BIG, nullable=False),
        sa.Column("charged_currency", sa.Text(), nullable=True),
        sa.Column("charged_minor", BIG, nullable=True),
        sa.CheckConstraint(
            "paid_minor >= 0 AND reserved_minor >= 0 AND refunded_minor >= 0 AND external_minor >= 0 AND"
            " reserved_minor + refunded_minor <= paid_minor",
            name=op.f("ck_payments_never_beyond_paid"),
        ),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_payments_order_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint(
            "channel", "trade_no", "order_no", name=op.f("uq_payments_channel_trade_no_order_no")
        ),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_payments_order_no"), "payments", ["order_no"], unique=False)
    op.create_table(
        "case_events",
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_case_events_case_no")),
        sa.PrimaryKeyConstraint("case_no", "seq", name=op.f("pk_case_events")),
        sqlite_strict=True,
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added_at", BIG, nullable=False),
        sa.Column("removed_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_evidence_case_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_evidence_case_no"), "evidence", ["case_no"], unique=False)
    op.create_table(
        "external_refunds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("payment_id", BIG, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("refund_no", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_external_refunds_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_external_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_refunds")),
        sa.UniqueConstraint("payment_id", "refund_no", name=op.f("uq_external_refunds_payment_id_refund_no")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_external_refunds_payment_id"), "external_refunds", ["payment_id"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("payment_id", BIG, nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reserved_minor", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("leased_until", BIG, nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("sent_at", BIG, nullable=True),
        sa.Column("accepted_at", BIG, nullable=True),
        sa.Column("eta_at", BIG, nullable=True),
        sa.Column("arrived_at", BIG, nullable=True),
        sa.CheckConstraint(
            "state IN ('arrived', 'replanned') OR due_at IS NOT NULL",
            name=op.f("ck_payouts_something_is_due"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'unknown', 'accepted', 'refused', 'returned', 'arrived',"
            " 'replanned')",
            name=op.f("ck_payouts_state"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND amount_minor <= reserved_minor", name=op.f("ck_payouts_amount")
        ),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_payouts_case_no")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payouts_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("key", name=op.f("uq_payouts_key")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_payouts_case_no"), "payouts", ["case_no"], unique=False)
    op.create_index(
        "ix_payouts_due",
        "payouts",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_payouts_payment_id"), "payouts", ["payment_id"], unique=False)
    op.create_table(
        "balance_lots",
        sa.Column("id", BIG, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("payout_id", BIG, nullable=True),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("remaining_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("credited_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.CheckConstraint(
            "remaining_minor >= 0 AND remaining_minor <= amount_minor", name=op.f("ck_balance_lots_remaining")
        ),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_balance_lots_payout_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance_lots")),
        sa.UniqueConstraint("payout_id", name=op.f("uq_balance_lots_payout_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_balance_lots_customer_id"), "balance_lots", ["customer_id"], unique=False)
