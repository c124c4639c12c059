"""Many cases: the desk's first screen and the worker's claim must not feel how many there are.

Measured are the services that the screen and the worker call: drawing the page costs the same on top whatever
waits, so its ratio can only be smaller.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bench import Measured, shop
from core.adapters.clock import RealClock
from core.adapters.tables import to_micros
from core.app import App
from core.domain.actors import SYSTEM, Actor
from core.services import desk, look_alikes, queues, support, timers
from core.services.record import lock

FEW_OPEN, MANY_OPEN = 100, 10_000
FEW, MANY = 10_000, 1_000_000
DUE = 100
ROUNDS = 25
REVIEWER = Actor("reviewer", "bench")
STORE = Path(tempfile.gettempdir())  # nothing is stored


def run() -> list[Measured]:
    found: list[Measured] = []
    for name, databases in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with databases() as fresh:
            if fresh is None:
                continue
            found.append(_desk(name, fresh))
            found += _claims(name, fresh)
    return found


def _desk(name: str, fresh: Callable[[str], str]) -> Measured:
    """Queues with their counts, the first thirty, look-alikes, the first case taken in hand and opened."""
    sides = []
    for count in (FEW_OPEN, MANY_OPEN):
        app = shop.opened(fresh(f"desk{count}"), STORE, RealClock())
        fill(app, count, is_open=True)
        sides.append(_screen(app))
    few, many = best(*sides)
    what = f"desk's first screen, {MANY_OPEN:,} open against {FEW_OPEN}, {name}"
    return Measured(what, _ms(many), _ms(few), many / few, at_most=1.5)


def _screen(app: App) -> Callable[[], object]:
    def draw() -> object:
        queues.waiting(app, REVIEWER)
        cards = queues.queue(app, REVIEWER, "review")
        look_alikes.alike(app, REVIEWER)
        desk.take(app, REVIEWER, cards[0].case_no)
        return desk.open_file(app, REVIEWER, cards[0].case_no)

    return draw


def _claims(name: str, fresh: Callable[[str], str]) -> list[Measured]:
    """What is due, found and locked one by one; and a beginning of a number as support types it."""
    claims, searches = [], []
    for count in (FEW, MANY):
        app = shop.opened(fresh(f"claim{count}"), STORE, RealClock())
        fill(app, count, is_open=False)
        fill(app, DUE, is_open=True, first=count, due_days=-1)
        claims.append(_claim(app))
        searches.append(_search(app, f"B{count // 2:08d}"))
    few, many = best(*claims)
    few_found, many_found = best(*searches)
    return [
        Measured(
            f"claim of {DUE} due among {MANY:,} against {FEW:,}, {name}", _ms(many), _ms(few), many / few,
            at_most=1.5,
        ),
        Measured(
            f"support finds a number among {MANY:,} against {FEW:,}, {name}", _ms(many_found),
            _ms(few_found), many_found / few_found, at_most=1.5,
        ),
    ]  # fmt: skip


def _claim(app: App) -> Callable[[], object]:
    def claim() -> object:
        numbers = timers.due_numbers(app, app.now(), DUE)
        assert len(numbers) == DUE
        for number in numbers:
            with app.begin() as conn:
                lock(conn, number, SYSTEM)
        return None

    return claim


def _search(app: App, number: str) -> Callable[[], object]:
    def search() -> object:
        (hit,) = support.search(app, Actor("support", "bench"), number).hits
        return hit

    return search


def fill(app: App, count: int, *, is_open: bool, first: int = 0, due_days: int = 3) -> None:
    """So many orders of one payment and one case each, written by the database itself."""
    now = to_micros(app.now())
    due = to_micros(app.now() + timedelta(days=due_days))
    state, ends = ("in_review", "NULL") if is_open else ("closed", str(now))
    due_at, action = (f"{due} + n", "'escalate'") if is_open else ("NULL", "NULL")
    is_sqlite = app.engine.dialect.name == "sqlite"
    numbers = (
        f"WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {first + count - 1})"
        if is_sqlite
        else f"WITH s AS (SELECT generate_series({first}, {first + count - 1}) AS n)"
    )
    number = "'B' || printf('%08d', n)" if is_sqlite else "'B' || lpad(n::text, 8, '0')"
    false = "0" if is_sqlite else "false"
    statements = [
        "INSERT INTO orders (order_no, customer_id, product, kind, quantity, amount_minor, currency,"
        f" delivery, delivery_at, paid_at, completed_at, escrow, source, digest) {numbers} SELECT {number},"
        f" 'c' || n, '卡', 'game_card', 1, 5000 + n % 977, 'CNY', 'code_viewed', {now}, {now} - n, {now},"
        f" {false}, 'shop', '' FROM s",
        f"INSERT INTO payments (order_no, channel, trade_no, currency, paid_minor, paid_at) {numbers} SELECT"
        f" {number}, 'alipay', 'T' || n, 'CNY', 5000 + n % 977, {now} - n FROM s",
        "INSERT INTO cases (case_no, order_no, customer_id, state, reason, requested_minor, policy_version,"
        f" currency, due_at, due_action, created_at, submitted_at, finished_at, rule) {numbers} SELECT 'R' ||"
        f" {number}, {number}, 'c' || n, '{state}', 'other', 5000, 1, 'CNY', {due_at}, {action}, {now},"
        f" {now}, {ends}, 'delivered_changed_mind' FROM s",
    ]
    with app.begin() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement.replace("%", "%%") if not is_sqlite else statement)
    with app.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("ANALYZE"))


def best(*sides: Callable[[], object]) -> list[float]:
    """Seconds of each side: all in turn, the best of the rounds, the first of them to warm up."""
    least = [math.inf] * len(sides)
    for turn in range(ROUNDS + 1):
        for place, side in enumerate(sides):
            started = time.perf_counter()
            side()
            if turn:
                least[place] = min(least[place], time.perf_counter() - started)
    return least


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.1f} ms"


@contextmanager
def _sqlite() -> Iterator[Callable[[str], str] | None]:
    with tempfile.TemporaryDirectory() as folder:
        yield lambda name: f"sqlite:///{folder}/{name}.db"


@contextmanager
def _postgres() -> Iterator[Callable[[str], str] | None]:
    from tests import postgres

    try:
        with postgres.private_postgres(lambda url: None) as server:
            yield lambda _: server.url(server.create())
    except postgres.Missing:
        yield None


if __name__ == "__main__":
    from bench.__main__ import main

    raise SystemExit(main(["desk"]))
