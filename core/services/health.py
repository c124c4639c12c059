"""How the portal itself does, for whoever watches over it: can it serve, and what waits for how long. No
numbers of customers or orders: only counts.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from core.adapters import database
from core.adapters.tables import cases, notice_deliveries, payouts, settings, worker_beats
from core.adapters.world import App
from core.domain.errors import StoreUnavailable
from core.services import circuits, policies

SILENT: Final = timedelta(minutes=5)  # a worker in the middle of a long round says nothing for a while
KEPT_SECONDS: Final = 10.0  # of an answer: whoever asks more often gets the same one
_AUDIT: Final = "last_audit"
_QUEUES: Final = {"cases": cases, "payouts": payouts, "notices": notice_deliveries}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is due and not done: how many, and for how many seconds the oldest."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Audited:
    """The last audit: when, and how many findings."""

    at: datetime
    findings: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The house at one instant. `payouts` by channel and state, `circuits` of channels that failed lately."""

    at: datetime
    cases: dict[str, int] = field(default_factory=dict)
    payouts: dict[tuple[str, str], int] = field(default_factory=dict)
    queues: dict[str, Waiting] = field(default_factory=dict)
    circuits: dict[str, tuple[str, int]] = field(default_factory=dict)  # state, failures in a row
    workers: int = 0
    beat: datetime | None = None  # of the worker that was heard last
    audited: Audited | None = None


def seen(app: App) -> Seen:
    """Everything counted as it is at one instant, circuits just before."""
    now, failing = app.now(), circuits.all_of(app)
    with app.read() as conn:
        by_state = conn.execute(select(cases.c.state, func.count()).group_by(cases.c.state)).all()
        channel, state = payouts.c.channel, payouts.c.state
        paid = conn.execute(select(channel, state, func.count()).group_by(channel, state)).all()
        workers, beat = _beats(conn, now)
        return Seen(
            now,
            {state: count for state, count in by_state},
            {(channel, state): count for channel, state, count in paid},
            {name: _waiting(conn, table, now) for name, table in _QUEUES.items()},
            {name: (found.state(now), found.failures) for name, found in failing.items()},
            workers,
            beat,
            _audited(conn),
        )


def audited(app: App, findings: Sequence[Any]) -> None:
    """Keep that an audit was made, so that one that was forgotten shows."""
    told = json.dumps({"at": app.now().isoformat(), "findings": len(findings)})
    with app.begin() as conn:
        conn.execute(
            database.insert(conn, settings)
            .values(key=_AUDIT, value=told)
            .on_conflict_do_update(index_elements=["key"], set_={"value": told})
        )


class Watch:
    """Whether this process can serve, and what else is amiss. Strangers may ask: an answer is kept for some
    seconds, so that asking costs the far ends nothing.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: tuple[float, tuple[list[str], list[str]]] | None = None

    def look(self) -> tuple[list[str], list[str]]:
        """What keeps it from serving (`database`, `policy`), and what does not (`store`, `worker`): without a
        store or a worker customers still read, ask and are told; what is due waits.
        """
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] >= KEPT_SECONDS:
                self._kept = (time.monotonic(), self._look())
            return self._kept[1]

    def _look(self) -> tuple[list[str], list[str]]:
        app = self._app
        closed = [
            name
            for name, works in (("database", _answers), ("policy", policies.current))
            if not _works(works, app)
        ]
        amiss = [] if _works(_store_answers, app) else ["store"]
        if "database" not in closed and not _works(_somebody_works, app):
            amiss.append("worker")
        return closed[:1], amiss


def _works(what: Callable[[App], object], app: App) -> bool:
    try:
        return what(app) is not False
    except Exception:  # whatever it is, this part does not do its work
        return False


def _answers(app: App) -> bool:
    with app.read() as conn:
        return bool(conn.execute(select(1)).scalar_one())


def _store_answers(app: App) -> bool:
    try:
        app.store.has("health")  # nothing of this name is there; that it can be asked is enough
    except StoreUnavailable:
        return False
    return True


def _somebody_works(app: App) -> bool:
    with app.read() as conn:
        return _beats(conn, app.now())[0] > 0


def _beats(conn: Connection, now: datetime) -> tuple[int, datetime | None]:
    at = worker_beats.c.at
    alive = select(func.count()).where(at > now - SILENT)
    beat: datetime | None = conn.execute(select(func.max(at))).scalar()
    return conn.execute(alive).scalar_one(), beat


def _waiting(conn: Connection, table: Any, now: datetime) -> Waiting:
    due = table.c.due_at
    count, oldest = conn.execute(select(func.count(), func.min(due)).where(due <= now)).one()
    return Waiting(count, (now - oldest).total_seconds() if oldest is not None else 0.0)


def _audited(conn: Connection) -> Audited | None:
    told = conn.execute(select(settings.c.value).where(settings.c.key == _AUDIT)).scalar()
    if told is None:
        return None
    found = json.loads(told)
    return Audited(datetime.fromisoformat(found["at"]), found["findings"])
