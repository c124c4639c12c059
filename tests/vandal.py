"""Somebody with full access to the database: guards off, rows rewritten, guards back as if nothing were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, delete, select, text, update

from core.adapters.tables import case_events, cases
from core.app import App
from core.services.record import canonical, chain

_CHECKED = (
    "cases", "payments", "payouts", "policies", "balance_lots", "tickets", "vouchers", "lot_uses", "spends",
)  # fmt: skip


@contextmanager
def tampering(app: App) -> Iterator[Connection]:
    """A transaction without triggers, checks and keys; the append-only triggers are back after it."""
    if app.engine.dialect.name == "sqlite":
        with app.engine.connect() as conn:
            driver: Any = conn.connection.driver_connection
            driver.execute("PRAGMA foreign_keys = OFF")
            driver.execute("PRAGMA ignore_check_constraints = ON")
            triggers = driver.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                driver.execute(f"DROP TRIGGER {name}")
            driver.execute("DROP INDEX IF EXISTS uq_cases_one_open_per_order")
            yield conn
            conn.commit()
            for _, statement in triggers:
                driver.execute(statement)
            driver.execute("PRAGMA ignore_check_constraints = OFF")
            driver.execute("PRAGMA foreign_keys = ON")
        return
    with app.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers, no foreign keys
        checks = text("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('c')")
        for table, name in conn.execute(checks).all():
            if table in _CHECKED:
                conn.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        conn.execute(text("ALTER TABLE balance_lots DROP CONSTRAINT uq_balance_lots_payout_id"))
        conn.execute(text("DROP INDEX uq_cases_one_open_per_order"))
        yield conn


def forge(
    conn: Connection, case_no: str, event: str, change: Callable[[dict[str, Any], dict[str, Any]], None]
) -> None:
    """Rewrite one event by `change(columns, body)` and every hash after it, so that the chain looks whole."""
    rows = conn.execute(
        select(case_events).where(case_events.c.case_no == case_no).order_by(case_events.c.seq)
    ).all()
    previous, done = "", False
    for row in rows:
        entry = row._asdict()
        if row.event == event and not done:
            body = json.loads(entry["body"])
            change(entry, body)
            entry["body"] = canonical(body)
            done = True
        previous = entry["hash"] = chain(previous, entry)
        key = (case_events.c.case_no == case_no, case_events.c.seq == row.seq)
        conn.execute(update(case_events).where(*key).values(**entry))
    conn.execute(update(cases).where(cases.c.case_no == case_no).values(last_hash=previous))


def erase(conn: Connection, case_no: str, event: str) -> None:
    """Take out every such event of a case and close the gap, numbers and hashes included."""
    mine = case_events.c.case_no == case_no
    rows = conn.execute(select(case_events).where(mine).order_by(case_events.c.seq)).all()
    conn.execute(delete(case_events).where(mine))
    previous, seq = "", 0
    for row in rows:
        if row.event != event:
            seq += 1
            entry = {**row._asdict(), "seq": seq}
            previous = entry["hash"] = chain(previous, entry)
            conn.execute(case_events.insert().values(**entry))
    conn.execute(update(cases).where(cases.c.case_no == case_no).values(last_seq=seq, last_hash=previous))


def copy(conn: Connection, table: Any, where: Any, **changes: Any) -> None:
    """Insert a row again with some columns changed; a generated id is left out."""
    row = conn.execute(select(table).where(where)).first()
    assert row is not None
    values = {**row._asdict(), **changes}
    if "id" in values and "id" not in changes:
        del values["id"]
    conn.execute(table.insert().values(**values))
