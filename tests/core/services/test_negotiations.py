"""R4.5: the account that paid is closed. The customer says how, two agree, finance transfers it by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, text, update

from core.adapters import tables
from core.adapters.tables import case_events, evidence, payees, payments
from core.domain.actors import Actor
from core.domain.errors import (
    NotAllowed,
    OwnCase,
    PayeeMissing,
    ProofOfClosureMissing,
    ReferenceRequired,
    RouteUnavailable,
    SamePerson,
    TransitionRefused,
    WayNotProposed,
    WayUnsaid,
)
from core.domain.settlement import Payee
from core.services import cases, desk, notices, queues
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop

FINANCE_2 = Actor("finance", "he-jie")
CARD = Payee("card", "梅雨", "6222021234561234")


def bounced(shop: Shop, **order: Any) -> str:
    """Approved by the portal alone; the channel says that the account is closed."""
    customer = order.get("customer", "mei")
    order_no = shop.order(**order)
    actor = Actor("customer", customer) if customer else Actor("guest", order_no=order_no)
    case_no = shop.apply(order_no, actor=actor).case_no
    shop.alipay.faults.append("refuse_closed")
    shop.work()
    assert shop.view(case_no).state == "negotiating"
    return case_no


def prove(shop: Shop, case_no: str) -> None:
    """A picture of the closed account."""
    shop.picture(case_no, "account_closed")


def transfer_agreed(shop: Shop, **order: Any) -> str:
    case_no = bounced(shop, **order)
    prove(shop, case_no)
    buyer = (
        MEI if order.get("customer", "mei") else Actor("guest", order_no=shop.view(case_no).order.order_no)
    )
    shop.act(case_no, "propose", buyer, way="transfer", payee=CARD, note="原来的号注销了")
    shop.act(case_no, "agree", FINANCE, way="transfer")
    shop.act(case_no, "agree", LEAD)
    shop.work()
    return case_no


def test_transferred_by_hand_from_the_proof_to_the_reference(shop: Shop) -> None:
    case_no = transfer_agreed(shop)
    view = shop.view(case_no, MEI)
    assert (view.state, view.owner) == ("paying", "finance")
    assert view.locator.key == "locator.by_hand" and view.locator.holder == "shop"
    assert view.locator.sure == "locator.sure.to_transfer"  # there is no record of what nobody has done
    assert view.locator.params["account"] == "****1234"
    assert view.due_at is not None and view.payouts[-1].eta_at is not None
    assert [card.case_no for card in queues.queue(shop.app, FINANCE, "transfers")] == [case_no]
    assert desk.open_file(shop.app, FINANCE, case_no).payee == CARD
    for typed in ("", "X1", "12345", "ABCDEF", "2026 1127", "2026#1127", "-20261127", "1" * 65):
        with pytest.raises(ReferenceRequired):
            shop.act(case_no, "transfer", FINANCE, reference=typed)
    done = shop.act(case_no, "transfer", FINANCE, reference="20261127-77")
    assert done.state == "completed"
    assert (done.payouts[-1].reference, done.payouts[-1].channel) == ("20261127-77", "transfer")
    assert shop.payment(done.order.order_no).refunded_minor == 10_000
    assert shop.audit() == []


def test_the_number_is_seen_by_finance_only_and_forgotten_afterwards(shop: Shop) -> None:
    """Invariant 20: no event, notice or command keeps it, and once it is done nothing does."""
    case_no = transfer_agreed(shop)
    assert desk.open_file(shop.app, REVIEWER, case_no).payee is None
    shop.act(case_no, "transfer", FINANCE_2, reference="TR-20261")
    with shop.app.read() as conn:
        row = conn.execute(select(payees).where(payees.c.case_no == case_no)).one()
        bodies = " ".join(conn.execute(select(case_events.c.body)).scalars())
        commands = " ".join(conn.execute(text("SELECT kind || result FROM commands")).scalars())
    assert (row.account, row.closed_at) == ("****1234", shop.clock.at)
    assert CARD.account not in bodies + commands and "****1234" in bodies


def test_a_guest_can_be_paid_too(shop: Shop) -> None:
    """No balance here, the account closed: a transfer is the one way left."""
    case_no = transfer_agreed(shop, customer="")
    guest = Actor("guest", order_no=shop.view(case_no).order.order_no)
    with pytest.raises(TransitionRefused):  # settled: nothing to propose any more
        shop.act(case_no, "propose", guest, way="balance")
    assert shop.act(case_no, "transfer", LEAD, reference="TR-20261").state == "completed"
    assert shop.audit() == []


def test_nothing_goes_elsewhere_without_proof(shop: Shop) -> None:
    """R4.3: not when the customer asks, and not when finance would."""
    case_no = bounced(shop)
    with pytest.raises(ProofOfClosureMissing):
        shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    with pytest.raises(ProofOfClosureMissing):
        shop.act(case_no, "counter", FINANCE, way="transfer", note="账户关了")
    prove(shop, case_no)
    with pytest.raises(PayeeMissing):
        shop.act(case_no, "propose", MEI, way="transfer")
    with pytest.raises(RouteUnavailable):  # it is closed
        shop.act(case_no, "propose", MEI, way="account")
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    with shop.app.begin() as conn:
        conn.execute(update(evidence).where(evidence.c.case_no == case_no).values(removed_at=shop.clock.at))
    with pytest.raises(ProofOfClosureMissing):
        shop.act(case_no, "agree", FINANCE)
    assert shop.view(case_no).state == "negotiating"


def test_two_people_say_the_same(shop: Shop) -> None:
    """Invariant 13: the same way to the same account, and what the customer changes starts anew."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    shop.act(case_no, "agree", FINANCE, way="transfer")
    with pytest.raises(SamePerson):
        shop.act(case_no, "agree", FINANCE, way="transfer")
    shop.act(case_no, "propose", MEI, way="transfer", payee=Payee("alipay", "梅雨", "mei@example.com"))
    again = shop.act(case_no, "agree", FINANCE_2, way="transfer")
    assert (again.state, again.events[-1].event) == ("negotiating", "endorse")
    assert shop.act(case_no, "agree", LEAD).state == "paying"
    assert shop.audit() == []


def test_no_money_goes_to_a_forgotten_number(shop: Shop) -> None:
    """Who comes back to a transfer after another way has no account any more."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    shop.act(case_no, "propose", MEI, way="balance")
    with pytest.raises(PayeeMissing):
        shop.act(case_no, "propose", MEI, way="transfer")
    for who in (LEAD, FINANCE_2):
        with pytest.raises(WayNotProposed):
            shop.act(case_no, "agree", who, way="transfer")
    assert desk.open_file(shop.app, FINANCE, case_no).payee is None
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)  # said again, it can be agreed on
    shop.act(case_no, "agree", FINANCE_2, way="transfer")
    assert shop.act(case_no, "agree", LEAD).state == "paying"
    assert shop.audit() == []


def test_to_the_balance_by_the_customers_wish(shop: Shop) -> None:
    case_no = bounced(shop)
    shop.act(case_no, "propose", MEI, way="balance")
    shop.act(case_no, "agree", FINANCE)
    with pytest.raises(NotAllowed):
        shop.act(case_no, "agree", REVIEWER)
    shop.act(case_no, "agree", LEAD)
    shop.work()
    view = shop.view(case_no)
    assert (view.state, view.payouts[-1].channel, view.payouts[-1].state) == (
        "completed",
        "balance",
        "arrived",
    )
    assert shop.audit() == []


def test_an_open_account_comes_first(shop: Shop) -> None:
    """R4.3: escrow; the account that paid still takes it back."""
    sent = shop.apply(shop.order(escrow=True))
    assert sent.state == "in_review"
    shop.act(sent.case_no, "approve", REVIEWER)
    shop.act(sent.case_no, "propose", MEI, way="account")
    view = shop.act(sent.case_no, "agree", FINANCE)  # who approved is the other of two
    assert view.state == "paying"
    shop.work()
    shop.work(days=2)
    assert shop.view(sent.case_no).payouts[-1].channel == "alipay"
    assert shop.audit() == []


def test_a_transfer_is_recorded_once_and_by_whose_it_is_not(shop: Shop) -> None:
    case_no = transfer_agreed(shop)
    with pytest.raises(OwnCase):
        shop.act(case_no, "transfer", Actor("finance", "mei"), reference="TR-20261")
    with pytest.raises(NotAllowed):
        shop.act(case_no, "transfer", REVIEWER, reference="TR-20261")
    for _ in range(2):
        cases.act(shop.app, FINANCE, case_no, "transfer", "one", reference="TR-20261")
    with pytest.raises(TransitionRefused):
        shop.act(case_no, "transfer", LEAD, reference="TR-20262")
    assert shop.audit() == []


def test_a_transfer_nobody_makes_is_late_and_says_so(shop: Shop) -> None:
    """Invariant 8: it has a date and a name; past it the customer reads that finance is late."""
    case_no = transfer_agreed(shop)
    eta = shop.view(case_no).payouts[-1].eta_at
    assert eta is not None
    shop.work(seconds=(eta - shop.clock.at).total_seconds() + 1)
    view = shop.view(case_no, MEI)
    assert view.locator.key == "locator.by_hand_late" and view.owner == "finance"
    assert shop.audit() == []
    shop.work(days=10)
    assert shop.view(case_no).owner == "finance" and shop.audit() == []


def test_what_the_event_keeps(sqlite_shop: Shop) -> None:
    """What was agreed can be read later: the way, the parts, and that it was this payee and no other."""
    case_no = transfer_agreed(sqlite_shop)
    e = case_events.c
    with sqlite_shop.app.read() as conn:
        body = json.loads(
            conn.execute(select(e.body).where(e.case_no == case_no, e.event == "agree")).scalar_one()
        )
    assert body["way"] == "transfer" and len(body["payee"]) == 64
    assert [leg["channel"] for leg in body["legs"]] == ["transfer"]


def test_the_number_is_forgotten_when_nobody_transfers_any_more(shop: Shop) -> None:
    """Invariant 20: also where it never came to the transfer."""
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    shop.act(case_no, "withdraw", MEI)
    with shop.app.read() as conn:
        row = conn.execute(select(payees).where(payees.c.case_no == case_no)).one()
    assert (row.account, row.closed_at) == ("****1234", shop.clock.at)
    assert shop.audit() == []


def test_talks_that_take_too_long_get_a_lead_and_a_new_date(shop: Shop) -> None:
    """Invariant 8, R4.5: a customer who said how waits for a date; neither another wish nor one of two moves
    it.
    """
    case_no = bounced(shop)
    prove(shop, case_no)
    theirs = shop.app.calendar.deadline(shop.clock.at, 5).at
    assert (shop.view(case_no).due_at, shop.view(case_no).owner) == (theirs, "finance")
    shop.work(hours=20)
    shop.act(case_no, "propose", MEI, way="redeem_code")
    end = shop.app.calendar.deadline(shop.clock.at, 5).at
    assert end > theirs, "what they took of it is not taken from us"
    shop.work(hours=20)
    shop.act(case_no, "propose", MEI, way="balance")
    shop.act(case_no, "agree", FINANCE, way="balance")
    assert (shop.view(case_no).due_at, shop.view(case_no).owner) == (end, "finance")
    assert shop.audit() == []
    shop.clock.at = end
    shop.work(seconds=1)
    late = shop.view(case_no)
    assert (late.events[-1].event, late.owner, late.state) == ("escalate", "lead", "negotiating")
    assert late.due_at == shop.app.calendar.deadline(shop.clock.at, 1).at
    told = [notice.kind for notice in notices.inbox(shop.app, MEI)]
    assert told[0] == "talks_late"
    assert shop.audit() == []
    assert shop.act(case_no, "agree", LEAD, way="balance").state == "paying"  # the first of two still counts


@pytest.mark.parametrize(("is_ours", "then"), [(True, ("escalate", "lead")), (False, ("remind", "finance"))])
def test_talks_from_before_they_had_a_date(shop: Shop, is_ours: bool, then: tuple[str, str]) -> None:
    """As the migration leaves them, due at once and no event that says what: handed to a lead, or asked."""
    case_no = bounced(shop)
    if is_ours:
        shop.act(case_no, "propose", MEI, way="balance")
    with shop.app.begin() as conn:
        old = {"due_at": shop.clock.at, "due_action": None}
        conn.execute(update(tables.cases).where(tables.cases.c.case_no == case_no).values(old))
    shop.work()
    view = shop.view(case_no)
    assert (view.events[-1].event, view.owner) == then
    assert shop.audit() == []


@pytest.mark.parametrize("proposed", ["transfer", "balance", "redeem_code"])
def test_staff_agree_on_what_the_customer_proposed_and_on_nothing_else(shop: Shop, proposed: str) -> None:
    """R4.5: with no reason whatever, and nothing is written; who names no way means theirs."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way=proposed, payee=CARD if proposed == "transfer" else None)
    before = shop.view(case_no)
    for way in {"account", "balance", "transfer", "redeem_code", "discount"} - {proposed}:
        with pytest.raises(WayNotProposed) as refused:
            shop.act(case_no, "agree", FINANCE, way=way, note="这样更快")
        assert refused.value.params == {"way": proposed}
    assert shop.view(case_no).events == before.events
    shop.act(case_no, "agree", FINANCE)
    settled = shop.act(case_no, "agree", LEAD, way=proposed)
    assert (settled.state, settled.events[-1].way) == ("paying", proposed)
    assert {payout.channel for payout in settled.payouts if payout.state == "planned"} == {proposed}
    assert shop.audit() == []


def test_before_they_have_spoken_it_only_goes_back_the_way_it_came(shop: Shop) -> None:
    """R4.3, R4.5: and two agree on that, as nobody approved of a way yet."""
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    for way in ("balance", "transfer", "redeem_code", "discount"):
        with pytest.raises(WayUnsaid):
            shop.act(case_no, "agree", FINANCE, way=way, note="这样更快")
    first = shop.act(case_no, "agree", FINANCE)
    assert (first.state, first.events[-1].event, first.locator.turn) == ("negotiating", "endorse", False)
    second = shop.act(case_no, "agree", LEAD, way="account")
    assert [(payout.channel, payout.state) for payout in second.payouts] == [("alipay", "planned")]
    assert shop.audit() == []


def test_the_rest_of_a_closed_account_becomes_no_balance_by_itself(shop: Shop) -> None:
    """R4.5: one account is open and one is not; balance is for the customer to choose."""
    case_no = shop.apply(shop.order(("alipay", 4_000), ("wechat", 6_000), escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    p = payments.c
    with shop.app.begin() as conn:
        gone = (p.order_no == shop.view(case_no).order.order_no, p.channel == "wechat")
        conn.execute(update(payments).where(*gone).values(is_open=False))
    for way in (None, "account", "balance"):
        with pytest.raises(WayUnsaid):
            shop.act(case_no, "agree", FINANCE, way=way)
    shop.act(case_no, "propose", MEI, way="balance")
    assert shop.act(case_no, "agree", FINANCE).state == "paying"
    assert {payout.channel for payout in shop.view(case_no).payouts} == {"balance"}
    assert shop.audit() == []


def test_what_was_proposed_before_it_bounced_is_said_anew(shop: Shop) -> None:
    """R4.5: the way they chose failed; nobody chooses the next one for them, nor the same."""
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    shop.act(case_no, "propose", MEI, way="account")
    assert shop.act(case_no, "agree", FINANCE).state == "paying"
    shop.alipay.faults.append("refuse_closed")
    shop.work()
    assert shop.view(case_no).locator.turn
    for way in (None, "account"):
        with pytest.raises(WayUnsaid):
            shop.act(case_no, "agree", FINANCE, way=way)
    assert shop.audit() == []


def test_whoever_approved_the_refund_is_one_of_two_for_what_was_proposed(shop: Shop) -> None:
    """R4.5, invariant 13: as its customer asked, one agrees after a person's approval; after the portal's own
    two do.
    """
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    shop.act(case_no, "propose", MEI, way="balance")
    assert shop.act(case_no, "agree", FINANCE).state == "paying"
    automatic = bounced(shop)
    shop.act(automatic, "propose", MEI, way="balance")
    assert shop.act(automatic, "agree", FINANCE).state == "negotiating"
    assert shop.act(automatic, "agree", LEAD).state == "paying"
    assert shop.audit() == []


def test_to_the_account_that_paid_whatever_was_planned(shop: Shop) -> None:
    """R4.5: called into talks on its way to the balance, it goes to the account that they name."""
    case_no = shop.apply(shop.order(), route="balance").case_no
    shop.act(case_no, "negotiate", REVIEWER, note="请客户确认")
    shop.act(case_no, "propose", MEI, way="account")
    shop.act(case_no, "agree", FINANCE)
    settled = shop.act(case_no, "agree", LEAD)
    assert [payout.channel for payout in settled.payouts] == ["alipay"]
    assert shop.audit() == []


HE_MIN = Payee("card", "He Min", "6217000012349876")


def approved_then(shop: Shop, **order: Any) -> str:
    """A person approved it before anybody said how; proof of the closed account is there."""
    case_no = shop.apply(shop.order(escrow=True, **order)).case_no
    shop.act(case_no, "approve", REVIEWER)
    prove(shop, case_no)
    return case_no


def test_what_support_said_for_a_customer_takes_two(shop: Shop) -> None:
    """Invariant 13: whoever approved before knew of no such account. Support names a colleague's, and one of
    finance is not enough, nor is it once its customer has kept to it; what they say themselves is theirs.
    """
    case_no = approved_then(shop)
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=HE_MIN)
    assert shop.act(case_no, "agree", FINANCE).state == "negotiating"
    with pytest.raises(SamePerson):
        shop.act(case_no, "agree", FINANCE)
    shop.act(case_no, "propose", MEI, way="transfer")
    assert shop.act(case_no, "agree", FINANCE).state == "negotiating", "support wrote that account"
    assert shop.act(case_no, "agree", LEAD).state == "paying"
    balance = approved_then(shop)
    shop.act(balance, "propose", SUPPORT, way="balance")
    assert shop.act(balance, "agree", FINANCE).state == "negotiating"
    shop.act(balance, "propose", MEI, way="transfer", payee=CARD)
    assert shop.act(balance, "agree", FINANCE).state == "paying"
    assert shop.audit() == []


def test_the_audit_sees_one_who_agreed_on_what_support_said(
    sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 13, with the guard taken out."""
    shop = sqlite_shop
    case_no = approved_then(shop)
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=HE_MIN)
    monkeypatch.setattr("core.services.negotiations.one_agrees", lambda *_: True)
    assert shop.act(case_no, "agree", FINANCE).state == "paying"
    assert [finding.code for finding in shop.audit()] == ["approved_alone"]


def test_who_said_it_and_whose_name_it_is(shop: Shop) -> None:
    """R4.5: in the story of the case, without the name; its customer is told that support noted it."""
    case_no = approved_then(shop)
    named(shop, "He  min")
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=HE_MIN)
    said = shop.view(case_no).events[-1]
    assert (said.payee, said.given_by, said.is_other_name) == (("card", "****9876"), "support", False)
    named(shop, "梅雨")
    shop.act(case_no, "propose", SUPPORT, way="transfer", payee=HE_MIN)
    assert shop.view(case_no).events[-1].is_other_name
    assert notices.inbox(shop.app, MEI)[0].kind == "proposed_for_them"
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    said = shop.view(case_no).events[-1]
    assert (said.given_by, said.is_other_name) == ("", False)
    assert notices.inbox(shop.app, MEI)[0].kind == "proposed"
    assert shop.audit() == []


def named(shop: Shop, name: str, customer: str = "mei") -> None:
    with shop.app.begin() as conn:
        conn.execute(update(tables.customers).where(tables.customers.c.id == customer).values(name=name))
