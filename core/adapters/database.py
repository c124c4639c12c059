"""Connections: one engine per process and URL, transactions that say whether they write, and migration.

The drivers' own transaction handling is off, so that a transaction begins with the one statement that says
what it is for, and a single read needs none. SQLite: BEGIN IMMEDIATE for writers, so that what they read
cannot change before they write. PostgreSQL: READ COMMITTED with row locks for writers, one snapshot for
readers.
"""

from __future__ import annotations

import os
import select
import sqlite3
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
)

from core.adapters.prepared import errors

HEAD: Final = "0023"  # the newest migration; a test keeps it so
BUSY_MS: Final = 30_000
ASKED_AFTER_SECONDS: Final = 10.0  # a connection that was idle for longer is asked whether it lives
_AWAY_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_AWAY_CLASSES: Final = frozenset({"08", "53", "57", "58"})  # connection, resources, operator, system
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = 7_245_001  # an arbitrary number, the same in every process


def insert(conn: Connection, table: Table) -> Any:
    """An INSERT that may say `on_conflict_do_…`, in the words of the database that is there."""
    return (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(table)


_ERRORS: Final = {"hide_parameters": True}  # they go into logs, and hold what people wrote


def engine(url: str) -> Engine:
    """The engine of `url`, one per process: a forked child gets its own."""
    return _engine(url, os.getpid())


@lru_cache(maxsize=32)
def _engine(url: str, pid: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, parsed.database)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return _postgresql(
        create_engine(
            _encrypted(parsed), pool_size=10, max_overflow=20, isolation_level="AUTOCOMMIT", **_ERRORS
        )
    )


def _encrypted(address: URL) -> URL:
    """Nothing goes to another machine in the open unasked: left alone, the driver gives up encryption in
    silence where a server offers none.
    """
    host = str(address.query.get("host", address.host or ""))
    is_here = not host or host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")
    if is_here or "sslmode" in address.query or "PGSSLMODE" in os.environ:
        return address
    return address.update_query_dict({"sslmode": "require"})


class _Storable(StrDumperUnknown):
    """A NUL, which PostgreSQL keeps in no text, is handed over as the sign for what is no character: nothing
    is found by it, as in SQLite, and whoever sends one is answered like everybody else.
    """

    def dump(self, obj: str) -> Any:
        return (obj.replace("\0", "\ufffd") if "\0" in obj else obj).encode(self._encoding)


def _postgresql(built: Engine) -> Engine:
    """A rollback makes the driver forget what it has prepared: single reads are over without one."""

    @event.listens_for(built, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("reads", False)
        statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if reads else "BEGIN"
        driver: Any = connection.connection.driver_connection
        with errors(connection, statement, ()):
            driver.execute(statement, prepare=False)

    @event.listens_for(built, "connect")
    @event.listens_for(built, "checkin")
    def was_used(_driver: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(built, "connect")
    def takes_any_text(driver: Any, _record: Any) -> None:
        driver.adapters.register_dumper(str, _Storable)

    # Whether a connection lives is asked by a look at its socket: a server that closes one says so. Only one
    # that was idle may have been lost in silence, and costs the question.
    @event.listens_for(built, "checkout")
    def is_alive(driver: Any, record: Any, _fairy: Any) -> None:
        said = select.poll()
        try:
            said.register(driver.fileno(), select.POLLIN)
            if time.monotonic() - record.info["used"] < ASKED_AFTER_SECONDS and not said.poll(0):
                return
            built.dialect.do_ping(driver)
        except built.dialect.loaded_dbapi.Error as gone:
            raise DisconnectionError from gone

    return built


def _sqlite(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise ValueError("an in-memory database has one connection only; the portal needs several")
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    built = create_engine(
        url, pool_size=10, max_overflow=40, connect_args={"check_same_thread": False}, **_ERRORS
    )

    @event.listens_for(built, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        # The mode is the file's. A refusal, which waits for nobody, means that another connection is at it.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a committed intent to pay must survive a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # else REPLACE slips past append-only (FACTS)

    @event.listens_for(built, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        statement = "BEGIN IMMEDIATE" if writes else "BEGIN"
        driver: Any = connection.connection.driver_connection
        with errors(connection, statement, ()):
            driver.execute(statement)

    return built


def writer(base: Engine) -> Engine:
    """`base` for transactions that write."""
    return base.execution_options(writes=True)


def reader(base: Engine) -> Engine:
    """`base` for transactions that read several tables as they were at one instant."""
    return base.execution_options(reads=True)


def is_conflict(error: SQLAlchemyError) -> bool:
    """Two writers met (a unique key, a deadlock, a serialization failure): the same transaction may be tried
    again.
    """
    return isinstance(error, IntegrityError) or lost_a_race(error)


def lost_a_race(error: BaseException) -> bool:
    """A deadlock or a serialization failure: nothing was wrong with what was asked."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def is_away(error: BaseException) -> bool:
    """The database itself fails, whatever it was asked: gone or starting, locked for long, its disk full.
    What was asked will do as soon as it is back.
    """
    if getattr(error, "connection_invalidated", False):
        return True
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _AWAY_SQLITE
    state = getattr(cause, "sqlstate", None)
    if state is None:  # psycopg could not connect
        return isinstance(error, OperationalError)
    return state[:2] in _AWAY_CLASSES and state != "57014"  # one statement was canceled: that says nothing


def serialize(conn: Connection, number: int) -> None:
    """Hold others that ask for the same `number` until this transaction ends. SQLite has one writer
    anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def version(base: Engine) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    with base.connect() as conn:
        return version_of(conn)


def version_of(conn: Connection) -> str | None:
    """`version`, seen by a connection that is open."""
    if not conn.dialect.has_table(conn, "alembic_version"):
        return None
    found: str | None = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def migrate(url: str, to: str = HEAD) -> None:
    """Bring the database of `url` to HEAD, or to an older version for tests; nothing to do costs one query.

    Safe from several processes at once.
    """
    base = engine(url)
    if version(base) == to:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with writer(base).begin() as conn:
        serialize(conn, _MIGRATION_LOCK)
        config.attributes["connection"] = conn
        command.upgrade(config, to)
