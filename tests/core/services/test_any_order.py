"""Anything in any order: whatever people do and channels answer, the house is clean after every step."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from core.adapters import database
from core.adapters.tables import payments
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.lifecycle import CASE
from core.domain.settlement import WAYS, Payee
from core.domain.terms import Terms
from core.services import cases
from core.services.evidence import TAKES_EVIDENCE
from tests.shop import ARBITER, FINANCE, LEAD, REVIEWER, REVIEWER_2, Shop, open_shop

FAULTS = ["lose_before", "lose_after", "refuse", "refuse_closed", "refuse_number", "garbage", "forget", ""]
LEAD_2, ARBITER_2 = Actor("lead", "zhao-jing"), Actor("arbiter", "bai-lu")
PEOPLE = [REVIEWER, REVIEWER_2, LEAD, LEAD_2, ARBITER, ARBITER_2, FINANCE]
LARGE = 120_000  # above what one may approve
BY_STAFF = [
    "approve", "approve", "offer", "reject", "ask", "dispute", "negotiate", "agree", "agree", "counter",
    "transfer",
]  # fmt: skip
TERMS = st.builds(
    Terms,
    note=st.just("…"),
    amount_minor=st.none() | st.integers(1, 11_000) | st.just(LARGE - 1),
    route=st.sampled_from([None, None, "original", "balance", "negotiated"]),
    way=st.sampled_from([None, *WAYS]),
    payee=st.just(Payee("card", "梅雨", "6222021234561234")),
    reference=st.just("TR-20261"),
)


@lru_cache(maxsize=1)
def template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="any-order-")) / "template.db"
    database.migrate(f"sqlite:///{path}")
    with database.engine(f"sqlite:///{path}").connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


class House(RuleBasedStateMachine):
    """Two customers, six orders, all roles, two lying channels and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="any-order-"))
        shutil.copy(template(), self.folder / "refund.db")
        self.url = f"sqlite:///{self.folder}/refund.db"
        self.shop: Shop = open_shop(self.url, self.folder / "evidence")
        self.watch = sqlite3.connect(self.folder / "refund.db")
        self.seen: Any = None
        self.orders: list[str] = []
        self.clicks = 0

    @initialize()
    def stock(self) -> None:
        at = self.shop.clock.at
        self.orders = [
            self.shop.order(),
            self.shop.order(("alipay", 4_000), ("wechat", 6_000), customer="wei"),
            self.shop.order(delivery="code_viewed", completed_at=at),
            self.shop.order(customer="", delivery="redeemed"),
            self.shop.order(escrow=True),
            self.shop.order(("alipay", LARGE), customer="wei"),
        ]

    def owner(self, order_no: str) -> Actor:
        customer = ["mei", "wei", "mei", "", "mei", "wei"][self.orders.index(order_no)]
        return Actor("customer", customer) if customer else Actor("guest", order_no=order_no)

    def case(self, place: int) -> Any:
        cards = cases.list_for(self.shop.app, LEAD)
        return cards[place % len(cards)] if cards else None

    @rule(
        place=st.integers(0, 5),
        amount=st.integers(1, 12_000) | st.just(LARGE),
        route=st.sampled_from([None, "original", "balance"]),
    )
    def apply(self, place: int, amount: int, route: str | None) -> None:
        order_no = self.orders[place]
        self.quietly(lambda: self.shop.apply(order_no, amount, actor=self.owner(order_no), route=route))

    @rule(place=st.integers(0, 9), event=st.sampled_from(CASE.events), terms=TERMS)
    def customer_acts(self, place: int, event: str, terms: Terms) -> None:
        self.act(place, event, None, terms)

    @rule(
        place=st.integers(0, 9), event=st.sampled_from(BY_STAFF), person=st.sampled_from(PEOPLE), terms=TERMS
    )
    def staff_acts(self, place: int, event: str, person: Actor, terms: Terms) -> None:
        self.act(place, event, person, terms)

    def act(self, place: int, event: str, person: Actor | None, terms: Terms) -> None:
        card = self.case(place)
        if card is not None:
            actor = person or self.owner(card.order_no)
            self.quietly(lambda: self.shop.act(card.case_no, event, actor, terms=terms))

    @rule(place=st.integers(0, 9), kind=st.sampled_from(["account_closed", "product_page"]))
    def picture(self, place: int, kind: str) -> None:
        card = self.case(place)
        if card is not None and card.state in TAKES_EVIDENCE:
            self.shop.picture(card.case_no, kind)

    @rule(minutes=st.sampled_from([0, 2, 60, 60 * 24, 60 * 24 * 4, 60 * 24 * 20]))
    def work(self, minutes: int) -> None:
        self.shop.work(minutes=minutes)

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=4), wechat=st.booleans())
    def bad_line(self, faults: list[str], wechat: bool) -> None:
        channel = self.shop.wechat if wechat else self.shop.alipay
        channel.faults.clear()
        channel.faults.extend(faults)

    @rule(
        place=st.integers(0, 3), cause=st.sampled_from(["account_closed", "new_number_needed", "bank_fault"])
    )
    def money_comes_back(self, place: int, cause: str) -> None:
        for channel in (self.shop.alipay, self.shop.wechat):
            keys = [
                key
                for key, (_, at) in channel.books.items()
                if self.shop.clock.at < at + channel.settles_after  # what has arrived stays
            ]
            if keys:
                channel.give_back(keys[place % len(keys)], cause)

    def quietly(self, command: Any) -> None:
        """A refusal is an answer; anything else is a fault of ours."""
        with suppress(Refusal):
            command()

    @invariant()
    def clean(self) -> None:
        """Where nothing was written and no time has passed, the answer is the last one."""
        version = self.watch.execute("PRAGMA data_version").fetchone()[0]
        if (version, self.shop.clock.at) != self.seen:
            assert self.shop.audit() == []
            self.seen = (version, self.shop.clock.at)

    @invariant()
    def no_channel_paid_too_much(self) -> None:
        with self.shop.app.read() as conn:
            for row in conn.execute(select(payments)):
                for channel in (self.shop.alipay, self.shop.wechat):
                    assert channel.moved(row.trade_no) <= row.paid_minor

    def teardown(self) -> None:
        """In the end, with everybody answering and a good line, nothing is left hanging at a channel."""
        self.shop.alipay.faults.clear()
        self.shop.wechat.faults.clear()
        for _ in range(6):
            self.shop.work(days=1)
        self.clean()
        open_payouts = [
            p.state for card in cases.list_for(self.shop.app, LEAD) for p in self.shop.payouts(card.case_no)
        ]
        assert set(open_payouts) <= {"arrived", "replanned", "unknown"}
        self.watch.close()
        self.shop.app.engine.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        House,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.parametrize("quarter", range(4))  # so that they can run side by side
def test_some_days_in_any_order(quarter: int) -> None:
    """All invariants that rows can tell about, after every step: 200 runs of 50 steps."""
    run(examples=50, steps=50)


@pytest.mark.torture
@pytest.mark.parametrize("quarter", range(4))
def test_many_days_in_any_order(quarter: int) -> None:
    """2,000 runs of 50 steps."""
    run(examples=500, steps=50)
