"""Few runs at once. Pages of one process share one processor, by Python's lock: the more of them are at work,
the later each is done, and the loop that talks to the browsers stands in line with them. So runs wait for
their turn, but never long: two that take seconds must not hold up everybody else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AT_ONCE: Final = 2  # one may wait for the database while another works
WAIT_SECONDS: Final = 0.25

_free = threading.Semaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Begin when fewer than `AT_ONCE` are at work, or after `WAIT_SECONDS` anyway."""
    has_turn = _free.acquire(timeout=WAIT_SECONDS)
    try:
        yield
    finally:
        if has_turn:
            _free.release()
