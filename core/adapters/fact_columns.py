"""Columns of an order history as Arrow has them, checked and turned into `History`: the layout of its files.

Words are dictionaries or strings, evidence joined by `|`, and the payments of a row a list of structs.
Columns for which `Facts` has a default may be left out. Every slip names file, row group, row and column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.errors import HistoryInvalid
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.history import NONE, History, evidence_bits, evidence_kinds
from core.domain.money import LARGEST_MINOR
from core.domain.slips import Slip

INSTANT: Final = pa.timestamp("us", tz="UTC")
WORD: Final = pa.dictionary(pa.int32(), pa.string())
WORDS: Final = {"reason": REASONS, "kind": KINDS, "delivery": DELIVERIES}
INSTANTS: Final = ("at", "paid_at", "delivery_at", "completed_at", "asked_at")
# Defaults as in `Facts`; None: the column must be there.
NUMBERS: Final[dict[str, int | None]] = {
    "requested_minor": None,
    "quantity": 1,
    "credit": 100,
    "recent_refunds": 0,
    "unnamed_refunds": 0,
    "duplicate_minor": 0,
}
FLAGS: Final = {"has_account": True, "escrow": False}
_OF_TENDER: Final[dict[str, int | None]] = {
    "payment_id": None,
    "paid_minor": None,
    "refundable_minor": None,
    "fx_loss_bp": 0,
}
_LEAST: Final = {
    "requested_minor": 0,
    "quantity": 1,
    "recent_refunds": 0,
    "unnamed_refunds": 0,
    "duplicate_minor": 0,
    "paid_minor": 0,
}
_EARLIEST, _LATEST = 631_152_000_000_000, 4_102_444_800_000_000  # 1990 and 2100
_CURRENCY: Final = re.compile("[A-Z]{3}")

TENDER: Final = pa.struct(
    [
        *(pa.field(name, pa.int64()) for name in _OF_TENDER),
        pa.field("is_open", pa.bool_()),
        pa.field("channel", WORD),
        pa.field("paid_at", INSTANT),
    ]
)
SCHEMA: Final = pa.schema(
    [
        *(pa.field(name, INSTANT) for name in INSTANTS),
        *(pa.field(name, WORD) for name in (*WORDS, "evidence", "currency")),
        *(pa.field(name, pa.int64()) for name in NUMBERS),
        *(pa.field(name, pa.bool_()) for name in FLAGS),
        pa.field("tenders", pa.list_(TENDER)),
    ]
)
_NEEDED: Final = {"at", "paid_at", *WORDS, "currency", "requested_minor", "tenders"}
_NEEDED_OF_TENDER: Final = {"payment_id", "paid_minor", "refundable_minor", "channel"}


def table(history: History) -> pa.Table:
    """`history` in the layout of `SCHEMA`."""
    columns: dict[str, Any] = {name: _instants(getattr(history, name)) for name in INSTANTS}
    columns |= {name: _coded(getattr(history, name), words) for name, words in WORDS.items()}
    kinds = ["|".join(evidence_kinds(bits)) for bits in range(1 << len(EVIDENCE_KINDS))]
    columns["evidence"] = _coded(history.evidence, kinds)
    columns["currency"] = _coded(history.currency, history.currencies)
    columns |= {name: pa.array(getattr(history, name)) for name in (*NUMBERS, *FLAGS)}
    tender: dict[str, Any] = {name: pa.array(getattr(history, name)) for name in _OF_TENDER}
    tender["is_open"] = pa.array(history.is_open)
    tender["channel"] = _coded(history.channel, CHANNELS)
    tender["paid_at"] = _instants(history.tender_paid_at)
    tenders = pa.StructArray.from_arrays(list(tender.values()), fields=list(TENDER))
    columns["tenders"] = pa.ListArray.from_arrays(pa.array(history.offsets, pa.int32()), tenders)
    return pa.table(columns, schema=SCHEMA)


def _instants(micros: NDArray[np.int64]) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=micros == NONE).cast(INSTANT)


def _coded(codes: NDArray[Any], words: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(list(words), pa.string()))


def check(schema: pa.Schema, file: str) -> None:
    """`HistoryInvalid` for a column that is unknown, missing or of another type, before any row is read."""
    for slip in _slips(schema, SCHEMA, _NEEDED, "", file):
        raise HistoryInvalid(problem=[slip.as_dict()])


def _slips(given: Any, wanted: Any, needed: set[str], prefix: str, file: str) -> Iterator[Slip]:
    fields = {field.name: field.type for field in given}
    known = {field.name: field.type for field in wanted}
    for name in fields:
        if name not in known:
            yield _slip("history_unknown", prefix + name, file=file, allowed=", ".join(known))
    if len(fields) < len(list(given)):
        yield _slip("history_unknown", f"{prefix}2 ×", file=file, allowed=", ".join(known))
    for name, kind in known.items():
        if name not in fields:
            if name in needed:
                yield _slip("history_missing", prefix + name, file=file, expected=_said(kind))
        elif not _fits(fields[name], kind):
            yield _slip(
                "history_type", prefix + name, file=file, found=str(fields[name])[:60], expected=_said(kind)
            )
        elif pa.types.is_list(kind):
            inside = fields[name].value_type
            yield from _slips(inside, TENDER, _NEEDED_OF_TENDER, f"{name}.", file)


def _fits(given: Any, wanted: Any) -> bool:
    if pa.types.is_dictionary(wanted):
        given = given.value_type if pa.types.is_dictionary(given) else given
        return bool(pa.types.is_string(given) or pa.types.is_large_string(given))
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(given)) and given.tz is not None
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(given) or pa.types.is_large_list(given)
        return bool(is_list and pa.types.is_struct(given.value_type))
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(given))
    return bool(pa.types.is_integer(given))


def _said(kind: Any) -> str:
    if pa.types.is_dictionary(kind):
        return "string"
    return "list<struct>" if pa.types.is_list(kind) else str(kind)


def _slip(code: str, column: str, **params: Any) -> Slip:
    return Slip(code, column, column=column[:60], **params)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch stands: its row group in the file, from 1, and the number of its first row, from 1."""

    file: str
    group: int = 1
    first: int = 1


def history(batch: Any, place: Place) -> History:
    """The rows of a batch (or table) whose schema was checked."""
    columns = {name: _whole(batch.column(name)) for name in batch.schema.names}
    rows = _Columns(columns, batch.num_rows, place, lambda at: at)
    lists = rows.columns["tenders"]
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    rows.refuse(lengths < 1, "history_no_payment", "tenders")
    payments = lists.flatten()
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    names = [field.name for field in payments.type]
    tenders = _Columns(
        dict(zip(names, payments.flatten(), strict=True)),
        len(payments),
        place,
        lambda at: int(np.searchsorted(offsets, at, side="right")) - 1,
        "tenders.",
    )
    codes, currencies = rows.words("currency")
    is_code = np.array([bool(_CURRENCY.fullmatch(word)) for word in currencies] or [True])
    rows.refuse(~is_code[codes], "history_word", "currency", currencies, codes, allowed="CNY, USD, …")
    made: dict[str, Any] = {name: rows.instants(name) for name in INSTANTS}
    made |= {name: rows.codes(name, words) for name, words in WORDS.items()}
    made |= {name: rows.numbers(name, default) for name, default in NUMBERS.items()}
    made |= {name: rows.flags(name, default) for name, default in FLAGS.items()}
    made |= {name: tenders.numbers(name, default) for name, default in _OF_TENDER.items()}
    paid, left = made["paid_minor"], made["refundable_minor"]
    tenders.refuse(left > paid, "history_above_paid", "refundable_minor", values=left)
    tenders.refuse(
        _twice(made["payment_id"], offsets), "history_twice", "payment_id", values=made["payment_id"]
    )
    return History(
        **made,
        evidence=rows.evidence(),
        currency=codes.astype(np.uint16),
        currencies=currencies,
        offsets=offsets,
        channel=tenders.codes("channel", CHANNELS),
        is_open=tenders.flags("is_open", True),
        tender_paid_at=tenders.instants("paid_at"),
    )


def _whole(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _twice(payment_id: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Payments with the same id as another one of their order."""
    payments = np.diff(offsets)
    several = np.repeat(payments > 1, payments)
    found = np.zeros(len(payment_id), np.bool_)
    places = np.flatnonzero(several)
    row = np.repeat(np.arange(len(payments)), payments)[places]
    order = np.lexsort((payment_id[places], row))
    ids, rows = payment_id[places][order], row[order]
    same = (ids[1:] == ids[:-1]) & (rows[1:] == rows[:-1])
    found[places[order[1:][same]]] = True
    return found


class _Columns:
    """Checked columns of one batch. `row`: which of its rows the value at a place belongs to."""

    def __init__(
        self, columns: Mapping[str, Any], size: int, place: Place, row: Callable[[int], int], prefix: str = ""
    ) -> None:
        self.columns, self._size, self._place, self._row, self._prefix = columns, size, place, row, prefix

    def refuse(
        self, wrong: NDArray[np.bool_], code: str, name: str,
        words: Any = None, values: NDArray[Any] | None = None, **params: Any,
    ) -> None:  # fmt: skip
        """`HistoryInvalid` for the first value that is `wrong`."""
        if not wrong.any():
            return
        at = int(np.argmax(wrong))
        if values is not None:
            params["value"] = str(words[values[at]] if words is not None else values[at])[:40]
        place = self._place
        slip = _slip(
            code, self._prefix + name, file=place.file, group=place.group,
            row=place.first + self._row(at), **params,
        )  # fmt: skip
        raise HistoryInvalid(problem=[slip.as_dict()])

    def instants(self, name: str) -> NDArray[np.int64]:
        column = self.columns.get(name)
        if column is None:
            return np.full(self._size, NONE)
        if name in _NEEDED and not self._prefix:
            self._no_null(name)
        if column.type != INSTANT:
            column = column.cast(INSTANT, safe=False)
        numbers = column.cast(pa.int64())
        micros: NDArray[np.int64] = (numbers.fill_null(NONE) if numbers.null_count else numbers).to_numpy()
        wrong = (micros != NONE) & ((micros < _EARLIEST) | (micros >= _LATEST))
        self.refuse(wrong, "history_time", name, values=micros.astype("datetime64[us]"))
        return micros

    def numbers(self, name: str, default: int | None) -> NDArray[np.int64]:
        if name not in self.columns and default is not None:
            return np.full(self._size, default, np.int64)
        self._no_null(name)
        given = self.columns[name].to_numpy(zero_copy_only=False)
        self.refuse(given > LARGEST_MINOR, "history_most", name, values=given, most=LARGEST_MINOR)
        values: NDArray[np.int64] = given.astype(np.int64, copy=False)
        least = _LEAST.get(name, -LARGEST_MINOR)
        self.refuse(values < least, "history_least", name, values=values, least=least)
        return values

    def flags(self, name: str, default: bool) -> NDArray[np.bool_]:
        if name not in self.columns:
            return np.full(self._size, default)
        self._no_null(name)
        flags: NDArray[np.bool_] = self.columns[name].to_numpy(zero_copy_only=False)
        return flags

    def codes(self, name: str, known: tuple[str, ...]) -> NDArray[np.uint8]:
        codes, words = self.words(name)
        place = {word: index for index, word in enumerate(known)}
        lookup = np.array([place.get(word, 255) for word in words] or [0], np.uint8)
        found: NDArray[np.uint8] = lookup[codes]
        self.refuse(found == 255, "history_word", name, words, codes, allowed=", ".join(known))
        return found

    def words(self, name: str) -> tuple[NDArray[Any], tuple[str, ...]]:
        """Codes and what they stand for."""
        self._no_null(name)
        column = self.columns[name]
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        return column.indices.to_numpy(zero_copy_only=False), tuple(map(str, column.dictionary.to_pylist()))

    def evidence(self) -> NDArray[np.uint8]:
        if "evidence" not in self.columns:
            return np.zeros(self._size, np.uint8)
        codes, lists = self.words("evidence")
        kinds = [frozenset(filter(None, words.split("|"))) for words in lists]
        known = np.array([not each - set(EVIDENCE_KINDS) for each in kinds] or [True])
        self.refuse(
            ~known[codes], "history_word", "evidence", lists, codes, allowed=" | ".join(EVIDENCE_KINDS)
        )
        found: NDArray[np.uint8] = np.array([evidence_bits(each) for each in kinds] or [0], np.uint8)[codes]
        return found

    def _no_null(self, name: str) -> None:
        column = self.columns[name]
        if column.null_count:
            self.refuse(column.is_null().to_numpy(zero_copy_only=False), "history_null", name)
