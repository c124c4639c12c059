"""How fast a channel may be called: each call takes the next free moment, unless that is too far away.

Pure; `services.pacing` keeps the moments.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

LONGEST_WAIT: Final = timedelta(seconds=30)  # with two calls after it, still within a payout's lease


def turn(free_at: datetime | None, now: datetime) -> datetime | None:
    """When the next call may go out, of a channel that is free from `free_at` on; None: too late to wait for.

    A moment that nobody can have waited for was written by a clock that was wrong, and counts for nothing.
    """
    if free_at is None or free_at <= now or free_at > now + 2 * LONGEST_WAIT:
        return now
    return free_at if free_at <= now + LONGEST_WAIT else None


def after(at: datetime, calls_a_second: int) -> datetime:
    """When the channel is free again after a call: rounded up, or a second would hold one more."""
    return at + timedelta(microseconds=-(-1_000_000 // calls_a_second))
