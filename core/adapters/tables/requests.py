"""What is asked for: cases with their events, commands and evidence, and the payouts of what was granted."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    literal_column,
    text,
)

from core.adapters.tables.columns import Id, Instant, metadata, tail
from core.domain.deadlines import ESCALATED_TO, SECOND
from core.domain.lifecycle import CASE, PAYOUT, check_sql

# Where people decide: the desk's queues.
DESK_STATES = ("in_review", "awaiting_customer", "in_arbitration", "negotiating", "in_appeal")
AT_THE_DESK = "state IN (" + ", ".join(f"'{state}'" for state in DESK_STATES) + ")"
BY_HAND = "state = 'paying' AND owner = 'finance'"  # somebody has to transfer it
LATE = f"owner = '{ESCALATED_TO}'"
PART = "substr(case_no, 9)"  # what comes after the day in R261125-RYS9AR
_FINAL = ", ".join(f"'{state}'" for state in sorted(CASE.final_states))

cases = Table(
    "cases",
    metadata,
    Column("case_no", Text, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False),
    Column("customer_id", Text, nullable=False),  # '' = a guest, who proves the order
    Column("applicant", Text, nullable=False, server_default="account"),  # who acts in it: account | guest
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("requested_minor", BigInteger),
    Column("quantity", Integer),
    Column("description", Text, nullable=False, server_default=""),
    Column("route", Text),  # original | balance | negotiated, the customer's choice
    Column("step", Integer, nullable=False, server_default="1"),  # of the wizard, while a draft
    Column("policy_version", Integer, ForeignKey("policies.version"), nullable=False),
    Column("verdict", Text),
    Column("rule", Text),
    Column("approved_minor", BigInteger),
    Column("fee_minor", BigInteger),
    Column("fx_minor", BigInteger),
    Column("refund_minor", BigInteger),
    Column("currency", Text, nullable=False),
    Column("decided_by", Text),
    Column("due_at", Instant),
    Column("due_action", Text),
    Column("warn_at", Instant),  # when its customer is next warned that `due_at` is near
    Column("owner", Text),  # a named human, where nothing is due
    Column("leased_until", Instant),
    Column("worker", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("submitted_at", Instant),
    Column("decided_at", Instant),
    Column("finished_at", Instant),
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("last_hash", Text, nullable=False, server_default=""),
    CheckConstraint(check_sql(CASE), name="state"),
    CheckConstraint("applicant IN ('account', 'guest')", name="applicant"),
    CheckConstraint(
        "approved_minor IS NULL OR approved_minor = fee_minor + fx_minor + refund_minor", name="sums"
    ),
    CheckConstraint(f"state IN ({_FINAL}) OR due_at IS NOT NULL OR owner IS NOT NULL", name="someone_acts"),
    Index("ix_cases_customer", "customer_id", "created_at"),
    Index("ix_cases_order", "order_no"),
    Index(
        "ix_cases_finished",
        "finished_at",
        postgresql_where=text("finished_at IS NOT NULL"),
        sqlite_where=text("finished_at IS NOT NULL"),
    ),
    Index("ix_cases_begins", "case_no", postgresql_ops={"case_no": "text_pattern_ops"}),
    Index("ix_cases_part", literal_column(PART).label("part"), postgresql_ops={"part": "text_pattern_ops"}),
    Index("ix_cases_late", "state", "due_at", postgresql_where=text(LATE), sqlite_where=text(LATE)),
    Index(
        "ix_cases_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_cases_warn",
        "warn_at",
        postgresql_where=text("warn_at IS NOT NULL"),
        sqlite_where=text("warn_at IS NOT NULL"),
    ),
    Index(
        "ix_cases_desk",
        "state",
        "due_at",
        postgresql_where=text(AT_THE_DESK),
        sqlite_where=text(AT_THE_DESK),
    ),
    Index(
        "ix_cases_second",
        "due_at",
        postgresql_where=text(f"owner = '{SECOND}'"),
        sqlite_where=text(f"owner = '{SECOND}'"),
    ),
    Index(
        "ix_cases_by_hand",
        "due_at",
        postgresql_where=text(BY_HAND),
        sqlite_where=text(BY_HAND),
    ),
    Index(
        "uq_cases_one_open_per_order",
        "order_no",
        unique=True,
        sqlite_where=text(f"state NOT IN ({_FINAL})"),
        postgresql_where=text(f"state NOT IN ({_FINAL})"),
    ),
)

case_events = Table(
    "case_events",
    metadata,
    Column("case_no", Text, ForeignKey("cases.case_no"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON: facts, assessment, note, changed columns
    Column("hash", Text, nullable=False),  # sha256(previous hash + this row)
)

# Whom finance transfers to by hand. The account in full until that is done, then masked.
payees = Table(
    "payees",
    metadata,
    Column("case_no", Text, ForeignKey("cases.case_no"), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("closed_at", Instant),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("result", Text, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("pixels_sha256", Text, nullable=False, server_default=""),  # of the pixels: in any file the same
    Column("dhash", Text, nullable=False, server_default=""),  # 256 bits in hex
    Column("looks", Text, nullable=False, server_default="{}"),  # JSON: quality, warnings, doubts
    Column("masks", Integer, nullable=False, server_default="0"),  # boxes that its sender covered
    Column("reading", Text),  # JSON: what was read from it; NULL: not read
    Column("read_due_at", Instant),  # when it is to be read (again)
    Column("added_by", Text, nullable=False, server_default=""),  # role:person
    Column("said_seq", Integer),  # the event of the conversation that it came with
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),  # taken back by its sender while a draft
    Column("expired_at", Instant),  # its bytes are gone by the policy's retention; the row is the tombstone
    Index("ix_evidence_pixels", "pixels_sha256"),
    Index(  # deleted for its age, and perhaps not yet from the store
        "ix_evidence_expired",
        "expired_at",
        postgresql_where=text("expired_at IS NOT NULL AND size > 0"),
        sqlite_where=text("expired_at IS NOT NULL AND size > 0"),
    ),
    Index(
        "ix_evidence_to_read",
        "read_due_at",
        postgresql_where=text("read_due_at IS NOT NULL"),
        sqlite_where=text("read_due_at IS NOT NULL"),
    ),
)

# By what a picture is recognised when it is sent again; gone with the picture.
fingerprints = Table(
    "fingerprints",
    metadata,
    Column("evidence_id", Text, ForeignKey("evidence.id"), primary_key=True),
    Column("words", LargeBinary, nullable=False),  # as adapters/pictures/fingerprints packs them
    Column("key_list", Text, nullable=False),  # JSON: its numbers in `fingerprint_keys`
    Column("compare_due_at", Instant),  # when it is to be compared with the others
    Index(
        "ix_fingerprints_to_compare",
        "compare_due_at",
        postgresql_where=text("compare_due_at IS NOT NULL"),
        sqlite_where=text("compare_due_at IS NOT NULL"),
    ),
)

# Which pictures have a key. No foreign key: it would need a second index, as large as the table.
fingerprint_keys = Table(
    "fingerprint_keys",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("evidence_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# Two pictures that are the same shot, but not to the pixel; the smaller id first.
near_pictures = Table(
    "near_pictures",
    metadata,
    Column("evidence_id", Text, ForeignKey("fingerprints.evidence_id", ondelete="CASCADE"), primary_key=True),
    Column(
        "other_id",
        Text,
        ForeignKey("fingerprints.evidence_id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

# Who of the staff looked at which picture, and when: written before a byte is given out, never changed.
evidence_views = Table(
    "evidence_views",
    metadata,
    Column("id", Id, primary_key=True),
    Column("evidence_id", Text, ForeignKey("evidence.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

payouts = Table(
    "payouts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_no", Text, ForeignKey("cases.case_no"), nullable=False, index=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),  # whose money it is
    Column("route", Text, nullable=False),
    Column("channel", Text, nullable=False),  # that carries it: the payment's, or 'balance'
    Column("reserved_minor", BigInteger, nullable=False),  # what it holds of the payment
    Column("amount_minor", BigInteger, nullable=False),  # what the customer gets
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # idempotency key at the channel
    Column("request", Text, nullable=False),  # canonical JSON sent on every try
    Column("reference", Text),  # the channel's refund number
    Column("cause", Text),  # why refused, returned or unknown, as a code
    # Of a transfer by hand: where it goes, masked.
    Column("payee_channel", Text, nullable=False, server_default=""),
    Column("payee_account", Text, nullable=False, server_default=""),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant),
    Column("leased_until", Instant),
    Column("worker", Text),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("accepted_at", Instant),
    Column("eta_at", Instant),
    Column("arrived_at", Instant),
    Column("heard", Text),  # the channel's last word, as a kind of outcome: silence is none
    Column("heard_at", Instant),
    CheckConstraint(check_sql(PAYOUT), name="state"),
    CheckConstraint("amount_minor > 0 AND amount_minor <= reserved_minor", name="amount"),
    CheckConstraint("state IN ('arrived', 'replanned') OR due_at IS NOT NULL", name="something_is_due"),
    Index("ix_payouts_channel", "channel", "sent_at"),  # what a bill of these days should have
    Index("ix_payouts_reference", "reference", postgresql_ops={"reference": "text_pattern_ops"}),
    Index("ix_payouts_tail", tail("reference")),
    Index(  # how long a channel took lately
        "ix_payouts_arrived",
        "channel",
        "arrived_at",
        postgresql_where=text("arrived_at IS NOT NULL"),
        sqlite_where=text("arrived_at IS NOT NULL"),
    ),
    Index(
        "ix_payouts_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
)
