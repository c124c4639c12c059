"""What Streamlit tells every browser when a run begins, without what only this machine needs to know."""

from __future__ import annotations

import os
from typing import Final

from starlette.types import Message, Send

from portal import life

_PATH: Final = os.fsencode(life.SCRIPT)


def without_paths(send: Send) -> Send:
    """`send` of a socket, with the script's file name in place of its path. The browser's side makes a number
    for Streamlit's statistics of it and of the versions, which are off; nothing else reads them.
    """

    async def told(message: Message) -> None:
        data = message.get("bytes")
        if data and _PATH in data:  # a message a run; the others are not even parsed
            message = {**message, "bytes": _plain(data)}
        await send(message)

    return told


def _plain(data: bytes) -> bytes:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    told = ForwardMsg.FromString(data)
    if told.WhichOneof("type") != "new_session":
        return data  # somebody's text that names it
    told.new_session.main_script_path = life.SCRIPT.name
    here = told.new_session.initialize.environment_info
    here.python_version = here.server_os = ""
    return told.SerializeToString()
