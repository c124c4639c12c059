"""Whose a request is: its account's, or a guest's who proved the order."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In one statement, which SQLite knows too: a table with indexes on expressions is not to be copied.
    op.execute(
        "ALTER TABLE cases ADD COLUMN applicant TEXT DEFAULT 'account' NOT NULL"
        " CONSTRAINT ck_cases_applicant CHECK (applicant IN ('account', 'guest'))"
    )
    # An order without an account, and what a guest had sent for one that has it.
    op.execute(
        "UPDATE cases SET applicant = 'guest' WHERE customer_id = '' OR (EXISTS (SELECT 1 FROM case_events"
        " WHERE case_events.case_no = cases.case_no AND actor_role = 'guest') AND NOT EXISTS (SELECT 1 FROM"
        " case_events WHERE case_events.case_no = cases.case_no AND actor_role = 'customer'))"
    )
