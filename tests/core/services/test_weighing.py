"""What is decided about is what is shown: amounts of the first of two, what a yes pays, and whose words the
customer reads.
"""

from __future__ import annotations

import pytest

from core.domain.actors import Actor
from core.domain.errors import TextRequired
from core.services import desk, queues, weighing
from tests.core.services.test_desk import referred
from tests.core.services.test_negotiations import bounced
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop

PART = "扣除已用两天的费用"


def endorsed(shop: Shop, note: str = PART, minor: int = 160_000) -> str:
    """¥1,800 asked for, ¥1,600 approved by the first of two."""
    case_no = referred(shop, 180_000)
    shop.act(case_no, "approve", REVIEWER, amount_minor=minor, note=note)
    return case_no


def test_a_queue_says_what_the_first_approved(shop: Shop) -> None:
    case_no = endorsed(shop)
    [card] = queues.queue(shop.app, LEAD, "second")
    assert (card.case_no, card.requested_minor, card.approved_minor) == (case_no, 180_000, 160_000)
    other = referred(shop, customer="wei", actor=WEI)
    assert {c.case_no: c.approved_minor for c in queues.queue(shop.app, REVIEWER, "review")} == {other: None}


def test_a_first_approval_that_is_over_is_not_shown(shop: Shop) -> None:
    """The clock changes nothing, an answer does."""
    case_no = endorsed(shop)
    with shop.app.read() as conn:
        assert queues.first_approvals(conn, [case_no]) == {case_no: 160_000}
    shop.work(days=8)
    assert shop.view(case_no).events[-1].event == "escalate"
    with shop.app.read() as conn:
        assert queues.first_approvals(conn, [case_no]) == {case_no: 160_000}
    shop.act(case_no, "ask", LEAD, note="还在用吗？")
    with shop.app.read() as conn:
        assert queues.first_approvals(conn, [case_no]) == {}


@pytest.mark.parametrize(("minor", "route"), [(160_000, None), (180_000, None), (50_000, None)])
def test_what_a_yes_pays_is_what_the_decision_pays(shop: Shop, minor: int, route: str | None) -> None:
    case_no = referred(shop, 180_000)
    file = desk.open_file(shop.app, REVIEWER, case_no)
    option = weighing.pays(shop.app, file.view, file.answer, file.policy, minor, route)
    assert option is not None and option.breakdown.approved == minor
    shop.act(case_no, "approve", REVIEWER, amount_minor=minor, note=PART)
    if minor > 100_000:
        shop.act(case_no, "approve", LEAD)
    view = shop.view(case_no)
    assert (view.refund_minor, view.fee_minor) == (option.breakdown.refund, option.breakdown.fee)


def test_what_is_decided_is_what_the_first_said(shop: Shop) -> None:
    """Also of an offer, and on its route."""
    file = desk.open_file(shop.app, LEAD, endorsed(shop))
    assert weighing.to_decide(file.view) == 160_000
    case_no = referred(shop, 180_000)
    shop.act(case_no, "offer", REVIEWER, amount_minor=150_000, route="balance", note=PART)
    file = desk.open_file(shop.app, LEAD, case_no)
    option = weighing.pays(shop.app, file.view, file.answer, file.policy, weighing.to_decide(file.view))
    assert option is not None and (option.route, option.breakdown.approved) == ("balance", 150_000)


def test_nothing_is_paid_beyond_what_is_left(shop: Shop) -> None:
    file = desk.open_file(shop.app, REVIEWER, referred(shop, 180_000))
    assert weighing.pays(shop.app, file.view, file.answer, file.policy, 180_001) is None


@pytest.mark.parametrize("reader", [MEI, SUPPORT], ids=["customer", "support"])
def test_the_firsts_words_are_between_colleagues_until_the_second(shop: Shop, reader: Actor) -> None:
    case_no = endorsed(shop)
    seen = shop.view(case_no, reader).events[-1]
    assert (seen.event, seen.note, seen.amount_minor, seen.route) == ("endorse", "", None, None)
    known = shop.view(case_no, LEAD).events[-1]
    assert (known.note, known.amount_minor) == (PART, 160_000)


@pytest.mark.parametrize(("said", "reads"), [("", PART), ("退没用的部分", "退没用的部分")])
def test_the_customer_reads_the_seconds_words_or_else_the_firsts(shop: Shop, said: str, reads: str) -> None:
    case_no = endorsed(shop)
    shop.act(case_no, "approve", LEAD, note=said)
    notes = [event.note for event in shop.view(case_no, MEI).events if event.note]
    assert notes == [reads]
    assert PART in [event.note for event in shop.view(case_no, LEAD).events], "what was said stays said"
    assert shop.audit() == []


def test_words_for_another_amount_are_not_taken_over(shop: Shop) -> None:
    case_no = endorsed(shop)
    with pytest.raises(TextRequired):
        shop.act(case_no, "approve", LEAD, amount_minor=150_000)


def test_a_second_offer_and_a_second_agreement_have_the_firsts_words(shop: Shop) -> None:
    case_no = referred(shop, 180_000)
    with pytest.raises(TextRequired):
        shop.act(case_no, "offer", REVIEWER, amount_minor=150_000)
    shop.act(case_no, "offer", REVIEWER, amount_minor=150_000, note=PART)
    assert shop.act(case_no, "offer", LEAD).events[-1].note == PART
    talks = bounced(shop)
    shop.act(talks, "propose", MEI, way="balance")
    assert shop.act(talks, "agree", FINANCE, way="balance", note="已商定").events[-1].event == "endorse"
    last = shop.act(talks, "agree", LEAD).events[-1]
    assert (last.event, last.note) == ("agree", "已商定")


@pytest.mark.parametrize("event", ["approve", "reject"])
def test_a_ruling_says_why(shop: Shop, event: str) -> None:
    """R3.4, R3.5: both sides read the reason, whichever way it goes."""
    case_no = referred(shop)
    shop.act(case_no, "dispute", REVIEWER_2, note="请仲裁")
    with pytest.raises(TextRequired):
        shop.act(case_no, event, ARBITER)
    shop.act(case_no, event, ARBITER, note="看了双方的材料")
    assert "看了双方的材料" in [event.note for event in shop.view(case_no, MEI).events]
