"""Circuits of the channels: which are left alone for now (`domain.circuit`), for all workers alike.

A channel that answers has no row, so good days cost one read for each look at what is due, and no write:
`failures_of` is read with the payout that wants to call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, ScalarSelect, delete, select, update

from core.adapters import database
from core.adapters.channels import Outcome
from core.adapters.tables import circuits
from core.adapters.world import App
from core.domain.circuit import FAILURES, PROBE, Circuit, failed

log = structlog.get_logger(__name__)

_c = circuits.c


def failures_of(channel: ColumnElement[str]) -> ScalarSelect[int]:
    """To be read beside what wants to call: NULL where the channel has not failed lately."""
    return select(_c.failures).where(_c.channel == channel).scalar_subquery()


def all_of(app: App) -> dict[str, Circuit]:
    """By channel, those that failed lately."""
    with app.read() as conn:
        return {row.channel: _of(row) for row in conn.execute(select(circuits))}


def left_alone(app: App, now: datetime) -> list[str]:
    """Channels that no call goes to at present."""
    return [name for name, circuit in all_of(app).items() if circuit.state(now) == "open"]


def may_call(conn: Connection, channel: str, now: datetime) -> bool:
    """Whether a call may go out, inside the transaction that decides it. Of a circuit that was open one
    caller is let through, the others wait until that one has come back or is lost.
    """
    row = conn.execute(select(circuits).where(_c.channel == channel)).one_or_none()
    if row is None or row.next_at is None:
        return True
    if now < row.next_at:
        return False
    mine = (_c.channel == channel, _c.next_at == row.next_at)
    return conn.execute(update(circuits).where(*mine).values(next_at=now + PROBE)).rowcount == 1


def heard(app: App, channel: str, outcome: Outcome, *, was_failing: bool = True) -> None:
    """After each call: a failure is counted, any other word closes the circuit. `was_failing`: there were
    failures when the call was decided; without them there is nothing to close.
    """
    now = app.now()
    if outcome.kind == "unknown" and outcome.cause in FAILURES:
        with app.begin() as conn:
            row = conn.execute(select(circuits).where(_c.channel == channel).with_for_update()).one_or_none()
            found = failed(_of(row) if row is not None else None, str(outcome.cause), now)
            values = {
                "failures": found.failures,
                "since": found.since,
                "next_at": found.next_at,
                "cause": found.cause,
            }
            conn.execute(
                database.insert(conn, circuits)
                .values(channel=channel, **values)
                .on_conflict_do_update(index_elements=[_c.channel], set_=values)
            )
        if found.next_at is not None:
            log.warning("circuit_open", channel=channel, failures=found.failures, cause=found.cause)
        return
    if was_failing:
        with app.begin() as conn:
            closed = conn.execute(delete(circuits).where(_c.channel == channel)).rowcount
        if closed:
            log.info("circuit_closed", channel=channel)


def _of(row: Any) -> Circuit:
    return Circuit(row.failures, row.since, row.next_at, row.cause)
