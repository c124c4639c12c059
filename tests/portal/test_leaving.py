"""A process that ends: its open pages leave one after another, and each with the answer to its last click."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import pytest
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from portal import leaving, serve

ANSWER_SECONDS = 2 * leaving.QUIET_SECONDS


async def portal(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await leaving.lines.serve(page, scope, receive, send)


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a click after a while, in two parts."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await asyncio.sleep(ANSWER_SECONDS)
        await send({"type": "websocket.send", "text": "begun"})
        await asyncio.sleep(leaving.QUIET_SECONDS / 2)
        await send({"type": "websocket.send", "text": message["text"]})


@contextmanager
def served() -> Iterator[tuple[int, leaving.Server, threading.Thread]]:
    listening = serve.listen("0")
    server = leaving.Server(serve.config(portal))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1], server, thread
    finally:
        server.should_exit = True
        thread.join()


def opened(port: int) -> ClientConnection:
    return connect(f"ws://{serve.HOST}:{port}/", ping_interval=None, legacy=True)


def rest(line: ClientConnection) -> tuple[list[str | bytes], int | None, float]:
    """What still comes, the code that ends it, and when that was (monotonic seconds)."""
    told = []
    try:
        while True:
            told.append(line.recv(timeout=30))
    except ConnectionClosed as ended:
        return told, ended.rcvd.code if ended.rcvd else None, time.monotonic()


def test_open_pages_leave_one_after_another_and_with_their_answer() -> None:
    with served() as (port, server, _), ThreadPoolExecutor() as pool:
        pages = [opened(port) for _ in range(4)]
        pages[0].send("click")
        server.should_exit = True
        ends = list(pool.map(rest, pages))
    assert {code for _, code, _ in ends} == {leaving.RESTARTING}
    assert [told for told, _, _ in ends] == [["begun", "click"], [], [], []]
    asked, *quiet = [at for _, _, at in ends]
    assert asked == max(asked, *quiet)
    gaps = [later - earlier for earlier, later in pairwise(sorted(quiet))]
    assert min(gaps) > leaving.EACH_SECONDS / 2


def test_nobody_is_taken_in_meanwhile() -> None:
    """Who comes back is not given to the one that is leaving."""
    with served() as (port, server, _):
        line = opened(port)
        line.send("click")
        server.should_exit = True
        assert line.recv(timeout=30) == "begun"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((serve.HOST, port), timeout=5)
        assert rest(line)[:2] == (["click"], leaving.RESTARTING)


def test_who_is_in_a_hurry_waits_for_no_answer() -> None:
    """Ctrl-C twice."""
    with served() as (port, server, thread):
        line = opened(port)
        line.send("click")
        began = time.monotonic()
        server.should_exit = server.force_exit = True
        thread.join()
        assert time.monotonic() - began < ANSWER_SECONDS
        assert rest(line)[0] == []


def test_a_page_that_never_answers_is_not_waited_for_longer_than_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaving, "MOST_SECONDS", 0.2)
    monkeypatch.setattr("tests.portal.test_leaving.ANSWER_SECONDS", 30.0)
    with served() as (port, server, thread):
        line = opened(port)
        line.send("click")
        server.should_exit = True
        assert rest(line)[0] == []
        thread.join()


def test_a_page_that_the_visitor_leaves_is_not_kept() -> None:
    lines = leaving.Lines()

    async def gone(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    async def run() -> None:
        await lines.serve(gone, {"type": "websocket"}, None, None)  # type: ignore[arg-type]
        await lines.leave()

    began = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - began < leaving.QUIET_SECONDS


def test_a_task_that_somebody_else_ends_is_not_held_back() -> None:
    """uvicorn ends what takes too long."""
    lines = leaving.Lines()

    async def forever(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        task = asyncio.create_task(lines.serve(forever, {"type": "websocket"}, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
