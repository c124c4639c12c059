"""The worker: what is due gets done, once, by whoever comes first, and accidents stay small."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core import worker
from core.adapters.tables import worker_beats
from core.services import identity, sending, timers
from core.services import payouts as payout_service
from tests.shop import MEI, SUPPORT, Shop, open_shop


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return open_shop(database_url, tmp_path / "evidence")


@pytest.fixture
def sqlite_shop(sqlite_url: str, tmp_path: Path) -> Shop:
    return open_shop(sqlite_url, tmp_path / "evidence")


def sqlite_error(words: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


def wrapped(error: Exception) -> Exception:
    """As SQLAlchemy raises it."""
    base = psycopg.Error if isinstance(error, psycopg.Error) else sqlite3.Error
    found = DBAPIError.instance("SELECT 1", (), error, base)
    assert isinstance(found, Exception)
    return found


def test_nothing_due_is_nothing_done(shop: Shop) -> None:
    assert worker.run_once(shop.app) == 0
    case_no = shop.apply(shop.order()).case_no
    assert worker.run_until_idle(shop.app) == 2  # the case, then its payout
    assert worker.run_once(shop.app) == 0
    assert shop.view(case_no).state == "paying"


def test_it_runs_until_told_to_stop(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last round is finished first, and the answer counts them all."""
    case_no = shop.apply(shop.order()).case_no
    stop = threading.Event()
    real = worker.run_once

    def last_round(*arguments: object) -> int:
        done = real(*arguments)
        if not done:
            stop.set()
        return done

    monkeypatch.setattr(worker, "run_once", last_round)
    assert worker.run(shop.app, stop) == 2
    assert shop.view(case_no).state == "paying"


def test_it_tidies_up_as_it_begins(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    token = identity.open_session(shop.app, "customer", "mei", minutes=1)
    shop.clock.advance(identity.ENDED_KEPT + timedelta(minutes=2))
    assert identity.whose(shop.app, token) is not None
    stop = threading.Event()
    monkeypatch.setattr(worker, "run_once", lambda *_: stop.set() or 0)
    worker.run(shop.app, stop)
    assert identity.whose(shop.app, token) is None


def test_many_workers_send_everything_once(shop: Shop) -> None:
    """Leases and row locks keep them apart; no refund is sent twice or forgotten."""
    numbers = [shop.apply(shop.order(customer=f"c{n}"), actor=SUPPORT).case_no for n in range(12)]
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(6):
                worker.run_once(shop.app, name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"worker-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(shop.alipay.sent) == len({request.key for request in shop.alipay.sent}) == 12
    assert {shop.view(number).state for number in numbers} == {"paying"}
    assert shop.audit() == []


def test_a_payout_that_breaks_does_not_stop_the_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An accident after the call: the lease runs out, the channel is asked, and nothing is doubled."""
    first, second = (shop.apply(shop.order()).case_no for _ in range(2))
    real = payout_service.record_outcome
    broken: list[int] = []

    def once_broken(app, payout_id, *heard):  # type: ignore[no-untyped-def]
        if not broken:
            broken.append(payout_id)
            raise RuntimeError("disk full")
        return real(app, payout_id, *heard)

    monkeypatch.setattr(sending, "record_outcome", once_broken)
    shop.work()
    assert sorted(shop.payouts(n)[0].state for n in (first, second)) == ["accepted", "sending"]
    shop.work(minutes=3)
    assert [shop.payouts(n)[0].state for n in (first, second)] == ["accepted", "accepted"]
    assert len(shop.alipay.sent) == 2
    assert shop.audit() == []


def broken_by(error: BaseException) -> Callable[..., Any]:
    def broken(*_: Any) -> Any:
        raise error

    return broken


AWAY = {
    "shut down": wrapped(psycopg.errors.AdminShutdown("terminating connection")),
    "starting": wrapped(psycopg.errors.CannotConnectNow("the database system is starting up")),
    "no connection": wrapped(psycopg.OperationalError("connection refused")),
    "disk full": wrapped(psycopg.errors.DiskFull("No space left on device")),
    "disk full, SQLite": wrapped(sqlite_error("database or disk is full", sqlite3.SQLITE_FULL)),
    "locked": wrapped(sqlite_error("database is locked", sqlite3.SQLITE_BUSY)),
    "locked, as SQLite says it": sqlite_error("database is locked", sqlite3.SQLITE_BUSY),
}


@pytest.mark.parametrize("what", AWAY)
def test_a_database_that_fails_puts_nothing_off(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The round ends, and the next one does what was due: within seconds, not after five minutes."""
    shop, error = sqlite_shop, AWAY[what]
    case_no = shop.apply(shop.order()).case_no
    with monkeypatch.context() as patched:
        patched.setattr(timers, "run_due", broken_by(error))
        with pytest.raises(type(error)):
            worker.run_once(shop.app)
    assert worker.run_until_idle(shop.app) == 2
    assert shop.view(case_no).state == "paying"


@pytest.mark.parametrize("what", [psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected])
def test_who_loses_a_race_is_not_put_off(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, what: type[psycopg.Error]
) -> None:
    """And the others of the round go on."""
    shop, lost = sqlite_shop, wrapped(what("met another"))
    first, second = (shop.apply(shop.order()).case_no for _ in range(2))
    real, losers = timers.run_due, [first]

    def run_due(app: Any, case_no: str) -> bool:
        if case_no in losers:
            losers.remove(case_no)
            raise lost
        return real(app, case_no)

    monkeypatch.setattr(timers, "run_due", run_due)
    assert worker.run_once(shop.app) == 2
    assert [shop.view(number).state for number in (first, second)] == ["approved", "paying"]
    assert worker.run_once(shop.app) == 2
    assert shop.view(first).state == "paying"


def test_a_word_of_the_channel_outlives_lost_races(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not be asked for after the lease."""
    shop = sqlite_shop
    case_no = shop.apply(shop.order()).case_no
    lost = wrapped(psycopg.errors.DeadlockDetected("met another"))
    real, left = payout_service.record_outcome, [lost] * 3

    def record_outcome(*told: Any) -> str:
        if left:
            raise left.pop()
        return real(*told)

    monkeypatch.setattr(sending, "record_outcome", record_outcome)
    shop.work()
    assert [(row.state, row.leased_until) for row in shop.payouts(case_no)] == [("accepted", None)]
    assert not left and not shop.alipay.asked


@pytest.mark.parametrize("error", [ValueError("ours"), sqlite_error("no such column", sqlite3.SQLITE_ERROR)])
def test_a_case_that_breaks_by_itself_is_put_off(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    shop = sqlite_shop
    case_no = shop.apply(shop.order()).case_no
    with monkeypatch.context() as patched:
        patched.setattr(timers, "run_due", broken_by(error))
        assert worker.run_once(shop.app) == 0
    assert worker.run_once(shop.app) == 0
    shop.clock.advance(worker.PUT_OFF)
    assert worker.run_until_idle(shop.app) == 2 and shop.view(case_no).state == "paying"


def test_what_was_done_meanwhile_is_not_done_again(shop: Shop) -> None:
    """Due when it was listed, not due any more when its turn comes."""
    case_no = shop.apply(shop.order()).case_no
    assert timers.due_numbers(shop.app, shop.clock.at, 10) == [case_no]
    shop.act(case_no, "withdraw", MEI)
    assert timers.run_due(shop.app, case_no) is False
    assert shop.alipay.sent == []


def test_longest_waiting_first(shop: Shop) -> None:
    first = shop.apply(shop.order()).case_no
    shop.clock.advance(timedelta(seconds=1))
    second = shop.apply(shop.order()).case_no
    assert timers.due_numbers(shop.app, shop.clock.at, 10) == [first, second]
    assert timers.due_numbers(shop.app, shop.clock.at, 1) == [first]


def test_a_sign_of_life(shop: Shop) -> None:
    worker.beat(shop.app, "w1")
    shop.clock.advance(timedelta(minutes=1))
    worker.beat(shop.app, "w1")
    with shop.app.read() as conn:
        rows = conn.execute(select(worker_beats)).all()
    assert [(row.worker, row.at) for row in rows] == [("w1", shop.clock.at)]


def test_names_differ() -> None:
    assert worker.name() != worker.name()
