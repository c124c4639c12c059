"""People deciding: who may, who may not, and what stands in the record afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.adapters.tables import case_events, payments
from core.domain.actors import Actor
from core.domain.deadlines import SECOND
from core.domain.eligibility import assess, days_left
from core.domain.errors import (
    AmountAboveRemaining,
    AmountInvalid,
    NotAllowed,
    NotFound,
    NothingLeft,
    OwnCase,
    SamePerson,
    SecondApprovalNeeded,
    TextRequired,
    TextTooLong,
)
from core.domain.facts import Facts
from core.domain.workdays import local_date
from core.services import cases
from tests import pinned
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop

LEAD_2 = Actor("lead", "zhao-jing")
ARBITER_2 = Actor("arbiter", "bai-lu")


def in_review(shop: Shop, amount: int = 10_000, paid: int = 10_000, customer: str = "mei") -> str:
    """A case that the rules leave to a person."""
    order_no = shop.order(
        ("alipay", paid), customer=customer, delivery="code_viewed", completed_at=shop.clock.at
    )
    sent = shop.apply(order_no, amount, reason="other", actor=Actor("customer", customer))
    assert sent.state == "in_review"
    return sent.case_no


def _body(shop: Shop, case_no: str, event: str) -> Any:
    e = case_events.c
    with shop.app.read() as conn:
        found = conn.execute(select(e.body).where(e.case_no == case_no, e.event == event))
        return json.loads(found.scalar_one())


def _facts(shop: Shop, case_no: str, event: str) -> Facts:
    return Facts.from_dict(_body(shop, case_no, event)["facts"])


def test_a_reviewer_approves_less(shop: Shop) -> None:
    """R2.2, R4.6: a part of what was asked for, with its own fee."""
    case_no = in_review(shop)
    with pytest.raises(TextRequired):  # who gets less than they asked for is told why
        shop.act(case_no, "approve", REVIEWER, amount_minor=4_000)
    view = shop.act(case_no, "approve", REVIEWER, amount_minor=4_000, note="部分使用")
    assert (view.state, view.approved_minor, view.fee_minor, view.refund_minor) == (
        "approved",
        4_000,
        200,
        3_800,
    )
    assert view.decided_by == "reviewer:zhou-lan"
    assert view.events[-1].note == "部分使用"
    shop.work()
    shop.work(days=2)
    assert shop.view(case_no).state == "completed"
    assert shop.audit() == []


@pytest.mark.parametrize(
    ("amount", "refusal"), [(0, AmountInvalid), (-5, AmountInvalid), (10_001, AmountAboveRemaining)]
)
def test_an_amount_that_cannot_be_approved(shop: Shop, amount: int, refusal: type[Exception]) -> None:
    case_no = in_review(shop)
    with pytest.raises(refusal):
        shop.act(case_no, "approve", REVIEWER, amount_minor=amount)
    assert shop.view(case_no).state == "in_review"


def test_what_was_refunded_elsewhere_meanwhile_is_gone(shop: Shop) -> None:
    """R4.8: fresh facts at the decision too."""
    case_no = in_review(shop)
    order_no = shop.view(case_no).order.order_no
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == order_no).values(external_minor=9_000))
    with pytest.raises(AmountAboveRemaining) as refused:
        shop.act(case_no, "approve", REVIEWER)
    assert refused.value.params["remaining_minor"] == 1_000
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == order_no).values(external_minor=10_000))
    with pytest.raises(NothingLeft):
        shop.act(case_no, "approve", REVIEWER)


@pytest.mark.parametrize("event", ["reject", "ask"])
def test_no_answer_without_words(sqlite_shop: Shop, event: str) -> None:
    """R3.5: blanks are no words."""
    case_no = in_review(sqlite_shop)
    with pytest.raises(TextRequired):
        sqlite_shop.act(case_no, event, REVIEWER, note=" \n\t")
    with pytest.raises(TextTooLong):
        sqlite_shop.act(case_no, event, REVIEWER, note="长" * 2_001)


def test_question_and_answer(shop: Shop) -> None:
    """R3.3: the customer's move with a deadline, then the reviewer's again with a new one."""
    case_no = in_review(shop)
    asked = shop.act(case_no, "ask", REVIEWER, note="换过登录设备吗？")
    assert (asked.state, asked.waiting_for, asked.due_action) == ("awaiting_customer", "you", "lapse")
    view = shop.view(case_no, MEI)
    assert set(view.allowed) == {"answer", "dispute", "withdraw"}
    answered = shop.act(case_no, "answer", MEI, note="没有")
    assert (answered.state, answered.due_action) == ("in_review", "escalate")
    assert [e.note for e in answered.events[-2:]] == ["换过登录设备吗？", "没有"]
    assert shop.audit() == []


def test_silence_closes_the_case(shop: Shop) -> None:
    """R3.3."""
    case_no = in_review(shop)
    shop.act(case_no, "ask", REVIEWER, note="换过登录设备吗？")
    shop.work(days=2)
    assert shop.view(case_no).state == "awaiting_customer"
    shop.work(days=3)
    assert shop.view(case_no).state == "closed"
    assert shop.audit() == []


def test_an_overdue_review_gets_a_name(shop: Shop) -> None:
    """R3.2: three working days, then the lead has it; both sides can see it."""
    case_no = in_review(shop)
    due_at = shop.view(case_no).due_at
    assert due_at is not None
    assert shop.app.calendar.between(local_date(shop.clock.at), local_date(due_at)) == 3
    shop.work(days=2)
    assert shop.view(case_no).owner is None
    shop.work(days=2)
    view = shop.view(case_no, MEI)
    assert (view.state, view.owner, view.locator.key) == ("in_review", "lead", "locator.overdue_by")
    assert shop.audit() == []


def test_an_overdue_review_has_a_new_date_each_time_it_is_missed(shop: Shop) -> None:
    """R3.2: never a date in the past, and somebody is told again."""
    case_no = in_review(shop)
    shop.work(days=8)
    first = shop.view(case_no, MEI)
    assert first.due_at is not None and first.locator.by == first.due_at > shop.clock.at
    assert shop.app.calendar.between(local_date(shop.clock.at), local_date(first.due_at)) == 1
    assert shop.work(days=30) == 1, "once, however long nobody looked"
    second = shop.view(case_no, MEI)
    assert second.due_at is not None and second.due_at > shop.clock.at and second.owner == "lead"
    assert [event.event for event in second.events].count("escalate") == 2
    assert shop.act(case_no, "ask", REVIEWER, note="？").owner is None
    assert shop.audit() == []


def test_an_arbiter_is_offered_once_there_is_something_to_dispute(shop: Shop) -> None:
    """R3.4: after a question, a refusal, or when the review is late; staff may send it on at any time."""
    fresh, late, asked, refused = (in_review(shop) for _ in range(4))
    assert "dispute" not in shop.view(fresh, MEI).allowed and "dispute" in shop.view(fresh, REVIEWER).allowed
    shop.act(asked, "ask", REVIEWER, note="？")
    assert "dispute" in shop.view(asked, MEI).allowed
    shop.act(asked, "answer", MEI, note="！")
    assert "dispute" in shop.view(asked, MEI).allowed
    shop.act(refused, "reject", REVIEWER, note="不对")
    shop.act(refused, "reapply", MEI)
    shop.act(refused, "submit", MEI)
    assert "dispute" in shop.view(refused, MEI).allowed
    shop.work(days=8)
    assert "dispute" in shop.view(late, MEI).allowed


def test_an_appeal_goes_to_another_person(shop: Shop) -> None:
    """R3.6, invariant 13."""
    case_no = in_review(shop)
    shop.act(case_no, "reject", REVIEWER, note="截图对不上")
    with pytest.raises(TextRequired):
        shop.act(case_no, "appeal", MEI)
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="新的截图")
    assert "approve" not in shop.view(case_no, REVIEWER).allowed
    assert "approve" in shop.view(case_no, REVIEWER_2).allowed
    for event in ("approve", "reject"):
        with pytest.raises(SamePerson):
            shop.act(case_no, event, REVIEWER, note="再看一次")
    view = shop.act(case_no, "reject", REVIEWER_2, note="核对过了")
    assert (view.state, view.due_at) == ("closed", None)
    assert shop.audit() == []


def test_after_the_window_of_appeal_it_is_closed(shop: Shop) -> None:
    """R3.6: seven working days."""
    case_no = in_review(shop)
    shop.act(case_no, "reject", REVIEWER, note="截图对不上")
    shop.work(days=8)
    assert shop.view(case_no).state == "rejected"
    shop.work(days=3)
    assert shop.view(case_no).state == "closed"


def test_the_arbiter_is_nobody_who_looked_before(shop: Shop) -> None:
    """R3.4, invariant 13: by person, not by role."""
    case_no = in_review(shop)
    shop.act(case_no, "ask", REVIEWER, note="？")
    shop.act(case_no, "dispute", MEI, note="不接受")
    with pytest.raises(SamePerson):
        shop.act(case_no, "approve", Actor("arbiter", REVIEWER.id))
    assert shop.act(case_no, "approve", ARBITER, note="客户说得对").state == "approved"
    assert shop.audit() == []


def test_arbitration_is_the_last_word(shop: Shop) -> None:
    case_no = in_review(shop)
    shop.act(case_no, "dispute", REVIEWER, note="各执一词")
    view = shop.act(case_no, "reject", ARBITER, note="证据不足")
    assert (view.state, view.allowed) == ("closed", ())


@pytest.mark.parametrize("person", [Actor("reviewer", "mei"), Actor("lead", "he-min")])
def test_nobody_decides_what_they_asked_for(shop: Shop, person: Actor) -> None:
    """Invariant 13: neither the customer who works here nor the one who applied for them."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    case_no = shop.apply(order_no, reason="other", actor=SUPPORT).case_no
    for event in ("approve", "reject", "ask"):
        with pytest.raises(OwnCase):
            shop.act(case_no, event, person, note="…")
    assert set(shop.view(case_no, person).allowed).isdisjoint({"approve", "reject", "ask"})


@pytest.mark.parametrize(("first", "second"), [(REVIEWER, LEAD), (LEAD, LEAD_2), (LEAD, REVIEWER)])
def test_above_the_limit_two_people_approve(shop: Shop, first: Actor, second: Actor) -> None:
    """Invariant 13: the policy's limit for one person, to the fen; nothing is held before the second."""
    alone = in_review(shop, 100_001, 200_000, customer="wei")
    assert shop.act(alone, "approve", REVIEWER, amount_minor=100_000, note="部分使用").state == "approved"

    case_no = in_review(shop, 100_001, 200_000)
    before = shop.view(case_no)
    shop.clock.advance(timedelta(days=1))
    view = shop.act(case_no, "approve", first, note="核对过")
    assert (view.state, view.events[-1].event, view.events[-1].note) == ("in_review", "endorse", "核对过")
    assert (view.approved_minor, view.decided_by) == (None, None)
    assert (view.due_at, view.due_action, view.owner) == (before.due_at, "escalate", SECOND)
    assert shop.payment(view.order.order_no).reserved_minor == 0
    assert (view.public_status, view.locator.key, view.locator.by) == (
        "under_review",
        "locator.endorsed",
        before.due_at,
    )
    assert {"approve", "endorse"}.isdisjoint(shop.view(case_no, first).allowed)
    with pytest.raises(SamePerson):
        shop.act(case_no, "approve", first)
    assert shop.audit() == []

    assert "approve" in shop.view(case_no, second).allowed
    view = shop.act(case_no, "approve", second)
    assert (view.state, view.approved_minor, view.decided_by) == ("approved", 100_001, str(second))
    assert shop.audit() == []


def test_two_reviewers_are_not_enough(sqlite_shop: Shop) -> None:
    """Invariant 13: one of the two is a lead."""
    shop = sqlite_shop
    case_no = in_review(shop, 200_000, 200_000)
    shop.act(case_no, "approve", REVIEWER)
    assert "approve" not in shop.view(case_no, REVIEWER_2).allowed
    with pytest.raises(SecondApprovalNeeded):
        shop.act(case_no, "approve", REVIEWER_2)
    assert {"reject", "ask"} <= set(shop.view(case_no, REVIEWER).allowed), "the first may think again"


def test_another_amount_is_another_first_approval(sqlite_shop: Shop) -> None:
    """Invariant 13: two people say the same; whoever says nothing else confirms what the first said."""
    shop = sqlite_shop
    case_no = in_review(shop, 200_000, 200_000)
    shop.act(case_no, "approve", REVIEWER, amount_minor=180_000, note="部分使用")
    view = shop.act(case_no, "approve", LEAD, amount_minor=150_000, note="部分使用")
    assert (view.state, view.events[-1].event) == ("in_review", "endorse")
    with pytest.raises(SamePerson):
        shop.act(case_no, "approve", LEAD, amount_minor=150_000, note="部分使用")
    view = shop.act(case_no, "approve", REVIEWER)
    assert (view.state, view.approved_minor) == ("approved", 150_000)
    assert shop.audit() == []


def test_a_first_approval_ends_with_whatever_comes_next(sqlite_shop: Shop) -> None:
    """Invariant 13: an answer may change everything; the clock alone changes nothing."""
    shop = sqlite_shop
    case_no = in_review(shop, 200_000, 200_000)
    shop.act(case_no, "approve", REVIEWER)
    shop.act(case_no, "ask", REVIEWER_2, note="还在用吗？")
    shop.act(case_no, "answer", MEI, note="没有")
    assert shop.act(case_no, "approve", LEAD).state == "in_review"
    shop.work(days=6)
    view = shop.view(case_no)
    assert (view.events[-1].event, view.owner) == ("escalate", "lead")
    assert shop.act(case_no, "approve", LEAD_2).state == "approved"
    assert shop.audit() == []


def test_what_was_refunded_before_counts_for_two(sqlite_shop: Shop) -> None:
    """Invariant 13: of the whole order, or a large amount would be approved in slices by one."""
    shop = sqlite_shop
    case_no = in_review(shop, 60_000, 200_000)
    order_no = shop.view(case_no).order.order_no
    assert shop.act(case_no, "approve", REVIEWER).state == "approved"
    shop.work()
    shop.work(days=2)
    again = shop.apply(order_no, 60_000, reason="other").case_no
    assert shop.act(again, "approve", LEAD).events[-1].event == "endorse"
    assert shop.act(again, "approve", LEAD_2).state == "approved"
    assert shop.audit() == []


def test_in_arbitration_a_lead_only_confirms(sqlite_shop: Shop) -> None:
    """R3.4, invariant 13: the arbiter decides; the second is another arbiter or a lead, for the same."""
    shop = sqlite_shop
    for second in (LEAD, ARBITER_2):
        case_no = in_review(shop, 150_000, 150_000)
        shop.act(case_no, "approve", REVIEWER)
        shop.act(case_no, "dispute", MEI, note="太慢了")
        assert "approve" not in shop.view(case_no, LEAD).allowed
        with pytest.raises(NotAllowed):
            shop.act(case_no, "approve", LEAD)
        view = shop.act(case_no, "approve", ARBITER, note="客户说得对")
        assert (view.state, view.events[-1].event) == ("in_arbitration", "endorse")
        assert {"approve"}.isdisjoint(shop.view(case_no, ARBITER).allowed)
        with pytest.raises(NotAllowed):
            shop.act(case_no, "approve", LEAD, amount_minor=100, note="部分")
        with pytest.raises(SamePerson):
            shop.act(case_no, "approve", Actor("lead", REVIEWER.id))
        assert shop.act(case_no, "approve", second).state == "approved"
        assert shop.audit() == []


def test_an_appeal_above_the_limit_needs_two_who_are_new(sqlite_shop: Shop) -> None:
    """R3.6, invariant 13."""
    shop = sqlite_shop
    case_no = in_review(shop, 150_000, 150_000)
    shop.act(case_no, "reject", REVIEWER, note="截图对不上")
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="新的截图")
    assert shop.act(case_no, "approve", REVIEWER_2).events[-1].event == "endorse"
    with pytest.raises(SamePerson):
        shop.act(case_no, "approve", Actor("lead", REVIEWER.id))
    assert shop.act(case_no, "approve", LEAD).state == "approved"
    assert shop.audit() == []


@pytest.mark.parametrize("again", ["ZHOU-LAN", " zhou-lan ", "ｚｈｏｕ-ｌａｎ", "zhou-\u200blan"])
def test_another_spelling_is_no_second_person(sqlite_shop: Shop, again: str) -> None:
    case_no = in_review(sqlite_shop, 240_000, 240_000)
    sqlite_shop.act(case_no, "approve", REVIEWER)
    with pytest.raises(SamePerson):
        sqlite_shop.act(case_no, "approve", Actor("lead", again))
    assert sqlite_shop.view(case_no).state == "in_review"


def test_nobody_endorses_by_that_name(sqlite_shop: Shop) -> None:
    """It comes of `approve`, so that the guards of an approval stand before it."""
    case_no = in_review(sqlite_shop)
    with pytest.raises(NotAllowed):
        sqlite_shop.act(case_no, "endorse", LEAD)
    assert "endorse" not in sqlite_shop.view(case_no, LEAD).allowed


def test_asked_on_the_last_day_is_in_time_whenever_it_is_decided(sqlite_shop: Shop) -> None:
    """R1.3: at the review, at the rejection and at the appeal; money and dates are of the day of deciding."""
    shop = sqlite_shop
    bought = shop.clock.at - timedelta(days=7)
    order_no = shop.order(delivery="code_viewed", completed_at=bought, paid_at=bought)
    asked_at = shop.clock.at
    case_no = shop.apply(order_no, reason="other").case_no
    shop.work(days=4)
    shop.act(case_no, "reject", REVIEWER, note="没有问题")
    shop.picture(case_no)
    shop.act(case_no, "appeal", MEI, note="再看看")
    shop.work(days=1)
    shop.act(case_no, "approve", REVIEWER_2)
    for event in ("reject", "approve"):
        facts = _facts(shop, case_no, event)
        assert facts.asked_at == asked_at < facts.at
        assert days_left(facts, pinned.POLICY) == 0
        assert _body(shop, case_no, event)["assessment"]["verdict"] == "review"
    assert shop.audit() == []


def test_what_is_applied_for_again_counts_from_then(sqlite_shop: Shop) -> None:
    """R1.3, R3.5: an old request does not hold the window open for a new one."""
    shop = sqlite_shop
    bought = shop.clock.at - timedelta(days=7)
    order_no = shop.order(delivery="code_viewed", completed_at=bought, paid_at=bought)
    case_no = shop.apply(order_no, reason="other").case_no
    shop.act(case_no, "reject", REVIEWER, note="没有问题")
    shop.work(days=1)
    shop.act(case_no, "reapply", MEI)
    shop.act(case_no, "submit", MEI)
    assert shop.view(case_no).rule == "too_late"
    assert shop.audit() == []


@pytest.mark.parametrize("actor", [MEI, SUPPORT, ARBITER, FINANCE, Actor("policy", "lu-jing")])
def test_only_reviewers_review(sqlite_shop: Shop, actor: Actor) -> None:
    """Invariants 12, 13: policy staff move no money and see no case, finance does not judge."""
    case_no = in_review(sqlite_shop)
    with pytest.raises(NotFound if actor.role == "policy" else NotAllowed):
        sqlite_shop.act(case_no, "approve", actor)


def test_a_customer_cannot_answer_for_another(sqlite_shop: Shop) -> None:
    case_no = in_review(sqlite_shop)
    sqlite_shop.act(case_no, "ask", REVIEWER, note="？")
    with pytest.raises(NotFound):
        sqlite_shop.act(case_no, "answer", WEI, note="我来回答")
    assert sqlite_shop.view(case_no).state == "awaiting_customer"


def test_a_person_may_approve_what_the_rules_refuse(shop: Shop) -> None:
    """R3.6: the appeal of a redeemed code; facts, rules' answer and person are all in the record."""
    sent = shop.apply(shop.order(delivery="redeemed"))
    assert sent.state == "rejected"
    shop.picture(sent.case_no)
    shop.act(sent.case_no, "appeal", MEI, note="不是我核销的")
    view = shop.act(sent.case_no, "approve", REVIEWER, note="核实为盗用")
    assert (view.state, view.refund_minor) == ("approved", 10_000)
    assert shop.audit() == []


def test_deciding_again_gives_the_same_answer(shop: Shop) -> None:
    """R6.4, invariant 14: from the event alone, even after everything else has changed."""
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    shop.work(days=2)
    body = _body(shop, case_no, "approve")
    again = assess(Facts.from_dict(body["facts"]), pinned.POLICY, shop.app.calendar)
    assert {"verdict": again.verdict, "rule": again.rule} == body["assessment"]
    assert body["policy_version"] == 1
    assert body["option"]["legs"][0]["amount_minor"] == again.options[0].legs[0].amount_minor


def test_pictures_come_with_the_words_they_were_sent_with(shop: Shop) -> None:
    """R3.3: each answer has its own; what came with the claim belongs to the claim."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    draft = cases.open_draft(shop.app, MEI, order_no).case_no
    first = shop.picture(draft)
    shop.clock.advance(timedelta(minutes=1))
    case_no = shop.apply(order_no, reason="other").case_no
    answers = []
    for question in ("哪天？", "哪台？"):
        shop.act(case_no, "ask", REVIEWER, note=question)
        shop.clock.advance(timedelta(minutes=1))
        answers.append(shop.picture(case_no))
        shop.act(case_no, "answer", MEI, note="见图")
    view = shop.view(case_no)
    said = [event.seq for event in view.events if event.event == "answer"]
    assert {item.id: item.said_seq for item in view.evidence} == {
        first: None, answers[0]: said[0], answers[1]: said[1],
    }  # fmt: skip
    assert shop.audit() == []
