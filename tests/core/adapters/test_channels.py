"""The sandbox is as strict as a real channel, and the demo clock moves for everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.adapters import database
from core.adapters.channels import RefundRequest
from core.adapters.channels.sandbox import SandboxChannel
from core.adapters.clock import DemoClock, RealClock
from core.app import App, Settings, build
from core.domain.errors import DemoOnly
from tests.fakes import FakeClock
from tests.shop import open_shop

REQUEST = RefundRequest("R1-1-1", "alipay", "T1", 4_000, "CNY", 10_000)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 9, 4, 6, 0, tzinfo=UTC))  # a Friday afternoon


@pytest.fixture
def sandbox(database_url: str, clock: FakeClock) -> SandboxChannel:
    return SandboxChannel("alipay", database.engine(database_url), clock)


def test_accepted_now_settled_at_noon_of_the_next_working_day(
    sandbox: SandboxChannel, clock: FakeClock
) -> None:
    """R4.1: weekends do not count."""
    first = sandbox.refund(REQUEST)
    assert (first.kind, first.at) == ("accepted", clock.at)
    clock.advance(timedelta(days=2))
    assert sandbox.query(REQUEST).kind == "accepted"
    clock.advance(timedelta(days=1))
    settled = sandbox.query(REQUEST)
    assert (settled.kind, settled.reference) == ("arrived", first.reference)
    assert settled.at == datetime(2026, 9, 7, 4, 0, tzinfo=UTC)


def test_a_card_takes_three_days(database_url: str, clock: FakeClock) -> None:
    card = SandboxChannel("card", database.engine(database_url), clock)
    request = replace(REQUEST, channel="card")
    card.refund(request)
    clock.advance(timedelta(days=4))
    assert card.query(request).kind == "accepted"
    clock.advance(timedelta(days=1))
    assert card.query(request).kind == "arrived"


def test_the_same_key_is_the_same_refund(sandbox: SandboxChannel, clock: FakeClock) -> None:
    """Any number of times, later as well; with another amount it is refused."""
    first = sandbox.refund(REQUEST)
    clock.advance(timedelta(hours=1))
    assert sandbox.refund(REQUEST) == first
    assert sandbox.refund(replace(REQUEST, amount_minor=4_001)).cause == "key_reused"
    assert sandbox.query(REQUEST).reference == first.reference


def test_it_refuses_more_than_was_paid_by_its_own_books(sandbox: SandboxChannel) -> None:
    """R4.8: the last guard stands on the other side."""
    assert sandbox.refund(REQUEST).kind == "accepted"
    over = replace(REQUEST, key="R1-1-2", amount_minor=6_001)
    assert (sandbox.refund(over).kind, sandbox.refund(over).cause) == ("refused", "beyond_paid")
    assert sandbox.query(over).kind == "never_seen"
    assert sandbox.refund(replace(over, amount_minor=6_000)).kind == "accepted"


def test_what_it_never_saw(sandbox: SandboxChannel) -> None:
    assert sandbox.query(REQUEST).kind == "never_seen"


def test_references_tell_payments_apart(sandbox: SandboxChannel) -> None:
    first = sandbox.refund(REQUEST).reference
    second = sandbox.refund(replace(REQUEST, key="R1-1-2")).reference
    assert first != second and first is not None and first.isdigit()


def test_a_moved_clock_runs_on_and_is_everybodys(sqlite_url: str) -> None:
    engine = database.engine(sqlite_url)
    one, other = DemoClock(engine), DemoClock(engine)
    target = datetime(2027, 2, 1, 4, 0, tzinfo=UTC)
    assert abs(one.set(target) - target) < timedelta(seconds=5)
    assert abs(other.now() - target) < timedelta(seconds=5)
    one.advance(timedelta(days=3))
    assert one.now() > target + timedelta(days=3)
    one.reset()
    assert abs(one.now() - RealClock().now()) < timedelta(seconds=5)


def test_only_the_demo_moves_its_clock(sqlite_url: str, tmp_path: Path) -> None:
    """DESIGN: refused unless demo mode is on."""
    with pytest.raises(DemoOnly):
        open_shop(sqlite_url, tmp_path).app.demo_clock()
    settings = Settings(database_url=sqlite_url, store_url=tmp_path.as_uri(), demo=False)
    with pytest.raises(DemoOnly):
        build(settings).demo_clock()
    demo = build(settings.model_copy(update={"demo": True}))
    assert isinstance(demo, App) and demo.demo_clock() is demo.clock
    assert set(demo.channels) == {"alipay", "wechat", "card"}
    assert build(settings).channels == {}, "no sandbox where money is real"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "STORE_URL", "DEMO", "SHOP_NAME", "SUPPORT"):
        monkeypatch.delenv(f"REFUND_{name}", raising=False)
    assert Settings().database_url == "sqlite:///var/refund.db"
    assert Settings().store_url == (tmp_path / "var" / "evidence").as_uri()
    assert Settings().demo is False
    monkeypatch.setenv("REFUND_DEMO", "1")
    assert Settings().demo is True
    assert (Settings().shop_name, Settings().support) == ("星点", "")
    monkeypatch.setenv("REFUND_SHOP_NAME", "海风")
    monkeypatch.setenv("REFUND_SUPPORT", "help@shop.test")
    app = build(Settings(database_url=f"sqlite:///{tmp_path}/x.db"))
    assert (app.shop_name, app.support) == ("海风", "help@shop.test")
