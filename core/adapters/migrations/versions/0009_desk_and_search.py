"""Late cases found by an index, parts of numbers as well, and a date for talks that had none.

The indexes on expressions are unknown to Alembic's copying of tables (`batch_alter_table` on SQLite): whoever
rebuilds one of these tables makes them again.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_late = sa.text("owner = 'lead'")
    op.create_index(
        "ix_cases_late", "cases", ["state", "due_at"], postgresql_where=is_late, sqlite_where=is_late
    )
    pattern = " text_pattern_ops" if op.get_bind().dialect.name == "postgresql" else ""
    # R261125-RYS9AR is told as RYS9AR.
    op.execute(f"CREATE INDEX ix_cases_part ON cases ((substr(case_no, 9)){pattern})")
    # The last four characters, as people read out a long number.
    for name, table, column in (
        ("ix_orders_tail", "orders", "order_no"),
        ("ix_payments_tail", "payments", "trade_no"),
        ("ix_payouts_tail", "payouts", "reference"),
    ):
        op.execute(f"CREATE INDEX {name} ON {table} ((substr({column}, length({column}) - 3)))")
    # Nobody pressed for these before: the worker hands them to a lead, with a date.
    waiting = sa.text("UPDATE cases SET due_at = :now WHERE state = 'negotiating' AND due_at IS NULL")
    op.get_bind().execute(waiting, {"now": time.time_ns() // 1000})
