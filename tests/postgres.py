"""A private PostgreSQL from the system's packages: own directory, own socket, gone when the tests are.

Each test gets a database of its own, copied from a template that was migrated once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

USER = "refund"
TEMPLATE = "template_refund"
START_SECONDS = 60
MEMORY_DISK_BYTES = 2 * 1024**3
# Durability is not what these tests are about; the directory is thrown away.
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off", "max_connections=200"]


class Missing(Exception):
    """No PostgreSQL server is installed."""


@dataclass
class Postgres:
    """A running server. URLs are SQLAlchemy's; the template was migrated once."""

    directory: Path
    process: subprocess.Popen[bytes]
    start: Callable[[], subprocess.Popen[bytes]]
    names: Iterator[int] = field(default_factory=count)

    def stop(self) -> None:
        """Immediately: every connection is cut, and the next start finds what was committed in the log."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)

    def restart(self) -> None:
        self.stop()
        self.start_again()

    def start_again(self) -> None:
        self.process = self.start()
        _wait_until_ready(self)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{USER}@/{name}?host={self.directory}"

    def create(self, template: str = TEMPLATE) -> str:
        """An empty migrated database; answers its name."""
        name = f"test_{next(self.names)}"
        self.execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop(self, name: str) -> None:
        # FORCE: the code under test may keep pooled connections open.
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def make_template(self, setup: Callable[[str], None]) -> None:
        """Fills the template by `setup(url)` and closes it, since an open database cannot be copied."""
        self.execute("CREATE DATABASE {}", TEMPLATE)
        setup(self.url(TEMPLATE))
        self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", TEMPLATE)
        with self.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [TEMPLATE]
            )

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.directory), user=USER, dbname="postgres", autocommit=True)

    def execute(self, statement: str, *names: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def private_postgres(template_setup: Callable[[str], None] | None = None, *more: str) -> Iterator[Postgres]:
    """Starts a server and stops it by its process id; raises `Missing` where none is installed.

    `template_setup(url)` migrates the database that every `create()` copies; without it copies are empty.
    `more`: options of the server's, the last word on each.
    """
    bin_directory = _find_bin()
    # A short path, because a socket's may have 107 bytes; not tmp_path, which `postgres` may not enter.
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=_memory_disk()))
    data, log = directory / "data", directory / "log"
    user = _unprivileged(directory)
    try:
        initdb: list[str | Path] = [bin_directory / "initdb", "-D", data, f"--username={USER}"]
        initdb += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=directory, **user)
        options = [*FAST, *more, "listen_addresses=", f"unix_socket_directories={directory}"]
        command: list[str | Path] = [bin_directory / "postgres", "-D", data]
        command += [f"--{option}" for option in options]

        def start() -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                return subprocess.Popen(command, stdout=output, stderr=output, cwd=directory, **user)

        server = Postgres(directory, start(), start)
        try:
            _wait_until_ready(server)
            server.make_template(template_setup or (lambda url: None))
            yield server
        finally:
            server.stop()  # the data is not needed again
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def skip_or_fail(sentence: str) -> None:
    """Without the tool a developer's run skips and says so; CI must have it."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def _find_bin() -> Path:
    """The newest server of Debian's packages, else the one on the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    if installed:
        return installed[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise Missing("PostgreSQL is not installed (Debian: apt-get install postgresql).")


def _memory_disk() -> str | None:
    """A copy of a database is some 300 files: 24 ms in memory, 240 ms on a disk. None: the usual place."""
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > MEMORY_DISK_BYTES:
        return str(shared)
    return None


def _unprivileged(directory: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as `postgres`, who gets the directory."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(directory, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _wait_until_ready(server: Postgres) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"PostgreSQL did not start: {(server.directory / 'log').read_text()[-2000:]}"
                ) from error
            time.sleep(0.02)
