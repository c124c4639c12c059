"""Few runs at once, nobody is held up for long, and nobody by one who clicks without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from portal import turns


class Run:
    """A run of a page in a thread of its own, which is at work until it is told to end."""

    def __init__(self, fails: bool = False, first: bool = False, address: str = "") -> None:
        self.began, self.may_end, self.fails = threading.Event(), threading.Event(), fails
        self.address, self.first = address, first
        waiting = len(turns._gate._clicks) + len(turns._gate._firsts)
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()
        # It stands in line, or is at work: who came first is known.
        until = time.monotonic() + 30
        while not self.began.wait(0.001):
            if len(turns._gate._clicks) + len(turns._gate._firsts) > waiting:
                break
            assert time.monotonic() < until

    def _work(self) -> None:
        try:
            with turns.turn(self.address, self.first):
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


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn is kept for as long as the test needs it."""
    monkeypatch.setattr(turns, "KEEPS_SECONDS", 30.0)
    monkeypatch.setattr(turns, "FIRST_WAIT_SECONDS", 30.0)


@pytest.mark.usefixtures("kept")
def test_one_more_waits_until_one_is_done(at_work: list[Run]) -> None:
    more = Run()
    assert not more.began.wait(0.2)
    at_work[0].end()
    assert more.began.wait(30)
    more.end()


def test_nobody_waits_for_a_run_that_takes_long(at_work: list[Run]) -> None:
    """A page that computes for seconds loses its turn; when it ends, it gives none back."""
    began = time.monotonic()
    more = [Run() for _ in range(turns.AT_ONCE)]
    assert all(run.began.wait(10) for run in more), "the others are at work for 30 seconds"
    assert time.monotonic() - began >= turns.KEEPS_SECONDS / 2
    after = Run()
    for run in at_work:
        run.end()
    assert not after.began.wait(turns.KEEPS_SECONDS / 3), "theirs are given away already"
    for run in (*more, after):
        run.end()


@pytest.mark.usefixtures("kept")
def test_a_run_that_breaks_gives_its_turn_back(at_work: list[Run]) -> None:
    at_work[0].end()
    broken = Run(fails=True)
    assert broken.began.wait(30)
    broken.end()
    after = Run()
    assert after.began.wait(30)
    after.end()


@pytest.mark.usefixtures("kept")
def test_a_click_goes_before_pages_that_came_earlier(at_work: list[Run]) -> None:
    drawn = [Run(first=True) for _ in range(3)]
    click = Run()
    assert not any(run.began.wait(0.1) for run in (*drawn, click))
    at_work[0].end()
    assert click.began.wait(30)
    assert not any(run.began.is_set() for run in drawn)
    click.end()
    for run in drawn:
        assert run.began.wait(30)
        run.end()


@pytest.mark.usefixtures("kept")
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
    """Clicks never cease; a page that waited for long is one of them."""
    monkeypatch.setattr(turns, "FIRST_WAIT_SECONDS", turns.KEEPS_SECONDS)
    first, stop = Run(first=True), threading.Event()

    def clicks() -> None:
        while not stop.is_set():
            with turns.turn("", False):
                time.sleep(0.002)

    threads = [threading.Thread(target=clicks) for _ in range(2 * turns.AT_ONCE)]
    for thread in threads:
        thread.start()
    for run in at_work:
        run.end()
    try:
        assert first.began.wait(30)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    first.end()


@pytest.mark.usefixtures("kept")
def test_who_clicks_without_end_waits_for_themselves(at_work: list[Run]) -> None:
    """Fifty pages of one address were there first; the one click of another comes with the next two."""
    crowd = [Run(address="203.0.113.9") for _ in range(50)]
    other = Run(address="198.51.100.7")
    done = 0
    for run in at_work:
        run.end()
    while not other.began.is_set():
        (begun, *_) = [run for run in crowd if run.began.is_set() and not run.may_end.is_set()]
        begun.end()
        done += 1
        assert done <= 2
        other.began.wait(0.05)
    for run in (*crowd, other):
        run.may_end.set()
    for run in (*crowd, other):
        run.end()


@pytest.mark.usefixtures("kept")
def test_of_one_address_the_first_is_served_first(at_work: list[Run]) -> None:
    runs = [Run(address="203.0.113.9") for _ in range(3)]
    at_work[0].end()
    for place, run in enumerate(runs):
        assert run.began.wait(30)
        assert not any(later.began.is_set() for later in runs[place + 1 :])
        run.end()


def test_many_at_once_all_come_through_and_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are given away in the moment in which they end."""
    gate = turns.Gate()
    monkeypatch.setattr(turns, "_gate", gate)
    monkeypatch.setattr(turns, "KEEPS_SECONDS", 0.002)
    monkeypatch.setattr(turns, "FIRST_WAIT_SECONDS", 0.004)

    def work(number: int) -> None:
        for count in range(50):
            with turns.turn(str(number % 3), first=(number + count) % 3 == 0):
                time.sleep(0.001 * (count % 4))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not gate._at_work and not len(gate._clicks) and not len(gate._firsts)
