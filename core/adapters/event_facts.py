"""The facts that decisions kept, many at once as columns: read by Arrow and checked like those of a file."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from core.adapters import fact_columns
from core.adapters.fact_columns import FLAGS, NUMBERS, SCHEMA, Place
from core.domain.errors import HistoryInvalid
from core.domain.facts import Facts
from core.domain.history import History

_BLOCK = 1 << 22  # bytes: longer than any body


def history(bodies: Sequence[str]) -> History:
    """The `facts` of events' bodies, a row each. Bodies that Arrow does not take, from before a field
    was there, are read one by one: `ValueError` for what `Facts` refuses.
    """
    if not bodies:
        return History.of([])
    try:
        return fact_columns.history(_batch(bodies), Place("", 1, 1))
    except (pa.ArrowException, HistoryInvalid):
        return History.of([Facts.from_dict(json.loads(body)["facts"]) for body in bodies])


def _batch(bodies: Sequence[str]) -> pa.RecordBatch:
    table = pyarrow.json.read_json(
        io.BytesIO("\n".join(bodies).encode()),
        read_options=pyarrow.json.ReadOptions(block_size=_BLOCK),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=_LAYOUT, unexpected_field_behavior="ignore"),
    )
    facts = table["facts"].combine_chunks()
    columns = {field.name: pc.struct_field(facts, field.name) for field in facts.type}
    columns["evidence"] = pc.binary_join(columns["evidence"], "|")
    for name, usual in (NUMBERS | FLAGS).items():
        if usual is not None:
            columns[name] = pc.fill_null(columns[name], usual)
    return pa.RecordBatch.from_pydict(columns)


def _plain(kind: pa.DataType) -> pa.DataType:
    """As JSON has it: no dictionaries."""
    if pa.types.is_dictionary(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _plain(field.type)) for field in kind])
    return kind


def _layout() -> pa.Schema:
    fields: list[Any] = [
        pa.field(field.name, pa.list_(pa.string()) if field.name == "evidence" else _plain(field.type))
        for field in SCHEMA
    ]
    return pa.schema([pa.field("facts", pa.struct(fields))])


_LAYOUT = _layout()
