"""Real processes on this machine for a test: started by a nursery that ends them when their starter is gone,
killed, asked to end, and waited for.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.app import App, Settings, build

ROOT = Path(__file__).parents[1]
BOUND_SECONDS = 90  # for a process to be up or to go


@dataclass
class Processes:
    """By name: what each runs, its number, its log in `folder`. All are started with `environment`."""

    folder: Path
    nursery: subprocess.Popen[str]
    commands: dict[str, list[str]] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    logs: dict[str, Path] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    kills: int = 0

    def start(self, name: str, command: list[str]) -> None:
        """`command` is a Python module and its words, or begins with a program's whole path."""
        log = self.logs[name] = self.folder / f"{name}-{self.kills}.log"
        wanted = {"command": command, "log": str(log), "env": self.environment}
        self.pids[name] = self._told(wanted)

    def opened(self, clock: Any = None) -> App:
        """The shop in this process, as their settings make it."""
        told = {name.removeprefix("REFUND_").lower(): value for name, value in self.environment.items()}
        return build(Settings(**{k: v for k, v in told.items() if k in Settings.model_fields}), clock)  # type: ignore[arg-type]

    def adopt(self, pid: int) -> None:
        """A process of our own that has to end with the others when we are gone."""
        self._told({"adopt": pid})

    def _told(self, wanted: dict[str, Any]) -> int:
        assert self.nursery.stdin is not None and self.nursery.stdout is not None
        self.nursery.stdin.write(json.dumps(wanted) + "\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def is_gone(self, name: str) -> bool:
        try:
            os.kill(self.pids[name], 0)
        except ProcessLookupError:
            return True
        return False

    def kill(self, name: str) -> None:
        """SIGKILL, and nobody in its place yet."""
        os.kill(self.pids[name], signal.SIGKILL)
        self.wait_until(lambda: self.is_gone(name), f"{name} is gone")
        self.kills += 1

    def ask_to_end(self, *names: str) -> None:
        """As an operator does; they finish what they are at."""
        for name in names:
            os.kill(self.pids[name], signal.SIGTERM)
        for name in names:
            try:
                self.wait_until(lambda name=name: self.is_gone(name), f"{name} has ended")  # type: ignore[misc]
            except TimeoutError as late:
                raise TimeoutError(f"{late}\n{self.where_it_hangs(name)}") from late

    def where_it_hangs(self, name: str) -> str:
        """The end of its log, with a line for each call that its threads are in (if it was forked warm)."""
        before = self.logs[name].stat().st_size
        with suppress(ProcessLookupError, TimeoutError):
            os.kill(self.pids[name], signal.SIGUSR1)
            self.wait_until(lambda: self.logs[name].stat().st_size > before, "it tells", 5)
        return self.logs[name].read_text()[-4_000:]

    def wait_until(self, happens: Callable[[], Any], what: str, seconds: float = BOUND_SECONDS) -> Any:
        """What `happens` answers when it is true at last; `TimeoutError` says what did not come."""
        until = time.monotonic() + seconds
        while True:
            with suppress(FileNotFoundError):
                if found := happens():
                    return found
            if time.monotonic() > until:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}; logs in {self.folder}")
            time.sleep(0.05)


@contextmanager
def nursery(*words: str) -> Iterator[subprocess.Popen[str]]:
    """What starts them. Ctrl+C in a terminal is for its starter only, who ends it by going."""
    found = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.nursery", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert found.stdin is not None and found.stdout is not None
    try:
        yield found
    finally:
        found.stdin.close()
        found.wait(timeout=30)
        found.stdout.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
