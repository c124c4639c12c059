"""Credit of an account (R6.5): entries by the policy's rules, what their owner sees of them, and says against
them.
"""

from __future__ import annotations

from core.services.credit.accounts import Account, Entry, account, of_case, suspected
from core.services.credit.appeals import (
    ANSWERERS,
    answer,
    appeal,
    escalate_late,
    may_answer,
    open_appeals,
    would_give_back,
)
from core.services.credit.entries import due_customers, find_forgery, recover, sums, upheld

__all__ = [
    "ANSWERERS",
    "Account",
    "Entry",
    "account",
    "answer",
    "appeal",
    "due_customers",
    "escalate_late",
    "find_forgery",
    "may_answer",
    "of_case",
    "open_appeals",
    "recover",
    "sums",
    "suspected",
    "upheld",
    "would_give_back",
]
