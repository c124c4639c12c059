"""A process that starts costs seconds of a processor that others need to answer clicks: it lets them go first
until it serves. Linux only; elsewhere it starts as any other.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

BEHIND: Final = 15  # of 19: a twenty-eighth of what somebody beside it gets, and all that is left over

_usual: int | None = None  # how nice this process was asked to be, while it steps back


def step_back() -> None:
    """From here on whoever serves goes first. Not where the way back is closed (RLIMIT_NICE)."""
    global _usual
    if sys.platform == "linux" and _usual is None and _may_come_back():
        _usual = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(_usual, BEHIND))


def step_up() -> None:
    """This process serves: all its threads are as before `step_back`."""
    global _usual
    if _usual is None:
        return
    usual, _usual = _usual, None
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, int(thread.name), usual)


@contextmanager
def behind() -> Iterator[None]:
    """What is in here is the start."""
    step_back()
    try:
        yield
    finally:
        step_up()


def _may_come_back() -> bool:
    """Tried by a thread that ends with it: on Linux each thread has a niceness of its own."""
    could = []

    def try_it() -> None:
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, min(usual + 1, 19))
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, usual)
            could.append(True)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    return bool(could)
