"""Few runs at once. Pages of one process share one processor, by Python's lock: the more of them are at work,
the later each is done, and the loop that talks to the browsers stands in line with them. So runs wait for
their turn, but never long: two that take seconds must not hold up everybody else.

A page that is drawn for the first time lets clicks go first, and only one such is at work: when another
process has gone, all its pages come here in one moment, and most of their visitors are still reading.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AT_ONCE: Final = 2  # one may wait for the database while another works
FIRST_AT_ONCE: Final = 1
WAIT_SECONDS: Final = 0.25
FIRST_WAIT_SECONDS: Final = 2.0  # a hundred pages are drawn in that time


class Gate:
    """Who is at work, and who stands in line: in each line whoever came first goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work = {False: 0, True: 0}  # by whether it is a first one
        self._lines: dict[bool, deque[threading.Lock]] = {False: deque(), True: deque()}

    def enter(self, first: bool, seconds: float) -> bool:
        """Whether the turn came within `seconds`; `leave` gives it back."""
        with self._lock:
            mine = threading.Lock()
            mine.acquire()
            self._lines[first].append(mine)
            self._call()
        if mine.acquire(timeout=seconds):
            return True
        with self._lock:
            if mine in self._lines[first]:
                self._lines[first].remove(mine)
                return False
        return True  # it came in the last moment

    def leave(self, first: bool) -> None:
        with self._lock:
            self._at_work[first] -= 1
            self._call()

    def _call(self) -> None:
        """Everybody whose turn it is now."""
        for first in (False, True):
            while self._lines[first] and self._has_room(first):
                self._at_work[first] += 1
                self._lines[first].popleft().release()

    def _has_room(self, first: bool) -> bool:
        return sum(self._at_work.values()) < AT_ONCE and not (first and self._at_work[True] >= FIRST_AT_ONCE)


_gate = Gate()


@contextmanager
def turn(first: bool = False) -> Iterator[None]:
    """Begin when fewer than `AT_ONCE` are at work, or after `WAIT_SECONDS` anyway; the `first` run of a page
    when no click waits either, or after `FIRST_WAIT_SECONDS`.
    """
    gate = _gate
    has_turn = gate.enter(first, FIRST_WAIT_SECONDS if first else WAIT_SECONDS)
    try:
        yield
    finally:
        if has_turn:
            gate.leave(first)
