"""When this process ends, its open pages leave one after another, and none of them while a click is being
answered: the process that takes them up draws each anew, and a hundred at once would wait for each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

QUIET_SECONDS: Final = 0.3  # nothing went over its line for so long: no click of it is being answered
EACH_SECONDS: Final = 0.06  # from one that leaves to the next: some four times what it costs to draw one anew
MOST_SECONDS: Final = 10.0  # then whoever is left goes at once; deploy/ waits 20 before it kills
RESTARTING: Final = 1012  # of RFC 6455's registry: come again


@dataclass(eq=False)
class _Line:
    """One open page: the task that serves it, when something went over its line last (monotonic seconds), and
    whether a click was heard that nothing was told to yet.
    """

    task: asyncio.Task[Any]
    last: float
    waits: bool = False
    leaves: bool = False

    def may_leave(self, now: float) -> bool:
        return not self.leaves and not self.waits and now - self.last >= QUIET_SECONDS

    def leave(self) -> None:
        self.leaves = True
        self.task.cancel()


class Lines:
    """The open pages of one process."""

    def __init__(self) -> None:
        self._open: set[_Line] = set()

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """`app` for one page, until either side ends it or the page has to leave."""
        task = asyncio.current_task()
        assert task is not None
        line = _Line(task, time.monotonic())

        async def heard() -> Message:
            message = await receive()
            line.last, line.waits = time.monotonic(), True
            return message

        async def told(message: Message) -> None:
            line.last, line.waits = time.monotonic(), False
            await send(message)

        self._open.add(line)
        try:
            await app(scope, heard, told)
        except asyncio.CancelledError:
            if not line.leaves:
                raise
            task.uncancel()
            await send({"type": "websocket.close", "code": RESTARTING})
        finally:
            self._open.discard(line)

    async def leave(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """Until all have left, `MOST_SECONDS` are over or somebody is in a hurry. Who was quiet for longest
        goes first.
        """
        until = time.monotonic() + MOST_SECONDS
        pace = min(EACH_SECONDS, MOST_SECONDS / 2 / max(1, len(self._open)))
        while self._open and time.monotonic() < until and not is_hurried():
            quiet = [line for line in self._open if line.may_leave(time.monotonic())]
            if quiet:
                min(quiet, key=lambda line: line.last).leave()
            await asyncio.sleep(pace)


lines = Lines()


class Server(uvicorn.Server):
    """Takes nobody in any more, lets the open pages leave, then ends as uvicorn does."""

    async def shutdown(self, sockets: Any = None) -> None:
        for server in self.servers:
            server.close()
        await lines.leave(lambda: self.force_exit)
        await super().shutdown(sockets)
