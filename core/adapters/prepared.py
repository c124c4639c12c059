"""Statements of the busiest path: compiled once for each database, then handed to the driver as they are.

SQLAlchemy's own way from statement to driver costs 30 to 90 µs a call, more than SQLite needs to run it.
Everything else stays its: text and types, the transaction, its errors and its `before_cursor_execute` event.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One statement for one dialect: `arguments` turns values by name into what the driver takes."""

    text: str
    arguments: Callable[[Values], Any]
    row: Callable[[Sequence[Any]], Any]


class Prepared:
    """A Core statement with `bindparam`s. `columns`: of an INSERT, those that are given a value."""

    def __init__(self, statement: Any, columns: Iterable[str] | None = None) -> None:
        self._statement = statement
        self._columns = None if columns is None else tuple(columns)
        self._compiled: Final[dict[str, _Compiled]] = {}

    def all(self, conn: Connection, values: Values) -> list[Any]:
        """All rows, as named tuples."""
        compiled, cursor = self._run(conn, values)
        return [compiled.row(row) for row in cursor.fetchall()]

    def first(self, conn: Connection, values: Values) -> Any | None:
        """The first row or None."""
        compiled, cursor = self._run(conn, values)
        row = cursor.fetchone()
        return None if row is None else compiled.row(row)

    def change(self, conn: Connection, values: Values) -> int:
        """Run an INSERT or UPDATE; answers how many rows it touched."""
        count: int = self._run(conn, values)[1].rowcount
        return count

    def insert(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Run an INSERT for each of `rows`."""
        compiled = self._for(conn.dialect)
        arguments = [compiled.arguments(values) for values in rows]
        cursor = _driver(conn).cursor()
        _tell(conn, cursor, compiled.text, arguments, many=True)
        with errors(conn, compiled.text, arguments):
            cursor.executemany(compiled.text, arguments)

    def _run(self, conn: Connection, values: Values) -> tuple[_Compiled, Any]:
        compiled = self._for(conn.dialect)
        arguments = compiled.arguments(values)
        cursor = _driver(conn).cursor()
        _tell(conn, cursor, compiled.text, arguments, many=False)
        with errors(conn, compiled.text, arguments):
            cursor.execute(compiled.text, arguments)
        return compiled, cursor

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._statement, self._columns, dialect)
        return found


class errors:
    """The driver's errors as SQLAlchemy's, as everywhere else, where it is called past it. A class: a
    generator would cost as much as a query.
    """

    __slots__ = ("_arguments", "_conn", "_text")

    def __init__(self, conn: Connection, text: str, arguments: Any) -> None:
        self._conn, self._text, self._arguments = conn, text, arguments

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        dialect = self._conn.dialect
        base: Any = dialect.loaded_dbapi.Error
        if isinstance(error, base):
            raise DBAPIError.instance(
                self._text,
                self._arguments,
                error,
                base,
                connection_invalidated=dialect.is_disconnect(error, _driver(self._conn), None),
                dialect=dialect,
            ) from error


def _driver(conn: Connection) -> Any:
    return conn.connection.driver_connection


def _tell(conn: Connection, cursor: Any, text: str, arguments: Any, *, many: bool) -> None:
    for listener in conn.dispatch.before_cursor_execute:
        listener(conn, cursor, text, arguments, None, many)


def _compile(statement: Any, columns: tuple[str, ...] | None, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    processors = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
    }
    names = tuple(compiled.positiontup or compiled.binds)
    plan = tuple((name, processors[name]) for name in names)

    def positional(given: Values) -> tuple[Any, ...]:
        known = {**fixed, **given} if fixed else given
        return tuple([known[name] if process is None else process(known[name]) for name, process in plan])

    def by_name(given: Values) -> dict[str, Any]:
        known = {**fixed, **given} if fixed else given
        return {name: known[name] if process is None else process(known[name]) for name, process in plan}

    return _Compiled(str(compiled), positional if compiled.positional else by_name, _rows(statement, dialect))


def _rows(statement: Any, dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    """Named tuples with every value turned back into its Python type."""
    columns = list(statement.exported_columns) if statement.is_select else []
    if not columns:
        return tuple
    shape: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
    turned = [
        (place, process)
        for place, column in enumerate(columns)
        if (process := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]

    def row(raw: Sequence[Any]) -> Any:
        values = list(raw)
        for place, process in turned:
            values[place] = process(values[place])
        return shape._make(values)

    return row
