"""R4.4: a balance is spent here, ends on the date that its customer was told, and nobody spends it twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from core import worker
from core.adapters.channels import balance
from core.adapters.tables import balance_lots, ledger_entries, lot_uses, notices, spends
from core.app import App
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import (
    AmountInvalid,
    BalanceTooSmall,
    CommandReused,
    DemoOnly,
    NotAllowed,
    NotFound,
    SpendKeyMissing,
)
from core.domain.workdays import ZONE
from core.services import cases, identity, ledger, wallet
from core.services.notices import inbox
from core.services.wallet import lots as lot_queries
from core.services.wallet import vouchers as voucher_queries
from tests.plans import scans
from tests.shop import FINANCE, MEI, SUPPORT, WEI, Shop

YEAR = 365


def refunded(shop: Shop, amount: int = 10_000, customer: Actor = MEI) -> str:
    """A refund that went to the balance."""
    order_no = shop.order(("alipay", amount), customer=customer.id)
    case_no = shop.apply(order_no, amount, route="balance", actor=customer).case_no
    shop.work()
    return case_no


def pay(shop: Shop, amount: int, key: str, customer: str = "mei", actor: Actor = SYSTEM) -> wallet.Spent:
    return wallet.spend(shop.app, actor, customer, amount, key, what="点卡")


def left(shop: Shop, customer: str = "mei") -> int:
    with shop.app.read() as conn:
        return balance.spendable(conn, customer, "CNY", shop.clock.at)


def lots(shop: Shop) -> list[int]:
    """What is left of each, by age."""
    with shop.app.read() as conn:
        return list(
            conn.execute(select(balance_lots.c.remaining_minor).order_by(balance_lots.c.id)).scalars()
        )


def movements(shop: Shop, beginning: str) -> list[tuple[str, int]]:
    e = ledger_entries.c
    with shop.app.read() as conn:
        query = select(e.account, e.amount_minor).where(e.movement.startswith(beginning)).order_by(e.id)
        return [tuple(row) for row in conn.execute(query)]


def told(shop: Shop, kind: str) -> list[tuple[str, int | None, datetime | None]]:
    n = notices.c
    with shop.app.read() as conn:
        query = select(n.customer_id, n.amount_minor, n.by_at).where(n.kind == kind).order_by(n.id)
        return [tuple(row) for row in conn.execute(query)]


# --- spending ---------------------------------------------------------------------------------------------


def test_what_ends_first_is_spent_first(shop: Shop) -> None:
    """Three lots of three days; the books and what is left agree."""
    for _ in range(3):
        refunded(shop, 1_000)
        shop.clock.advance(timedelta(days=1))
    with shop.app.begin() as conn:  # the newest one ends first
        soon = shop.clock.at + timedelta(days=400)
        conn.execute(update(balance_lots).where(balance_lots.c.id < 3).values(expires_at=soon))
    spent = pay(shop, 1_500, "S-1")
    assert (spent.amount_minor, spent.left_minor, lots(shop)) == (1_500, 1_500, [500, 1_000, 0])
    assert movements(shop, "spend:") == [("liabilities:balance", 1_500), ("revenue:sales", -1_500)]
    assert shop.audit() == []


def test_all_of_it_or_nothing(shop: Shop) -> None:
    refunded(shop, 1_000)
    with pytest.raises(BalanceTooSmall) as refused:
        pay(shop, 1_001, "S-1")
    assert refused.value.params == {"left_minor": 1_000, "currency": "CNY"}
    assert (lots(shop), movements(shop, "spend:")) == ([1_000], [])
    assert pay(shop, 1_000, "S-1").left_minor == 0, "the refused key is still free"
    for amount in (0, -5):
        with pytest.raises(AmountInvalid):
            pay(shop, amount, f"S{amount}")
    with pytest.raises(BalanceTooSmall):
        wallet.spend(shop.app, SYSTEM, "mei", 1, "S-usd", currency="USD")
    assert shop.audit() == []


def test_one_key_pays_once(shop: Shop) -> None:
    """Invariant 17: the shop asks again and gets the first answer; other figures under it are refused."""
    refunded(shop, 1_000)
    refunded(shop, 1_000, WEI)
    first = pay(shop, 300, "S-1")
    shop.clock.advance(timedelta(days=2))
    assert pay(shop, 300, " S-1 ") == first
    for amount, customer in ((301, "mei"), (300, "wei")):
        with pytest.raises(CommandReused):
            pay(shop, amount, "S-1", customer)
    with pytest.raises(SpendKeyMissing):
        pay(shop, 1, "  ")
    assert (left(shop), left(shop, "wei")) == (700, 1_000)


def test_who_may_spend(shop: Shop) -> None:
    """The shop's systems; in the demo, where there is no shop, the customers their own. Never the staff."""
    refunded(shop)
    for actor in (FINANCE, SUPPORT, Actor("guest", order_no="OD00000")):
        with pytest.raises(NotAllowed):
            pay(shop, 1, "S-1", actor=actor)
    with pytest.raises(NotFound):
        pay(shop, 1, "S-1", actor=WEI)
    with pytest.raises(DemoOnly):
        pay(shop, 1, "S-1", actor=MEI)
    demo = replace(shop.app, demo=True)
    assert wallet.spend(demo, MEI, "mei", 1, "S-1").left_minor == 9_999
    with pytest.raises(NotFound):
        wallet.spend(demo, WEI, "mei", 1, "S-2")


def at_once(app: App, work: Any, count: int) -> list[Any]:
    """Run `work(number)` on that many threads that begin together; answers or refusals."""
    barrier = Barrier(count)

    def one(number: int) -> Any:
        barrier.wait(30)
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_many_spend_the_same_balance_at_once(shop: Shop) -> None:
    """Never below zero: of twelve who want 300 of 1,000 in two lots, three get it and nine are told no."""
    refunded(shop, 400)
    refunded(shop, 600)
    answers = at_once(shop.app, lambda number: pay(shop, 300, f"S-{number}"), 12)
    paid = [answer for answer in answers if isinstance(answer, wallet.Spent)]
    refused = [answer for answer in answers if isinstance(answer, BalanceTooSmall)]
    assert (len(paid), len(refused)) == (3, 9), answers
    assert sorted(answer.left_minor for answer in paid) == [100, 400, 700]
    assert (sum(lots(shop)), sum(minor for _, minor in movements(shop, "spend:") if minor > 0)) == (100, 900)
    assert shop.audit() == []


def test_one_key_from_many_tabs_at_once(shop: Shop) -> None:
    refunded(shop, 1_000)
    answers = at_once(shop.app, lambda number: pay(shop, 300, "S-1"), 8)
    assert all(answer == answers[0] and isinstance(answer, wallet.Spent) for answer in answers), answers
    assert left(shop) == 700


def test_spending_while_it_ends(shop: Shop) -> None:
    """The worker ends a lot while somebody spends another: each unit goes one way."""
    refunded(shop, 1_000)
    shop.clock.advance(timedelta(days=10))
    refunded(shop, 1_000)
    shop.clock.at = datetime(2027, 9, 2, 0, 0, tzinfo=ZONE)
    [first] = wallet.expired_lots(shop.app, 10)
    work = (lambda: wallet.expire_lot(shop.app, first), lambda: pay(shop, 700, "S-1"))
    answers = at_once(shop.app, lambda number: work[number % 2](), 8)
    assert answers.count(True) == 1 and answers.count(False) == 3
    assert lots(shop) == [0, 300] and shop.audit() == []


# --- its end ----------------------------------------------------------------------------------------------


def test_the_promised_day_is_whole(shop: Shop) -> None:
    """Invariant 19: good to the last second of the day in Shanghai, over with the next one."""
    refunded(shop, 1_000)
    shop.clock.at = datetime(2027, 9, 1, 23, 59, 59, 999_999, tzinfo=ZONE)
    assert left(shop) == 1_000 and pay(shop, 100, "S-1").left_minor == 900
    shop.work()
    assert wallet.expire_lot(shop.app, 1) is False, "whoever asks for it"
    assert lots(shop) == [900] and movements(shop, "expire:") == []
    shop.clock.at = datetime(2027, 9, 2, 0, 0, tzinfo=ZONE)
    assert left(shop) == 0
    with pytest.raises(BalanceTooSmall):
        pay(shop, 1, "S-2")  # also before the worker has been there
    shop.work()
    assert lots(shop) == [0]
    assert movements(shop, "expire:") == [("liabilities:balance", 900), ("revenue:expired_balances", -900)]
    assert [(who, minor) for who, minor, _ in told(shop, "balance_expired")] == [("mei", 900)]
    shop.work(days=30)
    assert len(movements(shop, "expire:")) == 2 and shop.audit() == []


def test_what_was_spent_does_not_end(shop: Shop) -> None:
    refunded(shop, 1_000)
    pay(shop, 1_000, "S-1")
    for day in (datetime(2027, 8, 2, 10, 0, tzinfo=ZONE), datetime(2027, 8, 25, 10, 0, tzinfo=ZONE)):
        shop.clock.at = day
        shop.work()
        assert warned_next(shop) is None
    shop.work(days=YEAR)
    assert (movements(shop, "expire:"), told(shop, "balance_expired")) == ([], [])
    assert told(shop, "balance_due_soon") == [], "nothing is left to warn of"


def test_two_workers_end_it_once(shop: Shop) -> None:
    refunded(shop, 1_000)
    shop.clock.advance(timedelta(days=YEAR + 1))
    assert sorted(at_once(shop.app, lambda _: wallet.expire_lot(shop.app, 1), 4)) == [False] * 3 + [True]
    assert len(told(shop, "balance_expired")) == 1 and shop.audit() == []


def warned_next(shop: Shop) -> datetime | None:
    with shop.app.read() as conn:
        return conn.execute(select(balance_lots.c.warn_at)).scalar_one()


def test_a_month_and_a_week_before(shop: Shop) -> None:
    """Once each, in the morning, of what is left then; in the inbox of its owner."""
    refunded(shop, 1_000)
    last = datetime(2027, 9, 1, 23, 59, 59, tzinfo=ZONE)
    shop.clock.at = datetime(2027, 8, 2, 9, 59, tzinfo=ZONE)
    shop.work()
    assert told(shop, "balance_due_soon") == []
    shop.work(minutes=1)
    assert warned_next(shop) == datetime(2027, 8, 25, 10, 0, tzinfo=ZONE)
    shop.work(hours=1)
    assert told(shop, "balance_due_soon") == [("mei", 1_000, last)]
    pay(shop, 400, "S-1")
    shop.clock.at = datetime(2027, 8, 25, 10, 0, tzinfo=ZONE)
    shop.work()
    shop.work(days=1)
    assert told(shop, "balance_due_soon") == [("mei", 1_000, last), ("mei", 600, last)]
    assert warned_next(shop) is None
    kinds = [notice.kind for notice in inbox(shop.app, MEI)]
    assert kinds.count("balance_due_soon") == 2 and inbox(shop.app, WEI) == []
    assert shop.audit() == []


def test_what_was_slept_over_is_said_once(shop: Shop) -> None:
    """The worker was down for both: the customer hears the newer; down past the end, only that it ended."""
    refunded(shop, 1_000)
    refunded(shop, 1_000, WEI)
    shop.clock.at = datetime(2027, 8, 28, tzinfo=ZONE)
    shop.work()
    assert len(told(shop, "balance_due_soon")) == 2, "one for each of two people"
    with shop.app.begin() as conn:
        conn.execute(update(balance_lots).values(warn_at=shop.clock.at))
    shop.clock.at = datetime(2027, 9, 5, tzinfo=ZONE)
    shop.work()
    assert len(told(shop, "balance_due_soon")) == 2
    assert len(told(shop, "balance_expired")) == 2


def test_a_lot_that_breaks_holds_up_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    refunded(shop, 1_000)
    refunded(shop, 2_000)
    shop.clock.at = datetime(2027, 8, 2, 10, 0, tzinfo=ZONE)
    warn = wallet.warn_of_lot

    def broken(app: App, lot_id: int) -> bool:
        if lot_id == 1:
            raise ValueError
        return warn(app, lot_id)

    with monkeypatch.context() as patched:
        patched.setattr(wallet, "warn_of_lot", broken)
        patched.setattr(broken, "__name__", "warn_of_lot")
        worker.run_until_idle(shop.app)
    assert [minor for _, minor, _ in told(shop, "balance_due_soon")] == [2_000]
    shop.work(minutes=6)
    assert sorted(minor or 0 for _, minor, _ in told(shop, "balance_due_soon")) == [1_000, 2_000]


# --- reading ----------------------------------------------------------------------------------------------


def test_the_wallet_tells_it_all(shop: Shop) -> None:
    first = refunded(shop, 1_000)
    shop.clock.advance(timedelta(days=1))
    second = refunded(shop, 2_000)
    shop.clock.advance(timedelta(days=1))
    pay(shop, 1_200, "S-1")
    mine = wallet.wallet(shop.app, MEI)
    assert mine.totals == {"CNY": 1_800}
    assert [(lot.case_no, lot.remaining_minor, lot.amount_minor) for lot in mine.lots] == [
        (second, 1_800, 2_000)
    ]
    assert [(line.kind, line.amount_minor, line.case_no or line.key) for line in mine.history] == [
        ("spent", -1_200, "S-1"), ("credited", 2_000, second), ("credited", 1_000, first),
    ]  # fmt: skip
    assert wallet.wallet(shop.app, SUPPORT, "mei") == mine
    shop.work(days=YEAR + 3)
    over = wallet.wallet(shop.app, MEI)
    assert (over.totals, over.lots) == ({}, ())
    assert (over.history[0].kind, over.history[0].amount_minor) == ("expired", -1_800)


def test_nobody_looks_into_anothers(sqlite_shop: Shop) -> None:
    """Invariant 12: the same 'not found' as for nobody."""
    shop = sqlite_shop
    refunded(shop)
    for actor, whose in ((WEI, "mei"), (SUPPORT, "nobody"), (SUPPORT, ""), (Actor("customer", ""), "mei")):
        with pytest.raises(NotFound):
            wallet.wallet(shop.app, actor, whose)
    order_no = shop.view(shop.apply(shop.order(), route="balance").case_no).order.order_no
    shop.work()
    guest = wallet.wallet(shop.app, Actor("guest", order_no=order_no))
    assert (guest.lots, guest.history, guest.vouchers) == ((), (), ())


def test_an_accounts_balance_is_not_told_to_a_guest(sqlite_shop: Shop) -> None:
    """Who proves the order reads of its refund, not of what its owner has left; the bell counts alike."""
    shop = sqlite_shop
    case_no = refunded(shop)
    order_no = shop.view(case_no).order.order_no
    guest = Actor("guest", order_no=order_no)
    shop.clock.at = datetime(2027, 8, 2, 10, 0, tzinfo=ZONE)
    shop.work()
    shown = inbox(shop.app, guest)
    assert "balance_due_soon" in [notice.kind for notice in inbox(shop.app, MEI)]
    assert "balance_due_soon" not in [notice.kind for notice in shown]
    greeted = identity.greet(shop.app, identity.open_session(shop.app, "guest", "", order_no))
    assert greeted is not None and greeted[1] == len(shown)


def test_lots_without_a_refund_end_quietly(sqlite_shop: Shop) -> None:
    """One that somebody brought in from elsewhere has no case to tell it by."""
    shop = sqlite_shop
    at = shop.clock.at
    with shop.app.begin() as conn:
        conn.execute(
            insert(balance_lots).values(
                customer_id="mei", amount_minor=5, remaining_minor=5, currency="CNY", credited_at=at,
                expires_at=at + timedelta(days=1), warn_at=at,
            )
        )  # fmt: skip
    shop.work(days=3)
    assert lots(shop) == [0] and told(shop, "balance_expired") == []


def test_each_use_is_kept(shop: Shop) -> None:
    """Which lot, how much, for what."""
    refunded(shop, 400)
    refunded(shop, 600)
    pay(shop, 500, "S-1")
    with shop.app.read() as conn:
        rows = conn.execute(
            select(spends.c.key, spends.c.what, spends.c.made_by, lot_uses.c.lot_id, lot_uses.c.amount_minor)
            .join(spends, spends.c.id == lot_uses.c.spend_id)
            .order_by(lot_uses.c.id)
        ).all()
        assert ledger.trial_balance(conn)["liabilities:balance", "CNY"] == -500
    assert [tuple(row) for row in rows] == [
        ("S-1", "点卡", "system:portal", 1, 400), ("S-1", "点卡", "system:portal", 2, 100),
    ]  # fmt: skip


def test_the_worker_reads_no_lot_that_is_not_due(shop: Shop) -> None:
    """It looks every second: with a hundred thousand lots and vouchers as with one."""
    now = shop.clock.at
    with shop.app.begin() as conn:
        if conn.dialect.name == "postgresql":  # on tables of a page it would rather read all of it
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        for query, values in (
            (lot_queries.OVER, {"after": now}), (lot_queries.TO_WARN, {"now": now}),
            (voucher_queries.OVER, {"after": now}), (voucher_queries.TO_WARN, {"now": now}),
        ):  # fmt: skip
            assert scans(conn, query, "balance_lots", "vouchers", limit=50, **values) == [], query


# --- what Track says of it afterwards ---------------------------------------------------------------------


def located(shop: Shop, case_no: str, reader: Actor = MEI) -> tuple[str, dict[str, Any]]:
    found = shop.view(case_no, reader).locator
    said = {name: found.params.get(name) for name in ("balance_minor", "ended_minor")}
    return found.key, {name: value for name, value in said.items() if value}


def test_where_the_money_is_after_it_was_spent(shop: Shop) -> None:
    """R5.3: credited on a day, whatever becomes of it; then what the balance holds, not what it bought."""
    first, second = refunded(shop, 1_000), refunded(shop, 2_500)
    assert located(shop, first) == ("locator.arrived_balance", {"balance_minor": 3_500})
    pay(shop, 400, "S-1")
    assert located(shop, first) == ("locator.arrived_balance", {"balance_minor": 3_100})
    pay(shop, 600, "S-2")
    assert located(shop, first) == ("locator.arrived_balance_used", {"balance_minor": 2_500})
    assert located(shop, second) == ("locator.arrived_balance", {"balance_minor": 2_500})
    card = next(card for card in cases.list_for(shop.app, MEI) if card.case_no == first)
    assert card.locator.key == "locator.arrived_balance_used", "a list says it as well"


def test_where_the_money_is_once_a_rest_has_run_out(shop: Shop) -> None:
    """From the first moment on, also before the worker has ended it."""
    case_no = refunded(shop, 1_000)
    pay(shop, 400, "S-1")
    shop.clock.advance(timedelta(days=YEAR + 1))
    over = ("locator.arrived_balance_ended", {"ended_minor": 600})
    assert located(shop, case_no) == over
    shop.work()
    assert lots(shop) == [0] and located(shop, case_no) == over


def test_what_was_spent_is_nobody_elses_business(shop: Shop) -> None:
    """Invariant 12: whoever holds the receipt, or a certificate, hears that it was credited, and no more."""
    case_no = refunded(shop, 1_000)
    guest = Actor("guest", order_no=shop.view(case_no).order.order_no)
    for amount in (1, 999):
        assert located(shop, case_no, guest) == located(shop, case_no, SYSTEM) == ("locator.arrived", {})
        pay(shop, amount, f"S-{amount}")
    assert located(shop, case_no, SUPPORT)[0] == "locator.arrived_balance_used"
