"""Rows as a file, in pieces: CSV for spreadsheets, Parquet for everything else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.domain.workdays import ZONE

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS: Final = 5_000  # written at a time


def safe_cell(text: str) -> str:
    """A cell that begins like a formula gets an apostrophe in front: it is shown, and nothing runs."""
    return f"'{text}" if text.lstrip(" ").startswith(_RISKY) else text


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with Excel's mark. Text is safe from formulas; numbers stay numbers, times are Shanghai's."""
    yield "\ufeff".encode()
    left, head = iter(rows), [list(columns)]
    while head:
        file = io.StringIO()
        csv.writer(file).writerows([_cell(value) for value in row] for row in head)
        yield file.getvalue().encode("utf-8", "replace")
        head = [list(row) for row in islice(left, _ROWS)]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_cell(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    return "" if value is None else value


def to_parquet(columns: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Columns that end in `_minor`, `id`, `line` are whole numbers, in `at` instants in UTC, others text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"number": pa.int64(), "instant": pa.timestamp("us", tz="UTC"), "text": pa.string()}
    schema = pa.schema([(name, kinds[_kind(name)]) for name in columns])
    left = iter(rows)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while True:
            part = list(islice(left, _ROWS))
            if not part:
                return
            told = [
                pa.array([_plain(row[place]) for row in part], schema.field(place).type)
                for place in range(len(columns))
            ]
            writer.write_table(pa.table(told, schema=schema))


def _kind(name: str) -> str:
    if name == "at" or name.endswith("_at"):
        return "instant"
    return "number" if name in ("id", "line") or name.endswith(("_minor", "_id")) else "text"


def _plain(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
