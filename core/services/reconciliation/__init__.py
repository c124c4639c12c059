"""Reconciliation (R6.2): a channel's bill held against payouts and ledger; every difference has a kind, an
owner and, where one is right, a correction that two people post.
"""

from __future__ import annotations

from core.services.reconciliation.correcting import MOST, post, propose, send_back
from core.services.reconciliation.fetching import Fetch, fetch, fetches
from core.services.reconciliation.reading import Reconciled, reconcile, result
from core.services.reconciliation.views import (
    COLUMNS,
    PAGE,
    BillRow,
    Listed,
    Sum,
    ids,
    latest,
    listing,
    one,
    rows,
    sums,
    waiting,
)

__all__ = [
    "COLUMNS",
    "MOST",
    "PAGE",
    "BillRow",
    "Fetch",
    "Listed",
    "Reconciled",
    "Sum",
    "fetch",
    "fetches",
    "ids",
    "latest",
    "listing",
    "one",
    "post",
    "propose",
    "reconcile",
    "result",
    "rows",
    "send_back",
    "sums",
    "waiting",
]
