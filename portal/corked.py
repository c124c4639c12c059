"""What a page is sent in one go goes over its line in one go: Streamlit sends every element as a message of
its own, uvicorn writes each by itself, and the system's work for a write costs more than most elements.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class Protocol(WebSocketsSansIOProtocol):
    """uvicorn's, on a line that writes once in a turn of the loop."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]


class Corked:
    """A transport that gathers what is written until the loop comes round."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._waits: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._waits:
            self._loop.call_soon(self._flush)
        self._waits.append(data)

    def _flush(self) -> None:
        if self._waits:
            self._transport.write(b"".join(self._waits))
            self._waits.clear()

    def close(self) -> None:
        """After what waits."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
