"""A backup: the database as it was at one moment, the pictures that it knew then, and what both must add up
to. Restored, it is believed only when it does.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from core.adapters import database, dumps
from core.adapters.tables import cases, evidence, ledger_entries
from core.adapters.world import App
from core.domain.errors import BackupDiffers, BackupUnreadable, DatabaseNotEmpty

MANIFEST: Final = "manifest.json"
PICTURES: Final = "evidence"
_e = evidence.c
_KEPT: Final = select(_e.id).where(_e.removed_at.is_(None), _e.expired_at.is_(None)).order_by(_e.id)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a database adds up to. `heads`: SHA-256 over number, length and last hash of every case's log."""

    migration: str
    cases: int
    heads: str
    ledger: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Backup:
    """`missing`: pictures that went while it was made, or that were not in the store."""

    made_at: datetime
    file: str
    moment: Moment
    missing: int


def make(app: App, folder: Path) -> Backup:
    """Write a backup into `folder`, over an older one; what it had of pictures is not fetched again. The
    manifest comes last: a backup that broke off keeps none. `StoreUnavailable`, `ToolMissing`, `ToolFailed`.
    """
    pictures = folder / PICTURES
    pictures.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / MANIFEST).unlink(missing_ok=True)
    made_at = app.now()
    name = dumps.NAME[app.engine.dialect.name]
    with app.read() as conn:
        found = moment(conn)
        dumps.write(conn, folder / name)
        known = list(conn.execute(_KEPT).scalars())
    missing = sum(not _fetched(app, pictures, each) for each in known)
    for path in pictures.iterdir():  # who was erased is not kept here either
        if path.name not in set(known):
            path.unlink()
    done = Backup(made_at, name, found, missing)
    text = json.dumps(asdict(done), default=lambda at: at.isoformat(), indent=1)
    _write(folder / MANIFEST, text.encode())
    return done


def restore(app: App, folder: Path) -> Backup:
    """Read the backup into the empty database of `app` and its pictures into the store. `BackupUnreadable`,
    `DatabaseNotEmpty`, `BackupDiffers` when the database does not add up to the manifest afterwards.
    """
    told = _manifest(folder)
    if told.file != dumps.NAME[app.engine.dialect.name]:
        raise BackupUnreadable(file=told.file)
    if not dumps.is_empty(app.engine):
        raise DatabaseNotEmpty()
    dumps.read(app.engine, folder / told.file)
    with app.read() as conn:
        found = moment(conn)
        known = list(conn.execute(_KEPT).scalars())
    if found != told.moment:
        raise BackupDiffers(cases=found.cases, expected=told.moment.cases)
    for name in known:
        path = folder / PICTURES / name
        if path.is_file() and not app.store.has(name):
            app.store.put(name, path.read_bytes())
    return told


def moment(conn: Connection) -> Moment:
    """What the database of `conn` adds up to."""
    heads = hashlib.sha256()
    count = 0
    query = select(cases.c.case_no, cases.c.last_seq, cases.c.last_hash).order_by(cases.c.case_no)
    for row in conn.execute(query.execution_options(yield_per=10_000)):
        heads.update(f"{row.case_no} {row.last_seq} {row.last_hash}\n".encode())
        count += 1
    entries = conn.execute(select(func.count()).select_from(ledger_entries)).scalar_one()
    pictures = conn.execute(select(func.count()).select_from(_KEPT.subquery())).scalar_one()
    return Moment(database.version_of(conn) or "", count, heads.hexdigest(), entries, pictures)


def _fetched(app: App, folder: Path, name: str) -> bool:
    """Whether it is in the backup now. A picture never changes under its name."""
    path = folder / name
    if path.is_file():
        return True
    try:
        _write(path, app.store.get(name))
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, on the disk, for its owner only."""
    half = path.with_name(f".{path.name}.half")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(half, path)


def _manifest(folder: Path) -> Backup:
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        at = datetime.fromisoformat(told["made_at"])
        return Backup(at, str(told["file"]), Moment(**told["moment"]), int(told["missing"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupUnreadable(file=MANIFEST) from None
