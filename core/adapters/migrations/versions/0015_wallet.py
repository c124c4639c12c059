"""What customers hold here: spending of balances, their ends, and vouchers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# From the last second of a day in Shanghai back to ten in the morning, thirty days before.
FIRST_WARNING = (30 * 86_400 + 50_399) * 1_000_000


def upgrade() -> None:
    _lots()
    _spends()
    _vouchers()
    _voucher_events()


def _lots() -> None:
    op.add_column("balance_lots", sa.Column("warn_at", BIG, nullable=True))
    op.execute(f"UPDATE balance_lots SET warn_at = expires_at - {FIRST_WARNING} WHERE remaining_minor > 0")
    _partial("ix_balance_lots_left", "balance_lots", "expires_at", "remaining_minor > 0")
    _partial("ix_balance_lots_warn", "balance_lots", "warn_at", "warn_at IS NOT NULL")


def _spends() -> None:
    op.create_table(
        "spends",
        sa.Column("id", BIG, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_spends_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spends")),
        sa.UniqueConstraint("key", name=op.f("uq_spends_key")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_spends_customer_id"), "spends", ["customer_id"])
    _append_only("spends", "id = NEW.id OR key = NEW.key")
    op.create_table(
        "lot_uses",
        sa.Column("id", BIG, nullable=False),
        sa.Column("lot_id", BIG, nullable=False),
        sa.Column("spend_id", BIG, nullable=True),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_lot_uses_amount")),
        sa.ForeignKeyConstraint(["lot_id"], ["balance_lots.id"], name=op.f("fk_lot_uses_lot_id")),
        sa.ForeignKeyConstraint(["spend_id"], ["spends.id"], name=op.f("fk_lot_uses_spend_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_uses")),
        sa.UniqueConstraint("lot_id", "spend_id", name=op.f("uq_lot_uses_lot_id_spend_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_lot_uses_spend_id"), "lot_uses", ["spend_id"])
    _partial("uq_lot_uses_expired", "lot_uses", "lot_id", "spend_id IS NULL", unique=True)
    _append_only("lot_uses", "id = NEW.id OR (lot_id = NEW.lot_id AND spend_id IS NEW.spend_id)")


def _vouchers() -> None:
    op.create_table(
        "vouchers",
        sa.Column("id", BIG, nullable=False),
        sa.Column("payout_id", BIG, nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code_sha256", sa.Text(), nullable=True),
        sa.Column("code_tail", sa.Text(), server_default="", nullable=False),
        sa.Column("codes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("issued_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.Column("warn_at", BIG, nullable=True),
        sa.Column("closed_at", BIG, nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.Column("used_for", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('redeem_code', 'discount')", name=op.f("ck_vouchers_kind")),
        sa.CheckConstraint("state IN ('open', 'redeemed', 'expired')", name=op.f("ck_vouchers_state")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_vouchers_amount")),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_vouchers_closed")),
        sa.CheckConstraint("(state = 'redeemed') = (used_for IS NOT NULL)", name=op.f("ck_vouchers_used")),
        sa.CheckConstraint("(codes = 0) = (code_sha256 IS NULL)", name=op.f("ck_vouchers_code")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_vouchers_payout_id")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_vouchers_case_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("payout_id", name=op.f("uq_vouchers_payout_id")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_vouchers_code_sha256")),
        sqlite_strict=True,
    )
    for column in ("case_no", "customer_id", "order_no"):
        op.create_index(op.f(f"ix_vouchers_{column}"), "vouchers", [column])
    _partial("ix_vouchers_open", "vouchers", "expires_at", "state = 'open'")
    _partial("ix_vouchers_warn", "vouchers", "warn_at", "warn_at IS NOT NULL")


def _voucher_events() -> None:
    op.create_table(
        "voucher_events",
        sa.Column("voucher_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "event IN ('issued', 'shown', 'renewed', 'redeemed', 'expired')",
            name=op.f("ck_voucher_events_event"),
        ),
        sa.ForeignKeyConstraint(["voucher_id"], ["vouchers.id"], name=op.f("fk_voucher_events_voucher_id")),
        sa.PrimaryKeyConstraint("voucher_id", "seq", name=op.f("pk_voucher_events")),
        sqlite_strict=True,
    )
    _append_only("voucher_events", "voucher_id = NEW.voucher_id AND seq = NEW.seq")


def _partial(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    only = sa.text(where)
    op.create_index(name, table, [column], unique=unique, postgresql_where=only, sqlite_where=only)


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
