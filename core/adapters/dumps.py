"""The whole database as one file, and back: SQLite's own copy, PostgreSQL's `pg_dump` and `pg_restore`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, inspect, text

from core.domain.errors import ToolFailed, ToolMissing

NAME: Final = {"sqlite": "refund.db", "postgresql": "refund.dump"}
_VERSIONS: Final = ("/usr/lib/postgresql",)  # where Debian keeps the tools that fit each server


def write(conn: Connection, path: Path) -> None:
    """Exactly what the transaction of `conn` sees, into `path`, which only its owner may read. `conn` was
    opened by `App.read` and has read something. `ToolMissing`, `ToolFailed`.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    if conn.dialect.name == "sqlite":
        source: Any = conn.connection.driver_connection
        copy = sqlite3.connect(path)
        try:
            source.backup(copy)  # in the transaction that is open: nobody's later change comes in
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
        finally:
            copy.close()
        return
    name = conn.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    _run("pg_dump", conn.engine.url, "--format=custom", f"--snapshot={name}", f"--file={path}")


def is_empty(base: Engine) -> bool:
    """Whether a dump can be read into this database: nothing of ours is there."""
    if base.dialect.name == "sqlite":
        path = Path(base.url.database or "")
        return not path.exists() or path.stat().st_size == 0
    with base.connect() as conn:
        return not inspect(conn).get_table_names()


def read(base: Engine, path: Path) -> None:
    """All of `path` or nothing into the empty database. `ToolMissing`, `ToolFailed`."""
    if base.dialect.name == "sqlite":
        target = Path(base.url.database or "")
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f"{target.name}.half")
        shutil.copyfile(path, half)
        os.replace(half, target)
        return
    _run("pg_restore", base.url, "--single-transaction", "--no-owner", "--no-acl",
         f"--dbname={base.url.database}", str(path))  # fmt: skip


def _run(tool: str, url: URL, *words: str) -> None:
    """The password goes by the environment: others may see a command's words."""
    found = _tool(tool)
    if found is None:
        raise ToolMissing(tool=tool)
    host = url.query.get("host", url.host or "")
    told = {
        "PGHOST": host if isinstance(host, str) else host[0],
        "PGPORT": str(url.port or url.query.get("port", "")),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
        "PGSSLMODE": str(url.query.get("sslmode", "")),
        "LC_ALL": "C",
    }
    environment = {**os.environ, **{name: value for name, value in told.items() if value}}
    done = subprocess.run([found, *words], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise ToolFailed(tool=tool, says=done.stderr.strip().partition("\n")[0][:200])


def _tool(name: str) -> str | None:
    """On the path, else the newest of the system's: an older one refuses a newer server."""
    for folder in _VERSIONS:
        versions = sorted(Path(folder).glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)
        for each in versions:
            if (each / name).is_file():
                return str(each / name)
    return shutil.which(name)
