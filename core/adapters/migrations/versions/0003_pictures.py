"""Pictures: what was seen in each and who sent it; who of the staff looked at it; when its time is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("pixels_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("dhash", sa.Text(), server_default="", nullable=False),
        sa.Column("looks", sa.Text(), server_default="{}", nullable=False),
        sa.Column("masks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reading", sa.Text(), nullable=True),
        sa.Column("read_due_at", BIG, nullable=True),
        sa.Column("added_by", sa.Text(), server_default="", nullable=False),
        sa.Column("said_seq", sa.Integer(), nullable=True),
        sa.Column("expired_at", BIG, nullable=True),
    ):
        op.add_column("evidence", column)
    op.create_index("ix_evidence_pixels", "evidence", ["pixels_sha256"])
    gone = sa.text("expired_at IS NOT NULL AND size > 0")
    op.create_index(
        "ix_evidence_expired", "evidence", ["expired_at"], postgresql_where=gone, sqlite_where=gone
    )
    over = sa.text("finished_at IS NOT NULL")
    op.create_index("ix_cases_finished", "cases", ["finished_at"], postgresql_where=over, sqlite_where=over)
    due = sa.text("read_due_at IS NOT NULL")
    op.create_index(
        "ix_evidence_to_read", "evidence", ["read_due_at"], postgresql_where=due, sqlite_where=due
    )
    op.create_table(
        "evidence_views",
        sa.Column("id", BIG, nullable=False),
        sa.Column("evidence_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_evidence_views_evidence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_views")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_evidence_views_evidence_id"), "evidence_views", ["evidence_id"])
    _append_only("evidence_views", "id = NEW.id")


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
