"""What is taken away of Streamlit's own costs changes nothing of what browsers are told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session, runtime

from portal import life, tuning


@pytest.fixture(autouse=True)
def tuned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Streamlit's own way before and after, and nothing kept of another test."""
    for owner, name in (
        (app_session, "_populate_theme_msg"),
        (app_session.AppSession, "_on_scriptrunner_event"),
        (runtime.Runtime, "_enqueued_some_message"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(app_session, "_populate_theme_msg", tuning._READ_THEME)
    tuning._section.cache_clear()
    yield
    tuning._section.cache_clear()


def told() -> CustomThemeConfig:
    """As a session tells the theme: six sections, one within the other."""
    message = CustomThemeConfig()
    for part, name in (
        (message, "theme"),
        (message.light, "theme.light"),
        (message.dark, "theme.dark"),
        (message.sidebar, "theme.sidebar"),
        (message.light.sidebar, "theme.light.sidebar"),
        (message.dark.sidebar, "theme.dark.sidebar"),
    ):
        app_session._populate_theme_msg(part, name)
    return message


def test_the_theme_is_the_one_of_the_settings() -> None:
    before = told()
    tuning.tune()
    assert told() == before
    assert before.light.primary_color == "#0F766E"
    assert not told().HasField("sidebar"), "no section that the settings do not have"


def test_the_theme_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tuning.tune()
    first = told()
    monkeypatch.setattr(config, "get_options_for_section", lambda name: pytest.fail(f"{name} is read again"))
    assert told() == first


class Session:
    """A page's session as far as its events go."""

    def __init__(self, loop: Any) -> None:
        self._event_loop, self.heard, self.calls = loop, [], 0

    def _call_soon_on_event_loop(self, callback: Any) -> None:
        self.calls += 1
        self._event_loop.call_soon_threadsafe(callback)

    def _handle_scriptrunner_event_on_event_loop(self, sender: str, event: Any) -> None:
        self.heard.append((sender, event))
        if event == "fails":
            raise ValueError("one that fails")


def test_every_event_is_heard_once_and_in_its_order() -> None:
    """Two runs of a page at once, as fast as they can, while the loop takes what is there."""
    each = 20_000

    async def run() -> Session:
        session = Session(asyncio.get_running_loop())

        def tell(sender: str) -> None:
            for number in range(each):
                tuning._on_event(session, sender, event=number)

        threads = [threading.Thread(target=tell, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) or len(session.heard) < 2 * each:
            await asyncio.sleep(0.001)
        return session

    session = asyncio.run(asyncio.wait_for(run(), 60))
    for name in ("one", "two"):
        assert [event for sender, event in session.heard if sender == name] == list(range(each))
    assert session.calls < len(session.heard), "many at once"


def test_what_waits_is_one_call() -> None:
    async def run() -> Session:
        session = Session(asyncio.get_running_loop())
        for number in range(40):
            tuning._on_event(session, "one", event=number)
        await asyncio.sleep(0)
        return session

    session = asyncio.run(run())
    assert len(session.heard) == 40
    assert session.calls == 1


def test_one_that_fails_keeps_no_other_from_being_heard() -> None:
    failed: list[Any] = []

    async def run() -> Session:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: failed.append(told["exception"]))
        session = Session(loop)
        for event in (1, "fails", 2, 3):
            tuning._on_event(session, "one", event=event)
        while len(session.heard) < 4:
            await asyncio.sleep(0)
        return session

    session = asyncio.run(asyncio.wait_for(run(), 60))
    assert [event for _, event in session.heard] == [1, "fails", 2, 3]
    assert [str(error) for error in failed] == ["one that fails"]


def test_the_loop_is_woken_from_elsewhere_only() -> None:
    async def run() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        woken: list[Any] = []
        found = SimpleNamespace(
            eventloop=SimpleNamespace(call_soon_threadsafe=woken.append), need_send_data=asyncio.Event()
        )
        streamlits = SimpleNamespace(_get_async_objs=lambda: found)
        thread = threading.Thread(target=tuning._there_is_something_to_send, args=(streamlits,))
        thread.start()
        thread.join()
        from_elsewhere = len(woken)
        found.eventloop = loop
        tuning._there_is_something_to_send(streamlits)
        assert found.need_send_data.is_set()
        return from_elsewhere, len(woken)

    assert asyncio.run(run()) == (1, 1)


@pytest.mark.usefixtures("shop")
def test_it_is_in_force_where_pages_are_served() -> None:
    life._warm()
    assert app_session.AppSession._on_scriptrunner_event is tuning._on_event
    assert runtime.Runtime._enqueued_some_message is tuning._there_is_something_to_send
    assert app_session._populate_theme_msg is tuning._tell_theme
