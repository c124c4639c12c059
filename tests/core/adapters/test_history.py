"""R6.3: order histories as files: what is written is read again, a slip is named by column and row."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import texts
from core.adapters import history
from core.adapters.history import made_up, synthetic
from core.adapters.synthetic import PART
from core.domain.errors import HistoryInvalid
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.simulation import simulate
from core.domain.tallies import MOST_ROWS
from tests.claims import FAULTY, STANDARD, ago, claim, paid

CLAIMS = [
    claim(evidence=FAULTY, duplicate_minor=5),
    claim(
        paid(1, "card", fx_loss_bp=-20, is_open=False, paid_at=ago(days=9)),
        paid(2),
        completed_at=None,
        escrow=True,
    ),
    claim(delivery="pending", delivery_at=None, has_account=False, currency="JPY", credit=-10),
]


def _same(one: History, other: History) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(History)]
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", ["claims.parquet", "claims.csv", "claims.CSV"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    """R6.4: every fact, in both formats."""
    history.write(History.of(CLAIMS), tmp_path / name)
    found = history.read(tmp_path / name)
    assert [found.facts(row) for row in range(len(found))] == CLAIMS


def test_an_empty_history_is_one(tmp_path: Path) -> None:
    history.write(History.of([]), tmp_path / "none.parquet")
    assert len(history.read(tmp_path / "none.parquet")) == 0


def test_the_synthetic_history_is_the_same_for_a_seed(tmp_path: Path) -> None:
    """`facts --rows N`: deterministic, and every rule of the standard policy has work."""
    assert _same(synthetic(500, seed=3), synthetic(500, seed=3))
    assert not _same(synthetic(500, seed=3), synthetic(500, seed=4))
    made = synthetic(20_000)
    assert {rule.id for rule in STANDARD.rules} <= set(simulate(made, STANDARD).by_rule())
    for row in range(0, 20_000, 100):
        facts = made.facts(row)
        assert Facts.from_dict(facts.as_dict()) == facts, "such as a decision would accept"
    history.write(made, tmp_path / "year.parquet")
    assert _same(history.read(tmp_path / "year.parquet"), made)
    assert len(synthetic(0)) == 0


def _changed(tmp_path: Path, name: str, column: Any) -> Path:
    path = tmp_path / "claims.parquet"
    history.write(History.of(CLAIMS), path)
    table = pq.read_table(path)
    place = table.column_names.index(name)
    table = table.remove_column(place) if column is None else table.set_column(place, name, column)
    pq.write_table(table, path)
    return path


INSTANT = pa.timestamp("us", tz="UTC")
TENDER = {"payment_id": 1, "channel": "card", "paid_minor": 5, "refundable_minor": 5}


def _second(**changes: Any) -> pa.Array:
    """Three orders, the second of which has two payments, of which the second is otherwise."""
    return pa.array([[TENDER], [TENDER, {**TENDER, "payment_id": 2, **changes}], [TENDER]])


@pytest.mark.parametrize(
    ("name", "column", "code", "row", "at"),
    [
        ("reason", pa.array(["other", "because", "other"]), "history_word", 2, "reason"),
        ("reason", None, "history_missing", None, "reason"),
        ("kind", pa.array(["other", None, "other"]), "history_null", 2, "kind"),
        ("at", pa.array([datetime(2026, 1, 1)] * 3), "history_type", None, "at"),
        ("at", pa.array([None, datetime(2026, 1, 1), None], INSTANT), "history_null", 1, "at"),
        ("completed_at", pa.array([datetime(1066, 10, 14)] * 3, INSTANT), "history_time", 1, "completed_at"),
        ("requested_minor", pa.array([1.5, 2.0, 3.0]), "history_type", None, "requested_minor"),
        ("requested_minor", pa.array([1, 2, None]), "history_null", 3, "requested_minor"),
        ("requested_minor", pa.array([1, 10**18, 3]), "history_most", 2, "requested_minor"),
        ("requested_minor", pa.array([1, 2**64 - 1, 3], pa.uint64()), "history_most", 2, "requested_minor"),
        ("requested_minor", pa.array([1, 2, -3]), "history_least", 3, "requested_minor"),
        ("recent_refunds", pa.array([0, 0, -1]), "history_least", 3, "recent_refunds"),
        ("escrow", pa.array(["no", "no", "no"]), "history_type", None, "escrow"),
        ("escrow", pa.array([True, None, True]), "history_null", 2, "escrow"),
        ("currency", pa.array(["CNY", "CNY", "yuan"]), "history_word", 3, "currency"),
        ("evidence", pa.array(["", "selfie", ""]), "history_word", 2, "evidence"),
        ("tenders", pa.array([[TENDER], [], [TENDER]]), "history_no_payment", 2, "tenders"),
        ("tenders", pa.array([[TENDER], None, [TENDER]]), "history_no_payment", 2, "tenders"),
        ("tenders", pa.array([1, 2, 3]), "history_type", None, "tenders"),
        ("tenders", pa.array([[{"channel": "card"}]] * 3), "history_missing", None, "tenders.payment_id"),
        # The second payment of row 2 stands third.
        ("tenders", _second(refundable_minor=6), "history_above_paid", 2, "tenders.refundable_minor"),
        ("tenders", _second(paid_minor=-5), "history_least", 2, "tenders.paid_minor"),
        ("tenders", _second(channel="gold"), "history_word", 2, "tenders.channel"),
        ("tenders", _second(payment_id=1), "history_twice", 2, "tenders.payment_id"),
    ],
)
def test_a_slip_in_a_file_is_named(
    tmp_path: Path, name: str, column: Any, code: str, row: int | None, at: str
) -> None:
    """R6.1's manners: file, row and column, what is wrong and what to do; nothing half-read."""
    path = _changed(tmp_path, name, column)
    with pytest.raises(HistoryInvalid) as refused:
        history.read(path)
    [slip] = refused.value.params["problem"]
    assert (slip["code"], slip.get("row"), slip["column"]) == (code, row, at)
    for language in texts.LANGUAGES:
        said = texts.of(language).refusal(refused.value)
        assert str(path) in said and at in said and (row is None or str(row) in said)
        assert "{" not in said


def test_a_slip_is_counted_from_the_first_row_of_its_file(tmp_path: Path) -> None:
    """Row group 3 of the second file: the row is the file's, so that it can be looked up there."""
    history.write(synthetic(3), tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    wrong = table.set_column(table.column_names.index("reason"), "reason", pa.array(["other", "other", "?"]))
    with pq.ParquetWriter(tmp_path / "b.parquet", wrong.schema) as file:
        for rows in (slice(0, 2), slice(1, 2), slice(2, 3)):
            file.write_table(wrong.take(list(range(3))[rows]))
    with pytest.raises(HistoryInvalid) as refused:
        history.read(tmp_path)
    [slip] = refused.value.params["problem"]
    assert (slip["file"], slip["group"], slip["row"]) == (str(tmp_path / "b.parquet"), 3, 4)
    assert slip["value"] == "?"


def test_columns_with_a_default_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "few.parquet"
    history.write(History.of([claim()]), path)
    needed = [
        "at",
        "paid_at",
        "completed_at",
        "reason",
        "kind",
        "delivery",
        "currency",
        "requested_minor",
        "tenders",
    ]
    pq.write_table(pq.read_table(path, columns=needed), path)
    assert history.read(path).facts(0) == claim(delivery_at=None)


def test_strings_and_other_widths_are_read_as_well(tmp_path: Path) -> None:
    """A file of another program: plain strings, 32 bits, another zone and unit."""
    path = tmp_path / "plain.parquet"
    history.write(History.of(CLAIMS), path)
    table = pq.read_table(path)
    for name, kind in (
        ("reason", pa.string()), ("currency", pa.large_string()), ("requested_minor", pa.int32()),
        ("at", pa.timestamp("ms", tz="Asia/Shanghai")),
    ):  # fmt: skip
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(kind))
    pq.write_table(table, path, store_schema=False)
    assert [history.read(path).facts(row) for row in range(3)] == CLAIMS


def test_an_unknown_column_is_a_slip(tmp_path: Path) -> None:
    path = tmp_path / "more.parquet"
    history.write(History.of([claim()]), path)
    pq.write_table(pq.read_table(path).append_column("refund", pa.array([1])), path)
    assert _refused(path)["code"] == "history_unknown"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("not_as_described", "because", "reason: 'because' is not one of"),
        (",10000,", ",1e4,", "invalid literal"),
        ("True", "perhaps", "has_account: 'perhaps' is neither"),
        ("[{", "{", ""),
    ],
)
def test_a_slip_in_a_csv_is_named_by_row(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "claims.csv"
    history.write(History.of([claim()]), path)
    path.write_text(path.read_text().replace(old, new, 1))
    slip = _refused(path)
    assert (slip["code"], slip["row"]) == ("history_row", 1) and says in slip["problem"]


def _refused(path: Path) -> dict[str, Any]:
    with pytest.raises(HistoryInvalid) as refused:
        history.read(path)
    [slip] = refused.value.params["problem"]
    return dict(slip)


@pytest.mark.parametrize("name", ["not.parquet", "not.csv"])
def test_another_kind_of_file_is_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00 no table")
    slip = _refused(path)
    assert (slip["code"], slip["file"]) == ("history_damaged", str(path))
    with pytest.raises(FileNotFoundError):
        history.read(tmp_path / ("absent" + path.suffix))


def test_a_file_that_was_cut_short_or_spoilt_is_damaged(tmp_path: Path) -> None:
    """At its end, where the list of its parts stands; in its middle, of which row group."""
    path = tmp_path / "year.parquet"
    history.write(synthetic(2_000), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert _refused(path)["code"] == "history_damaged"
    path.write_bytes(whole[:200] + bytes(2_000) + whole[2_200:])
    slip = _refused(path)
    assert (slip["code"], slip["group"]) == ("history_group", 1)


def test_a_folder_is_its_files_by_their_names(tmp_path: Path) -> None:
    """Partitions in folders, and what other programs lay beside them."""
    assert _refused(tmp_path)["code"] == "history_empty"
    made = synthetic(1_000)
    (tmp_path / "month=02").mkdir()
    history.write(made.part(600, 1_000), tmp_path / "month=02" / "0.parquet")
    history.write(made.part(0, 600), tmp_path / "a.parquet")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / "_old.parquet").write_text("")
    assert _same(history.read(tmp_path), made)
    total, parts = history.parts(tmp_path)
    assert total == sum(map(len, parts)) == 1_000
    assert [piece.start for piece in history.pieces(tmp_path)] == [0, 600]


def test_a_large_history_is_read_in_parts(tmp_path: Path) -> None:
    """Row groups larger than a part, and a history larger than a row group."""
    path = tmp_path / "year.parquet"
    made = synthetic(history.GROUP_ROWS + 10)
    history.write(made, path)
    assert [piece.rows for piece in history.pieces(path)] == [history.GROUP_ROWS, 10]
    total, parts = history.parts(path)
    lengths = [len(part) for part in parts]
    assert total == len(made) and lengths == [MOST_ROWS] * 4 + [10]
    assert _same(history.read(path), made)


def test_a_made_up_history_of_any_size_is_the_same_every_time() -> None:
    """Its parts have chances of their own, and the first is what a small one is."""
    first, second = made_up(PART + 5)
    assert (len(first), len(second)) == (PART, 5)
    assert _same(first, synthetic(PART)) and not _same(second, synthetic(5))
