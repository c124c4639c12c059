"""Few runs at once, and nobody is held up for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from portal import turns


class Run:
    """A run of a page in a thread of its own, which is at work until it is told to end."""

    def __init__(self, fails: bool = False) -> None:
        self.began, self.may_end, self.fails = threading.Event(), threading.Event(), fails
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            with turns.turn():
                self.began.set()
                self.may_end.wait(30)
                if self.fails:
                    raise ValueError("a page that broke")
        except ValueError:
            pass

    def end(self) -> None:
        self.may_end.set()
        self.thread.join(30)


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Run]]:
    """As many as may be, on a gate of this test's own."""
    monkeypatch.setattr(turns, "_free", threading.Semaphore(turns.AT_ONCE))
    found = [Run() for _ in range(turns.AT_ONCE)]
    assert all(run.began.wait(30) for run in found)
    yield found
    for run in found:
        run.end()


def test_one_more_waits_until_one_is_done(at_work: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 30.0)
    more = Run()
    assert not more.began.wait(0.2)
    at_work[0].end()
    assert more.began.wait(30)
    more.end()


def test_nobody_waits_for_a_run_that_takes_long(at_work: list[Run]) -> None:
    """A page that computes for seconds keeps its turn; the next begins without one, and gives none back."""
    began = time.monotonic()
    more = Run()
    assert more.began.wait(30)
    assert time.monotonic() - began >= turns.WAIT_SECONDS
    more.end()
    after = Run()
    assert not after.began.wait(turns.WAIT_SECONDS / 2), "what had no turn has freed none"
    after.end()


def test_a_run_that_breaks_gives_its_turn_back(at_work: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 30.0)
    at_work[0].end()
    broken = Run(fails=True)
    assert broken.began.wait(30)
    broken.end()
    after = Run()
    assert after.began.wait(30)
    after.end()
