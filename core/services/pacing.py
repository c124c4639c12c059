"""The pace of the channels (`domain.pace`): no more calls a second than one takes, of all workers together.

A channel that tells no limit has no row and costs nothing.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.adapters import database
from core.adapters.channels import Channel
from core.adapters.tables import channel_turns
from core.adapters.world import App
from core.domain.pace import after, turn

_t = channel_turns.c


def wait(app: App, channel: Channel) -> bool:
    """Take the next free moment and wait for it, outside any transaction; False when that is too far away."""
    rate = channel.capabilities.calls_a_second
    if rate is None:
        return True
    at = take(app, channel.name, rate)
    if at is None:
        return False
    sleep(at - app.now())
    return True


def take(app: App, name: str, calls_a_second: int) -> datetime | None:
    """The moment that nobody else has; None when all within reach are taken."""
    now = app.now()
    with app.begin() as conn:
        this = select(_t.free_at).where(_t.channel == name).with_for_update()
        free_at = conn.execute(this).scalar_one_or_none()
        if free_at is None:
            # Two who find no row: the second waits here for the first, and reads what that one wrote.
            conn.execute(
                database.insert(conn, channel_turns)
                .values(channel=name, free_at=now)
                .on_conflict_do_nothing()
            )
            free_at = conn.execute(this).scalar_one()
        at = turn(free_at, now)
        if at is not None:
            taken = update(channel_turns).where(_t.channel == name)
            conn.execute(taken.values(free_at=after(at, calls_a_second)))
        return at


def sleep(span: timedelta) -> None:
    if span > timedelta(0):
        time.sleep(span.total_seconds())
