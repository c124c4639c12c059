"""The portal's side of reading: one child that stays, started at first need, ended when idle, slow or odd."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from core.adapters.reading import PICTURE_SECONDS
from core.domain.reading import Line

START_SECONDS: Final = 20.0  # models are loaded with the first picture
IDLE_SECONDS: Final = 180.0
_MOST_LINES: Final = 2_000
NICE: Final = 10  # nobody waits for it: pages come first, then pictures that somebody is sending
_CHILD: Final = (
    f"import os, sys; os.nice({NICE}); "
    "sys.path.insert(0, {path!r}); from core.adapters.reading.child import main; main()"
)
_ROOT: Final = str(Path(__file__).parents[3])


class Unreadable(Exception):
    """It crashed, took too long or answered nonsense."""


class Reader:
    """`read` is for one picture at a time; others wait. `code`: what the child runs (tests give another)."""

    def __init__(
        self,
        code: str = _CHILD.format(path=_ROOT),
        *,
        seconds: float = PICTURE_SECONDS,
        start_seconds: float = START_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._code, self._idle_seconds = code, idle_seconds
        self._seconds, self._start_seconds = seconds, start_seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None

    def read(self, data: bytes) -> tuple[Line, ...]:
        """The lines of one of our own re-encodings; `Unreadable`."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            child, seconds = self._started()
            clock = _timer(seconds, child.kill)
            try:
                assert child.stdin and child.stdout
                child.stdin.write(len(data).to_bytes(4, "big") + data)
                child.stdin.flush()
                lines = _checked(json.loads(child.stdout.readline(4_000_000)))
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._end()
                raise Unreadable(type(error).__name__) from None
            finally:
                clock.cancel()
            self._idle = _timer(self._idle_seconds, self.close)
            return lines

    def close(self) -> None:
        """End the child; the next picture starts another."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.pid if self._child else None

    def _started(self) -> tuple[subprocess.Popen[bytes], float]:
        if self._child is not None and self._child.poll() is None:
            return self._child, self._seconds
        self._end()
        command = [sys.executable, "-I", "-c", self._code]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env={"OMP_NUM_THREADS": "1"}
        )
        atexit.register(self._end)
        return self._child, self._seconds + self._start_seconds

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        atexit.unregister(self._end)
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:  # what was not written yet
                pass


def _timer(seconds: float, act: Any) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer


def _checked(answer: dict[str, Any]) -> tuple[Line, ...]:
    return tuple(
        Line(str(text)[:500], (int(x), int(y), int(w), int(h)))
        for text, x, y, w, h in answer["lines"][:_MOST_LINES]
    )
