"""What our layers cost: submissions a second through the services, against their own SQL sent by the driver.

Both sides run on copies of one database that holds a prepared draft for each submission. The statements are
recorded from the same submissions on a third copy: both sides write the same rows in the same transactions.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from sqlalchemy import Engine, event, text

from bench import Measured, shop
from core.adapters import database
from core.adapters.clock import RealClock
from core.app import App
from core.domain.actors import Actor
from core.services import cases

SUBMITS = 400  # of each side, by turns
WARM = 40  # of them not counted
STORE = Path(tempfile.gettempdir())  # nothing is stored
WRITTEN = ("cases", "case_events", "commands", "ledger_entries", "payouts")

Draft = tuple[Actor, str]  # owner, case number
Statement = tuple[str, Any]
Copy = Callable[[str], str]  # a copy of the prepared database by this name → its URL


@dataclass(frozen=True, slots=True)
class Many:
    """The rows of one `executemany`."""

    rows: Any


def run() -> list[Measured]:
    """SQLite, where a commit waits for the disk; its CPU alone, where our work weighs most; PostgreSQL."""
    with _sqlite() as (drafts, copy):
        found = [
            _measured("submit to committed, SQLite", drafts, copy),
            _measured("… CPU of it", drafts, copy, time.process_time),
        ]
    with _postgres() as prepared:
        if prepared is not None:
            found.append(_measured("submit to committed, PostgreSQL", *prepared))
    return found


def _measured(
    what: str, drafts: list[Draft], copy: Copy, clock: Callable[[], float] = time.perf_counter
) -> Measured:
    recorded = _record(shop.opened(copy("recorded"), STORE, RealClock()), drafts)
    app = shop.opened(copy("ours"), STORE, RealClock())
    raw = database.engine(copy("raw"))
    # A connection of our own engine: nothing differs but what stands between it and the service.
    with closing(raw.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        sides: tuple[Callable[[int], object], ...] = (
            lambda place: cases.submit(app, *drafts[place], f"bench-{place}"),
            lambda place: _replay(driver, recorded[place]),
        )
        times = [[_seconds(act, place, clock) for act in sides] for place in range(SUBMITS)][WARM:]
    assert _written(app.engine) == _written(raw), "the two sides did not do the same"
    for engine in (app.engine, raw):
        engine.dispose()
    full, bare = (_undisturbed(column) for column in zip(*times, strict=True))
    goal = 0.5 if clock is time.perf_counter else None
    return Measured(
        what, f"{1 / full:,.0f}/s", f"{1 / bare:,.0f}/s, the same SQL raw", bare / full, at_least=goal
    )


def _seconds(act: Callable[[int], object], place: int, clock: Callable[[], float]) -> float:
    began = clock()
    act(place)
    return clock() - began


def _undisturbed(times: Sequence[float]) -> float:
    """The lower quartile: what one takes when the machine is not busy with something else."""
    return quantiles(times, n=4)[0]


def _record(app: App, drafts: list[Draft]) -> list[list[Statement]]:
    """What each submission says to the driver, BEGIN and COMMIT included."""
    recorded: list[list[Statement]] = []
    engine = app.engine

    @event.listens_for(engine, "before_cursor_execute")
    def statement(_c: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        recorded[-1].append((sql, Many(parameters) if many else parameters))

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        recorded[-1].append((("BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else ""), None))

    @event.listens_for(engine, "commit")
    def commit(_c: Any) -> None:
        recorded[-1].append(("COMMIT", None))

    for place, draft in enumerate(drafts):
        recorded.append([])
        sent = cases.submit(app, *draft, f"bench-{place}")
        assert sent.state == "approved", sent
    engine.dispose()
    return recorded


def _replay(driver: Any, statements: list[Statement]) -> None:
    for sql, parameters in statements:
        if isinstance(parameters, Many):
            driver.cursor().executemany(sql, parameters.rows)
        elif parameters is not None:
            cursor = driver.execute(sql, parameters)
            if cursor.description is not None:
                cursor.fetchall()
        elif sql == "COMMIT":
            driver.commit()
        elif sql:  # psycopg begins by itself
            driver.execute(sql)


def _written(engine: Engine) -> list[int]:
    """Both sides must have written as much, or the ratio means nothing."""
    with engine.connect() as conn:
        return [conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in WRITTEN]


@contextmanager
def _sqlite() -> Iterator[tuple[list[Draft], Copy]]:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        drafts = _prepare(f"sqlite:///{template}")
        taken = 0

        def copy(name: str) -> str:
            nonlocal taken
            taken += 1
            return f"sqlite:///{shutil.copyfile(template, template.with_name(f'{name}{taken}.db'))}"

        yield drafts, copy


@contextmanager
def _postgres() -> Iterator[tuple[list[Draft], Copy] | None]:
    """A private server, as the tests start it; None where none is installed."""
    from tests import postgres

    drafts: list[Draft] = []
    try:
        with postgres.private_postgres(lambda url: drafts.extend(_prepare(url))) as server:
            yield drafts, lambda _: server.url(server.create())
    except postgres.Missing:
        yield None


def _prepare(url: str) -> list[Draft]:
    """Orders that automatic review approves, a filled-in draft on each; answers who sends which."""
    app = shop.opened(url, STORE, RealClock())
    # A customer for each: several refunds of one person would go to review.
    numbers = [f"B{place:06}" for place in range(SUBMITS)]
    shop.add_orders(app, ((number, number, "pending") for number in numbers))
    drafts = []
    for number in numbers:
        owner = Actor("customer", number)
        draft = cases.open_draft(app, owner, number).case_no
        cases.save_draft(app, owner, draft, reason="not_delivered", requested_minor=shop.AMOUNT, step=5)
        drafts.append((owner, draft))
    app.engine.dispose()
    return drafts
