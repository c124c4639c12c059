"""A page's line: what is sent in one turn of the loop is one piece, and nothing is lost at its end."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from portal import corked, serve

ELEMENTS = 60


class Line:
    """A transport's end: what was written, in pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(b"closed")

    def is_closing(self) -> bool:
        return self.pieces[-1:] == [b"closed"]


async def turn() -> None:
    await asyncio.sleep(0)


async def one_turn(line: Line) -> None:
    ours: Any = corked.Corked(line, asyncio.get_running_loop())  # type: ignore[arg-type]
    ours.write(b"a")
    ours.write(b"b")
    assert line.pieces == []
    await turn()
    assert line.pieces == [b"ab"]
    ours.write(b"c")
    await turn()
    assert line.pieces == [b"ab", b"c"] and not ours.is_closing()


async def at_its_end(line: Line) -> None:
    ours: Any = corked.Corked(line, asyncio.get_running_loop())  # type: ignore[arg-type]
    ours.write(b"last")
    ours.close()
    await turn()
    assert line.pieces == [b"last", b"closed"] and ours.is_closing()


@pytest.mark.parametrize("scene", [one_turn, at_its_end])
def test_what_is_written_in_one_turn_is_one_piece(scene: Any) -> None:
    asyncio.run(scene(Line()))


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Many elements at once, then the end."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    for number in range(ELEMENTS):
        await send({"type": "websocket.send", "text": str(number) * 20_000})
    await send({"type": "websocket.close", "code": 1000})


def test_a_page_arrives_whole_and_in_its_order() -> None:
    """More than a socket takes at once."""
    listening = serve.listen("0")
    server = uvicorn.Server(serve.config(page))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    told = []
    try:
        with connect(f"ws://{serve.HOST}:{listening.getsockname()[1]}/") as line:
            try:
                while True:
                    told.append(str(line.recv(timeout=30)))
            except ConnectionClosed as ended:
                assert ended.rcvd is not None and ended.rcvd.code == 1000
    finally:
        server.should_exit = True
        thread.join()
    assert told == [str(number) * 20_000 for number in range(ELEMENTS)]


def test_the_portal_is_served_this_way() -> None:
    found = serve.config(page)
    found.load()
    assert found.ws_protocol_class is corked.Protocol
