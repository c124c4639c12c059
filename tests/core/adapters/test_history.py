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

from core.adapters import history
from core.adapters.history import synthetic
from core.domain.errors import FactsInvalid, FileUnreadable
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.simulation import simulate
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


@pytest.mark.parametrize(
    ("name", "column", "says"),
    [
        ("reason", pa.array(["other", "because", "other"]), "row 2: reason is not one of not_delivered"),
        ("reason", None, "reason: the column is missing"),
        ("kind", pa.array(["other", None, "other"]), "row 2: kind is missing"),
        ("at", pa.array([datetime(2026, 1, 1)] * 3), "at: expected instants with a time zone"),
        ("at", pa.array([None, datetime(2026, 1, 1), None], INSTANT), "row 1: at is missing"),
        (
            "completed_at",
            pa.array([datetime(1066, 10, 14)] * 3, INSTANT),
            "row 1: completed_at is not of our time",
        ),
        ("requested_minor", pa.array([1.5, 2.0, 3.0]), "requested_minor: expected whole numbers"),
        ("requested_minor", pa.array([1, 2, None]), "row 3: requested_minor is missing"),
        ("requested_minor", pa.array([1, 10**18, 3]), "row 2: requested_minor is too large"),
        ("recent_refunds", pa.array([0, 0, -1]), "row 3: recent_refunds is too small"),
        ("escrow", pa.array(["no", "no", "no"]), "escrow: expected true and false"),
        ("evidence", pa.array(["", "selfie", ""]), "row 2: evidence is not of product_page"),
        ("tenders", pa.array([[TENDER], [], [TENDER]]), "tenders: an order has at least one payment"),
        ("tenders", pa.array([1, 2, 3]), "tenders: a list of payments is missing"),
        (
            "tenders",
            pa.array([[{**TENDER, "refundable_minor": 6}]] * 3),
            "row 1: refundable_minor is more than",
        ),
        ("tenders", pa.array([[{**TENDER, "channel": "gold"}]] * 3), "row 1: channel is not one of alipay"),
    ],
)
def test_a_slip_in_a_file_is_named(tmp_path: Path, name: str, column: Any, says: str) -> None:
    """R6.1's manners: the place and what is wrong, nothing half-read."""
    with pytest.raises(FactsInvalid) as refused:
        history.read(_changed(tmp_path, name, column))
    assert says in refused.value.params["problem"]


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


def test_an_unknown_column_is_a_slip(tmp_path: Path) -> None:
    path = tmp_path / "more.parquet"
    history.write(History.of([claim()]), path)
    pq.write_table(pq.read_table(path).append_column("refund", pa.array([1])), path)
    with pytest.raises(FactsInvalid):
        history.read(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("not_as_described", "because", "row 1: reason: 'because' is not one of"),
        (",10000,", ",1e4,", "row 1: invalid literal"),
        ("True", "perhaps", "row 1: has_account: 'perhaps' is neither"),
        ("[{", "{", "row 1: "),
    ],
)
def test_a_slip_in_a_csv_is_named_by_row(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "claims.csv"
    history.write(History.of([claim()]), path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FactsInvalid) as refused:
        history.read(path)
    assert says in refused.value.params["problem"]


@pytest.mark.parametrize("name", ["not.parquet", "not.csv"])
def test_another_kind_of_file_is_unreadable(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00 no table")
    with pytest.raises(FileUnreadable):
        history.read(path)
    with pytest.raises(FileUnreadable):
        history.read(tmp_path / ("absent" + path.suffix))
