"""Few runs at once. Pages of one process share one processor, by Python's lock: the more of them are at work,
the later each is done, and the loop that talks to the browsers stands in line with them. So runs wait for
their turn. One that takes long keeps nobody waiting: after a while its turn is somebody else's.

A page that is drawn for the first time lets clicks go first, and only one such is at work: when another
process has gone, all its pages come here in one moment, and most of their visitors are still reading. And
addresses are served by turns, so whoever clicks without end from one of them waits for themselves.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AT_ONCE: Final = 2  # one may wait for the database while another works
FIRST_AT_ONCE: Final = 1
KEEPS_SECONDS: Final = 0.25  # so long a turn is kept from others
FIRST_WAIT_SECONDS: Final = 2.0  # a hundred are drawn in that time; then it is a click like any other


class _Run:
    """One that waits or is at work: `began` is None until it is called (monotonic seconds)."""

    __slots__ = ("address", "began", "called", "first")

    def __init__(self, address: str, first: bool) -> None:
        self.address, self.first = address, first
        self.began: float | None = None
        self.called = threading.Lock()
        self.called.acquire()


class _Line:
    """Addresses by turns; of each, whoever came first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[_Run]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(runs) for runs in self._waiting.values())

    def add(self, run: _Run) -> None:
        self._waiting.setdefault(run.address, deque()).append(run)

    def take(self) -> _Run:
        address, runs = self._waiting.popitem(last=False)
        run = runs.popleft()
        if runs:
            self._waiting[address] = runs  # behind the others
        return run

    def remove(self, run: _Run) -> None:
        self._waiting[run.address].remove(run)
        if not self._waiting[run.address]:
            del self._waiting[run.address]


class Gate:
    """Who is at work, and who stands in which line."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: list[_Run] = []  # the earliest first
        self._clicks, self._firsts = _Line(), _Line()

    def enter(self, address: str, first: bool) -> _Run:
        """Waits until it is this run's turn; `leave` ends it."""
        run = _Run(address, first)
        came = time.monotonic()
        with self._lock:
            (self._firsts if first else self._clicks).add(run)
            self._call()
        while not run.called.acquire(timeout=KEEPS_SECONDS):
            with self._lock:
                if run.first and run.began is None and time.monotonic() - came >= FIRST_WAIT_SECONDS:
                    self._firsts.remove(run)
                    run.first = False
                    self._clicks.add(run)
                self._call()
        return run

    def leave(self, run: _Run) -> None:
        with self._lock:
            if run in self._at_work:  # its turn may have been given away long ago
                self._at_work.remove(run)
            self._call()

    def _call(self) -> None:
        """Everybody whose turn it is now."""
        now = time.monotonic()
        while self._at_work and now - (self._at_work[0].began or now) >= KEEPS_SECONDS:
            del self._at_work[0]
        while len(self._at_work) < AT_ONCE:
            if self._clicks:
                run = self._clicks.take()
            elif self._firsts and sum(other.first for other in self._at_work) < FIRST_AT_ONCE:
                run = self._firsts.take()
            else:
                return
            run.began = now
            self._at_work.append(run)
            run.called.release()


_gate = Gate()


@contextmanager
def turn(address: str, first: bool) -> Iterator[None]:
    """A run of a page that somebody at `address` looks at, the `first` of it or a later one."""
    gate = _gate
    run = gate.enter(address, first)
    try:
        yield
    finally:
        gate.leave(run)
