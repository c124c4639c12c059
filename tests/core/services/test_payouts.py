"""Money on its way: lost answers, crashes, refusals and returns, against a channel that lies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.adapters.channels import Outcome
from core.adapters.channels.balance import spendable
from core.adapters.tables import balance_lots, payments
from core.adapters.tables import payouts as payout_table
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import MoneyAlreadySent, SamePerson, WayUnsaid
from core.services import cases, payouts, sending, timers
from core.services.record import Change, lock
from tests.shop import FINANCE, LEAD, MEI, Shop


def started(shop: Shop, *tenders: tuple[str, int], **more: object) -> tuple[str, str]:
    """(order, case) of an approved refund of ¥100.00."""
    order_no = shop.order(*tenders)
    return order_no, shop.apply(order_no, **more).case_no  # type: ignore[arg-type]


def test_intent_key_and_body_come_before_the_call(shop: Shop) -> None:
    """Invariant 5: when the channel hears of it, another connection can read key, amount and state."""
    _, case_no = started(shop)
    seen: list[tuple[str, str, int]] = []

    def look() -> None:
        with shop.app.read() as conn:
            c = payout_table.c
            seen.extend(tuple(r) for r in conn.execute(select(c.state, c.key, c.amount_minor)))

    shop.alipay.before_answer = look
    shop.work()
    [payout] = shop.payouts(case_no)
    assert seen == [("sending", payout.key, 10_000)]
    assert payout.key.startswith(case_no) and payout.key.replace("-", "").isalnum()


@pytest.mark.parametrize("fault", ["lose_before", "lose_after", "garbage"])
def test_a_lost_answer_is_unknown_and_the_next_act_is_a_question(shop: Shop, fault: str) -> None:
    """Invariants 5, 6: never failed, never doubled, whether the request came through or not."""
    order_no, case_no = started(shop)
    shop.alipay.faults.append(fault)
    shop.work()
    [payout] = shop.payouts(case_no)
    assert payout.state == "unknown"
    assert shop.payment(order_no).reserved_minor == 10_000
    assert shop.view(case_no, MEI).locator.key == "locator.asking"
    assert shop.audit() == []

    shop.work(minutes=2)
    assert len(shop.alipay.asked) == 1
    assert shop.payouts(case_no)[0].state == "accepted"
    assert len(shop.alipay.sent) == (2 if fault == "lose_before" else 1)
    assert len({(r.key, r.amount_minor) for r in shop.alipay.sent}) == 1
    shop.work(days=2)
    assert shop.view(case_no).state == "completed"
    assert shop.alipay.moved(shop.payment(order_no).trade_no) == 10_000
    assert shop.audit() == []


def test_what_is_sent_again_counts_as_sent_before_it_goes(shop: Shop) -> None:
    """Invariant 5: whoever dies in the second call leaves a payout that may have been heard."""
    _, case_no = started(shop)
    shop.alipay.faults.append("lose_before")
    shop.work()
    seen: list[tuple[str, int]] = []

    def look() -> None:
        seen.append((shop.payouts(case_no)[0].state, len(shop.alipay.sent)))

    shop.alipay.before_answer = look
    shop.work(minutes=2)
    assert seen[-1] == ("sending", 2)
    assert shop.payouts(case_no)[0].state == "accepted"


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_a_refusal_is_told_at_once_or_when_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """R4.5: refused, not returned, and then people look for another way."""
    _, case_no = started(shop)
    timers.run_due(shop.app, case_no)
    [payout] = shop.payouts(case_no)
    assert sending.claim(shop.app, payout.id, "one") is not None
    if state == "unknown":
        payouts.record_outcome(shop.app, payout.id, Outcome("unknown", cause="no_answer"))
    real, taken = payouts.Movement.step, []

    def step(self: payouts.Movement, event: str, **values: object) -> None:
        before = self.state
        real(self, event, **values)
        taken.append((before, event, self.state))

    monkeypatch.setattr(payouts.Movement, "step", step)
    told = Outcome("refused", cause="account_closed")
    assert payouts.record_outcome(shop.app, payout.id, told) == "replanned"
    assert taken == [(state, "refuse", "refused"), ("refused", "replan", "replanned")]
    assert shop.view(case_no).state == "negotiating"
    assert shop.audit() == []


def test_what_is_not_kept_of_a_step_is_no_step(shop: Shop) -> None:
    """A column that the one statement does not write is a mistake of ours, and nothing is half kept."""
    _, case_no = started(shop)
    timers.run_due(shop.app, case_no)
    [payout] = shop.payouts(case_no)
    assert sending.claim(shop.app, payout.id, "one") is not None
    with pytest.raises(KeyError, match="amount_minor"), shop.app.begin() as conn:
        change = Change(conn, lock(conn, case_no, SYSTEM))
        moved = payouts.Movement(shop.app, change, payouts.locked(conn, payout.id))
        moved.step("accept", amount_minor=1)
        moved.save()
    assert shop.payouts(case_no)[0].state == "sending"


def test_silence_is_waited_out_with_longer_and_longer_pauses(shop: Shop) -> None:
    """A channel that is down for a day is asked some dozen times, and the refund is neither lost nor
    doubled.
    """
    _, case_no = started(shop)
    shop.alipay.faults.extend(["lose_after", *["lose_before"] * 12])
    shop.work()
    for _ in range(30):
        shop.work(minutes=50)
    assert len(shop.alipay.sent) == 1
    assert 9 < len(shop.alipay.asked) < 20
    for _ in range(4):
        shop.work(days=1)
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


def test_a_worker_that_died_while_sending(shop: Shop) -> None:
    """The lease runs out, the payout counts as lost, and another worker asks before it sends anything."""
    _, case_no = started(shop)
    timers.run_due(shop.app, case_no)
    [payout] = shop.payouts(case_no)
    row = sending.claim(shop.app, payout.id, "dead")
    assert row is not None and row.state == "sending"
    shop.alipay.refund(payouts.request_of(row))  # … and then the power went out

    assert shop.work() == 0, "the lease holds"
    shop.work(minutes=3)
    assert [len(shop.alipay.sent), len(shop.alipay.asked)] == [1, 1]
    assert shop.payouts(case_no)[0].state == "accepted"
    shop.work(days=2)
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


def test_two_workers_one_claim(shop: Shop) -> None:
    _, case_no = started(shop)
    timers.run_due(shop.app, case_no)
    [payout] = shop.payouts(case_no)
    assert sending.claim(shop.app, payout.id, "a") is not None
    assert sending.claim(shop.app, payout.id, "b") is None


def test_a_key_older_than_the_channels_memory_is_never_sent_again(shop: Shop) -> None:
    """Invariant 7: asked, yes; sent, no; people look at it."""
    order_no, case_no = started(shop)
    shop.alipay.remembers = timedelta(hours=24)
    shop.alipay.faults.extend(["lose_after", "lose_before"])
    shop.work()
    shop.work(minutes=2)
    shop.alipay.faults.append("forget")
    shop.work(days=2)
    [payout] = shop.payouts(case_no)
    assert (payout.state, payout.cause) == ("unknown", "key_expired")
    assert len(shop.alipay.sent) == 1
    assert shop.payment(order_no).reserved_minor == 10_000
    assert shop.audit() == []


@pytest.mark.parametrize("again", ["accepted", "arrived", "refused", "returned", "unknown", "never_seen"])
def test_the_same_word_twice_and_late_words_change_nothing(shop: Shop, again: str) -> None:
    """Invariants 9, 10: after the arrival nothing that a channel repeats or contradicts moves money."""
    order_no, case_no = started(shop)
    shop.work()
    shop.work(days=2)
    [payout] = shop.payouts(case_no)
    before = (shop.payouts(case_no), shop.payment(order_no), shop.view(case_no))
    for _ in range(2):
        assert payouts.record_outcome(shop.app, payout.id, Outcome(again, "other")) == "arrived"  # type: ignore[arg-type]
    assert (shop.payouts(case_no), shop.payment(order_no), shop.view(case_no)) == before
    assert shop.audit() == []


def test_words_in_any_order(shop: Shop) -> None:
    """Invariant 10: the arrival may be heard before the acceptance."""
    _, case_no = started(shop)
    shop.alipay.faults.append("lose_after")
    shop.work()
    [payout] = shop.payouts(case_no)
    payouts.record_outcome(shop.app, payout.id, Outcome("arrived", "R1", at=shop.clock.at))
    payouts.record_outcome(shop.app, payout.id, Outcome("accepted", "R1"))
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


def test_a_closed_account_goes_to_people(shop: Shop) -> None:
    """R4.5: two people, one after the other; then the money goes to the balance of the same customer."""
    order_no, case_no = started(shop)
    shop.alipay.faults.append("refuse_closed")
    shop.work()
    view = shop.view(case_no, MEI)
    assert (view.state, view.owner, view.payouts[0].state) == ("negotiating", "finance", "replanned")
    assert view.locator.key == "locator.bounced_yours_by"
    assert shop.payment(order_no).reserved_minor == 10_000, "only the channel's word on the money releases it"
    assert shop.audit() == []
    with pytest.raises(MoneyAlreadySent):
        shop.act(case_no, "withdraw", MEI)

    shop.act(case_no, "propose", MEI, way="balance")
    first = shop.act(case_no, "agree", FINANCE, note="退到平台余额，已电话确认")
    assert (first.state, first.events[-1].event, first.owner) == ("negotiating", "endorse", "finance")
    assert "agree" not in shop.view(case_no, FINANCE).allowed
    with pytest.raises(SamePerson):
        shop.act(case_no, "agree", FINANCE)
    assert shop.audit() == []
    shop.act(case_no, "agree", LEAD)
    shop.work()
    view = shop.view(case_no, MEI)
    assert (view.state, view.payouts[1].route, view.payouts[1].channel) == (
        "completed",
        "negotiated",
        "balance",
    )
    assert shop.alipay.moved(shop.payment(order_no).trade_no) == 0
    assert shop.audit() == []


def test_money_that_the_bank_sends_back(shop: Shop) -> None:
    """R5.3: accepted, then returned; the sentence tells, the reservation stays, and it is paid once in the
    end.
    """
    _, case_no = started(shop, ("alipay", 4_000), ("wechat", 6_000))
    shop.work()
    first = shop.payouts(case_no)[0]
    shop.alipay.give_back(first.key)
    shop.work(days=2)
    view = shop.view(case_no, MEI)
    assert view.state == "negotiating"
    assert {p.channel: p.state for p in view.payouts} == {"alipay": "replanned", "wechat": "arrived"}
    assert view.locator.key == "locator.bounced_rest_yours_by"
    assert view.locator.params["arrived_minor"] == 6_000
    assert shop.audit() == []
    shop.act(case_no, "propose", MEI, way="balance")
    shop.act(case_no, "agree", LEAD)
    shop.act(case_no, "agree", FINANCE)
    shop.work()
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


def test_money_that_comes_back_again_does_not_run_out_of_people(sqlite_shop: Shop) -> None:
    """R4.5, invariant 13: two people each time, and those who settled it once may do so again."""
    shop = sqlite_shop
    _, case_no = started(shop)
    shop.work()
    for _ in range(3):
        shop.alipay.give_back(shop.payouts(case_no)[-1].key, "bank_fault")
        shop.work(hours=8)
        assert shop.view(case_no).state == "negotiating"
        assert shop.act(case_no, "agree", FINANCE).state == "negotiating"
        assert shop.act(case_no, "agree", LEAD).state == "paying"
        shop.work()
    assert shop.audit() == []


def test_an_account_that_closes_between_two_agreements(sqlite_shop: Shop) -> None:
    """Invariant 13: what the first agreed to cannot be done any more; without its customer nothing else."""
    shop = sqlite_shop
    order_no, case_no = started(shop)
    shop.work()
    shop.alipay.give_back(shop.payouts(case_no)[0].key, "bank_fault")
    shop.work(hours=8)
    shop.act(case_no, "agree", FINANCE)
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == order_no).values(is_open=False))
    with pytest.raises(WayUnsaid):
        shop.act(case_no, "agree", LEAD)
    shop.act(case_no, "propose", MEI, way="balance")
    assert shop.act(case_no, "agree", LEAD).state == "negotiating"
    assert shop.act(case_no, "agree", FINANCE).state == "paying"
    assert shop.audit() == []


def test_a_new_number_on_the_same_way(shop: Shop) -> None:
    """A channel that closed the attempt gets the same refund under the next key."""
    _, case_no = started(shop)
    shop.alipay.faults.append("refuse_number")
    shop.work()
    first, second = shop.payouts(case_no)
    assert (first.state, second.state) == ("replanned", "accepted")
    assert (first.key[:-1], second.key[:-1]) == (first.key[:-1], first.key[:-1]) and first.key != second.key
    shop.work(days=2)
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


def test_a_split_payment_goes_back_to_each_payment(shop: Shop) -> None:
    """R4.3: and the case is complete with the last of them."""
    _, case_no = started(shop, ("alipay", 4_000), ("wechat", 6_000))
    shop.wechat.settles_after = timedelta(days=3)
    shop.work()
    shop.work(days=1, hours=1)
    view = shop.view(case_no, MEI)
    assert view.state == "paying"
    assert (view.locator.key, view.locator.params["arrived_minor"]) == ("locator.with_channel_rest", 4_000)
    shop.work(days=3)
    assert shop.view(case_no, MEI).locator.key == "locator.arrived_several"
    assert shop.view(case_no).state == "completed"
    assert {r.trade_no for r in shop.alipay.sent}.isdisjoint(r.trade_no for r in shop.wechat.sent)
    assert shop.audit() == []


def test_the_balance_is_credited_once_with_a_date(shop: Shop) -> None:
    """R4.4, invariant 19: at once, spendable here, until a date the customer sees."""
    _, case_no = started(shop, route="balance")
    shop.work()
    view = shop.view(case_no, MEI)
    assert (view.state, view.payouts[0].channel, view.payouts[0].state) == ("completed", "balance", "arrived")
    assert view.payouts[0].expires_at is not None
    assert view.payouts[0].expires_at - shop.clock.at >= timedelta(days=365)
    with shop.app.read() as conn:
        assert spendable(conn, "mei", "CNY", shop.clock.at) == 10_000
        assert spendable(conn, "wei", "CNY", shop.clock.at) == 0
        assert spendable(conn, "mei", "CNY", shop.clock.at + timedelta(days=367)) == 0
        assert len(conn.execute(select(balance_lots)).all()) == 1
    assert sending.attend(shop.app, view.payouts[0].id, "again") is False
    assert shop.alipay.sent == []
    assert shop.audit() == []


def test_a_crash_before_the_credit(shop: Shop) -> None:
    """Invariant 19: the lease runs out and the credit happens once."""
    _, case_no = started(shop, route="balance")
    timers.run_due(shop.app, case_no)
    [payout] = shop.payouts(case_no)
    assert sending.claim(shop.app, payout.id, "dead") is not None
    shop.work(minutes=3)
    with shop.app.read() as conn:
        assert spendable(conn, "mei", "CNY", shop.clock.at) == 10_000
    assert shop.audit() == []


def test_a_worker_that_lost_its_lease_neither_credits_nor_sends(shop: Shop) -> None:
    """Invariants 5, 19: who was too slow finds the work with another and leaves it alone."""
    _, balance_case = started(shop, route="balance")
    _, alipay_case = started(shop)
    for case_no in (balance_case, alipay_case):
        timers.run_due(shop.app, case_no)
    [credit], [refund] = shop.payouts(balance_case), shop.payouts(alipay_case)
    slow = [sending.claim(shop.app, payout.id, "slow") for payout in (credit, refund)]
    shop.clock.advance(timedelta(minutes=3))
    mine = [sending.claim(shop.app, payout.id, "quick") for payout in (credit, refund)]
    assert all(slow) and all(mine)

    assert sending.credit(shop.app, credit.id, "slow") is False
    assert shop.view(balance_case).state == "paying"
    assert slow[1] is not None and sending._resend(shop.app, slow[1], "slow") is False
    assert mine[1] is not None and sending._resend(shop.app, mine[1], "quick") is True
    assert sending.credit(shop.app, credit.id, "quick") is True
    assert shop.view(balance_case).state == "completed"


def test_no_channel_is_set_up(shop: Shop) -> None:
    """Nothing is sent, nothing is given up; it waits and says why."""
    order_no = shop.order(("card", 10_000))
    case_no = shop.apply(order_no).case_no
    shop.work()
    [payout] = shop.payouts(case_no)
    assert (payout.state, payout.cause) == ("unknown", "no_channel")
    assert shop.audit() == []


def test_negotiated_needs_two_people(shop: Shop) -> None:
    """R4.5, invariant 13: who approved does not agree as well."""
    order_no = shop.order(escrow=True)
    case_no = shop.apply(order_no).case_no
    assert shop.view(case_no).state == "in_review"
    approved = shop.act(case_no, "approve", LEAD)
    assert (approved.state, approved.route, approved.owner) == ("negotiating", "negotiated", "finance")
    shop.act(case_no, "propose", MEI, way="account")
    for same in (LEAD, Actor("finance", LEAD.id)):  # by person, not by role
        assert "agree" not in shop.view(case_no, same).allowed
        with pytest.raises(SamePerson):
            shop.act(case_no, "agree", same)
    assert shop.act(case_no, "agree", FINANCE).state == "paying"
    shop.work()
    shop.work(days=2)
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


def test_no_withdrawing_while_a_part_is_under_way_after_an_agreement(shop: Shop) -> None:
    """R3.7, R4.8: one part accepted, the other refused; withdrawing would free money that is being sent."""
    order_no = shop.order(("alipay", 4_000), ("wechat", 6_000), escrow=True)
    case_no = shop.apply(order_no).case_no
    shop.act(case_no, "approve", LEAD)
    shop.act(case_no, "propose", MEI, way="account")
    shop.act(case_no, "agree", FINANCE)
    shop.wechat.faults.append("refuse_closed")
    shop.work()
    view = shop.view(case_no, MEI)
    assert (view.state, {p.channel: p.state for p in view.payouts}) == (
        "negotiating",
        {"alipay": "accepted", "wechat": "replanned"},
    )
    assert "withdraw" not in view.allowed
    with pytest.raises(MoneyAlreadySent):
        shop.act(case_no, "withdraw", MEI)
    assert shop.audit() == []


def test_a_guest_with_a_closed_account_is_not_paid_into_nothing(shop: Shop) -> None:
    """R4.3, R4.5: until they say how, the agreement is refused; the money stays held."""
    order_no = shop.order(customer="")
    case_no = shop.apply(order_no, actor=Actor("guest", order_no=order_no)).case_no
    shop.alipay.faults.append("refuse_closed")
    shop.work()
    for way in (None, "account", "balance"):
        with pytest.raises(WayUnsaid):
            shop.act(case_no, "agree", FINANCE, way=way)
    assert shop.view(case_no).state == "negotiating"
    assert shop.audit() == []


def test_late_money_is_said_to_be_late(shop: Shop) -> None:
    """R5.3: past the promised date the sentence changes and the watch comes round."""
    _, case_no = started(shop)
    shop.alipay.settles_after = timedelta(days=60)
    shop.work()
    shop.work(days=20)
    view = shop.view(case_no, MEI)
    assert (view.state, view.locator.key) == ("paying", "locator.with_channel_late")
    assert view.due_at is not None and view.due_at > shop.clock.at
    assert shop.audit() == []


def test_fees_settle_exactly(shop: Shop) -> None:
    """R4.6, invariant 15: the customer gets approved less fee; the rest is not there to be asked for
    again.
    """
    order_no = shop.order(("alipay", 10_000), delivery="code_viewed", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, reason="other").case_no
    shop.act(case_no, "approve", LEAD)
    shop.work()
    shop.work(days=2)
    view = shop.view(case_no)
    assert (view.approved_minor, view.fee_minor, view.refund_minor) == (10_000, 500, 9_500)
    assert shop.alipay.moved(shop.payment(order_no).trade_no) == 9_500
    assert shop.payment(order_no).refunded_minor == 10_000
    assert shop.audit() == []


def test_an_accident_in_one_case_does_not_stop_the_others(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    broken = shop.apply(shop.order()).case_no
    healthy = shop.apply(shop.order()).case_no
    from core.adapters.tables import cases as case_table

    with shop.app.begin() as conn:
        conn.execute(update(case_table).where(case_table.c.case_no == broken).values(due_action="dance"))
    shop.work()
    assert shop.view(healthy).state == "paying"
    later = shop.view(broken)
    assert later.state == "approved" and later.due_at is not None and later.due_at > shop.clock.at


def test_the_whole_payment_can_never_be_sent_twice(shop: Shop) -> None:
    """R4.8: two refunds of one order after another stop at what was paid, by the channel's books as well."""
    order_no = shop.order()
    for amount in (6_000, 4_000):
        shop.apply(order_no, amount)
        shop.work()
        shop.work(days=2)
    with shop.app.read() as conn:
        row = conn.execute(select(payments).where(payments.c.order_no == order_no)).one()
    assert row.refunded_minor == shop.alipay.moved(row.trade_no) == row.paid_minor
    assert shop.audit() == []


@pytest.mark.parametrize(
    ("cause", "key"), [("in_wallet", "locator.arrived_wallet"), ("x", "locator.arrived")]
)
def test_money_that_landed_elsewhere_is_said_to_be_there(shop: Shop, cause: str, key: str) -> None:
    """R5.3: the card is closed, and the channel put it into the customer's wallet with it."""
    _, case_no = started(shop)
    shop.work()
    shop.alipay.elsewhere[shop.payouts(case_no)[0].key] = cause
    shop.work(days=2)
    view = shop.view(case_no, MEI)
    assert (view.state, view.locator.key) == ("completed", key)
    assert (view.payouts[0].cause, view.payouts[0].in_wallet) == (
        ("in_wallet", True) if cause == "in_wallet" else (None, False)
    )
    [card] = cases.list_for(shop.app, MEI)
    assert card.locator.key == key and shop.audit() == []
