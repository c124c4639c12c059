"""No more calls a second than a channel takes, of all workers together; that delays, and loses nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from core.adapters.tables import channel_turns
from core.services import pacing, sending
from tests.shop import SUPPORT, Shop

SECOND = timedelta(seconds=1)


def limit(shop: Shop, calls_a_second: int) -> None:
    shop.alipay.capabilities = replace(shop.alipay.capabilities, calls_a_second=calls_a_second)


def test_workers_share_the_pace(shop: Shop) -> None:
    """Four at once take forty different moments, a fifth of a second apart."""
    together = threading.Barrier(4)

    def worker(_: int) -> list[datetime | None]:
        together.wait()
        return [pacing.take(shop.app, "alipay", 5) for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        taken = [at for share in pool.map(worker, range(4)) for at in share]
    assert sorted(at for at in taken if at) == [shop.clock.at + n * SECOND / 5 for n in range(40)]


def test_every_call_waits_for_its_turn(sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending and asking alike; the time that it takes is what the pace says."""
    shop, calls = sqlite_shop, []
    limit(shop, 2)
    monkeypatch.setattr(pacing, "sleep", lambda span: shop.clock.advance(max(span, timedelta(0))))
    for name in ("refund", "query"):
        real = getattr(shop.alipay, name)

        def counted(request, real=real):  # type: ignore[no-untyped-def]
            calls.append(shop.clock.at)
            return real(request)

        monkeypatch.setattr(shop.alipay, name, counted)
    numbers = [shop.apply(shop.order(customer=f"c{n}"), actor=SUPPORT).case_no for n in range(6)]
    shop.work()
    shop.work(minutes=2)
    assert len(calls) >= 12
    for start in calls:
        assert sum(start <= at < start + SECOND for at in calls) <= 2
    assert {shop.payouts(number)[0].state for number in numbers} == {"accepted"}
    assert shop.audit() == []


def test_too_long_a_wait_is_another_time(sqlite_shop: Shop) -> None:
    """Nothing goes out, nothing is taken for lost at the channel, and the money moves once in the end."""
    shop = sqlite_shop
    limit(shop, 1)
    case_no = shop.apply(shop.order()).case_no
    with shop.app.begin() as conn:
        far = shop.clock.at + timedelta(seconds=45)
        conn.execute(insert(channel_turns).values(channel="alipay", free_at=far))
    shop.work()
    [payout] = shop.payouts(case_no)
    assert (payout.state, payout.cause, shop.alipay.sent) == ("unknown", "too_soon", [])
    with shop.app.read() as conn:
        assert conn.execute(select(channel_turns.c.free_at)).scalar_one() == far, "nobody's moment was taken"
    shop.clock.advance(timedelta(minutes=5))
    for payout_id in sending.due_ids(shop.app, shop.clock.at, 5):
        sending.attend(shop.app, payout_id, "later")
    assert [len(shop.alipay.sent), len(shop.alipay.books)] == [1, 1]
    assert shop.audit() == []


def test_a_channel_without_a_limit_has_no_row(sqlite_shop: Shop) -> None:
    sqlite_shop.apply(sqlite_shop.order())
    sqlite_shop.work()
    with sqlite_shop.app.read() as conn:
        assert conn.execute(select(channel_turns)).all() == []
