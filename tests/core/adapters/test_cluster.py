"""R6.3: a history replayed by two processes says, to the byte, what it says here; refusals come back as
they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.adapters import cluster, history
from core.adapters.history import synthetic
from core.cli import main
from core.domain.bulk import Question
from core.domain.errors import ClusterAway, ClusterMissing, HistoryInvalid
from core.domain.policy import shipped

BOTH = ("simulate", "--policy", "generous", "--against", "standard", "--json")
MORE = ("--costs", "--sweep", "limits.second_approval_minor=0:50000:50000")
QUESTION = Question(shipped("standard"))


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Two worker processes on loopback, gone when the tests are."""
    distributed = pytest.importorskip("distributed", reason="needs requirements-dask.txt")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as here:
        yield here.scheduler_address


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three partitions, the first of two row groups."""
    path = tmp_path_factory.mktemp("orders")
    made = synthetic(4_000)
    history.write_parts([made.part(0, 1_000), made.part(1_000, 1_700)], path / "a.parquet")
    history.write(made.part(1_700, 1_701), path / "b.parquet")
    history.write(made.part(1_701, 4_000), path / "c.parquet")
    return path


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    found.pop("seconds")
    return json.dumps(found)


def test_a_cluster_says_what_one_machine_says(
    scheduler: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it: verdicts, costs with intervals, the sweep; and a single file of the same rows says it
    too.
    """
    words = (*BOTH, *MORE, "--orders")
    here = _said(capsys, *words, str(folder))
    assert _said(capsys, *words, str(folder), "--scheduler", scheduler) == here
    history.write(history.read(folder), tmp_path / "one.parquet")
    assert _said(capsys, *words, str(tmp_path / "one.parquet")) == here
    assert '"rows": 4000' in here and '"draws": 1000' in here


def test_a_slip_in_a_far_row_comes_back_with_its_place(scheduler: str, folder: Path, tmp_path: Path) -> None:
    """And a damaged file, read by another process."""
    path = tmp_path / "c.parquet"
    whole = (folder / "c.parquet").read_bytes()
    path.write_bytes(whole[:200] + bytes(2_000) + whole[2_200:])
    with pytest.raises(HistoryInvalid) as refused:
        cluster.replay(scheduler, tmp_path, QUESTION)
    [slip] = refused.value.params["problem"]
    assert (slip["code"], slip["file"], slip["group"]) == ("history_group", str(path), 1)


def test_nobody_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The discard port of loopback; a scheduler without workers; a scheduler that is not there at all."""
    distributed = pytest.importorskip("distributed", reason="needs requirements-dask.txt")
    monkeypatch.setattr(cluster, "_CONNECT", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(ClusterAway) as away:
            cluster.replay(address, folder, QUESTION)
        assert away.value.params["address"] == address
    with (
        distributed.LocalCluster(
            n_workers=0, processes=True, host="127.0.0.1", dashboard_address=None
        ) as idle,
        pytest.raises(ClusterAway) as away,
    ):
        cluster.replay(idle.scheduler_address, folder, QUESTION)
    assert away.value.params["problem"] == "no workers"


def test_without_the_extra_the_refusal_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterMissing) as missing:
        cluster.replay("tcp://127.0.0.1:9", folder, QUESTION)
    assert missing.value.params == {"extra": "requirements-dask.txt"}


def test_a_cluster_reads_parquet_only(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("")
    for words in (
        ("--scheduler", "tcp://127.0.0.1:9"),
        ("--scheduler", "x", "--orders", str(tmp_path / "x.csv")),
    ):
        assert main([*BOTH, *words]) == 2
        assert json.loads(capsys.readouterr().out)["code"] == "usage"
