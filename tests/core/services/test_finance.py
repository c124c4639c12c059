"""Finance: what is under way and what holds it up, who sees to it, what is owed, and the books of a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import worker
from core.adapters.tables import ledger_entries, payouts
from core.domain.actors import Actor
from core.domain.errors import NotAllowed, NotFound, PayoutUnasked, PersonUnknown
from core.domain.lifecycle import ROLES
from core.domain.workdays import local_date
from core.services import finance, identity
from core.services.finance import Money
from tests.shop import FINANCE, LEAD, Shop
from tests.vandal import tampering


def under_way(shop: Shop, **more: object) -> list[Money]:
    return finance.under_way(shop.app, FINANCE, **more)[0]  # type: ignore[arg-type]


def sent(shop: Shop, *faults: str) -> str:
    case_no = shop.apply(shop.order()).case_no
    shop.alipay.faults.extend(faults)
    worker.run_once(shop.app)
    return case_no


def test_everybody_else_sees_nothing(shop: Shop) -> None:
    case_no = sent(shop)
    [payout] = shop.payouts(case_no)
    today = local_date(shop.clock.at)
    for role in sorted(set(ROLES) - {"finance", "lead"}):
        who = Actor(role, "x", "O1" if role == "guest" else None)
        for ask in (
            lambda who=who: finance.piles(shop.app, who),
            lambda who=who: finance.under_way(shop.app, who),
            lambda who=who: finance.stuck_count(shop.app, who),
            lambda who=who: finance.colleagues(shop.app, who),
            lambda who=who: finance.liabilities(shop.app, who),
            lambda who=who: finance.trial_balance(shop.app, who, today),
            lambda who=who: finance.unbalanced(shop.app, who),
            lambda who=who: finance.paid_by_day(shop.app, who),
            lambda who=who: list(finance.entries(shop.app, who, today, today)),
            lambda who=who: finance.ask_now(shop.app, who, payout.id, f"now-{who}"),
            lambda who=who: finance.give(shop.app, who, payout.id, "x", f"give-{who}"),
        ):
            with pytest.raises(NotAllowed):
                ask()


def test_what_is_stuck_stands_on_top(shop: Shop) -> None:
    """Past its date, or for a cause that does not pass by itself; then the unknown, then the oldest."""
    fine = sent(shop)
    unknown = sent(shop, "lose_before")
    held = sent(shop, "lose_before")
    with shop.app.begin() as conn:
        conn.execute(update(payouts).where(payouts.c.case_no == held).values(cause="low_funds"))
    assert [(m.case_no, m.is_stuck) for m in under_way(shop)] == [
        (held, True), (unknown, False), (fine, False),
    ]  # fmt: skip
    assert [m.case_no for m in under_way(shop, only_stuck=True)] == [held]
    assert finance.stuck_count(shop.app, LEAD) == 1
    shop.clock.advance(timedelta(days=10))
    late = under_way(shop, only_stuck=True)
    assert {m.case_no: m.at.code for m in late} == {held: "asking", fine: "channel_late"}
    assert under_way(shop, channel="wechat") == []


def test_piles_count_and_sum(shop: Shop) -> None:
    there = [sent(shop), sent(shop)]
    lost = sent(shop, "lose_before")
    [taken, unknown] = finance.piles(shop.app, FINANCE)
    assert (taken.channel, taken.state, taken.count, taken.late) == ("alipay", "accepted", 2, 0)
    assert taken.amount_minor == sum(shop.payouts(case_no)[0].amount_minor for case_no in there)
    assert (unknown.state, unknown.count) == ("unknown", 1)
    assert unknown.amount_minor == shop.payouts(lost)[0].amount_minor
    shop.clock.advance(timedelta(days=10))
    assert [pile.late for pile in finance.piles(shop.app, FINANCE)] == [2, 0]


def test_asking_now_only_brings_forward_what_the_worker_does(shop: Shop) -> None:
    """Invariants 5 to 7: the first act is a query, and the same request goes out under the same key."""
    case_no = sent(shop, "lose_before")
    [payout] = shop.payouts(case_no)
    assert payout.state == "unknown" and payout.due_at > shop.clock.at
    for _ in range(2):  # pressed twice
        assert finance.ask_now(shop.app, FINANCE, payout.id, "now") == "ask"
    [moved] = shop.payouts(case_no)
    assert (moved.state, moved.tries, moved.due_at) == ("unknown", payout.tries, shop.clock.at)
    worker.run_once(shop.app)
    assert [r.key for r in shop.alipay.asked] == [payout.key]
    assert {r.key for r in shop.alipay.sent} == {payout.key} and len(shop.alipay.sent) == 2
    assert shop.payouts(case_no)[0].state == "accepted"
    assert shop.audit() == []


def test_there_is_nobody_to_ask(shop: Shop) -> None:
    """What has arrived, what goes to the balance here, what is being sent."""
    case_no = sent(shop)
    [payout] = shop.payouts(case_no)
    with shop.app.begin() as conn:
        conn.execute(update(payouts).values(state="sending"))
    with pytest.raises(PayoutUnasked):
        finance.ask_now(shop.app, FINANCE, payout.id, "sending")
    with shop.app.begin() as conn:
        conn.execute(update(payouts).values(state="accepted"))
    shop.work(days=2)
    with pytest.raises(NotFound):
        finance.ask_now(shop.app, FINANCE, payout.id, "arrived")
    with pytest.raises(NotFound):
        finance.ask_now(shop.app, FINANCE, 99, "none")


def test_given_to_a_person(shop: Shop) -> None:
    case_no = sent(shop, "lose_before")
    [payout] = shop.payouts(case_no)
    identity.open_session(shop.app, "lead", LEAD.id)
    identity.open_session(shop.app, "reviewer", "zhou-lan")
    assert set(finance.colleagues(shop.app, FINANCE)) == {LEAD.id}
    finance.give(shop.app, FINANCE, payout.id, LEAD.id, "a")
    finance.give(shop.app, FINANCE, payout.id, LEAD.id, "b")
    assert under_way(shop)[0].care == LEAD.id
    with pytest.raises(PersonUnknown):
        finance.give(shop.app, FINANCE, payout.id, "zhou-lan", "c")
    finance.give(shop.app, LEAD, payout.id, "", "d")
    assert under_way(shop)[0].care == ""
    assert shop.audit() == []


def test_what_is_owed(shop: Shop) -> None:
    shop.apply(shop.order(), route="balance")
    shop.apply(shop.order())
    worker.run_once(shop.app)
    [owed] = finance.liabilities(shop.app, FINANCE)
    assert (owed.customers, owed.remaining_minor, owed.booked_minor) == (1, 10_000, 10_000)
    [payout] = [p for p in under_way(shop) if p.channel == "alipay"]
    assert owed.payable_minor == payout.amount_minor
    assert (owed.soon_minor, owed.expired_minor) == (0, 0)
    shop.clock.advance(timedelta(days=350))
    [soon] = finance.liabilities(shop.app, FINANCE)
    shop.clock.advance(timedelta(days=50))
    [gone] = finance.liabilities(shop.app, FINANCE)
    assert (soon.soon_minor, gone.soon_minor, gone.expired_minor) == (10_000, 0, 10_000)


def test_the_books_of_every_day_sum_to_zero(shop: Shop) -> None:
    first = local_date(shop.clock.at)
    sent(shop)
    shop.work(days=1)
    shop.work(days=1)
    for back in range(3):
        day = first + timedelta(days=back)
        found = finance.trial_balance(shop.app, FINANCE, day)
        assert sum(each.before for each in found) == sum(each.after for each in found) == 0
        assert sum(each.debit for each in found) == sum(each.credit for each in found)
    assert finance.unbalanced(shop.app, FINANCE) == []
    today = finance.trial_balance(shop.app, FINANCE, local_date(shop.clock.at))
    assert {each.account: each.after for each in today if each.after}.keys() >= {"contra_revenue:refunds"}
    paid = finance.paid_by_day(shop.app, FINANCE)
    assert [(account, minor > 0) for _, account, minor in paid] == [("assets:channel:alipay", True)]
    rows = list(finance.entries(shop.app, FINANCE, first, local_date(shop.clock.at)))
    with shop.app.read() as conn:
        assert len(rows) == len(conn.execute(select(ledger_entries)).all())
    assert (
        list(finance.entries(shop.app, FINANCE, first - timedelta(days=9), first - timedelta(days=1))) == []
    )


def test_a_day_that_does_not_balance_is_told(shop: Shop) -> None:
    sent(shop)
    with tampering(shop.app) as conn:
        conn.execute(update(ledger_entries).where(ledger_entries.c.line == 1).values(amount_minor=10_001))
    [(day, currency, minor)] = finance.unbalanced(shop.app, FINANCE)
    assert (day, currency, minor) == (local_date(shop.clock.at), "CNY", 1)
