"""Threads for the runs of pages, kept from run to run.

Streamlit starts a thread for each click, on the loop's own thread, which stands still until the new one has
begun: for as long as another page's run keeps Python's lock, everybody waits. A thread that is there already
is handed its run and the loop goes on. Belongs to the version that requirements.txt locks.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextvars import Context
from queue import SimpleQueue
from typing import Any, Final

from streamlit.runtime.scriptrunner import ScriptRunner

MOST_IDLE: Final = 32  # threads that wait for a run; what a rush needs beyond ends with it

_START: Final = ScriptRunner.start
_idle: Final[deque[_Lane]] = deque()


class _Lane(threading.Thread):
    """Runs one page after another, each as the first that this thread ever did."""

    def __init__(self) -> None:
        # Daemons, as Streamlit's: a run that hangs keeps no process from ending.
        super().__init__(name="ScriptRunner.scriptThread", daemon=True)
        self.runs: Final[SimpleQueue[ScriptRunner]] = SimpleQueue()

    def run(self) -> None:
        bare = frozenset(self.__dict__)
        while True:
            _run(self.runs.get())
            # What Streamlit keeps on a thread, the run's page and its visitor, ends with the run.
            for name in self.__dict__.keys() - bare:
                del self.__dict__[name]
            if len(_idle) >= MOST_IDLE:
                return
            _idle.append(self)


def _run(runner: Any) -> None:
    try:
        Context().run(runner._run_script_thread)
    except BaseException:  # told as of any thread, and the thread goes on
        threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))


def start(self: Any) -> None:
    """In the place of `ScriptRunner.start`. A runner of another kind keeps a thread of its own: `AppTest`
    waits for its end.
    """
    if type(self) is not ScriptRunner:
        _START(self)
        return
    if self._script_thread is not None:
        raise RuntimeError("ScriptRunner was already started")
    try:
        lane = _idle.pop()
    except IndexError:
        lane = _Lane()
        lane.start()
    self._script_thread = lane
    lane.runs.put(self)
