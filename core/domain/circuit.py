"""When a channel is left alone: a circuit opens after failures in a row, and lets one call through to see.

Pure; `services.circuits` keeps the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

MOST_FAILURES: Final = 5  # in a row, then it opens
# How long it stays open after the fifth, the sixth … failure. A lost try costs a customer nothing but time,
# and a channel that comes back should not wait long for us.
PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 2, 4, 8, 15))
PROBE: Final = timedelta(minutes=2)  # for the one call that is let through: as long as a payout's lease
# Causes that say nothing about one refund: the channel itself is away, or does not take our keys.
FAILURES: Final = frozenset({"no_answer", "channel_error", "misconfigured"})

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """`failures` in a row `since` then, the last one's `cause`; calls wait until `next_at`."""

    failures: int
    since: datetime
    next_at: datetime | None
    cause: str

    def state(self, now: datetime) -> State:
        """`half_open`: the pause is over, the next call decides."""
        if self.next_at is None:
            return "closed"
        return "open" if now < self.next_at else "half_open"


def failed(before: Circuit | None, cause: str, now: datetime) -> Circuit:
    """After a call that came to nothing."""
    failures = 1 if before is None else before.failures + 1
    since = now if before is None else before.since
    next_at = None
    if failures >= MOST_FAILURES:
        next_at = now + PAUSES[min(failures - MOST_FAILURES, len(PAUSES) - 1)]
    return Circuit(failures, since, next_at, cause)
