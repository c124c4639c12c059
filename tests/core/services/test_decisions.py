"""People deciding: who may, who may not, and what stands in the record afterwards."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from core.adapters.tables import case_events, payments
from core.domain.actors import Actor
from core.domain.eligibility import assess
from core.domain.errors import (
    AmountAboveRemaining,
    AmountInvalid,
    NotAllowed,
    NotFound,
    NothingLeft,
    OwnCase,
    SamePerson,
    TextRequired,
    TextTooLong,
)
from core.domain.facts import Facts
from core.domain.policy import load, shipped
from core.domain.workdays import local_date
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop


def in_review(shop: Shop, amount: int = 10_000, paid: int = 10_000, customer: str = "mei") -> str:
    """A case that the rules leave to a person."""
    order_no = shop.order(
        ("alipay", paid), customer=customer, delivery="code_viewed", completed_at=shop.clock.at
    )
    sent = shop.apply(order_no, amount, reason="other", actor=Actor("customer", customer))
    assert sent.state == "in_review"
    return sent.case_no


def test_a_reviewer_approves_less(shop: Shop) -> None:
    """R2.2, R4.6: a part of what was asked for, with its own fee."""
    case_no = in_review(shop)
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
    assert (view.state, view.owner, view.locator.key) == ("in_review", "lead", "locator.overdue")
    assert shop.work(days=30) == 0
    assert shop.audit() == []


def test_an_appeal_goes_to_another_person(shop: Shop) -> None:
    """R3.6, invariant 13."""
    case_no = in_review(shop)
    shop.act(case_no, "reject", REVIEWER, note="截图对不上")
    with pytest.raises(TextRequired):
        shop.act(case_no, "appeal", MEI)
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
    assert shop.act(case_no, "approve", ARBITER).state == "approved"
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


def test_above_the_limit_a_reviewer_is_not_enough(shop: Shop) -> None:
    """Invariant 13: the policy's limit for one reviewer, to the fen."""
    case_no = in_review(shop, 100_001, 200_000)
    with pytest.raises(NotAllowed):
        shop.act(case_no, "approve", REVIEWER)
    assert shop.act(case_no, "approve", REVIEWER, amount_minor=100_000).state == "approved"
    other = in_review(shop, 100_001, 200_000, customer="wei")
    assert shop.act(other, "approve", LEAD).state == "approved"


@pytest.mark.parametrize("actor", [MEI, SUPPORT, ARBITER, FINANCE, Actor("policy", "lu-jing")])
def test_only_reviewers_review(sqlite_shop: Shop, actor: Actor) -> None:
    """Invariants 12, 13: policy staff move no money, finance does not judge."""
    case_no = in_review(sqlite_shop)
    with pytest.raises(NotAllowed):
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
    shop.act(sent.case_no, "appeal", MEI, note="不是我核销的")
    view = shop.act(sent.case_no, "approve", REVIEWER, note="核实为盗用")
    assert (view.state, view.refund_minor) == ("approved", 10_000)
    assert shop.audit() == []


def test_deciding_again_gives_the_same_answer(shop: Shop) -> None:
    """R6.4, invariant 14: from the event alone, even after everything else has changed."""
    case_no = shop.apply(shop.order()).case_no
    shop.work()
    shop.work(days=2)
    with shop.app.read() as conn:
        e = case_events.c
        body = json.loads(
            conn.execute(select(e.body).where(e.case_no == case_no, e.event == "approve")).scalar_one()
        )
    again = assess(Facts.from_dict(body["facts"]), load(shipped("standard")), shop.app.calendar)
    assert {"verdict": again.verdict, "rule": again.rule} == body["assessment"]
    assert body["policy_version"] == 1
    assert body["option"]["legs"][0]["amount_minor"] == again.options[0].legs[0].amount_minor
