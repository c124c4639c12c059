"""Simulated customers of a hosted portal: each with a browser's habits, without a browser.

A lost connection is taken up again as Streamlit's page does it, with the session's id; what a click did not
do, a customer does once more. Times are of clicks: from the click until the run that it caused has ended, a
lost connection in between included.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Origin, Subprotocol

from bench.tab import Page, Tab, cookies_of, upload_of, uploaded

ANSWER_SECONDS = 60  # a click that has no screen by then is an error
RECONNECT_SECONDS = 0.5  # Streamlit's page waits so long before it tries again, then longer
RECONNECT_MOST = 4.0
PATIENCE = 8  # clicks on the same button until a customer gives up

LINE_ERRORS = (OSError, TimeoutError, WebSocketException)
_CASE = re.compile(r'href="/track\?case=([\w-]+)"')

Act = Callable[[Page], BackMsg]


class Lost(Exception):
    """What no customer should meet; says what."""


@dataclass(frozen=True)
class Click:
    """One click: `what`, when (monotonic), how long until its screen, whether the line broke meanwhile."""

    what: str
    at: float
    seconds: float
    broken: bool = False


@dataclass
class Seen:
    """What a customer went through."""

    clicks: list[Click] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)  # numbers of what was sent
    reconnects: int = 0
    refused: int = 0  # connections that were not had at the first try
    again: int = 0  # clicks that had to be made once more
    signed_out: int = 0


class Customer:
    """A customer with a session `cookie` at `address`; `think` seconds between two clicks."""

    def __init__(
        self, address: str, cookie: tuple[str, str], trust: ssl.SSLContext | None, think: float, seed: int = 0
    ) -> None:
        self.trust, self.think, self.random = trust, think, Random(seed)
        self._origin = address.replace("http:", "https:", 1)  # also where they come past the one who ends it
        self.jar = dict([cookie])
        self.tab = Tab(address)
        self.page = Page()
        self.seen = Seen()
        self.done: set[str] = set()  # clicks of the request that is under way
        self.socket: ClientConnection | None = None

    # --- the line ----------------------------------------------------------------------------------------

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """(status, body) of one request; cookies are kept. `OSError` when nobody answers."""
        parts = urlsplit(self.tab.base)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=self.trust)
        try:
            given = {"Host": parts.netloc, "Cookie": cookies_of(self.jar), "Connection": "close"}
            given |= {"Accept": "text/html", "Content-Length": str(len(body)), **(headers or {})}
            head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in given.items())
            writer.write(head.encode() + b"\r\n" + body)
            answer = await asyncio.wait_for(reader.read(), ANSWER_SECONDS)
        finally:
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()
        if not answer:
            raise ConnectionResetError("no answer")
        told, _, content = answer.partition(b"\r\n\r\n")
        first, *lines = told.decode("latin-1").split("\r\n")
        for line in lines:
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                self._keep(value)
        return int(first.split()[1]), content

    def _keep(self, told: str) -> None:
        name, _, value = told.partition(";")[0].partition("=")
        self.jar[name] = value

    async def connect(self) -> None:
        """As often as it takes: whoever has a page open sees it come back by itself."""
        pause, until = RECONNECT_SECONDS, time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                await self._connect()
                return
            except LINE_ERRORS as error:
                self.seen.refused += 1
                if time.monotonic() > until:
                    raise Lost(f"no connection: {_told(error)}") from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, RECONNECT_MOST)

    async def _connect(self) -> None:
        tab = self.tab
        names = ["streamlit", self.jar.get("_streamlit_xsrf", "none")]
        names += [tab.session_id] if tab.session_id else []
        self.socket = await connect(
            f"{tab.base.replace('http', 'ws', 1)}/_stcore/stream",
            ssl=self.trust,
            additional_headers={"Cookie": cookies_of(self.jar)},
            origin=Origin(self._origin),
            subprotocols=[Subprotocol(name) for name in names],
            max_size=None,
            compression=None,
            open_timeout=ANSWER_SECONDS,
            ping_interval=None,  # browsers answer pings and send none
        )

    async def _answer(self, message: BackMsg) -> Page:
        """The page after the run that `message` asks for; a lost connection raises."""
        if self.socket is None:
            raise ConnectionResetError("not connected")
        await self.socket.send(message.SerializeToString())
        page: Page | None = Page()
        until = time.monotonic() + ANSWER_SECONDS
        while page is not None:
            received = await asyncio.wait_for(self.socket.recv(decode=False), until - time.monotonic())
            last, page = page, self.tab.take(received, page)
        return last

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
            self.socket = None

    # --- what a customer does ----------------------------------------------------------------------------

    async def click(self, what: str, act: Act, is_there: Callable[[Page], bool]) -> Page:
        """Do `act` until its screen `is_there`, and keep how long that took; `Lost` when it never comes."""
        began, broken = time.monotonic(), False
        for _ in range(PATIENCE):
            try:
                self.page = await self._answer(act(self.page))
            except LINE_ERRORS:
                broken = True
                self.page = await self._again()
            await self._look()
            if is_there(self.page):
                self.seen.clicks.append(Click(what, began, time.monotonic() - began, broken))
                return self.page
            self.seen.again += 1
        raise Lost(f"{what}: another page, at {self.page.query!r} with {sorted(self.page.widgets)}")

    async def _again(self) -> Page:
        """The same page on a new connection, and what the visitor had put into it."""
        self.seen.reconnects += 1
        while True:
            await self.close()
            await self.connect()
            try:
                return await self._answer(self.tab.rerun())
            except LINE_ERRORS:
                continue

    async def _look(self) -> None:
        """Nobody is signed out. Who reads that something did not work loads the page again."""
        for _ in range(PATIENCE):
            said = "".join(self.page.html)
            if 'class="alert' not in said and not self.page.elements["exception"]:
                break
            self.seen.errors.append(f"did not work: {self.tab.url}")
            await asyncio.sleep(1)
            try:
                self.page = await self._answer(self.tab.rerun())
            except LINE_ERRORS:
                self.page = await self._again()
        if 'action="/session/end"' not in said:
            self.seen.signed_out += 1
            raise Lost(f"signed out at {self.tab.url}")

    async def pause(self) -> None:
        """Think. An open page looks again by itself meanwhile, and comes back when its connection is lost."""
        until = time.monotonic() + self.random.uniform(0.5, 1.5) * self.think
        while (left := until - time.monotonic()) > 0:
            again, self.page.look_again = self.page.look_again, None
            try:
                if again is not None and again[0] < left:
                    await self._idle(again[0])
                    await self._answer(self.tab.look_again(again[1]))
                    self.page.look_again = again
                else:
                    await self._idle(left)
            except LINE_ERRORS:
                self.page = await self._again()
                await self._look()

    async def _idle(self, seconds: float) -> None:
        """Nothing comes unasked but the end of the connection."""
        assert self.socket is not None
        closed = asyncio.ensure_future(self.socket.wait_closed())
        done, _ = await asyncio.wait([closed], timeout=seconds)
        if done:
            raise ConnectionResetError("the server has gone")
        closed.cancel()

    # --- the journey -------------------------------------------------------------------------------------

    async def open(self) -> None:
        """The first page: its file, the connection, the first run."""
        began = time.monotonic()
        status, _ = await self.request("GET", "/")
        if status != 200:
            raise Lost(f"/ answered {status}")
        await self.connect()
        broken = False
        try:
            self.page = await self._answer(self.tab.rerun())
        except LINE_ERRORS:
            broken = True
            self.page = await self._again()
        await self._look()
        self.seen.clicks.append(Click("open", began, time.monotonic() - began, broken))

    async def follow(self, what: str, path: str, is_there: Callable[[Page], bool], **query: str) -> None:
        asked = urlencode(query)
        await self.click(what, lambda _: self.tab.follow(path, asked), is_there)

    async def press(self, what: str, key: str, is_there: Callable[[Page], bool]) -> None:
        await self.click(what, lambda page: self.tab.press(_id(page, key)), is_there)

    async def ask(self, order_no: str, *, until: str = "") -> str:
        """The whole request for `order_no`, by its five steps, and Track; answers the case's number. `until`:
        stop before this click; called again, it goes on from there.
        """
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "request": lambda: self.follow("request", "request", at_step(1), order=order_no, step="1"),
            "reason": lambda: self.click("reason", self._first_reason, at_step(1)),
            "words": lambda: self.click(
                "words", lambda page: self.tab.fill(_id(page, "words"), words_of(order_no)), at_step(1)
            ),
            "verdict": lambda: self.press("verdict", "next", at_step(2)),
            "route": lambda: self.press("route", "next", at_step(3)),
            "check": lambda: self.press("check", "next", at_step(5)),
            "send": lambda: self.press("send", "next", was_sent),
        }
        for name, step in steps.items():
            if name == until:
                return ""
            if name not in self.done:
                await self.pause()
                await step()
                self.done.add(name)
        found = _CASE.search("".join(self.page.html))
        case_no = found[1] if found else ""
        self.done.clear()
        self.seen.cases.append(case_no)
        await self.pause()
        await self.follow("track", "track", lambda page: case_no in "".join(page.html), case=case_no)
        await self.pause()
        return case_no

    def _first_reason(self, page: Page) -> BackMsg:
        key, words = next(iter(page.options.items()))
        return self.tab.fill(page.widgets[key], words[0])

    async def upload(self, kind: str, name: str, data: bytes) -> Page:
        """One more picture of this kind of evidence."""
        file_id = str(uuid4())
        path, media_type, body = upload_of(self.tab.session_id, file_id, name, data)
        await self.request("GET", "/_stcore/health")
        headers = {
            "Content-Type": media_type,
            "Origin": self._origin,
            "X-Xsrftoken": self.jar["_streamlit_xsrf"],
        }
        status, said = await self.request("PUT", path, body, headers)
        if status != 204:
            raise Lost(f"the upload was answered {status} {said[:200]!r}")
        uploader = _id(self.page, f"file-{kind}")
        self.page = await self._answer(uploaded(self.tab.rerun(), uploader, name, len(data), file_id, path))
        return self.page


def words_of(order_no: str) -> str:
    """What the customer writes, to be found again."""
    return f"没有收到 {order_no}"


def was_sent(page: Page) -> bool:
    """Right after the click, or found again on a new connection: it was sent, though its screen was lost."""
    return 'class="sent"' in "".join(page.html)


def at_step(number: int) -> Callable[[Page], bool]:
    return lambda page: f"step={number}" in page.query.split("&") and page.widget("next") is not None


def _id(page: Page, key: str) -> str:
    found = page.widget(key)
    if found is None:
        raise Lost(f"no {key!r} on the page, but {sorted(page.widgets)}")
    return found


def _told(error: Exception) -> str:
    if isinstance(error, InvalidHandshake):
        return str(error)
    return f"{type(error).__name__} {error}"
