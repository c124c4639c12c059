"""How long a channel took lately: only where enough arrived, by nearest rank, and at no cost per rerun."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from core.adapters.tables import payments, payouts
from core.services import arrivals
from core.services.arrivals import LEAST, MOST, Measured, days, measured, of
from tests.plans import scans
from tests.shop import Shop

HOUR = timedelta(hours=1)


def arrived(shop: Shop, took: list[timedelta], channel: str = "alipay", ago: timedelta = HOUR) -> None:
    """Payouts that arrived `ago`, each having taken so long."""
    case_no = shop.apply(shop.order()).case_no
    with shop.app.begin() as conn:
        payment_id = conn.execute(select(payments.c.id).limit(1)).scalar_one()
        rows: list[dict[str, Any]] = [
            {
                "case_no": case_no, "payment_id": payment_id, "route": "original", "channel": channel,
                "reserved_minor": 1, "amount_minor": 1, "currency": "CNY", "state": "arrived",
                "key": f"{case_no}-{channel}-{place}-{ago}", "request": "{}", "tries": 0,
                "created_at": shop.clock.at,
                "sent_at": shop.clock.at - ago - timedelta(seconds=place) - span,
                "arrived_at": shop.clock.at - ago - timedelta(seconds=place),
            }
            for place, span in enumerate(took)
        ]  # fmt: skip
        conn.execute(insert(payouts), rows)


@pytest.mark.parametrize(
    ("hours", "half", "most"),
    [
        ([1] * 20, 1, 1),
        (list(range(1, 21)), 10, 18),  # the 10th and the 18th of 20
        (list(range(1, 101)), 50, 90),
        ([1] * 89 + [500] * 11, 1, 500),  # 89 of 100 are not nine of ten
        ([1] * 90 + [500] * 10, 1, 1),
    ],
)
def test_half_and_nine_of_ten_really_arrived_within_it(hours: list[int], half: int, most: int) -> None:
    found = of([HOUR * each for each in hours])
    assert found == Measured(len(hours), HOUR * half, HOUR * most)


def test_few_say_nothing() -> None:
    assert of([HOUR] * (LEAST - 1)) is None and of([]) is None


@pytest.mark.parametrize(("hours", "told"), [(0, 1), (1, 1), (24, 1), (24.01, 2), (71, 3)])
def test_a_day_begun_is_said_whole(hours: float, told: int) -> None:
    assert days(timedelta(hours=hours)) == told


def test_the_newest_of_the_channel_within_its_time(shop: Shop) -> None:
    arrived(shop, [HOUR] * 300)
    arrived(shop, [50 * HOUR] * 300, ago=timedelta(days=2))  # older ones
    arrived(shop, [9 * HOUR] * 30, channel="wechat")
    arrived(shop, [9 * HOUR] * 30, channel="card", ago=timedelta(days=91))
    assert measured(shop.app, "alipay") == Measured(MOST, HOUR, HOUR)
    assert measured(shop.app, "wechat") == Measured(30, 9 * HOUR, 9 * HOUR)
    assert measured(shop.app, "card") is None


def test_no_rerun_asks_the_database_again_for_minutes(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = sqlite_shop
    arrived(shop, [HOUR] * LEAST)
    found = measured(shop.app, "alipay")
    assert found is not None

    def nobody(*_: Any) -> Any:
        raise AssertionError("asked again")

    with monkeypatch.context() as broken:
        broken.setattr(arrivals, "_TOOK", type("No", (), {"all": nobody})())
        shop.clock.advance(timedelta(minutes=9))
        assert measured(shop.app, "alipay") == found
    arrived(shop, [99 * HOUR] * 200)
    shop.clock.advance(timedelta(minutes=2))
    again = measured(shop.app, "alipay")
    assert again is not None and again.half == 99 * HOUR
    shop.clock.advance(timedelta(days=-3))  # the demo's clock goes back
    measured(shop.app, "alipay")
    assert shop.app.arrivals["alipay"][0] == shop.clock.at, "what is from the future is not kept"


def test_by_an_index(shop: Shop) -> None:
    arrived(shop, [HOUR] * 50)
    values = {"channel": "alipay", "since": shop.clock.at - timedelta(days=90), "limit": MOST}
    with shop.app.read() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        assert scans(conn, arrivals.QUERY, "payouts", **values) == []
