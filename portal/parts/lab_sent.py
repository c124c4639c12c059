"""The shop's requests as columns, read once for everybody who looks: a million of them are a quarter of a
gigabyte and some ten seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from core.adapters.world import App
from core.domain.actors import Actor
from core.services import replay
from core.services.replay import Sent

A_SECOND: Final = 1_000  # requests for which a second may pass before what is new is read: many change slowly


@dataclass(frozen=True)
class Known:
    """`stamp`: of the shop when it was read. One of these at a time; equal ones hold the same requests."""

    app: App
    since: datetime
    stamp: tuple[int, int]
    sent: Sent
    read_at: float

    def serves(self, app: App, since: datetime, stamp: tuple[int, int]) -> bool:
        if self.app is not app or self.since != since:
            return False
        age = time.monotonic() - self.read_at
        return self.stamp == stamp or age * A_SECOND < len(self.sent.history)


_lock: Final = Lock()  # held while reading: who comes second waits for the first
_known: list[Known] = []


def sent_since(app: App, actor: Actor, since: datetime) -> Known:
    """What was sent from then on, as it was read last or now. `NotAllowed` but for `replay.ROLES`."""
    stamp = replay.stamp(app, actor)
    with _lock:
        if not (_known and _known[0].serves(app, since, stamp)):
            _known[:] = []  # two at once might not fit
            _known[:] = [Known(app, since, stamp, replay.sent_since(app, actor, since), time.monotonic())]
        return _known[0]
