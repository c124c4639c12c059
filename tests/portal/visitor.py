"""Somebody's browser in front of an ASGI app: keeps cookies, follows nothing by itself."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

HOST = "portal.test"


@dataclass
class Answer:
    status_code: int
    headers: Headers
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


@dataclass
class Visitor:
    app: ASGIApp
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: object) -> Answer:
        return self.request("GET", path, **more)  # type: ignore[arg-type]

    def post(self, path: str, **more: object) -> Answer:
        return self.request("POST", path, **more)  # type: ignore[arg-type]

    def put(self, path: str, **more: object) -> Answer:
        return self.request("PUT", path, **more)  # type: ignore[arg-type]

    def socket(self, path: str, origin: str | None, host: str = HOST) -> bool:
        """Whether a WebSocket from a page of `origin` gets through to the app."""
        headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
        scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "root_path": ""}
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]
        return sent[0] != {"type": "websocket.close", "code": 1008}

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | str | Iterable[bytes] = b"",
    ) -> Answer:
        """One request. `content` in pieces is sent without a length."""
        body = content.encode() if isinstance(content, str) else content
        given = {"host": HOST, "accept-encoding": "gzip"} | {k.lower(): v for k, v in (headers or {}).items()}
        if self.cookies and "cookie" not in given:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if isinstance(body, bytes):
            given.setdefault("content-length", str(len(body)))
            pieces: list[bytes] = [body]
        else:
            pieces = list(body)
        where, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(where),
            "raw_path": where.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
            "client": ("203.0.113.7", 1234),
            "server": (HOST, 80),
            "state": {},
        }
        sent: list[Message] = []
        waiting = [
            {"type": "http.request", "body": piece, "more_body": place < len(pieces) - 1}
            for place, piece in enumerate(pieces)
        ]

        async def receive() -> Message:
            if not waiting:
                await asyncio.Event().wait()  # they stay until they have the whole answer
            return waiting.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]
        start = next(message for message in sent if message["type"] == "http.response.start")
        answer = Headers(raw=start["headers"])
        for line in answer.getlist("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        data = b"".join(
            message.get("body", b"") for message in sent if message["type"] == "http.response.body"
        )
        if answer.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        return Answer(start["status"], answer, data)
