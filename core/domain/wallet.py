"""A balance as lots: which of them are still good, which are spent first, and when their owner is warned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from core.domain.errors import AmountInvalid, BalanceTooSmall
from core.domain.workdays import ZONE, end_of_day, local_date

# Days before the end on which its owner is warned. The policy has no such list, and the shortest time that it
# may give is 30 days, so a month and a week fit every policy.
WARN_DAYS: Final = (30, 7)
_IN_THE_MORNING: Final = time(10)  # nobody is woken by it
_LAST_SECOND: Final = timedelta(seconds=1)  # `expires_at` names it, and it is promised as well


def good_after(now: datetime) -> datetime:
    """What expires after this is good at `now`: a promised day is whole, its last second included."""
    return now - _LAST_SECOND


def is_good(expires_at: datetime, now: datetime) -> bool:
    return expires_at > good_after(now)


def lasts_until(now: datetime, days: int) -> datetime:
    """The last second of a day in Shanghai, `days` after today."""
    return end_of_day(local_date(now) + timedelta(days=days))


def warnings(since: datetime, expires_at: datetime) -> list[tuple[datetime, int]]:
    """(when, days before the end), in order of time; none before what is warned of was there."""
    last = local_date(expires_at)
    planned = [
        (datetime.combine(last - timedelta(days=days), _IN_THE_MORNING, ZONE), days) for days in WARN_DAYS
    ]
    return sorted((at, days) for at, days in planned if at > since)


def next_warning(since: datetime, expires_at: datetime) -> datetime | None:
    """The first one after `since`."""
    planned = warnings(since, expires_at)
    return planned[0][0] if planned else None


def due_warning(since: datetime, expires_at: datetime, now: datetime) -> int | None:
    """The newest warning that is due; what was slept over is not made up for, and nobody is warned of what is
    over.
    """
    passed = [days for at, days in warnings(since, expires_at) if at <= now]
    return passed[-1] if passed and is_good(expires_at, now) else None


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of a credit, in minor units."""

    id: int
    remaining_minor: int
    expires_at: datetime


def take(lots: Iterable[Lot], amount_minor: int, currency: str) -> list[tuple[int, int]]:
    """(lot, minor units) that pay `amount_minor`: what ends first goes first, the older credit of one day
    before the newer. All or nothing: `BalanceTooSmall(left_minor)`.
    """
    if amount_minor <= 0:
        raise AmountInvalid()
    taken, wanted = [], amount_minor
    for lot in sorted(lots, key=lambda lot: (lot.expires_at, lot.id)):
        part = min(lot.remaining_minor, wanted)
        if part > 0:
            taken.append((lot.id, part))
            wanted -= part
    if wanted:
        raise BalanceTooSmall(left_minor=amount_minor - wanted, currency=currency)
    return taken
