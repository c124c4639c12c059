"""R4.5: a voucher instead of the account that is closed: agreed on by two, shown once, redeemed once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from core.adapters.tables import balance_lots, ledger_entries, notices, payouts, voucher_events, vouchers
from core.domain import vouchers as codes
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import (
    CodeIsForBalance,
    CodeIsForPurchase,
    CodeMistyped,
    CodeShown,
    CommandReused,
    DemoOnly,
    NotFound,
    ProofOfClosureMissing,
    PurchaseTooSmall,
    SamePerson,
    SpendKeyMissing,
    VoucherExpired,
    VoucherRedeemed,
    VoucherUnknown,
)
from core.domain.workdays import ZONE
from core.services import wallet
from tests.core.services.test_negotiations import bounced, prove
from tests.core.services.test_wallet import at_once
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, WEI, Shop


def issued(shop: Shop, way: str = "redeem_code", *, is_guest: bool = False) -> tuple[int, str]:
    """(voucher, case) of a refund whose account is closed; the worker has paid it."""
    case_no = bounced(shop, customer="") if is_guest else bounced(shop)
    buyer = owner(shop, case_no)
    prove(shop, case_no)
    shop.act(case_no, "propose", buyer, way=way)
    shop.act(case_no, "agree", FINANCE, way=way)
    shop.act(case_no, "agree", LEAD)
    shop.work()
    with shop.app.read() as conn:
        voucher = conn.execute(select(vouchers.c.id).where(vouchers.c.case_no == case_no)).scalar_one()
    return voucher, case_no


def owner(shop: Shop, case_no: str) -> Actor:
    view = shop.view(case_no)
    if view.customer_id:
        return Actor("customer", view.customer_id)
    return Actor("guest", order_no=view.order.order_no)


def story(shop: Shop, voucher_id: int) -> list[tuple[str, str]]:
    e = voucher_events.c
    with shop.app.read() as conn:
        query = select(e.event, e.made_by).where(e.voucher_id == voucher_id).order_by(e.seq)
        return [tuple(row) for row in conn.execute(query)]


def booked(shop: Shop, beginning: str) -> list[tuple[str, int]]:
    e = ledger_entries.c
    with shop.app.read() as conn:
        query = select(e.account, e.amount_minor).where(e.movement.startswith(beginning)).order_by(e.id)
        return [tuple(row) for row in conn.execute(query)]


# --- issued -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", codes.KINDS)
def test_two_agree_and_it_is_there(shop: Shop, way: str) -> None:
    """Completed at once, one voucher of the whole amount, good for the policy's year."""
    voucher_id, case_no = issued(shop, way)
    view = shop.view(case_no)
    payout = view.payouts[-1]
    assert (view.state, payout.channel, payout.state, payout.account) == ("completed", way, "arrived", "")
    [mine] = wallet.wallet(shop.app, MEI).vouchers
    assert (mine.id, mine.kind, mine.amount_minor, mine.state, mine.codes) == (
        voucher_id,
        way,
        10_000,
        "open",
        0,
    )
    assert mine.expires_at == datetime(2027, 9, 1, 23, 59, 59, tzinfo=ZONE) == payout.expires_at
    assert booked(shop, "arrive:") == [
        ("liabilities:customer_refunds", 10_000),
        ("liabilities:vouchers", -10_000),
    ]
    assert wallet.wallet(shop.app, MEI).totals == {}, "a voucher is no balance yet"
    assert shop.audit() == []


def test_it_needs_proof_where_the_account_is_closed(sqlite_shop: Shop) -> None:
    case_no = bounced(sqlite_shop)
    with pytest.raises(ProofOfClosureMissing):
        sqlite_shop.act(case_no, "propose", MEI, way="discount")
    with pytest.raises(ProofOfClosureMissing):
        sqlite_shop.act(case_no, "counter", FINANCE, way="redeem_code", note="账户关了")


def test_of_what_a_third_party_holds_no_account_is_closed(sqlite_shop: Shop) -> None:
    """R4.5 names both: an escrow order has its two approvals, and nothing to prove."""
    shop = sqlite_shop
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", LEAD)
    assert shop.view(case_no).state == "negotiating"
    shop.act(case_no, "propose", MEI, way="redeem_code")
    with pytest.raises(SamePerson):
        shop.act(case_no, "agree", LEAD, way="redeem_code")
    shop.act(case_no, "agree", FINANCE, way="redeem_code")
    shop.work()
    assert shop.view(case_no).state == "completed" and shop.audit() == []


# --- its code ---------------------------------------------------------------------------------------------


def test_a_code_is_shown_once(shop: Shop) -> None:
    """Born when its owner looks; the next look makes another one and ends this one."""
    voucher_id, _ = issued(shop)
    first = wallet.show_code(shop.app, MEI, voucher_id, 0)
    assert re.fullmatch("[2-9A-HJ-NP-Z]{5}(-[2-9A-HJ-NP-Z]{5}){3}", first)
    with pytest.raises(CodeShown):
        wallet.show_code(shop.app, MEI, voucher_id, 0)  # the second click of two
    [mine] = wallet.wallet(shop.app, MEI).vouchers
    assert (mine.codes, mine.code_tail) == (1, first[-4:])
    second = wallet.show_code(shop.app, MEI, voucher_id, 1)
    assert story(shop, voucher_id) == [
        ("issued", "system:portal"), ("shown", "customer:mei"), ("renewed", "customer:mei"),
    ]  # fmt: skip
    with pytest.raises(VoucherUnknown):
        wallet.redeem(shop.app, MEI, first, "mei", "r1")
    assert wallet.redeem(shop.app, MEI, second, "mei", "r2").amount_minor == 10_000
    assert shop.audit() == []


def test_many_clicks_make_one_code(shop: Shop) -> None:
    voucher_id, _ = issued(shop)
    answers = at_once(shop.app, lambda _: wallet.show_code(shop.app, MEI, voucher_id, 0), 6)
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert sum(isinstance(answer, CodeShown) for answer in answers) == 5


def test_only_its_owner_sees_it(shop: Shop) -> None:
    """Not the staff, not the operator, not another customer, not a guest of an account's order."""
    voucher_id, case_no = issued(shop)
    guest = Actor("guest", order_no=shop.view(case_no).order.order_no)
    for actor in (FINANCE, LEAD, SUPPORT, REVIEWER, SYSTEM, WEI, guest, Actor("customer", "")):
        with pytest.raises(NotFound):
            wallet.show_code(shop.app, actor, voucher_id, 0)
    with pytest.raises(NotFound):
        wallet.show_code(shop.app, MEI, 99, 0)
    assert wallet.wallet(shop.app, guest).vouchers == ()
    assert [held.may_show for held in wallet.wallet(shop.app, SUPPORT, "mei").vouchers] == [False]
    assert story(shop, voucher_id) == [("issued", "system:portal")]


def test_a_guests_voucher_belongs_to_who_proves_the_order(shop: Shop) -> None:
    """They show it; whoever has an account makes it balance of theirs, and is warned of that."""
    voucher_id, case_no = issued(shop, is_guest=True)
    guest = owner(shop, case_no)
    assert [held.id for held in wallet.wallet(shop.app, guest).vouchers] == [voucher_id]
    assert wallet.wallet(shop.app, Actor("guest", order_no="OD99999")).vouchers == ()
    code = wallet.show_code(shop.app, guest, voucher_id, 0)
    wallet.redeem(shop.app, WEI, code, "wei", "r1")
    assert wallet.wallet(shop.app, WEI).totals == {"CNY": 10_000}
    shop.clock.at = datetime(2027, 8, 2, 10, 0, tzinfo=ZONE)
    shop.work()
    n = notices.c
    with shop.app.read() as conn:
        told = conn.execute(select(n.customer_id).where(n.kind == "balance_due_soon")).scalars().all()
    assert told == ["wei"] and shop.audit() == []


def test_no_code_is_kept_anywhere(shop: Shop) -> None:
    """Invariant 20: of two codes, one of them redeemed, no column of no table holds one, spelled or not."""
    voucher_id, _ = issued(shop)
    shown = [wallet.show_code(shop.app, MEI, voucher_id, seen) for seen in (0, 1)]
    wallet.redeem(shop.app, MEI, shown[1], "mei", "r1")
    with shop.app.read() as conn:
        for table in inspect(conn).get_table_names():
            for row in conn.execute(text(f"SELECT * FROM {table}")):
                for code in shown:
                    assert code not in str(row) and code.replace("-", "") not in str(row), table


# --- redeemed ---------------------------------------------------------------------------------------------


def test_a_code_becomes_balance(shop: Shop) -> None:
    """Whole, once, in the transaction of its ledger lines; good as long as the code was (invariant 19)."""
    voucher_id, case_no = issued(shop)
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    shop.clock.advance(timedelta(days=30))
    typed = f" {code.lower().replace('-', ' ')} "
    first = wallet.redeem(shop.app, MEI, typed, "mei", "r1")
    assert wallet.redeem(shop.app, MEI, code, "mei", "r1") == first, "the same click again"
    with pytest.raises(VoucherRedeemed):
        wallet.redeem(shop.app, MEI, code, "mei", "r2")
    mine = wallet.wallet(shop.app, MEI)
    [lot] = mine.lots
    assert (lot.remaining_minor, lot.expires_at, lot.is_code) == (10_000, first.expires_at, True)
    assert first.expires_at == datetime(2027, 9, 1, 23, 59, 59, tzinfo=ZONE)
    assert [(line.kind, line.case_no) for line in mine.history] == [("redeemed", case_no)]
    assert (mine.vouchers[0].state, mine.vouchers[0].used_for) == ("redeemed", "customer:mei")
    assert booked(shop, "redeem:") == [("liabilities:vouchers", 10_000), ("liabilities:balance", -10_000)]
    assert [event for event, _ in story(shop, voucher_id)] == ["issued", "shown", "redeemed"]
    with pytest.raises(VoucherRedeemed):
        wallet.show_code(shop.app, MEI, voucher_id, 1)
    assert shop.audit() == []


def test_many_redeem_one_code_at_once(shop: Shop) -> None:
    voucher_id, _ = issued(shop, is_guest=True)
    with shop.app.read() as conn:
        case_no = conn.execute(select(vouchers.c.case_no)).scalar_one()
    code = wallet.show_code(shop.app, owner(shop, case_no), voucher_id, 0)
    people = (MEI, WEI)

    def redeem(number: int) -> Any:
        who = people[number % 2]
        return wallet.redeem(shop.app, who, code, who.id, f"r{number}")

    answers = at_once(shop.app, redeem, 8)
    assert sum(isinstance(answer, wallet.Redeemed) for answer in answers) == 1, answers
    assert sum(isinstance(answer, VoucherRedeemed) for answer in answers) == 7
    with shop.app.read() as conn:
        assert conn.execute(select(balance_lots.c.amount_minor)).scalars().all() == [10_000]
    assert shop.audit() == []


def test_nobody_redeems_into_anothers_account(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    voucher_id, _ = issued(shop)
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    for actor, whose in ((WEI, "mei"), (SUPPORT, "mei"), (SYSTEM, "nobody"), (MEI, "")):
        with pytest.raises(NotFound):
            wallet.redeem(shop.app, actor, code, whose, f"{actor}{whose}")
    with pytest.raises(CodeMistyped):
        wallet.redeem(shop.app, MEI, code[:-1], "mei", "short")
    with pytest.raises(VoucherUnknown):
        wallet.redeem(shop.app, MEI, codes.make(lambda _: 7), "mei", "unknown")
    with pytest.raises(CodeIsForBalance):
        wallet.use(shop.app, SYSTEM, code, 20_000, "S-1")
    assert wallet.redeem(shop.app, SYSTEM, code, "wei", "the shop's").kind == "redeem_code"


def test_a_discount_pays_one_purchase(shop: Shop) -> None:
    """Whole: a cheaper membership would eat up the rest. The shop's key uses it once."""
    voucher_id, _ = issued(shop, "discount")
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    with pytest.raises(PurchaseTooSmall) as refused:
        wallet.use(shop.app, SYSTEM, code, 9_999, "S-1")
    assert refused.value.params == {"amount_minor": 10_000, "currency": "CNY"}
    with pytest.raises(PurchaseTooSmall):
        wallet.use(shop.app, SYSTEM, code, 90_000, "S-1", currency="USD")
    with pytest.raises(CodeIsForPurchase):
        wallet.redeem(shop.app, MEI, code, "mei", "r1")
    with pytest.raises(DemoOnly):
        wallet.use(shop.app, MEI, code, 10_000, "S-1")
    with pytest.raises(SpendKeyMissing):
        wallet.use(shop.app, SYSTEM, code, 10_000, " ")
    done = wallet.use(shop.app, SYSTEM, code, 10_000, "S-1")
    assert wallet.use(shop.app, SYSTEM, code, 10_000, "S-1") == done
    with pytest.raises(CommandReused):
        wallet.use(shop.app, SYSTEM, code, 10_001, "S-1")
    with pytest.raises(VoucherRedeemed):
        wallet.use(replace(shop.app, demo=True), MEI, code, 10_000, "S-2")
    assert booked(shop, "redeem:") == [("liabilities:vouchers", 10_000), ("revenue:sales", -10_000)]
    assert shop.audit() == []


def test_many_purchases_use_one_discount_at_once(shop: Shop) -> None:
    voucher_id, _ = issued(shop, "discount")
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    answers = at_once(shop.app, lambda n: wallet.use(shop.app, SYSTEM, code, 20_000, f"S-{n}"), 8)
    assert sum(isinstance(answer, wallet.Redeemed) for answer in answers) == 1, answers
    assert sum(isinstance(answer, VoucherRedeemed) for answer in answers) == 7
    assert len(booked(shop, "redeem:")) == 2 and shop.audit() == []


# --- its end ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", codes.KINDS)
def test_it_ends_once_and_not_before(shop: Shop, way: str) -> None:
    """Warned of a month and a week before, the last second included, told when it is over."""
    voucher_id, case_no = issued(shop, way)
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    for day in (datetime(2027, 8, 2, 10, 0, tzinfo=ZONE), datetime(2027, 8, 25, 10, 0, tzinfo=ZONE)):
        shop.clock.at = day
        shop.work()
        shop.work(hours=1)
    shop.clock.at = datetime(2027, 9, 1, 23, 59, 59, 999_999, tzinfo=ZONE)
    shop.work()
    assert wallet.expire_voucher(shop.app, voucher_id) is False, "whoever asks for it"
    assert wallet.wallet(shop.app, MEI).vouchers[0].state == "open"
    shop.clock.at = datetime(2027, 9, 2, tzinfo=ZONE)
    assert wallet.wallet(shop.app, MEI).vouchers[0].state == "expired", "also before the worker was there"
    with pytest.raises(VoucherExpired):
        wallet.redeem(shop.app, MEI, code, "mei", "r1")
    with pytest.raises(VoucherExpired):
        wallet.show_code(shop.app, MEI, voucher_id, 1)
    shop.work()
    shop.work(days=1)
    n = notices.c
    with shop.app.read() as conn:
        told = conn.execute(select(n.kind).where(n.kind.startswith("voucher")).order_by(n.id)).scalars().all()
    assert told == ["voucher_due_soon", "voucher_due_soon", "voucher_expired"]
    assert booked(shop, "expire:") == [
        ("liabilities:vouchers", 10_000),
        ("revenue:expired_balances", -10_000),
    ]
    assert [event for event, _ in story(shop, voucher_id)] == ["issued", "shown", "expired"]
    with pytest.raises(VoucherExpired):
        wallet.redeem(shop.app, MEI, code, "mei", "r2")
    assert shop.view(case_no).state == "completed" and shop.audit() == []


def test_a_payout_is_one_voucher(shop: Shop) -> None:
    """A second one for the same payout breaks the unique key."""
    _, case_no = issued(shop)
    payout = shop.payouts(case_no)[-1]
    with pytest.raises(Exception, match=r"(?i)unique"), shop.app.begin() as conn:
        wallet.issue(
            conn, payout_id=payout.id, case_no=case_no, order_no="OD00000", customer_id="mei",
            kind="discount", amount_minor=1, currency="CNY", at=shop.clock.at, expires_at=shop.clock.at,
        )  # fmt: skip
    with shop.app.read() as conn:
        assert (
            conn.execute(select(payouts.c.channel).where(payouts.c.id == payout.id)).scalar_one()
            == "redeem_code"
        )


# --- what Track says of it afterwards ---------------------------------------------------------------------


def test_where_the_money_is_after_the_voucher_was_used(shop: Shop) -> None:
    """R5.3: a voucher is not 'with you' after it became balance, nor after it ran out."""
    voucher_id, case_no = issued(shop)
    assert shop.view(case_no, MEI).locator.key == "locator.arrived_voucher"
    code = wallet.show_code(shop.app, MEI, voucher_id, 0)
    shop.clock.advance(timedelta(days=3))
    wallet.redeem(shop.app, MEI, code, "mei", "R-1")
    found = shop.view(case_no, MEI).locator
    assert (found.key, found.params["used_at"]) == ("locator.arrived_voucher_used", shop.clock.at)
    assert shop.view(case_no).locator.key == "locator.issued", "a certificate's reader learns no use"


def test_where_the_money_is_after_the_voucher_ran_out(shop: Shop) -> None:
    _, case_no = issued(shop, "discount")
    shop.clock.advance(timedelta(days=367))
    assert shop.view(case_no, MEI).locator.key == "locator.arrived_voucher_ended"
    shop.work()
    assert shop.view(case_no, MEI).locator.key == "locator.arrived_voucher_ended"
