"""What whoever watches over the portal is told: can it serve, what waits, when was it audited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import worker
from core.adapters.channels import Outcome
from core.adapters.tables import worker_beats
from core.domain.circuit import MOST_FAILURES
from core.domain.errors import StoreUnavailable
from core.services import circuits, health
from tests.shop import Shop


def look(shop: Shop) -> tuple[list[str], list[str]]:
    return health.Watch(shop.app).look()


def test_all_is_well(shop: Shop) -> None:
    worker.beat(shop.app, "w-1")
    assert look(shop) == ([], [])


def test_a_worker_that_is_not_heard_is_missed(shop: Shop) -> None:
    assert look(shop) == ([], ["worker"]), "none was ever heard"
    worker.beat(shop.app, "w-1")
    shop.clock.advance(health.SILENT - timedelta(seconds=1))
    assert look(shop) == ([], [])
    shop.clock.advance(timedelta(seconds=1))
    assert look(shop) == ([], ["worker"])
    worker.beat(shop.app, "w-2")
    assert look(shop) == ([], []) and health.seen(shop.app).workers == 1


def test_a_store_that_does_not_answer_is_missed(sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.beat(sqlite_shop.app, "w-1")

    def away(_: str) -> bool:
        raise StoreUnavailable(problem="away")

    monkeypatch.setattr(sqlite_shop.app.store, "has", away)
    assert look(sqlite_shop) == ([], ["store"])


@pytest.mark.parametrize(("table", "closed"), [("policies", ["policy"])])
def test_without_a_policy_nobody_is_served(sqlite_shop: Shop, table: str, closed: list[str]) -> None:
    with sqlite_shop.app.begin() as conn:
        conn.exec_driver_sql(f"DROP TABLE {table}")
    sqlite_shop.app.policies.clear()
    assert look(sqlite_shop)[0] == closed


def test_without_a_database_that_is_all_that_is_said(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise OSError("away")

    monkeypatch.setattr(sqlite_shop.app, "read", away)
    monkeypatch.setattr(sqlite_shop.app, "glance", away)
    assert look(sqlite_shop) == (["database"], [])


def test_who_asks_often_gets_the_same_answer(sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's questions cost the store nothing."""
    asked: list[str] = []
    monkeypatch.setattr(sqlite_shop.app.store, "has", lambda name: asked.append(name) or False)
    watch = health.Watch(sqlite_shop.app)
    for _ in range(20):
        watch.look()
    assert len(asked) == 1
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    watch.look()
    assert len(asked) == 2


def test_what_waits_and_what_became_of_it(shop: Shop) -> None:
    assert health.seen(shop.app).cases == {}
    case = shop.apply(shop.order(("alipay", 10_000)))
    found = health.seen(shop.app)
    assert found.cases == {"approved": 1} and found.payouts == {}
    assert found.queues["cases"] == health.Waiting(1, 0.0)
    shop.clock.advance(timedelta(minutes=7))
    assert health.seen(shop.app).queues["cases"] == health.Waiting(1, 420.0)
    shop.work()
    found = health.seen(shop.app)
    assert found.cases == {"paying": 1} and found.payouts == {("alipay", "accepted"): 1}
    assert found.queues["cases"] == health.Waiting(0, 0.0)
    shop.work(days=2)
    assert shop.view(case.case_no).state == "completed"
    found = health.seen(shop.app)
    assert found.cases == {"completed": 1} and found.payouts == {("alipay", "arrived"): 1}
    assert found.queues["payouts"] == health.Waiting(0, 0.0)


def test_a_channel_that_is_left_alone(shop: Shop) -> None:
    for _ in range(MOST_FAILURES):
        circuits.heard(shop.app, "wechat", Outcome("unknown", cause="no_answer"))
    assert health.seen(shop.app).circuits == {"wechat": ("open", MOST_FAILURES)}


def test_the_last_audit(shop: Shop) -> None:
    assert health.seen(shop.app).audited is None
    health.audited(shop.app, ["one", "two"])
    shop.clock.advance(timedelta(hours=25))
    health.audited(shop.app, [])
    assert health.seen(shop.app).audited == health.Audited(shop.app.now(), 0)
    assert shop.audit() == []


def test_workers_that_ended_are_forgotten(shop: Shop) -> None:
    for name in ("w-1", "w-2"):
        worker.beat(shop.app, name)
        shop.clock.advance(worker.GONE + timedelta(seconds=1))
    worker.beat(shop.app, "w-3")
    with shop.app.read() as conn:
        assert conn.execute(select(func.count()).select_from(worker_beats)).scalar_one() == 1
