"""How long a channel's refunds took lately: measured on its last payouts, beside what the policy promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select

from core.adapters.prepared import Prepared
from core.adapters.tables import payouts
from core.adapters.world import App

MOST: Final = 200  # payouts, the newest
LEAST: Final = 20  # fewer say nothing
WITHIN: Final = timedelta(days=90)
KEPT: Final = timedelta(minutes=10)  # per process and channel, so that no rerun pays for it

_p = payouts.c
QUERY: Final = (
    select(_p.sent_at, _p.arrived_at)
    .where(
        _p.channel == bindparam("channel"),
        _p.arrived_at >= bindparam("since", type_=_p.arrived_at.type),
        _p.arrived_at.is_not(None),  # spelled like the partial index
    )
    .order_by(_p.arrived_at.desc())
    .limit(bindparam("limit"))
)
_TOOK: Final = Prepared(QUERY)


@dataclass(frozen=True, slots=True)
class Measured:
    """Of `n` payouts half arrived within `half`, nine of ten within `most`."""

    n: int
    half: timedelta
    most: timedelta


def measured(app: App, channel: str) -> Measured | None:
    """The channel's last payouts, as of some minutes ago; None: too few to say anything."""
    now = app.now()
    known = app.arrivals.get(channel)
    if known is not None and timedelta() <= now - known[0] < KEPT:
        held: Measured | None = known[1]
        return held
    values = {"channel": channel, "since": now - WITHIN, "limit": MOST}
    with app.glance() as conn:
        rows = _TOOK.all(conn, values)
    found = of([row.arrived_at - row.sent_at for row in rows if row.sent_at is not None])
    app.arrivals[channel] = (now, found)
    return found


def of(took: Sequence[timedelta]) -> Measured | None:
    """Nearest rank: within `half` at least half of them really arrived."""
    if len(took) < LEAST:
        return None
    return Measured(len(took), *half_and_most(took))


def half_and_most(took: Sequence[timedelta]) -> tuple[timedelta, timedelta]:
    """Nearest rank: at least half really took at most the first, nine of ten at most the second."""
    ordered = sorted(took)
    half, most = (ordered[max(0, -(-len(ordered) * percent // 100) - 1)] for percent in (50, 90))
    return half, most


def days(span: timedelta) -> int:
    """Whole days that `span` fits into, at least one."""
    return max(1, -(-span // timedelta(days=1)))
