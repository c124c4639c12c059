"""Finance: money on its way and what holds it up, what is owed to balances, and the books day by day."""

from __future__ import annotations

from core.services.finance.books import (
    COLUMNS,
    Account,
    Liability,
    entries,
    liabilities,
    paid_by_day,
    trial_balance,
    unbalanced,
)
from core.services.finance.moving import (
    HELD_UP,
    ROLES,
    Money,
    Pile,
    ask_now,
    colleagues,
    give,
    piles,
    stuck_count,
    under_way,
)

__all__ = [
    "COLUMNS",
    "HELD_UP",
    "ROLES",
    "Account",
    "Liability",
    "Money",
    "Pile",
    "ask_now",
    "colleagues",
    "entries",
    "give",
    "liabilities",
    "paid_by_day",
    "piles",
    "stuck_count",
    "trial_balance",
    "unbalanced",
    "under_way",
]
