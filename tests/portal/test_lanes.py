"""Threads of runs are kept: each run meets one as if it were new, none waits for another, none is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import (  # type: ignore[attr-defined]
    SCRIPT_RUN_CONTEXT_ATTR_NAME,
)

from portal import lanes

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")
ENDS = 30  # seconds, for what should take none


class Runner(ScriptRunner):
    """As much of a runner as a thread of it knows."""

    def __init__(self, work: Callable[[], Any] = lambda: None) -> None:
        self._script_thread: Any = None
        self.work, self.done = work, threading.Event()

    def _run_script_thread(self) -> None:
        assert threading.current_thread() is self._script_thread, "Streamlit asks"
        try:
            self.work()
        finally:
            self.done.set()

    def ended(self) -> bool:
        """Its thread waits for another run, or is gone."""
        assert self.done.wait(ENDS)
        for _ in range(ENDS * 1000):
            if self._script_thread in lanes._idle or not self._script_thread.is_alive():
                return True
            self._script_thread.join(0.001)
        return False


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lanes, "_idle", type(lanes._idle)())
    monkeypatch.setattr(lanes, "ScriptRunner", Runner)
    yield


def run(work: Callable[[], Any] = lambda: None) -> Runner:
    runner = Runner(work)
    lanes.start(runner)
    return runner


def test_a_thread_is_used_again() -> None:
    threads = set()
    for _ in range(20):
        runner = run()
        assert runner.ended()
        threads.add(runner._script_thread)
    assert len(threads) == 1


def test_a_run_meets_nothing_of_the_one_before() -> None:
    """Whose page it was, what was logged with it: another visitor's."""
    seen = []

    def work() -> None:
        thread = threading.current_thread()
        seen.append((WHO.get(), getattr(thread, SCRIPT_RUN_CONTEXT_ATTR_NAME, None), hasattr(thread, "more")))
        WHO.set("mei")
        setattr(thread, SCRIPT_RUN_CONTEXT_ATTR_NAME, "mei's page")
        thread.more = True  # type: ignore[attr-defined]

    for _ in range(3):
        assert run(work).ended()
    assert seen == [("nobody", None, False)] * 3
    [idle] = lanes._idle
    assert not hasattr(idle, SCRIPT_RUN_CONTEXT_ATTR_NAME), "nobody is kept in memory by a thread that waits"


def test_none_waits_for_another() -> None:
    everybody = threading.Barrier(60)
    runners = [run(lambda: everybody.wait(ENDS)) for _ in range(60)]
    assert all(runner.ended() for runner in runners) and not everybody.broken
    assert len({runner._script_thread for runner in runners}) == 60


def test_a_rush_leaves_no_more_than_so_many_behind() -> None:
    everybody = threading.Barrier(lanes.MOST_IDLE * 2)
    runners = [run(lambda: everybody.wait(ENDS)) for _ in range(lanes.MOST_IDLE * 2)]
    assert all(runner.ended() for runner in runners)
    # Those who look at the same moment may all find room: a few more, never all of them.
    assert len(lanes._idle) < lanes.MOST_IDLE * 1.5


def test_one_that_fails_is_told_and_its_thread_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def fails() -> None:
        raise SystemExit("a page may do so")

    first = run(fails)
    assert first.ended() and run().ended()
    assert [each.exc_type for each in told] == [SystemExit] and told[0].thread is first._script_thread
    assert len(lanes._idle) == 1


def test_a_runner_that_is_waited_for_has_a_thread_that_ends() -> None:
    """`AppTest` joins it."""

    class Waited(Runner):
        pass

    runner = Waited()
    lanes.start(runner)
    runner._script_thread.join(ENDS)
    assert not runner._script_thread.is_alive() and not lanes._idle


def test_a_runner_is_started_once() -> None:
    runner = run()
    with pytest.raises(RuntimeError):
        lanes.start(runner)
