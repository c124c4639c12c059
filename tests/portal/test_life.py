"""The process: a worker beside the pages that stops with it, and outlives trouble with the database."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from core import worker
from core.adapters.provider import Provider
from core.adapters.tables import worker_beats
from core.domain.errors import SettingInvalid, SettingsExclude, StoreRefuses
from core.domain.sign_in import Rules
from core.services import cases
from portal import life, session
from tests.lying_provider import CLIENT_ID, CLIENT_SECRET, lying_provider
from tests.shop import MEI, Shop


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()


def test_the_worker_does_what_is_due_and_stops_with_the_process(shop: Shop):
    case = shop.apply(shop.order(("balance", 10_000)))
    with life.working(shop.app) as thread:
        assert until(lambda: cases.view(shop.app, MEI, case.case_no).state == "completed")
        assert not thread.daemon, "a daemon would be cut off in the middle of a payout"
    assert not thread.is_alive()
    with shop.app.read() as conn:
        assert conn.execute(select(worker_beats.c.worker)).all(), "it says that it is alive"


def test_trouble_is_waited_out(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "AFTER_ACCIDENT_SECONDS", 0.01)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    tries: list[int] = []

    def run_once(*_: object) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("database away")
        return 0

    monkeypatch.setattr(worker, "run_once", run_once)
    with life.working(shop.app):
        assert until(lambda: len(tries) >= 4)


@pytest.mark.parametrize(("dialect", "workers"), [("sqlite", 1), ("postgresql", 0)])
def test_only_an_embedded_database_has_its_worker_in_the_web_process(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, dialect: str, workers: int
):
    engine = SimpleNamespace(dialect=SimpleNamespace(name=dialect), dispose=lambda: None)
    store = SimpleNamespace(check=lambda: None)
    app = SimpleNamespace(engine=engine, store=store, shop_name="星点", provider=None)
    monkeypatch.setattr(session, "core", lambda: app)
    monkeypatch.setattr(worker, "run", lambda app, stop: stop.wait())

    async def live() -> int:
        async with life.lifespan(None):
            return sum(thread.name == "worker" for thread in threading.enumerate())

    assert asyncio.run(live()) == workers


def test_a_store_that_refuses_us_keeps_the_portal_closed(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """What cannot keep a picture does not open: by the setting's name, before anybody sends one."""

    def refused() -> None:
        raise StoreRefuses(variable="AWS_ACCESS_KEY_ID", problem="InvalidAccessKeyId")

    session.use(shop.app)
    monkeypatch.setattr(shop.app.store, "check", refused)

    async def live() -> None:
        async with life.lifespan(None):
            raise AssertionError("it opened")

    with pytest.raises(StoreRefuses):
        asyncio.run(live())


def test_a_wrong_setting_is_named_where_uvicorn_starts_us(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("REFUND_DEMO", "1")
    monkeypatch.setenv("REFUND_CARD_SECRET_KEY", "sk_live_neverShown12")
    session.use(None)

    async def live() -> None:
        async with life.lifespan(None):
            raise AssertionError("it opened")

    with pytest.raises(SettingsExclude):
        asyncio.run(live())
    said = capsys.readouterr().err
    assert "REFUND_DEMO" in said and "REFUND_CARD_SECRET_KEY" in said and "neverShown" not in said


def test_a_provider_that_is_somebody_else_keeps_the_portal_closed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    with lying_provider() as far:
        far.document = {"issuer": "https://evil.example"}
        shop.app.provider = Provider(Rules(far.issuer, CLIENT_ID), CLIENT_SECRET, "http://portal.test/x")

        async def live() -> None:
            async with life.lifespan(None):
                raise AssertionError("it opened")

        with pytest.raises(SettingInvalid):
            asyncio.run(live())
