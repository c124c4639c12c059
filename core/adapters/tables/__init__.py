"""The tables, as SQLAlchemy Core. Shapes and constraints only; triggers and partial indexes included.

Money columns end in `_minor` (integer minor units, beside a `currency`), instants are UTC (`Instant`),
JSON columns hold canonical JSON text. State columns carry the CHECK that the lifecycle table produces.
"""

from __future__ import annotations

from core.adapters.tables.books import ledger_entries, sandbox_refunds
from core.adapters.tables.columns import TAIL, Instant, from_micros, metadata, tail, to_micros
from core.adapters.tables.far import channel_notices, channel_turns, circuits, refused_notices
from core.adapters.tables.missing import bill_rows, ticket_answers, tickets
from core.adapters.tables.personal import erasures
from core.adapters.tables.reconciled import (
    bill_differences,
    billed_payouts,
    bills,
    difference_events,
    differences,
    payout_care,
)
from core.adapters.tables.requests import (
    AT_THE_DESK,
    BY_HAND,
    LATE,
    PART,
    case_events,
    cases,
    commands,
    evidence,
    evidence_views,
    fingerprint_keys,
    fingerprints,
    near_pictures,
    payees,
    payouts,
)
from core.adapters.tables.running import (
    accounts,
    desk_leases,
    guest_tries,
    sessions,
    settings,
    sign_in_tries,
    worker_beats,
)
from core.adapters.tables.shop import (
    credit_appeals,
    credit_entries,
    customers,
    exchange_rates,
    external_refunds,
    orders,
    payments,
    policies,
    policy_drafts,
    waiting_refunds,
)
from core.adapters.tables.telling import contacts, notice_deliveries, notices
from core.adapters.tables.trials import policy_trials, trial_answers
from core.adapters.tables.wallet import (
    LEFT,
    OPEN,
    balance_lots,
    lot_uses,
    spends,
    voucher_events,
    vouchers,
)

__all__ = [
    "APPEND_ONLY",
    "AT_THE_DESK",
    "BY_HAND",
    "LATE",
    "LEFT",
    "OPEN",
    "PART",
    "TAIL",
    "Instant",
    "accounts",
    "balance_lots",
    "bill_differences",
    "bill_rows",
    "billed_payouts",
    "bills",
    "case_events",
    "cases",
    "channel_notices",
    "channel_turns",
    "circuits",
    "commands",
    "contacts",
    "credit_appeals",
    "credit_entries",
    "customers",
    "desk_leases",
    "difference_events",
    "differences",
    "erasures",
    "evidence",
    "evidence_views",
    "exchange_rates",
    "external_refunds",
    "fingerprint_keys",
    "fingerprints",
    "from_micros",
    "guest_tries",
    "ledger_entries",
    "lot_uses",
    "metadata",
    "near_pictures",
    "notice_deliveries",
    "notices",
    "orders",
    "payees",
    "payments",
    "payout_care",
    "payouts",
    "policies",
    "policy_drafts",
    "policy_trials",
    "refused_notices",
    "sandbox_refunds",
    "sessions",
    "settings",
    "sign_in_tries",
    "spends",
    "tail",
    "ticket_answers",
    "tickets",
    "to_micros",
    "trial_answers",
    "voucher_events",
    "vouchers",
    "waiting_refunds",
    "worker_beats",
]

APPEND_ONLY = (
    "case_events",
    "ledger_entries",
    "credit_entries",
    "evidence_views",
    "difference_events",
    "ticket_answers",
    "spends",
    "lot_uses",
    "voucher_events",
)
