"""Few runs at once, and nobody is held up for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from portal import turns


class Run:
    """A run of a page in a thread of its own, which is at work until it is told to end."""

    def __init__(self, fails: bool = False, first: bool = False) -> None:
        self.began, self.may_end, self.fails = threading.Event(), threading.Event(), fails
        self.first = first
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            with turns.turn(self.first):
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
    monkeypatch.setattr(turns, "_gate", turns.Gate())
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


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody begins without a turn."""
    monkeypatch.setattr(turns, "WAIT_SECONDS", 30.0)
    monkeypatch.setattr(turns, "FIRST_WAIT_SECONDS", 30.0)


@pytest.mark.usefixtures("patient")
def test_a_click_goes_before_pages_that_came_earlier(at_work: list[Run]) -> None:
    drawn = [Run(first=True) for _ in range(3)]
    assert not any(run.began.wait(0.1) for run in drawn)
    click = Run()
    assert not click.began.wait(0.1)
    at_work[0].end()
    assert click.began.wait(30)
    assert not any(run.began.is_set() for run in drawn)
    click.end()
    for run in drawn:
        assert run.began.wait(30)
        run.end()


@pytest.mark.usefixtures("patient")
def test_pages_that_come_at_once_leave_room_for_clicks(at_work: list[Run]) -> None:
    for run in at_work:
        run.end()
    drawn = [Run(first=True) for _ in range(3)]
    assert drawn[0].began.wait(30)
    click = Run()
    assert click.began.wait(30)
    assert not drawn[1].began.is_set() and not drawn[2].began.is_set()
    click.end()
    for run in drawn:
        assert run.began.wait(30)
        run.end()


def test_a_first_page_does_not_wait_for_ever(at_work: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "FIRST_WAIT_SECONDS", 0.3)
    first = Run(first=True)
    assert first.began.wait(30)
    first.end()


def test_many_at_once_never_overfill_it_and_all_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some give up at the very moment when they are called."""
    gate = turns.Gate()
    monkeypatch.setattr(turns, "_gate", gate)
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.002)
    monkeypatch.setattr(turns, "FIRST_WAIT_SECONDS", 0.002)

    def work(number: int) -> None:
        for count in range(50):
            with turns.turn(first=(number + count) % 3 == 0):
                time.sleep(0.001)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert gate._at_work == {False: 0, True: 0} and not any(gate._lines.values())
