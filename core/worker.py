"""The worker: does what is due. Any number of them may run; leases and row locks keep them apart."""

from __future__ import annotations

import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, insert, update

from core import logs
from core.adapters import database
from core.adapters.tables import worker_beats
from core.app import App
from core.domain.errors import StoreUnavailable
from core.services import (
    alike,
    credit,
    identity,
    keeping,
    missing,
    outbox,
    reading,
    reconciliation,
    sending,
    sweeping,
    timers,
    wallet,
)

log = structlog.get_logger(__name__)

BATCH: Final = 50
# Payouts by chance, so many of so many: workers that all began with the oldest would meet at each.
SHARE, IN_REACH = 10, 200
PUT_OFF: Final = timedelta(minutes=5)  # after an accident, before the same thing is tried again
IDLE_SECONDS: Final = 1.0  # between two looks for something due
BEAT_SECONDS: Final = 10.0
TIDYING_SECONDS: Final = 3600.0
GONE: Final = timedelta(days=1)  # a worker that was not heard since has ended
AFTER_ACCIDENT_SECONDS: Final = 5.0
_ROUNDS: Final = 10_000


def name() -> str:
    """A name that no other worker has."""
    return f"{socket.gethostname()}-{secrets.token_hex(4)}"


def run_once(app: App, worker_id: str | None = None) -> int:
    """Do what is due now, once through; answers how many things were done."""
    worker_id = worker_id or name()
    logs.begin(worker=worker_id)
    done = 0
    for case_no in timers.due_numbers(app, app.now(), BATCH):
        with _apart(app, "case_put_off", timers.put_off, case_no=case_no):
            done += timers.run_due(app, case_no)
    for customer_id in credit.due_customers(app, app.now(), BATCH):
        done += credit.recover(app, customer_id)
    done += credit.escalate_late(app, BATCH)
    done += missing.escalate_late(app, BATCH)
    for case_no in timers.numbers_to_warn(app, app.now(), BATCH):
        with _apart(app, "warning_put_off", timers.put_off_warning, case_no=case_no):
            done += timers.run_warning(app, case_no)
    for _ in range(BATCH // SHARE):
        due = sending.due_ids(app, app.now(), IN_REACH)
        for payout_id in due if len(due) <= SHARE else random.sample(due, SHARE):
            # Its lease stays until it is over; then it counts as lost and the channel is asked first.
            with _apart(app, "payout_interrupted", payout_id=payout_id):
                done += sending.attend(app, payout_id, worker_id)
        if len(due) <= SHARE:
            break
    done += _held(app)
    done += outbox.run(app, worker_id, BATCH)
    for evidence_id in alike.due(app, app.now(), BATCH):
        with _apart(app, "comparison_put_off", alike.put_off, evidence_id=evidence_id):
            done += alike.attend(app, evidence_id)
    return done + reconciliation.fetch(app) + _pictures(app)


def _held(app: App) -> int:
    """Balances and vouchers: owners are warned, what is over ends. One that breaks holds up no other."""
    done = 0
    for due, work, put_off in (
        (wallet.lots_to_warn, wallet.warn_of_lot, wallet.put_off_lot),
        (wallet.vouchers_to_warn, wallet.warn_of_voucher, wallet.put_off_voucher),
        (wallet.expired_lots, wallet.expire_lot, None),
        (wallet.expired_vouchers, wallet.expire_voucher, None),
    ):
        for number in due(app, BATCH):
            with _apart(app, "held_put_off", put_off, number=number):
                done += work(app, number)
    return done


@contextmanager
def _apart(
    app: App, accident: str, put_off: Callable[..., None] | None = None, **about: Any
) -> Iterator[None]:
    """One thing of a round: what breaks in it is put off and does not stop the others. For a database that
    fails nothing is put off: it is no fault of that thing's, which should go on as soon as the database does.
    """
    with logs.within(**about):
        try:
            yield
        except Exception as error:
            if database.is_away(error):
                raise
            if database.lost_a_race(error):
                log.warning("race_lost")  # it is still due
                return
            log.exception(accident)
            if put_off is not None:
                put_off(app, *about.values(), app.now() + PUT_OFF)


def _pictures(app: App) -> int:
    """Last, and little of it a round: neither a slow picture nor a store that is away keeps money and notices
    waiting for long.
    """
    if app.store.is_away():
        return 0
    try:
        done = keeping.expire(app, BATCH) + sweeping.sweep(app)
        for evidence_id in reading.due(app, app.now(), 1):
            done += reading.attend(app, evidence_id)
    except StoreUnavailable:
        return 0
    return done


def run_until_idle(app: App, worker_id: str | None = None) -> int:
    """Until nothing is due at this time; answers how many things were done."""
    worker_id = worker_id or name()
    total = 0
    for _ in range(_ROUNDS):
        done = run_once(app, worker_id)
        if done == 0:
            return total
        total += done
    raise RuntimeError("the work does not end")


def run(app: App, stop: threading.Event) -> int:
    """Rounds until `stop` is set, the last one finished first; answers how many things were done.

    The database may be away, or not made yet: what is due stays due.
    """
    me, done = name(), 0
    next_beat = next_tidying = float("-inf")
    while not stop.is_set():
        try:
            if time.monotonic() >= next_beat:
                beat(app, me)
                next_beat = time.monotonic() + BEAT_SECONDS
            if time.monotonic() >= next_tidying:
                identity.forget_ended(app)
                next_tidying = time.monotonic() + TIDYING_SECONDS
            found = run_once(app, me)
        except Exception as error:
            log.warning("worker_waits", problem=type(error).__name__)
            stop.wait(AFTER_ACCIDENT_SECONDS)
            continue
        done += found
        if not found:
            stop.wait(IDLE_SECONDS)
    return done


def beat(app: App, worker_id: str) -> None:
    """Say that this worker is alive."""
    at = app.now()
    with app.begin() as conn:
        mine = worker_beats.c.worker == worker_id
        if not conn.execute(update(worker_beats).where(mine).values(at=at)).rowcount:
            conn.execute(insert(worker_beats).values(worker=worker_id, at=at))
            conn.execute(delete(worker_beats).where(worker_beats.c.at < at - GONE))
