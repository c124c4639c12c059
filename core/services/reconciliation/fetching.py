"""Once a day the worker fetches each channel's bill of the day before, and the days it has missed.

What is due stands in the settings, one line a channel: whoever changes it has the day. Channels are called
outside every transaction; what fails is tried again with growing pauses, and told.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from core.adapters.channels import ChannelSilent, Quiet
from core.adapters.tables import settings
from core.adapters.world import App
from core.domain.actors import SYSTEM
from core.domain.bills import Coverage
from core.domain.errors import Refusal
from core.domain.workdays import ZONE, local_date
from core.services.reconciliation.reading import reconcile
from core.services.record import canonical

log = structlog.get_logger(__name__)

READY: Final = time(10, 30)  # in Shanghai; the channels promise yesterday's bill for nine or ten
PAUSES: Final = tuple(timedelta(minutes=m) for m in (10, 30, 60, 180, 360))
LEASE: Final = timedelta(minutes=30)  # longer than the largest bill takes
LONGEST_GAP: Final = timedelta(days=31)  # days that are caught up on
A_DAY: Final = timedelta(days=1)
_KEY: Final = "bill:"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A channel's next bill: its `day`, when it is fetched, and why the last try failed (`cause`)."""

    channel: str
    day: date
    due_at: datetime
    tries: int
    cause: str


def fetch(app: App) -> int:
    """Fetch what is due, one day of each channel; answers how many days were settled."""
    return sum(_fetch(app, name) for name, channel in app.channels.items() if _has_bills(channel))


def fetches(app: App) -> list[Fetch]:
    """Where every channel stands that has bills and was asked before."""
    with app.read() as conn:
        rows = conn.execute(
            select(settings.c.key, settings.c.value)
            .where(settings.c.key.startswith(_KEY))
            .order_by(settings.c.key)
        ).all()
    return [_state(row.key.removeprefix(_KEY), json.loads(row.value)) for row in rows]


def _has_bills(channel: Any) -> bool:
    return not isinstance(channel, Quiet) and hasattr(channel, "fetch_bill")


def _fetch(app: App, name: str) -> bool:
    claim = _claim(app, name)
    if claim is None:
        return False
    mine, state = claim
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = app.channels[name].fetch_bill(state.day, Path(folder))
            if path is not None:
                begins = datetime.combine(state.day, time(), ZONE)
                done = reconcile(app, SYSTEM, path, day=Coverage(begins, begins + A_DAY, True))
                log.info("bill_fetched", channel=name, day=state.day.isoformat(), waiting=done.waiting)
    except ChannelSilent:
        return _again(app, mine, state, "no_answer")
    except Refusal as refused:  # a bill that cannot be read: perhaps it was not finished yet
        return _again(app, mine, state, refused.code)
    except Exception:
        log.exception("bill_accident", channel=name, day=state.day.isoformat())
        return _again(app, mine, state, "accident")
    if path is None:
        log.info("bill_of_nothing", channel=name, day=state.day.isoformat())
    after = state.day + A_DAY
    _record(app, name, mine, Fetch(name, after, _ready(after), 0, ""))
    return True


def _ready(day: date) -> datetime:
    """When the bill of a day can be fetched."""
    return datetime.combine(day + A_DAY, READY, ZONE)


def _claim(app: App, name: str) -> tuple[str, Fetch] | None:
    """What stands for this day while it is fetched, and the day; None when it is not due or another's."""
    now, key = app.now(), _KEY + name
    with app.read() as conn:
        told = conn.execute(select(settings.c.value).where(settings.c.key == key)).scalar_one_or_none()
    yesterday = local_date(now) - A_DAY
    state = _state(name, json.loads(told)) if told else Fetch(name, yesterday, _ready(yesterday), 0, "")
    if state.due_at > now:
        return None
    oldest = yesterday - LONGEST_GAP
    if state.day < oldest:
        log.error("bills_skipped", channel=name, since=state.day.isoformat(), until=oldest.isoformat())
        state = Fetch(name, oldest, state.due_at, 0, "")
    mine = _told(Fetch(name, state.day, now + LEASE, state.tries, state.cause), by=secrets.token_hex(8))
    try:
        with app.begin() as conn:
            if told is None:
                conn.execute(insert(settings).values(key=key, value=mine))
                return mine, state
            same = (settings.c.key == key, settings.c.value == told)
            is_mine = conn.execute(update(settings).where(*same).values(value=mine)).rowcount == 1
    except IntegrityError:
        return None  # another worker was quicker
    return (mine, state) if is_mine else None


def _again(app: App, mine: str, state: Fetch, cause: str) -> bool:
    tries = state.tries + 1
    due_at = app.now() + PAUSES[min(tries, len(PAUSES)) - 1]
    told = {"channel": state.channel, "day": state.day.isoformat(), "cause": cause, "tries": tries}
    (log.error if tries >= len(PAUSES) else log.warning)("bill_not_fetched", **told)
    _record(app, state.channel, mine, Fetch(state.channel, state.day, due_at, tries, cause))
    return False


def _record(app: App, name: str, mine: str, state: Fetch) -> None:
    """Unless somebody took the day for lost meanwhile."""
    with app.begin() as conn:
        same = (settings.c.key == _KEY + name, settings.c.value == mine)
        conn.execute(update(settings).where(*same).values(value=_told(state)))


def _told(state: Fetch, **more: str) -> str:
    told = {
        "day": state.day.isoformat(),
        "due": state.due_at.isoformat(),
        "tries": state.tries,
        "cause": state.cause,
    }
    return canonical({**told, **more})


def _state(name: str, told: dict[str, Any]) -> Fetch:
    due_at = datetime.fromisoformat(told["due"])
    return Fetch(name, date.fromisoformat(told["day"]), due_at, int(told["tries"]), str(told["cause"]))
