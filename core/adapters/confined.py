"""What strangers' files are opened in: a child process of their own, under limits that the kernel keeps.

Both sides: the parent's turns and files in memory, and what the child gives up before it reads a byte.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from core.domain.errors import EvidenceBusy

# No program is started and nothing is connected to, asked for by whatever library.
_NEVER: Final = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "socket.",
    "pty.",
)


class Turns:
    """At most so many at a time, in the order in which they asked."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def one(self, patience: float) -> Iterator[None]:
        """Waits for a turn; `EvidenceBusy` when none came in `patience` seconds."""
        with self._lock:
            turn = None
            if self._free:
                self._free -= 1
            else:
                turn = threading.Event()
                self._waiting.append(turn)
        if turn is not None and not turn.wait(patience):
            with self._lock:
                if not turn.is_set():  # else it came between the wait and here
                    self._waiting.remove(turn)
                    raise EvidenceBusy()
        try:
            yield
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting.popleft().set()  # handed over: nobody who comes later is quicker
                else:
                    self._free += 1


def in_memory(data: bytes = b"") -> BinaryIO:
    """A file and no pipe, in memory where we can: one write and nobody who has to hold the pipe, and the
    child's limit on files keeps it from flooding us.
    """
    if hasattr(os, "memfd_create"):
        made: BinaryIO = os.fdopen(os.memfd_create("confined"), "w+b")
    else:
        made = tempfile.TemporaryFile()  # noqa: SIM115 (the caller's `with`)
    made.write(data)
    made.seek(0)  # writes what is left, and the child begins there too
    return made


def give_up(seconds: float, memory_bytes: int, largest_answer: int) -> None:
    """The child's: memory, time, files, programs, network; what no file needs."""
    cpu = int(seconds) + 2
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, largest_answer),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),  # for root it is no limit: run the portal as somebody else
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)  # nobody may raise a hard limit
        resource.setrlimit(what, (least, least))
    # The parent may have chosen otherwise, and that is inherited: the alarms end the process.
    alarms = {signal.SIGALRM, signal.SIGPROF}
    for alarm in alarms:
        signal.signal(alarm, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, alarms)
    sys.addaudithook(_never)


def start_clocks(seconds: float, at_most: float) -> None:
    """The child's: so long on a processor, so long on the wall, then the kernel ends it."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, at_most)


def _never(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_NEVER):
        os.abort()
