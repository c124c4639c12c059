"""A database that is locked, full, cut off or in conflict: no entry is left unbalanced, what was due goes on
within ten seconds, and a form that was sent again meanwhile is one request.
"""

from __future__ import annotations

import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import worker
from core.adapters import database
from core.services import sending
from tests import postgres
from tests.shop import SUPPORT, Shop, open_shop
from tests.torture.kills import CALM, Run, finish
from tests.torture.rig import WAYS, Rig, rig

LOCKED_SECONDS = 5
RECOVERY_SECONDS = 10
WRITTEN = ("case_events", "ledger_entries")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """Its channel has the money there at once."""
    found = open_shop(database_url, tmp_path / "evidence")
    found.alipay.settles_after = timedelta(0)
    yield found
    found.app.engine.dispose()


@contextmanager
def working(shop: Shop) -> Iterator[None]:
    """A worker as it always runs."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(shop.app, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()


def seconds_until(happens: Callable[[], bool], most: float = 60) -> float:
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < most, f"not within {most} s"
        time.sleep(0.05)
    return time.monotonic() - began


def is_completed(shop: Shop, case_no: str) -> Callable[[], bool]:
    return lambda: shop.view(case_no).state == "completed"


# --- locked ----------------------------------------------------------------------------------------------


@contextmanager
def locked(shop: Shop) -> Iterator[None]:
    """By somebody else, who holds what every writer needs."""
    url = shop.app.database_url
    if shop.app.engine.dialect.name == "sqlite":
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with shop.app.engine.connect() as conn:
        conn.execute(text("LOCK TABLE cases, payouts, case_events IN ACCESS EXCLUSIVE MODE"))
        yield


def test_locked_for_five_seconds_is_waited_for(shop: Shop) -> None:
    """A customer's form and the worker wait and go on; neither hears of it."""
    before, order_no = shop.apply(shop.order()).case_no, shop.order()
    with ThreadPoolExecutor(1) as pool, working(shop):
        with locked(shop):
            waiting = pool.submit(shop.apply, order_no)
            time.sleep(LOCKED_SECONDS)  # the fault itself
            assert not waiting.done()
        during = waiting.result(timeout=RECOVERY_SECONDS).case_no
        for case_no in (before, during):
            assert seconds_until(is_completed(shop, case_no)) < RECOVERY_SECONDS
    assert len(shop.alipay.sent) == 2 and shop.audit() == []


# --- disk full -------------------------------------------------------------------------------------------


@contextmanager
def disk_full(shop: Shop) -> Iterator[None]:
    """Nothing more fits. SQLite's log of writes may not grow; PostgreSQL raises its own error where an event
    or an entry is written.
    """
    engine = shop.app.engine
    if engine.dialect.name == "sqlite":
        log = Path(f"{engine.url.database}-wal")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return
    with engine.begin() as conn:
        conn.execute(text(_raising("no_room", "disk_full", "true")))
        for table in WRITTEN:
            conn.execute(text(f"CREATE TRIGGER no_room AFTER INSERT ON {table} EXECUTE FUNCTION no_room()"))
    try:
        yield
    finally:
        with engine.begin() as conn:
            conn.execute(text("DROP FUNCTION no_room CASCADE"))


def _raising(name: str, error: str, when: str) -> str:
    """A trigger function of PostgreSQL."""
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN"
        f" RAISE EXCEPTION 'made by a test' USING ERRCODE = '{error}'; END IF; RETURN NULL; END $$"
    )


def test_a_full_disk_refuses_whole_transactions_and_nothing_else(shop: Shop) -> None:
    """The form fails as a whole and is one request when it is sent again; a refund whose outcome could not be
    written is asked about, and moves once.
    """
    under_way, order_no = shop.apply(shop.order()).case_no, shop.order()
    shop.alipay.before_answer = lambda: full.__enter__() if not shop.alipay.asked else None
    full = disk_full(shop)
    with pytest.raises(DBAPIError):
        worker.run_until_idle(shop.app)  # the disk is full when the answer comes
    shop.alipay.before_answer = lambda: None
    assert [row.state for row in shop.payouts(under_way)] == ["sending"]
    with pytest.raises(DBAPIError) as found:
        shop.apply(order_no, command_id="form")
    assert database.is_away(found.value)
    assert shop.audit() == [], "what was refused has left nothing behind"
    with working(shop):
        full.__exit__(None, None, None)
        during = shop.apply(order_no, command_id="form").case_no
        assert seconds_until(is_completed(shop, during)) < RECOVERY_SECONDS
        shop.clock.advance(sending.LEASE + timedelta(seconds=1))
        assert seconds_until(is_completed(shop, under_way)) < RECOVERY_SECONDS
    assert len(shop.alipay.books) == len(shop.alipay.sent) == 2
    assert shop.audit() == []


# --- serialization failures ------------------------------------------------------------------------------


@pytest.mark.postgres
def test_serialization_failures_are_tried_again(postgres_url: str, tmp_path: Path) -> None:
    """Every fifth statement that writes events or entries loses a race, of customers and of the worker."""
    shop = open_shop(postgres_url, tmp_path / "evidence")
    shop.alipay.settles_after = timedelta(0)
    with shop.app.engine.begin() as conn:
        conn.execute(text("CREATE SEQUENCE races"))
        conn.execute(text(_raising("lose", "serialization_failure", "nextval('races') % 5 = 0")))
        for table in WRITTEN:
            conn.execute(text(f"CREATE TRIGGER lose AFTER INSERT ON {table} EXECUTE FUNCTION lose()"))
    numbers = [shop.apply(shop.order(customer=f"c{n}"), actor=SUPPORT).case_no for n in range(20)]
    with working(shop):
        done = lambda: all(shop.view(number).state == "completed" for number in numbers)  # noqa: E731
        assert seconds_until(done) < RECOVERY_SECONDS
    with shop.app.engine.connect() as conn:
        assert conn.execute(text("SELECT last_value FROM races")).scalar_one() > 100
    assert len(shop.alipay.sent) == 20 and shop.audit() == []
    shop.app.engine.dispose()


# --- restarted -------------------------------------------------------------------------------------------


def restarts(folder: Path, times: int, refunds: int, *words: str) -> tuple[Run, list[float]]:
    """PostgreSQL is restarted at once at random points while customers send forms, again until they are
    taken; answers what a run answers, and seconds from each restart until a new refund is at its channel.
    """
    # What was committed must be there after a restart, as in any database that keeps money.
    random, recovered = Random(1), []
    with (
        postgres.private_postgres(None, "synchronous_commit=on") as server,
        rig(folder, server.url(server.create()), "--warm", *words) as shop,
    ):
        for name in shop.commands:
            shop.wait_until(lambda name=name: shop.is_up(name), f"{name} is up")  # type: ignore[misc]
        for _ in range(times):
            forms = [shop.order(random.choice(WAYS)) for _ in range(refunds // times)]
            with ThreadPoolExecutor(1) as customers:
                sent = customers.submit(lambda forms=forms: [taken(shop, *form) for form in forms])
                time.sleep(random.uniform(0, 0.5))  # no condition: the random point
                server.restart()
                back = time.monotonic()
                sent.result(timeout=60)
            case_no = shop.ask_one(WAYS[0])
            shop.wait_until(lambda case_no=case_no: is_sent(shop, case_no), "a new refund is sent")  # type: ignore[misc]
            recovered.append(round(time.monotonic() - back, 1))
        shop.tell("faults", {"fault": CALM})
        done = Run(seed=1)
        finish(shop, done, patience=600)
    return done, recovered


def taken(shop: Rig, *form: Any) -> str:
    """A customer who reads that it did not work and presses the button again."""
    for _ in range(100):
        try:
            return shop.apply(*form)
        except DBAPIError as error:
            assert database.is_away(error), error
            time.sleep(0.1)
    raise TimeoutError("the form was never taken")


def is_sent(shop: Rig, case_no: str) -> bool:
    found = shop.shop.payouts(case_no)
    return bool(found) and all(row.state in ("accepted", "arrived") for row in found)


@pytest.mark.postgres
def test_a_restart_under_load(folder: Path) -> None:
    done, recovered = restarts(folder, 2, 24, "--hasty")
    assert done.wrong == {} and done.refunds >= 24
    assert max(recovered) <= RECOVERY_SECONDS


@pytest.mark.torture
@pytest.mark.postgres
def test_ten_restarts_under_load(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the portal's own times: a worker waits five seconds after an accident."""
    done, recovered = restarts(folder, 10, 300)
    with capsys.disabled():
        print(f"\nrestarted 10 times, back after {recovered} s; {done}")
    assert done.wrong == {} and done.refunds >= 300
    assert max(recovered) <= RECOVERY_SECONDS
