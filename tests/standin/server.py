"""The server on loopback: hands each call to its channel, bent by the table of faults, and an admin door."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.standin import keys as keys_
from tests.standin.alipay import Alipay
from tests.standin.books import Books
from tests.standin.card import Card
from tests.standin.faults import Fault, Faults
from tests.standin.notices import Notices
from tests.standin.wechat import Wechat
from tests.standin.wire import Far, Reply, Request

TICK_SECONDS = 0.05
_KINDS = {  # the notice that a refund's new state is told by
    "alipay": {s: "alipay.trade.refund.depositback.completed" for s in ("succeeded", "abnormal")},
    "wechat": {"succeeded": "REFUND.SUCCESS", "abnormal": "REFUND.ABNORMAL", "failed": "REFUND.CLOSED"},
    "card": {"succeeded": "refund.updated", "failed": "refund.failed", "canceled": "refund.updated"},
}


@dataclass(frozen=True)
class Spacing:
    """Seconds between two refunds of one trade. The real ones are 3 and 60."""

    alipay: float = 3.0
    wechat: float = 60.0


class Standin:
    """All three channels behind one port, with one set of books."""

    def __init__(
        self, books: Path | str = ":memory:", faults: Faults | None = None, *,
        port: int = 0, spacing: Spacing | None = None, keys: keys_.Keys | None = None,
    ) -> None:  # fmt: skip
        self.books, self.faults = Books(books), faults or Faults()
        self.keys = keys or keys_.make()
        self._server = _Server(("127.0.0.1", port), _Door)
        self._server.standin = self
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.notices = Notices(self.books, self.faults)
        spacing = spacing or Spacing()
        self.channels: dict[str, Far] = {
            "alipay": Alipay(self.books, self.keys, self.notices, spacing.alipay, self.url),
            "wechat": Wechat(self.books, self.keys, self.notices, spacing.wechat, self.url),
            "card": Card(self.books, self.keys, self.notices),
        }
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True),
            threading.Thread(target=self._tick, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self.notices.close()
        self.books.close()

    def settle(self, channel: str = "", key: str = "", *, by_hand: bool = True) -> int:
        """Let refunds come to their fate and tell the shop; answers how many did."""
        changed = self.books.settle(channel, key, by_hand=by_hand)
        for refund in changed:
            kind = _KINDS[refund["channel"]].get(refund["state"])
            if kind:
                self.notices.announce(self.channels[refund["channel"]], kind, refund["id"])
        return len(changed)

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self.settle(by_hand=False)

    def handle(self, request: Request) -> tuple[Reply | None, bool]:
        """(the answer, whether the connection is reset). No answer: it is closed without a word."""
        for far in self.channels.values():
            op = far.op_of(request)
            if op:
                break
        else:
            return self._admin(request), False
        self.settle(by_hand=False)
        fault = self.faults.of(far.name, op)
        word = fault.do if fault else ""
        if fault and word == "held_up":
            time.sleep(fault.seconds)
        is_before = word in ("error_before", "reset_before")
        reply = far.broken() if is_before else far.answer(request, op, fault)
        self.books.write(
            "calls", at=time.time(), channel=far.name, op=op, key=reply.key, fault=word, status=reply.status
        )
        return self._bent(far, reply, fault)

    def _bent(self, far: Far, reply: Reply, fault: Fault | None) -> tuple[Reply | None, bool]:
        word = fault.do if fault else ""
        if word == "lose_reply":
            return None, False
        if word in ("reset_before", "reset_after"):
            return None, True
        if word == "error_after":
            return far.broken(), False
        if fault and word == "slow":
            time.sleep(fault.seconds)
        if word == "malformed":
            reply.body = reply.body[: len(reply.body) // 2]
        return reply, False

    # --- the admin door ----------------------------------------------------------------------------------

    def _admin(self, request: Request) -> Reply:
        doors: dict[str, Callable[[dict[str, Any]], Any]] = {
            "payments": lambda told: self.books.pay(**told),
            "funds": lambda told: self.books.set_funds(**told),
            "settle": lambda told: {"settled": self.settle(**told)},
            "faults": lambda told: self.faults.replace(told.get("fault", ()), told.get("seed", 0)),
            "hooks": lambda told: self.notices.hooks.update(told),
            "books": lambda told: {
                table: [dict(row) for row in self.books.rows(f"SELECT * FROM {table}")]
                for table in ("payments", "refunds", "calls", "notices")
            },
        }
        door = doors.get(request.path.removeprefix("/standin/"))
        if door is None:
            return Reply(404, b"no such call", {"Content-Type": "text/plain"})
        try:
            told = json.loads(request.body or b"{}")
            answer, status = door(told), 200
        except Exception as error:
            answer, status = {"error": f"{type(error).__name__}: {error}"}, 400
        return Reply(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})


@contextmanager
def running(books: Path | str = ":memory:", **options: Any) -> Iterator[Standin]:
    """A stand-in that is up, and down again afterwards."""
    standin = Standin(books, **options)
    try:
        yield standin
    finally:
        standin.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    standin: Standin


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply, is_reset = self.server.standin.handle(Request(self.command, self.path, headers, body))
        if reply is None:
            self._hang_up(is_reset)
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = _serve

    def _hang_up(self, is_reset: bool) -> None:
        self.close_connection = True
        if is_reset:  # no lingering: the peer sees a reset instead of an end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass
