"""By what pictures are recognised when they are sent again, cropped a little or encoded anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fingerprints",
        sa.Column("evidence_id", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("key_list", sa.Text(), nullable=False),
        sa.Column("compare_due_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_fingerprints_evidence_id")),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_fingerprints")),
        sqlite_strict=True,
    )
    due = sa.text("compare_due_at IS NOT NULL")
    op.create_index(
        "ix_fingerprints_to_compare",
        "fingerprints",
        ["compare_due_at"],
        postgresql_where=due,
        sqlite_where=due,
    )
    op.create_table(
        "fingerprint_keys",
        sa.Column("key", BIG, nullable=False, autoincrement=False),
        sa.Column("evidence_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "evidence_id", name=op.f("pk_fingerprint_keys")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "near_pictures",
        sa.Column("evidence_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["fingerprints.evidence_id"],
                name=op.f(f"fk_near_pictures_{column}"),
                ondelete="CASCADE",
            )
            for column in ("evidence_id", "other_id")
        ),
        sa.PrimaryKeyConstraint("evidence_id", "other_id", name=op.f("pk_near_pictures")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_near_pictures_other_id"), "near_pictures", ["other_id"])
