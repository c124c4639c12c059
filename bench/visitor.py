"""A visitor without a browser: a Streamlit server in its own process, spoken to by its websocket protocol.

What a rerun costs is read from the system's books of that process, so nothing of the visitor counts.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from bench.tab import Page, Tab, cookies_of, upload_of, uploaded

START_SECONDS = 60
ANSWER_SECONDS = 120
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """One that answers on loopback."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far, in steps of a clock tick."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK


@contextmanager
def portal(directory: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Ours, as `make run` starts it, from `directory` until the block ends."""
    with _running(["portal.serve", "--port"], directory, environment) as server:
        yield server


@contextmanager
def serve(target: str, directory: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """`target` (module:app) served by uvicorn, as fast as its flags make it, from `directory`."""
    flags = ["--host", "127.0.0.1", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]
    flags += ["--no-access-log", "--log-level", "warning"]
    with _running(["uvicorn", target, *flags, "--port"], directory, environment) as server:
        yield server


@contextmanager
def streamlit_run(script: str, directory: Path) -> Iterator[Server]:
    """`script` as Streamlit serves it without any settings; it opens no browser and tells nobody."""
    flags = ["--browser.gatherUsageStats", "false", "--server.headless", "true"]
    flags += ["--server.address", "127.0.0.1", "--server.port"]
    with _running(["streamlit", "run", script, *flags], directory, {}) as server:
        yield server


@contextmanager
def _running(command: list[str], directory: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """A module of Python's with its arguments, the last one a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, str(port)], cwd=directory, env={**os.environ, **environment}
    )
    try:
        _wait(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start") from error
            time.sleep(0.1)


class Visitor(Tab):
    """One open page. `run()` makes the server run it and answers when the run is finished."""

    def __init__(
        self, address: str, path: str = "", query: str = "", cookies: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(address, path, query)
        self.cookie = cookies_of(cookies or {})
        self.socket: ClientConnection = connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream",
            additional_headers={"Cookie": self.cookie},
            origin=Origin(address),
            max_size=None,
            compression=None,
        )

    def close(self) -> None:
        self.socket.close()

    def upload(self, uploader: str, name: str, data: bytes) -> Page:
        """A file as the browser sends it: its bytes first, then the run that finds them; the page that says
        what became of it.
        """
        file_id = str(uuid4())
        path, kind, body = upload_of(self.session_id, file_id, name, data)
        with urllib.request.urlopen(f"{self.base}/_stcore/health", timeout=ANSWER_SECONDS) as health:
            given = SimpleCookie(health.headers["set-cookie"])["_streamlit_xsrf"].value
        headers = {"Cookie": f"{self.cookie}; _streamlit_xsrf={given}", "X-Xsrftoken": given}
        headers |= {"Content-Type": kind, "Origin": self.base}
        request = urllib.request.Request(self.base + path, body, headers, method="PUT")
        urllib.request.urlopen(request, timeout=ANSWER_SECONDS).close()
        return self._answer(uploaded(self.rerun(), uploader, name, len(data), file_id, path))

    def run(self) -> Page:
        """The page after one run, as a click without consequence would cause it."""
        return self._answer(self.rerun())

    def _answer(self, message: BackMsg) -> Page:
        self.socket.send(message.SerializeToString())
        page: Page | None = Page()
        while page is not None:
            received = self.socket.recv(timeout=ANSWER_SECONDS)
            assert isinstance(received, bytes)
            last, page = page, self.take(received, page)
        return last
