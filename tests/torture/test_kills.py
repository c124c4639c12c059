"""Real money survives what kills processes (invariants 1, 3, 5, 6, 7, 11): nothing lost, nothing double, our
books equal the channel's. With any guard taken out the same run goes wrong, or it would prove nothing.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import pytest

from core.services import reservations
from tests.torture.kills import HARD, Run, plan, run

# The nightly run is ten times as long and starts each process by its command: REFUND_TORTURE=10 make torture
TIMES = int(os.environ.get("REFUND_TORTURE", "1"))
SEED = int(os.environ.get("REFUND_TORTURE_SEED", "1"))
SMALL = {"seed": SEED, "kills": 6, "refunds": 36, "patience": 60}


def test_a_few_kills(folder: Path) -> None:
    done = run(folder, f"sqlite:///{folder}/refund.db", "--warm", "--hasty", **SMALL)  # type: ignore[arg-type]
    assert done.wrong == {}, asdict(done)
    assert (done.kills, done.refunds) >= (6, 36)
    assert done.faults and done.notices_heard, "a run in which nothing happens proves nothing"


def test_a_seed_is_the_same_each_time() -> None:
    assert plan(7, 50, 300, 1) == plan(7, 50, 300, 1) != plan(8, 50, 300, 1)
    assert sum(kill.refunds for kill in plan(7, 7, 300, 1)) == 300


@pytest.mark.torture
def test_kills_without_end(database_url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """200 kills while 1,500 refunds are on their way, four workers and the web process, the line lies."""
    words = ["--warm"] if TIMES == 1 else []
    done = run(folder, database_url, *words, seed=SEED, kills=200 * TIMES, refunds=1_500 * TIMES)
    with capsys.disabled():
        print(f"\n{database_url.partition(':')[0]}: {asdict(done)}")
    assert done.wrong == {}, asdict(done)
    assert done.kills >= 200 * TIMES and done.refunds >= 1_500 * TIMES
    assert done.cut_short >= done.kills // 20, "too few died while they were sending"


# --- each guard taken out ----------------------------------------------------------------------------------


def broken(folder: Path, *words: str) -> Run:
    return run(
        folder, f"sqlite:///{folder}/refund.db", "--warm", "--hasty", *words,
        seed=SEED, kills=8, refunds=80, lies=HARD, patience=15,
    )  # fmt: skip


@pytest.mark.torture
@pytest.mark.parametrize("guard", ["key", "query", "lease"])
def test_without_the_guard_it_is_paid_twice(folder: Path, guard: str) -> None:
    """The same key on every try; asking first; one sender at a time."""
    assert broken(folder, "--without", guard).wrong["double"]


@pytest.mark.torture
def test_without_the_reservation_the_books_do_not_agree(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent money that nobody held cannot be settled: it has left, and our books never say so."""
    monkeypatch.setattr(reservations, "hold", lambda conn, legs: None)
    found = broken(folder).wrong
    assert found["lost"] and found["differs"] and found["audit"]


@pytest.mark.torture
def test_with_all_guards_the_same_run_is_clean(folder: Path) -> None:
    done = run(
        folder, f"sqlite:///{folder}/refund.db", "--warm", "--hasty",
        seed=SEED, kills=8, refunds=80, lies=HARD, patience=60,
    )  # fmt: skip
    assert done.wrong == {}, asdict(done)
