"""Order histories as files: one claim a row, columns named like `Facts`, as `fact_columns` lays them out.

Parquet, one file or a folder of them, is read batch by batch: memory does not grow with the rows. CSV holds
the payments as a JSON array; it is read whole and row by row, so beyond some 100,000 rows take Parquet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from core.adapters import fact_columns
from core.adapters.fact_columns import FLAGS, NUMBERS, SCHEMA, WORDS, Place
from core.adapters.synthetic import made_up, synthetic
from core.domain.errors import HistoryInvalid
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.slips import Slip
from core.domain.tallies import MOST_ROWS

__all__ = [
    "Piece",
    "is_csv",
    "made_up",
    "parts",
    "pieces",
    "read",
    "read_piece",
    "synthetic",
    "write",
    "write_parts",
]

GROUP_ROWS: Final = 4 * MOST_ROWS  # of a row group that we write


@dataclass(frozen=True, slots=True)
class Piece:
    """One row group, from 1: its rows, the first of them in its file (from 1) and in the whole history
    (from 0).
    """

    file: str
    group: int
    rows: int
    first: int
    start: int


def write(history: History, path: Path) -> None:
    """`history` as Parquet, or as CSV when the name ends so."""
    write_parts(history.parts(GROUP_ROWS), path)


def write_parts(parts: Iterable[History], path: Path) -> None:
    """A history that comes in parts, each of which is written before the next is asked for."""
    if path.suffix.lower() == ".csv":
        _write_csv(parts, path)
        return
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", write_page_checksum=True) as file:
        for part in parts:
            file.write_table(fact_columns.table(part), row_group_size=GROUP_ROWS)


def _write_csv(parts: Iterable[History], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for history in parts:
            for row in range(len(history)):
                values = history.facts(row).as_dict()
                values["evidence"] = "|".join(values["evidence"])
                values["tenders"] = json.dumps(values["tenders"], separators=(",", ":"))
                if writer is None:
                    writer = csv.DictWriter(file, list(values))
                    writer.writeheader()
                writer.writerow({name: "" if value is None else value for name, value in values.items()})


def read(path: Path) -> History:
    """The whole history in memory; `HistoryInvalid` names what is wrong and where."""
    if is_csv(path):
        return _read_csv(path)
    return History.joined([part for piece in pieces(path) for part in read_piece(piece)])


def parts(path: Path) -> tuple[int, Iterator[History]]:
    """How many rows there are, and all of them in parts, in the order of the files' names."""
    if is_csv(path):
        history = _read_csv(path)
        return len(history), history.parts(MOST_ROWS)
    found = pieces(path)
    return sum(piece.rows for piece in found), (part for piece in found for part in read_piece(piece))


def pieces(path: Path) -> tuple[Piece, ...]:
    """The row groups of a Parquet file, or of a folder's files by their names; columns are checked."""
    found: list[Piece] = []
    start = 0
    for file in _files(path):
        with _whole(file), pq.ParquetFile(file) as opened:
            fact_columns.check(opened.schema_arrow, str(file))
            first = 1
            for group in range(opened.metadata.num_row_groups):
                rows = opened.metadata.row_group(group).num_rows
                found.append(Piece(str(file), group + 1, rows, first, start))
                first += rows
                start += rows
    return tuple(found)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*.parquet")
        if not file.relative_to(path).as_posix().startswith((".", "_"))
    )
    if not found:
        raise _invalid("history_empty", str(path))
    return found


def read_piece(piece: Piece) -> Iterator[History]:
    """The rows of a piece, at most `MOST_ROWS` at a time."""
    first = piece.first
    with _whole(Path(piece.file), piece.group):
        words = {*WORDS, "evidence", "currency"} & {*pq.read_schema(piece.file).names}
        file = pq.ParquetFile(
            piece.file, read_dictionary=sorted(words), buffer_size=1 << 20, page_checksum_verification=True
        )
    with _whole(Path(piece.file), piece.group), file:
        for batch in file.iter_batches(MOST_ROWS, row_groups=[piece.group - 1]):
            yield fact_columns.history(batch, Place(piece.file, piece.group, first))
            first += batch.num_rows


@contextmanager
def _whole(path: Path, group: int = 0) -> Iterator[None]:
    """What Arrow cannot read is a damaged file; one that cannot be opened stays an `OSError`."""
    path.open("rb").close()
    try:
        yield
    except (pa.ArrowException, OSError):
        raise _invalid("history_group" if group else "history_damaged", str(path), group=group) from None


def _invalid(code: str, file: str, **params: Any) -> HistoryInvalid:
    return HistoryInvalid(problem=[Slip(code, file=file, **params).as_dict()])


def is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _read_csv(path: Path) -> History:
    rows: list[Facts] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            for row in csv.DictReader(file, strict=True):
                rows.append(Facts.from_dict(_from_text(row)))
        except UnicodeDecodeError:
            raise _invalid("history_damaged", str(path)) from None
        except (ValueError, TypeError, AttributeError, OverflowError, csv.Error) as error:
            raise _invalid("history_row", str(path), row=len(rows) + 1, problem=str(error)[:200]) from None
    return History.of(rows)


def _from_text(row: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: text for name, text in row.items() if text}
    for name in NUMBERS.keys() & values.keys():
        values[name] = int(values[name])
    for name in FLAGS.keys() & values.keys():
        values[name] = {"true": True, "false": False}.get(values[name].lower(), values[name])
    if "evidence" in values:
        values["evidence"] = values["evidence"].split("|")
    values["tenders"] = json.loads(values.get("tenders", "[]"))
    return values
