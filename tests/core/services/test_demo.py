"""The demo shop: something of everything, always the same on the same day, and sound books."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import worker
from core.adapters import database
from core.adapters.evidence_store import EvidenceStore
from core.adapters.tables import case_events, customers, external_refunds, orders, payments
from core.app import App
from core.domain import policy as documents
from core.domain.actors import SYSTEM, Actor
from core.domain.eligibility import assess
from core.domain.facts import CHANNELS, DELIVERIES, KINDS
from core.domain.workdays import china, local_date
from core.services import cases, demo, policy_publishing
from core.services import orders as service
from core.services.audit import audit
from tests.fakes import FakeClock

POLICY = documents.cached(documents.shipped("standard"))


def demo_app(url: str, folder: Path, at: datetime | None = None) -> App:
    clock = FakeClock(at) if at else FakeClock()
    app = App(
        engine=database.engine(url), clock=clock, channels={}, store=EvidenceStore(folder.as_uri()), demo=True
    )
    policy_publishing.ensure_shipped(app)
    return app


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> App:
    return demo_app(database_url, tmp_path)


@pytest.fixture
def seeded(sqlite_url: str, tmp_path: Path) -> App:
    app = demo_app(sqlite_url, tmp_path)
    demo.seed(app)
    return app


def table(app: App, which: Any) -> list[Any]:
    with app.read() as conn:
        return list(conn.execute(select(which).order_by(*which.primary_key.columns)))


def test_it_has_something_of_everything(seeded):
    found, tenders = table(seeded, orders), table(seeded, payments)
    assert len(found) >= 200
    assert {order.kind for order in found} == set(KINDS)
    assert {(order.kind, order.delivery) for order in found} == {(k, d) for k in KINDS for d in DELIVERIES}
    assert {tender.channel for tender in tenders} == set(CHANNELS)
    people = {customer.id: customer.name for customer in table(seeded, customers)}
    assert len(people) >= 8 and people["c01"] == "林晓"
    assert {order.customer_id for order in found} == {*people, ""}
    assert any(order.quantity > 1 for order in found) and any(order.escrow for order in found)
    assert any(not tender.is_open for tender in tenders)
    assert {tender.charged_currency for tender in tenders} >= {"USD", "HKD"}
    assert any(order.amount_minor % 100 for order in found)
    assert len(table(seeded, external_refunds)) >= 2
    split = {
        (a.order_no) for a in tenders for b in tenders if a.order_no == b.order_no and a.channel != b.channel
    }
    assert split


def test_there_are_orders_on_both_sides_of_every_windows_edge(seeded):
    today = local_date(seeded.now())
    ages: dict[str, set[int]] = {}
    for order in table(seeded, orders):
        if order.completed_at is not None:
            ages.setdefault(order.kind, set()).add((today - local_date(order.completed_at)).days)
    for kind, window in POLICY.window_days.items():
        assert ages[kind] >= {window - 1, window, window + 1}, kind


def test_the_rules_answer_every_order_and_in_every_way(seeded):
    verdicts: set[str] = set()
    rules: set[str] = set()
    with seeded.read() as conn:
        for order in table(seeded, orders):
            for reason in ("not_delivered", "duplicate_charge", "not_as_described", "other"):
                left = service.load(conn, order.order_no).refundable_minor
                facts = service.facts_for(
                    conn,
                    order.order_no,
                    reason=reason,
                    requested_minor=left or 1,
                    evidence=(),
                    policy=POLICY,
                    at=seeded.now(),
                )
                answer = assess(facts, POLICY, china())
                verdicts.add(answer.verdict)
                rules.add(answer.rule)
    assert verdicts == {"approve", "review", "reject", "needs_evidence"}
    assert rules >= {"paid_twice", "redeemed", "too_late", "escrow", "not_delivered", "never_delivered"}
    assert rules >= {"law.nothing_left", "law.negotiated"}


def test_nothing_is_said_of_the_future(seeded):
    now = seeded.now()
    for order in table(seeded, orders):
        assert order.paid_at <= now
        assert all(at is None or order.paid_at <= at <= now for at in (order.completed_at, order.delivery_at))
    assert all(entry.at <= now for entry in table(seeded, case_events))


def test_no_order_is_complete_before_its_goods_are_there(seeded):
    for order in table(seeded, orders):
        if order.completed_at and order.delivery_at:
            assert order.delivery_at <= order.completed_at, order.order_no


def test_no_account_is_shown_in_full(seeded):
    """Invariant 20."""
    assert not [
        tender.account for tender in table(seeded, payments) if re.search(r"[0-9]{7}", tender.account)
    ]


def test_the_last_weeks_left_cases_in_different_states(seeded):
    lin = Actor("customer", "c01")
    states = {card.state for card in cases.list_for(seeded, lin)}
    assert states >= {"completed", "rejected", "awaiting_customer", "approved"}
    assert {card.state for card in cases.list_for(seeded, Actor("customer", "c02"))} >= {"withdrawn"}
    arrived = next(card for card in cases.list_for(seeded, lin) if card.state == "completed")
    view = cases.view(seeded, lin, arrived.case_no)
    assert view.payouts[0].state == "arrived" and view.finished_at is not None
    assert (seeded.now() - view.finished_at).days >= 5


def test_its_books_are_sound_before_and_after_the_worker(app):
    demo.seed(app, 60)
    assert audit(app) == []
    worker.run_until_idle(app)
    assert audit(app) == []


def test_seeding_again_changes_nothing(app):
    assert demo.seed(app, 40) == 40
    before = table(app, orders), table(app, payments), table(app, case_events)
    assert demo.seed(app, 40) == 0
    assert demo.seed(app, 90) == 0
    assert (table(app, orders), table(app, payments), table(app, case_events)) == before


def test_a_shop_with_orders_of_its_own_is_left_alone(app):
    from sqlalchemy import insert

    with app.begin() as conn:
        conn.execute(insert(customers).values(id="real", name="real", created_at=app.now()))
    assert demo.seed(app) == 0
    assert table(app, orders) == []


def test_the_same_day_makes_the_same_shop(sqlite_url, tmp_path):
    import shutil

    other = tmp_path / "other.db"
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), other)
    shops = [demo_app(sqlite_url, tmp_path), demo_app(f"sqlite:///{other}", tmp_path)]
    for shop in shops:
        demo.seed(shop)
    first, second = (
        [tuple(row) for which in (orders, payments) for row in table(shop, which)] for shop in shops
    )
    assert first == second


@pytest.mark.parametrize(
    "at",
    [
        datetime(
            2026, 10, 8, 15, 59, 59, tzinfo=UTC
        ),  # a second before midnight in Shanghai, after a long holiday
        datetime(2026, 10, 8, 16, 0, 0, tzinfo=UTC),
        datetime(2026, 2, 28, 3, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 0, tzinfo=UTC),  # the calendar may not be published that far
    ],
)
def test_any_day_is_a_good_day(sqlite_url, tmp_path, at):
    app = demo_app(sqlite_url, tmp_path, at)
    demo.seed(app, 60)
    assert audit(app) == []
    lin = Actor("customer", "c01")
    assert {card.state for card in cases.list_for(app, lin)} >= {"completed", "rejected", "awaiting_customer"}
    assert all(order.paid_at <= at for order in service.list_for(app, SYSTEM))
