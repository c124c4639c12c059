"""Webhook, poll and crash in any order (invariants 1, 5, 6, 7): the money moves once and the books say so.

A guard that is taken out must show, or the schedules prove nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.adapters.channels import Outcome
from core.services import sending
from tests.core.services import schedules
from tests.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with schedules.quiet(), tempfile.TemporaryDirectory(dir=schedules.IN_MEMORY) as folder:
        found = schedules.shop_of(Path(folder))
        yield found
        found.app.engine.dispose()


def wrong(shop: Shop, seeds: range, **how: bool) -> list[str]:
    return [said for seed in seeds if (said := schedules.run(shop, seed, **how))]


@pytest.mark.parametrize("is_forgetful", [False, True])
def test_the_money_moves_once_whatever_happens_in_which_order(shop: Shop, is_forgetful: bool) -> None:
    assert wrong(shop, range(60), is_forgetful=is_forgetful) == []
    assert shop.audit() == []


@pytest.mark.torture
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_schedules(shop: Shop, part: int) -> None:
    seeds = range(1_000 + part * 1_000, 2_000 + part * 1_000)
    assert wrong(shop, seeds, is_forgetful=part % 2 == 1) == []
    assert shop.audit() == []


def test_a_seed_is_the_same_each_time(shop: Shop) -> None:
    steps = []
    for _ in range(2):
        schedule = schedules.Schedule(shop, 7)
        schedule.run()
        steps.append(schedule.steps)
    assert steps[0] == steps[1]


# --- each guard taken out ----------------------------------------------------------------------------------


def test_without_the_same_key_it_is_paid_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter(range(1_000_000))
    real = sending.request_of
    monkeypatch.setattr(sending, "request_of", lambda row: replace(real(row), key=f"{row.key}-{next(tries)}"))
    assert wrong(shop, range(60))


def test_without_asking_first_it_is_paid_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sending._heard

    def heard(call: Any, request: Any) -> Outcome:
        return Outcome("never_seen") if call.__name__ == "query" else real(call, request)

    monkeypatch.setattr(sending, "_heard", heard)
    assert wrong(shop, range(60), is_forgetful=True)


def test_without_the_lease_two_pay(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes by while another's call is on the line takes it for lost."""
    monkeypatch.setattr(sending, "LEASE", timedelta(seconds=-1))
    assert wrong(shop, range(60), is_forgetful=True)


def test_without_noting_the_intent_first_it_is_lost_or_paid_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step to `sending` is not committed: who dies in the call leaves no trace of it."""
    real = sending.claim

    def claim(app: Any, payout_id: int, worker: str) -> Any:
        row = real(app, payout_id, worker)
        if row is not None and row.state == "sending":
            with app.begin() as conn:
                conn.exec_driver_sql(
                    "UPDATE payouts SET state = 'planned', leased_until = NULL, sent_at = NULL WHERE id = ?",
                    (payout_id,),
                )
        return row

    monkeypatch.setattr(sending, "claim", claim)
    assert wrong(shop, range(60), is_forgetful=True)
