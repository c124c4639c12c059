"""Costs of Streamlit's own in every rerun, taken away: they grow with what a page shows and with its
settings. All belong to the version that requirements.txt locks; `tests/portal/test_tuning.py` sees a change.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import cache
from typing import Any, Final

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session, runtime
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent

from portal import lanes

_READ_THEME: Final = app_session._populate_theme_msg
_WAITING: Final = "_events_that_wait"


def tune() -> None:
    """From now on, in this process."""
    app_session._populate_theme_msg = _tell_theme
    app_session.AppSession._on_scriptrunner_event = _on_event  # type: ignore[method-assign]
    app_session.AppSession._create_scriptrunner = _begin  # type: ignore[method-assign, assignment]
    ScriptRunner.start = lanes.start  # type: ignore[method-assign]
    runtime.Runtime._enqueued_some_message = _there_is_something_to_send  # type: ignore[method-assign]
    app_session.AppSession.flush_browser_queue = _flush  # type: ignore[method-assign]
    runtime.Runtime._send_message = _send_all  # type: ignore[method-assign, assignment]
    runtime.MESSAGE_FLUSH_INTERVAL_SECS = 0  # type: ignore[attr-defined]


# --- the theme ---------------------------------------------------------------------------------------------
# Its six sections are read anew from all settings for every rerun: a sixth of what a click costs here. They
# stand in one file, which is read when the process starts.


@cache
def _section(name: str) -> CustomThemeConfig:
    told = CustomThemeConfig()
    _READ_THEME(told, name)
    return told


def _tell_theme(msg: CustomThemeConfig, section: str = "theme") -> None:
    found = _section(section)
    if found.ByteSize():  # merging nothing would still say that there is such a section
        msg.MergeFrom(found)


# --- waking the loop ---------------------------------------------------------------------------------------
# Each element of a page wakes the event loop twice, by a byte through a socket. Every such call gives away
# Python's lock, which comes back late when others are at work. Here one call is for all that waits, and the
# loop lets some of it gather first; that a run begins or ends is told at once, with all that came before.

LINGER_SECONDS: Final = 0.005  # Streamlit's pause between two sendings, which holds up an end as well


class _Waiting:
    """Events of one page's runs that the loop has not taken yet."""

    def __init__(self) -> None:
        self.events: deque[tuple[tuple[Any, ...], dict[str, Any]]] = deque()
        self.is_called = False  # the loop will come


def _on_event(self: Any, *told: Any, **more: Any) -> None:
    """A thread of a run has made an element, has begun or ended: for the loop, in this order."""
    waiting = self.__dict__.setdefault(_WAITING, _Waiting())
    waiting.events.append((told, more))
    if more.get("event") is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
        self._call_soon_on_event_loop(lambda: _take(self, waiting))
    # Only after it was put there: the loop says that it has come before it looks, so nothing is left behind.
    elif not waiting.is_called:
        waiting.is_called = True
        self._call_soon_on_event_loop(lambda: _linger(self, waiting))


def _linger(self: Any, waiting: _Waiting) -> None:
    asyncio.get_running_loop().call_later(LINGER_SECONDS, _take, self, waiting)


def _take(self: Any, waiting: _Waiting) -> None:
    """What is there by now; whatever comes meanwhile calls again."""
    waiting.is_called = False
    for left in range(len(waiting.events) - 1, -1, -1):
        told, more = waiting.events.popleft()
        try:
            self._handle_scriptrunner_event_on_event_loop(*told, **more)
        except BaseException:
            if left:  # one that fails keeps nobody else from being heard
                self._call_soon_on_event_loop(lambda: _take(self, waiting))
            raise


# Events of a runner that is not the page's own any more are dropped. One that has just ended takes no further
# run, so a fragment's click makes another one, and what the loop had not taken yet of the former was lost: a
# part of the page, or a dialog that stayed open (Streamlit's issue 9921). It is taken before.
_BEGIN: Final = app_session.AppSession._create_scriptrunner


def _begin(self: Any, data: Any) -> None:
    waiting = self.__dict__.get(_WAITING)
    try:
        if waiting is not None:
            _take(self, waiting)
    finally:
        _BEGIN(self, data)


def _there_is_something_to_send(self: Any) -> None:
    found = self._get_async_objs()
    if asyncio._get_running_loop() is found.eventloop:
        found.need_send_data.set()
    else:
        found.eventloop.call_soon_threadsafe(found.need_send_data.set)


# --- sending -----------------------------------------------------------------------------------------------
# The loop goes round once for each element, and then pauses, whether or not a run has ended. Here it goes
# round once for all that it has, and the only pause is the one above.

AT_ONCE: Final = 100  # the line's own queue takes 500, and is emptied between two rounds
_FLUSH: Final = app_session.AppSession.flush_browser_queue
_SEND: Final = runtime.Runtime._send_message


def _flush(self: Any) -> list[Any]:
    """What waits for one browser, in lots of `AT_ONCE`."""
    waiting = _FLUSH(self)
    return [waiting[first : first + AT_ONCE] for first in range(0, len(waiting), AT_ONCE)]


def _send_all(self: Any, session: Any, lot: list[Any]) -> None:
    for message in lot:
        _SEND(self, session, message)
