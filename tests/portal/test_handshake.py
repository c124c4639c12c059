"""What a browser is told when a run begins: nothing of this machine."""

from __future__ import annotations

import asyncio
import os

from starlette.types import Message
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from portal import handshake, life

HERE = str(life.SCRIPT.parent)


def passed(*messages: Message) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def all_of_them() -> None:
        told = handshake.without_paths(send)
        for message in messages:
            await told(message)

    asyncio.run(all_of_them())
    return sent


def begun() -> ForwardMsg:
    told = ForwardMsg()
    told.new_session.main_script_path = str(life.SCRIPT)
    told.new_session.main_script_hash = "abc"
    told.new_session.initialize.environment_info.python_version = "3.11.2"
    told.new_session.initialize.environment_info.streamlit_version = "1.0"
    told.new_session.initialize.session_id = "s-1"
    return told


def test_a_run_begins_without_our_folders() -> None:
    [sent] = passed({"type": "websocket.send", "bytes": begun().SerializeToString()})
    assert os.fsencode(HERE) not in sent["bytes"] and b"3.11.2" not in sent["bytes"]
    told = ForwardMsg.FromString(sent["bytes"]).new_session
    assert told.main_script_path == "navigation.py" and told.main_script_hash == "abc"
    assert told.initialize.session_id == "s-1" and told.initialize.environment_info.streamlit_version == "1.0"


def test_everything_else_goes_through_as_it_is() -> None:
    text = ForwardMsg()
    text.delta.new_element.markdown.body = f"somebody writes {life.SCRIPT}"
    messages: list[Message] = [
        {"type": "websocket.accept"},
        {"type": "websocket.send", "bytes": text.SerializeToString()},
        {"type": "websocket.send", "text": "x"},
        {"type": "websocket.close", "code": 1000},
    ]
    assert passed(*messages) == messages
