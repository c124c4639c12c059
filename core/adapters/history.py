"""Order histories as files: one claim a row, columns named like `Facts`.

Parquet holds words as dictionaries, evidence joined by `|` and the payments of a row as a list of structs.
CSV holds the payments as a JSON array; it is read row by row, so beyond some 100,000 rows take Parquet.
Columns for which `Facts` has a default may be left out.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.adapters.synthetic import synthetic
from core.domain.errors import FactsInvalid, FileUnreadable
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS, Facts
from core.domain.history import NONE, History, evidence_bits, evidence_kinds
from core.domain.money import LARGEST_MINOR

__all__ = ["read", "synthetic", "write"]

_INSTANT: Final = pa.timestamp("us", tz="UTC")
_WORDS: Final = {"reason": REASONS, "kind": KINDS, "delivery": DELIVERIES}
_INSTANTS: Final = ("at", "paid_at", "delivery_at", "completed_at", "asked_at")
_OPTIONAL: Final = ("delivery_at", "completed_at", "asked_at")
# Defaults as in `Facts`; None: the column must be there.
_NUMBERS: Final = {
    "requested_minor": None,
    "quantity": 1,
    "credit": 100,
    "recent_refunds": 0,
    "unnamed_refunds": 0,
    "duplicate_minor": 0,
}
_FLAGS: Final = {"has_account": True, "escrow": False}
_TENDER: Final = {"payment_id": None, "paid_minor": None, "refundable_minor": None, "fx_loss_bp": 0}
_LEAST: Final = {
    "quantity": 1,
    "recent_refunds": 0,
    "unnamed_refunds": 0,
    "duplicate_minor": 0,
    "paid_minor": 0,
}
_EARLIEST, _LATEST = 631_152_000_000_000, 4_102_444_800_000_000  # 1990 and 2100


def write(history: History, path: Path) -> None:
    """`history` as Parquet, or as CSV when the name ends so."""
    if path.suffix.lower() != ".csv":
        pq.write_table(_table(history), path, compression="zstd")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for row in range(len(history)):
            values = history.facts(row).as_dict()
            values["evidence"] = "|".join(values["evidence"])
            values["tenders"] = json.dumps(values["tenders"], separators=(",", ":"))
            if writer is None:
                writer = csv.DictWriter(file, list(values))
                writer.writeheader()
            writer.writerow({name: "" if value is None else value for name, value in values.items()})


def read(path: Path) -> History:
    """The history of a file; `FileUnreadable` for another kind, `FactsInvalid` names the row, from 1."""
    try:
        if path.suffix.lower() == ".csv":
            return _read_csv(path)
        table = pq.read_table(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileUnreadable(seen=(str(error).splitlines() or [path.name])[0][:200]) from None
    return _history(table)


def _read_csv(path: Path) -> History:
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, strict=True), 1):
            try:
                rows.append(Facts.from_dict(_from_text(row)))
            except (ValueError, TypeError, AttributeError, OverflowError) as error:
                raise FactsInvalid(problem=f"row {number}: {error}"[:300]) from None
    return History.of(rows)


def _from_text(row: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: text for name, text in row.items() if text}
    for name in _NUMBERS.keys() & values.keys():
        values[name] = int(values[name])
    for name in _FLAGS.keys() & values.keys():
        values[name] = {"true": True, "false": False}.get(values[name].lower(), values[name])
    if "evidence" in values:
        values["evidence"] = values["evidence"].split("|")
    values["tenders"] = json.loads(values.get("tenders", "[]"))
    return values


def _table(history: History) -> pa.Table:
    columns: dict[str, Any] = {name: _instants(getattr(history, name)) for name in _INSTANTS}
    for name, words in _WORDS.items():
        columns[name] = _coded(getattr(history, name), words)
    kinds = ["|".join(evidence_kinds(bits)) for bits in range(1 << len(EVIDENCE_KINDS))]
    columns["evidence"] = _coded(history.evidence, kinds)
    columns["currency"] = _coded(history.currency, history.currencies)
    for name in (*_NUMBERS, *_FLAGS):
        columns[name] = pa.array(getattr(history, name))
    tender = {name: pa.array(getattr(history, name)) for name in _TENDER}
    tender["is_open"] = pa.array(history.is_open)
    tender["channel"] = pa.array(CHANNELS).take(pa.array(history.channel))
    tender["paid_at"] = _instants(history.tender_paid_at)
    tenders = pa.StructArray.from_arrays(list(tender.values()), names=list(tender))
    columns["tenders"] = pa.ListArray.from_arrays(pa.array(history.offsets, pa.int32()), tenders)
    return pa.table(columns)


def _instants(micros: NDArray[np.int64]) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=micros == NONE).cast(_INSTANT)


def _coded(codes: NDArray[Any], words: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(list(words), pa.string()))


def _history(table: pa.Table) -> History:
    known = {*_INSTANTS, *_WORDS, *_NUMBERS, *_FLAGS, "evidence", "currency", "tenders"}
    if set(table.column_names) - known:
        raise FactsInvalid(problem=f"unknown columns: {', '.join(sorted(set(table.column_names) - known))}")
    rows = _Columns({name: table[name].combine_chunks() for name in table.column_names}, table.num_rows)
    if "tenders" not in rows.columns or not pa.types.is_list(rows.columns["tenders"].type):
        raise FactsInvalid(problem="tenders: a list of payments is missing")
    lists = rows.columns["tenders"]
    if lists.null_count or (table.num_rows and pc.min(pc.list_value_length(lists)).as_py() < 1):
        raise FactsInvalid(problem="tenders: an order has at least one payment")
    payments = lists.flatten()
    names = [field.name for field in payments.type] if pa.types.is_struct(payments.type) else []
    tenders = _Columns(dict(zip(names, payments.flatten(), strict=True)), len(payments))
    codes, currencies = rows.words("currency")
    columns: dict[str, Any] = {name: rows.instants(name, optional=name in _OPTIONAL) for name in _INSTANTS}
    columns |= {name: rows.codes(name, words) for name, words in _WORDS.items()}
    columns |= {name: rows.numbers(name, default) for name, default in _NUMBERS.items()}
    columns |= {name: rows.flags(name, default) for name, default in _FLAGS.items()}
    columns |= {name: tenders.numbers(name, default) for name, default in _TENDER.items()}
    history = History(
        **columns,
        evidence=rows.evidence(),
        currency=codes.astype(np.uint16),
        currencies=currencies,
        offsets=np.concatenate(([0], np.cumsum(pc.list_value_length(lists).to_numpy()))).astype(np.int64),
        channel=tenders.codes("channel", CHANNELS),
        is_open=tenders.flags("is_open", True),
        tender_paid_at=tenders.instants("paid_at", optional=True),
    )
    _refuse(history.refundable_minor > history.paid_minor, "refundable_minor is more than paid_minor")
    return history


class _Columns:
    """Checked columns of one table; a `FactsInvalid` names column and row."""

    def __init__(self, columns: dict[str, Any], rows: int) -> None:
        self.columns, self.rows = columns, rows

    def instants(self, name: str, *, optional: bool) -> NDArray[np.int64]:
        column = self.columns.get(name)
        if column is None and optional:
            return np.full(self.rows, NONE)
        column = self._present(name)
        if not (pa.types.is_timestamp(column.type) and column.type.tz):
            raise FactsInvalid(problem=f"{name}: expected instants with a time zone, got {column.type}")
        micros: NDArray[np.int64] = (
            column.cast(_INSTANT, safe=False).cast(pa.int64()).fill_null(NONE).to_numpy()
        )
        absent = micros == NONE
        _refuse(absent & (not optional), f"{name} is missing")
        _refuse(~absent & ((micros < _EARLIEST) | (micros >= _LATEST)), f"{name} is not of our time")
        return micros

    def numbers(self, name: str, default: int | None) -> NDArray[np.int64]:
        if name not in self.columns and default is not None:
            return np.full(self.rows, default, np.int64)
        column = self._present(name)
        if not pa.types.is_integer(column.type):
            raise FactsInvalid(problem=f"{name}: expected whole numbers, got {column.type}")
        _refuse(column.is_null().to_numpy(zero_copy_only=False), f"{name} is missing")
        values: NDArray[np.int64] = column.to_numpy(zero_copy_only=False).astype(np.int64)
        _refuse(np.abs(values) > LARGEST_MINOR, f"{name} is too large")
        _refuse(values < _LEAST.get(name, -LARGEST_MINOR), f"{name} is too small")
        return values

    def flags(self, name: str, default: bool) -> NDArray[np.bool_]:
        if name not in self.columns:
            return np.full(self.rows, default)
        column = self.columns[name]
        if not pa.types.is_boolean(column.type) or column.null_count:
            raise FactsInvalid(problem=f"{name}: expected true and false")
        flags: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
        return flags

    def codes(self, name: str, known: tuple[str, ...]) -> NDArray[np.uint8]:
        codes, words = self.words(name)
        place = {word: index for index, word in enumerate(known)}
        lookup = np.array([place.get(word, 255) for word in words] or [0], np.uint8)
        found: NDArray[np.uint8] = lookup[codes]
        _refuse(found == 255, f"{name} is not one of {', '.join(known)}")
        return found

    def words(self, name: str) -> tuple[NDArray[Any], tuple[str, ...]]:
        """Codes and what they stand for."""
        column = self._present(name)
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        _refuse(column.is_null().to_numpy(zero_copy_only=False), f"{name} is missing")
        return column.indices.to_numpy(zero_copy_only=False), tuple(map(str, column.dictionary.to_pylist()))

    def evidence(self) -> NDArray[np.uint8]:
        if "evidence" not in self.columns:
            return np.zeros(self.rows, np.uint8)
        codes, lists = self.words("evidence")
        kinds = [frozenset(filter(None, words.split("|"))) for words in lists]
        known = np.array([not each - set(EVIDENCE_KINDS) for each in kinds] or [True])
        _refuse(~known[codes], f"evidence is not of {', '.join(EVIDENCE_KINDS)}")
        found: NDArray[np.uint8] = np.array([evidence_bits(each) for each in kinds] or [0], np.uint8)[codes]
        return found

    def _present(self, name: str) -> Any:
        if name not in self.columns:
            raise FactsInvalid(problem=f"{name}: the column is missing")
        return self.columns[name]


def _refuse(wrong: NDArray[np.bool_], problem: str) -> None:
    if wrong.any():
        raise FactsInvalid(problem=f"row {int(np.argmax(wrong)) + 1}: {problem}")
