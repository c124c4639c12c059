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
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

START_SECONDS = 60
ANSWER_SECONDS = 120
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """`uvicorn` with the flags that `make run` uses."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far, in steps of a clock tick."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK


@contextmanager
def serve(target: str, directory: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """`target` (module:app) served from `directory` until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", target, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]
    command += ["--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=directory, env={**os.environ, **environment})
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


@dataclass
class Page:
    """What a run put on the page: elements and blocks by type; `query` is the address it ended at."""

    elements: Counter[str] = field(default_factory=Counter)
    blocks: Counter[str] = field(default_factory=Counter)
    query: str = ""
    html: list[str] = field(default_factory=list)
    uploaders: list[str] = field(default_factory=list)  # ids of the widgets that take files


class Visitor:
    """One open page. `run()` makes the server run it and answers when the run is finished."""

    def __init__(
        self, server: Server, path: str = "", query: str = "", cookies: Mapping[str, str] | None = None
    ) -> None:
        self.query = query
        self.path = path
        self.script_hash = ""
        self.session_id = ""
        self.cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        self.server = server
        headers = {"Cookie": self.cookie}
        self.url = f"http://localhost:{server.port}/{path}?{query}"
        self.socket: ClientConnection = connect(
            f"ws://localhost:{server.port}/_stcore/stream",
            additional_headers=headers,
            origin=Origin(f"http://localhost:{server.port}"),
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
        path = f"/_stcore/upload_file/{self.session_id}/{file_id}"
        border = f"--{file_id}"
        head = (
            f'--{border}\r\ncontent-disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "content-type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{border}--\r\n".encode()
        kind = f"multipart/form-data; boundary={border}"
        address = f"http://localhost:{self.server.port}"
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=ANSWER_SECONDS) as health:
            given = SimpleCookie(health.headers["set-cookie"])["_streamlit_xsrf"].value
        headers = {"Cookie": f"{self.cookie}; _streamlit_xsrf={given}", "X-Xsrftoken": given}
        headers |= {"Content-Type": kind, "Origin": address}
        request = urllib.request.Request(address + path, body, headers, method="PUT")
        urllib.request.urlopen(request, timeout=ANSWER_SECONDS).close()
        message = self._rerun()
        state = message.rerun_script.widget_states.widgets.add(id=uploader)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=name,
            size=len(data),
            file_id=file_id,
            file_urls=FileURLs(file_id=file_id, upload_url=path, delete_url=path),
        )
        return self._answer(message)

    def run(self) -> Page:
        """The page after one run, as a click without consequence would cause it."""
        return self._answer(self._rerun())

    def _rerun(self) -> BackMsg:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        if self.script_hash:
            state.page_script_hash = self.script_hash
        else:
            state.page_name = self.path
        state.context_info.url = self.url
        state.context_info.timezone = "Asia/Shanghai"
        state.context_info.locale = "zh-CN"
        return message

    def _answer(self, message: BackMsg) -> Page:
        self.socket.send(message.SerializeToString())
        page = Page()
        while True:
            received = self.socket.recv(timeout=ANSWER_SECONDS)
            assert isinstance(received, bytes)
            answer = ForwardMsg()
            answer.ParseFromString(received)
            if self._read(answer, page):
                page.query = self.query
                return page
            if answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                page = Page()  # what counts is what stands there in the end

    def _read(self, answer: ForwardMsg, page: Page) -> bool:
        kind = answer.WhichOneof("type")
        if kind == "new_session":
            self.script_hash = answer.new_session.page_script_hash
            self.session_id = answer.new_session.initialize.session_id or self.session_id
        elif kind == "navigation":
            self.script_hash = answer.navigation.page_script_hash or self.script_hash
        elif kind == "page_info_changed":
            self.query = answer.page_info_changed.query_string
        elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
            element = answer.delta.new_element
            page.elements[element.WhichOneof("type") or "empty"] += 1
            if element.WhichOneof("type") == "html":
                page.html.append(element.html.body)
            elif element.WhichOneof("type") == "file_uploader":
                page.uploaders.append(element.file_uploader.id)
        elif kind == "delta" and answer.delta.WhichOneof("type") == "add_block":
            page.blocks[answer.delta.add_block.WhichOneof("type") or "container"] += 1
        return kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
