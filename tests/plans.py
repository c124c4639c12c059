"""What a database is asked, and what it would do for a statement: which tables it would read through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event


def scans(conn: Connection, query: Any, *tables: str, **values: Any) -> list[str]:
    """Lines of the plan that read one of these tables from end to end."""
    is_sqlite = conn.dialect.name == "sqlite"

    def explained(_: Any, __: Any, statement: str, arguments: Any, *___: Any) -> tuple[str, Any]:
        return ("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + statement, arguments

    event.listen(conn, "before_cursor_execute", explained, retval=True)
    try:
        plan = [str(row[-1]) for row in conn.execute(query, values).cursor.fetchall()]
    finally:
        event.remove(conn, "before_cursor_execute", explained)
    if is_sqlite:  # `SCAN … USING INDEX` walks an index: of a partial one, only what it holds
        whole = [line for line in plan if line.startswith("SCAN") and "USING" not in line]
    else:
        whole = [line for line in plan if "Seq Scan" in line]
    return [line for line in whole if any(f" {name}" in line for name in tables)]


@contextmanager
def queries(engine: Engine) -> Iterator[list[str]]:
    """The statements that `engine` runs meanwhile."""
    seen: list[str] = []

    def listen(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", listen)
