"""Which orders a policy on trial decides: a share of them, by their numbers and a secret of the trial."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

LEAST, MOST = 1, 50  # per cent of the orders
MOST_SHADOWS: Final = 5  # policies that may decide beside the one in force at once
_PARTS: Final = 10_000


def in_share(secret: str, order_no: str, percent: int) -> bool:
    """Always the same for one order of one trial, so asking again leads to no other policy; and of a larger
    share the smaller one is a part. Without the secret nobody can tell.
    """
    digest = hmac.digest(secret.encode(), order_no.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") % _PARTS < percent * (_PARTS // 100)
