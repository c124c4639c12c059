"""Databases for the tests: fresh, migrated, one for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from core import logs
from tests import postgres

# Pictures are read where a test asks for it, not in every test and process of the portal that takes one in.
os.environ["REFUND_READING"] = "0"


def migrate(url: str) -> None:
    # Imported where needed: tests of the domain must not wait for SQLAlchemy.
    from core.adapters.database import migrate

    migrate(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once per session; every test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "refund.db"
    # SQLite's own copy: a plain one could miss what still stands in the write-ahead log.
    with closing(sqlite3.connect(sqlite_template)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    """One server for each pytest process, so that workers of pytest-xdist never meet."""
    try:
        with postgres.private_postgres(migrate) as server:
            yield server
    except postgres.Missing as missing:
        postgres.skip_or_fail(str(missing))


@pytest.fixture
def postgres_url(postgres_server: postgres.Postgres) -> Iterator[str]:
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Any]:
    """An S3 server on loopback (`buckets.S3`), one for each pytest process."""
    from tests.buckets import s3_server

    with s3_server() as found:
        yield found


@pytest.fixture
def bucket(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket (`buckets.Bucket`), and the environment that opens it."""
    from tests.buckets import gated

    with gated(s3_server) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def box() -> Iterator[Any]:
    """A mail server on loopback (`farends.Mailbox`)."""
    from tests.farends import mail_server

    with mail_server() as found:
        yield found


@pytest.fixture
def bot() -> Iterator[Any]:
    """A chat bot's server on loopback (`farends.Bot`)."""
    from tests.farends import bot_server

    with bot_server() as found:
        yield found


@pytest.fixture(autouse=True)
def nobody_has_decided_where_lines_go() -> None:
    """As in a process of its own: another test that ran the command line, or captured lines, has."""
    structlog.reset_defaults()
    logs.begin()
    logs.hand_back()
