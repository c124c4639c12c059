"""What time it is. In demo mode the clock can be moved: an offset in the database that every process
shares.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine, bindparam, delete, insert, select, update

from core.adapters.database import writer
from core.adapters.prepared import Prepared
from core.adapters.tables import settings

OFFSET_KEY: Final = "clock_offset_microseconds"
REMEMBER_SECONDS: Final = 0.25  # other processes see a moved clock this late
_READ: Final = Prepared(select(settings.c.value).where(settings.c.key == bindparam("name")))


class Clock(Protocol):
    def now(self) -> datetime: ...


class RealClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def is_moved(engine: Engine) -> bool:
    """Whether this database belongs to a demo whose clock was moved: the machine's time is not its time."""
    with engine.connect() as conn:
        return _READ.first(conn, {"name": OFFSET_KEY}) is not None


class DemoClock:
    """The machine's time plus an offset. It runs on after it was moved."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._offset = timedelta()
        self._read_at = -REMEMBER_SECONDS

    def now(self) -> datetime:
        if time.monotonic() - self._read_at > REMEMBER_SECONDS:
            with self._engine.connect() as conn:
                stored = _READ.first(conn, {"name": OFFSET_KEY})
            self._remember(timedelta(microseconds=int(stored.value if stored else 0)))
        return datetime.now(UTC) + self._offset

    def set(self, at: datetime) -> datetime:
        """Make it `at` now; answers the new time."""
        self._store(at - datetime.now(UTC))
        return self.now()

    def advance(self, by: timedelta) -> datetime:
        """Move on by `by`; answers the new time."""
        return self.set(self.now() + by)

    def reset(self) -> datetime:
        """Back to the machine's time."""
        self._store(timedelta())
        return self.now()

    def _store(self, offset: timedelta) -> None:
        value = str(offset // timedelta(microseconds=1))
        with writer(self._engine).begin() as conn:
            changed = conn.execute(
                update(settings).where(settings.c.key == OFFSET_KEY).values(value=value)
            ).rowcount
            if not changed:
                conn.execute(insert(settings).values(key=OFFSET_KEY, value=value))
            if not offset:
                conn.execute(delete(settings).where(settings.c.key == OFFSET_KEY))
        self._remember(offset)

    def _remember(self, offset: timedelta) -> None:
        self._offset, self._read_at = offset, time.monotonic()
