"""What is taken away of Streamlit's own costs changes nothing of what browsers are told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session, runtime
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent
from streamlit.web.server.starlette.starlette_server_config import WEBSOCKET_MAX_SEND_QUEUE_SIZE

from portal import lanes, life, tuning


@pytest.fixture(autouse=True)
def tuned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Streamlit's own way before and after, and nothing kept of another test."""
    for owner, name in (
        (app_session, "_populate_theme_msg"),
        (app_session.AppSession, "_on_scriptrunner_event"),
        (app_session.AppSession, "_create_scriptrunner"),
        (ScriptRunner, "start"),
        (app_session.AppSession, "flush_browser_queue"),
        (runtime.Runtime, "_enqueued_some_message"),
        (runtime.Runtime, "_send_message"),
        (runtime, "MESSAGE_FLUSH_INTERVAL_SECS"),
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


ELEMENT = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG
END = ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS


class Session:
    """A page's session as far as its events go."""

    def __init__(self, loop: Any) -> None:
        self._event_loop, self.calls = loop, 0
        self.heard: list[tuple[Any, Any]] = []

    def _call_soon_on_event_loop(self, callback: Any) -> None:
        self.calls += 1
        self._event_loop.call_soon_threadsafe(callback)

    def _handle_scriptrunner_event_on_event_loop(
        self, sender: str, event: ScriptRunnerEvent, forward_msg: Any = None
    ) -> None:
        self.heard.append((sender, event if forward_msg is None else forward_msg))
        if forward_msg == "fails":
            raise ValueError("one that fails")

    async def until(self, n: int) -> None:
        while len(self.heard) < n:
            await asyncio.sleep(0.001)


def test_every_event_is_heard_once_and_in_its_order() -> None:
    """Two runs of a page at once, as fast as they can, while the loop takes what is there."""
    each = 20_000

    async def run() -> Session:
        session = Session(asyncio.get_running_loop())

        def tell(sender: str) -> None:
            for number in range(each):
                tuning._on_event(session, sender, event=ELEMENT, forward_msg=number)
                if number % 100 == 99:
                    tuning._on_event(session, sender, event=END, forward_msg=f"end {number}")

        threads = [threading.Thread(target=tell, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            await asyncio.sleep(0.001)
        await session.until(2 * (each + each // 100))
        return session

    session = asyncio.run(asyncio.wait_for(run(), 60))
    wanted: list[Any] = []
    for number in range(each):
        wanted += [number, f"end {number}"] if number % 100 == 99 else [number]
    for name in ("one", "two"):
        assert [event for sender, event in session.heard if sender == name] == wanted
    assert session.calls < len(session.heard) / 10, "many at once"


def test_what_waits_is_one_call() -> None:
    async def run() -> Session:
        session = Session(asyncio.get_running_loop())
        for number in range(40):
            tuning._on_event(session, "one", event=ELEMENT, forward_msg=number)
            await asyncio.sleep(0)
        await session.until(40)
        return session

    assert asyncio.run(asyncio.wait_for(run(), 60)).calls == 1


def test_an_end_waits_for_nothing_and_has_all_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who clicked is not kept waiting for what the loop lets gather."""
    monkeypatch.setattr(tuning, "LINGER_SECONDS", 3600)

    async def run() -> Session:
        session = Session(asyncio.get_running_loop())
        for number in range(3):
            tuning._on_event(session, "one", event=ELEMENT, forward_msg=number)
        tuning._on_event(session, "one", event=END)
        await session.until(4)
        return session

    session = asyncio.run(asyncio.wait_for(run(), 60))
    assert session.heard == [("one", 0), ("one", 1), ("one", 2), ("one", END)]


class Runners(Session):
    """Also who runs the page, as Streamlit knows it: what comes from any other is dropped by its own code."""

    def __init__(self, loop: Any) -> None:
        super().__init__(loop)
        self._scriptrunner: Any = None
        self._state = app_session.AppSessionState.APP_NOT_RUNNING
        self._enqueue_forward_msg = lambda message: self.heard.append((self._scriptrunner, message))

    _handle_scriptrunner_event_on_event_loop = (
        app_session.AppSession._handle_scriptrunner_event_on_event_loop  # type: ignore[assignment]
    )


@pytest.mark.parametrize("fails", [False, True])
def test_another_run_begins_with_nothing_of_the_former_lost(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """A fragment's click while a run has just ended and the loop has not taken yet what it made."""

    def begin(self: Any, data: str) -> None:
        self._scriptrunner = data

    monkeypatch.setattr(tuning, "_BEGIN", begin)

    async def run() -> Runners:
        session = Runners(asyncio.get_running_loop())
        tuning._begin(session, "one")  # the first of a page: nothing waits
        for number in range(3):
            tuning._on_event(session, "one", event=ELEMENT, forward_msg=number)
        if fails:  # what cannot be taken keeps no run from beginning
            tuning._on_event(session, "one", event=ScriptRunnerEvent.SCRIPT_STARTED)
            with pytest.raises(RuntimeError):
                tuning._begin(session, "two")
        else:
            tuning._begin(session, "two")
        tuning._on_event(session, "two", event=ELEMENT, forward_msg="new")
        await session.until(4)
        return session

    session = asyncio.run(asyncio.wait_for(run(), 60))
    assert session.heard == [("one", 0), ("one", 1), ("one", 2), ("two", "new")]


def test_one_that_fails_keeps_no_other_from_being_heard() -> None:
    failed: list[Any] = []

    async def run() -> Session:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: failed.append(told["exception"]))
        session = Session(loop)
        for number in (1, "fails", 2, 3):
            tuning._on_event(session, "one", event=ELEMENT, forward_msg=number)
        await session.until(4)
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


@pytest.mark.parametrize(
    ("n", "lots"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_what_is_sent_at_once_is_whole_in_its_order_and_fits_the_line(n: int, lots: list[int]) -> None:
    found = tuning._flush(SimpleNamespace(_browser_queue=SimpleNamespace(flush=lambda: list(range(n)))))
    assert [len(lot) for lot in found] == lots and max(lots, default=0) < WEBSOCKET_MAX_SEND_QUEUE_SIZE
    assert [number for lot in found for number in lot] == list(range(n))


def test_each_of_a_lot_is_sent_as_streamlit_does() -> None:
    """It counts the runs of a page by the messages that pass."""
    sent: list[ForwardMsg] = []
    session = SimpleNamespace(client=SimpleNamespace(write_forward_msg=sent.append), script_run_count=0)
    first = ForwardMsg(ref_hash="a page")
    lot = [first, ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)]
    tuning._send_all(SimpleNamespace(), session, lot)
    assert sent == lot and session.script_run_count == 1


@pytest.mark.usefixtures("shop")
def test_it_is_in_force_where_pages_are_served() -> None:
    life._warm()
    assert app_session.AppSession._on_scriptrunner_event is tuning._on_event
    assert app_session.AppSession._create_scriptrunner is tuning._begin
    assert ScriptRunner.start is lanes.start
    assert runtime.Runtime._enqueued_some_message is tuning._there_is_something_to_send
    assert app_session._populate_theme_msg is tuning._tell_theme
    assert app_session.AppSession.flush_browser_queue is tuning._flush
    assert runtime.Runtime._send_message is tuning._send_all
    assert runtime.__dict__["MESSAGE_FLUSH_INTERVAL_SECS"] == 0
