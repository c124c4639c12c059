"""Two costs of Streamlit's own in every rerun, taken away: they grow with what a page shows and with its
settings. Both belong to the version that requirements.txt locks; `tests/portal/test_tuning.py` sees a change.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import cache
from typing import Any, Final

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session, runtime

_READ_THEME: Final = app_session._populate_theme_msg
_WAITING: Final = "_events_that_wait"


def tune() -> None:
    """From now on, in this process."""
    app_session._populate_theme_msg = _tell_theme
    app_session.AppSession._on_scriptrunner_event = _on_event  # type: ignore[method-assign]
    runtime.Runtime._enqueued_some_message = _there_is_something_to_send  # type: ignore[method-assign]


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
# Python's lock, which comes back late when others are at work. Here one call is for all that waits.


class _Waiting:
    """Events of one page's runs that the loop has not taken yet."""

    def __init__(self) -> None:
        self.events: deque[tuple[tuple[Any, ...], dict[str, Any]]] = deque()
        self.is_called = False  # the loop will come


def _on_event(self: Any, *told: Any, **more: Any) -> None:
    """A thread of a run has made an element, has begun or ended: for the loop, in this order."""
    waiting = self.__dict__.setdefault(_WAITING, _Waiting())
    waiting.events.append((told, more))
    # Only after it was put there: the loop says that it has come before it looks, so nothing is left behind.
    if not waiting.is_called:
        waiting.is_called = True
        self._call_soon_on_event_loop(lambda: _take(self, waiting))


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


def _there_is_something_to_send(self: Any) -> None:
    found = self._get_async_objs()
    if asyncio._get_running_loop() is found.eventloop:
        found.need_send_data.set()
    else:
        found.eventloop.call_soon_threadsafe(found.need_send_data.set)
