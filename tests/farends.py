"""Far ends of notices on this machine: a mail server and a chat bot's server, which may refuse or hang up."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mailbox:
    """A mail server. What it does next is queued in `faults`: an SMTP answer, or `hang_up` after it has
    taken the mail.
    """

    port: int = 0
    faults: deque[str] = field(default_factory=deque)
    taken: list[EmailMessage] = field(default_factory=list)
    sent_to: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        fault = self.faults.popleft() if self.faults else ""
        if fault and fault != "hang_up":
            return fault
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.sent_to.append(list(envelope.rcpt_tos))
        if fault == "hang_up":
            server.transport.abort()
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A `Mailbox` that listens on `port`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box = Mailbox(free.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    try:
        yield box
    finally:
        server.stop()


@dataclass
class Bot:
    """A chat bot's server: what it was told, and what it answers."""

    url: str = ""
    status: int = 200
    answer: str = '{"errcode": 0, "errmsg": "ok"}'
    told: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def bot_server() -> Iterator[Bot]:
    """A `Bot` that listens at `url`."""
    bot = Bot()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bot.told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            body = bot.answer.encode()
            self.send_response(bot.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bot.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield bot
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
