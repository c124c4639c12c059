"""The queues of the desk: what is late stays visible as late, and stands on top."""

from __future__ import annotations

from datetime import timedelta

from core.domain.actors import Actor
from core.services import credit, queues
from tests.core.services.test_desk import numbers, referred
from tests.core.services.test_negotiations import bounced, transfer_agreed
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, WEI, Shop


def test_what_was_escalated_stays_late_and_on_top(shop: Shop) -> None:
    """R3.2: the new date does not make it an ordinary case again."""
    late = referred(shop)
    shop.clock.advance(timedelta(days=1))
    soon = referred(shop, customer="wei", actor=WEI)
    promised = shop.view(late).due_at
    shop.work(days=5)  # the worker slept over the weekend
    shop.work(hours=1)
    due = [shop.view(case_no).due_at for case_no in (soon, late)]
    assert due == sorted(due, key=str) and due[0] != due[1]  # by the clock alone it would stand below
    first, second = queues.queue(shop.app, LEAD, "review")
    assert (first.case_no, first.late_since) == (late, promised), (
        "since the promise, not since the worker saw it"
    )
    assert (second.case_no, second.late_since) == (soon, None)
    assert numbers(shop, REVIEWER, "review") == [late, soon]
    assert [(w.cases, w.late) for w in queues.waiting(shop.app, LEAD) if w.name == "review"] == [(2, 1)]
    shop.work(days=5)  # late again: it counts from the first time
    assert queues.queue(shop.app, LEAD, "review")[0].late_since == promised
    shop.act(late, "ask", LEAD, note="请补一张截图")
    shop.act(late, "answer", MEI, note="补好了")
    again = {card.case_no: card.late_since for card in queues.queue(shop.app, LEAD, "review")}
    assert again[late] is None  # a new round has a new clock


def test_late_talks_and_late_transfers_say_so(shop: Shop) -> None:
    talks, paid = bounced(shop), transfer_agreed(shop)
    theirs = bounced(shop)
    shop.act(talks, "propose", MEI, way="balance")
    shop.work(days=14)
    late, waiting = queues.queue(shop.app, FINANCE, "talks")
    assert (late.case_no, late.is_theirs) == (talks, False) and late.late_since is not None
    assert (waiting.case_no, waiting.is_theirs, waiting.late_since) == (theirs, True, None)
    [card] = queues.queue(shop.app, FINANCE, "transfers")
    eta = shop.view(paid).payouts[-1].eta_at
    assert (card.case_no, card.late_since) == (paid, eta)
    late = {w.name: w.late for w in queues.waiting(shop.app, FINANCE)}
    assert (late["talks"], late["transfers"]) == (1, 1)


def test_nothing_is_shown_twice_and_the_limit_holds(shop: Shop) -> None:
    cases = [referred(shop) for _ in range(3)]
    shop.work(days=10)
    cases.append(referred(shop))
    assert sorted(numbers(shop, LEAD, "review")) == sorted(cases)
    assert len(queues.queue(shop.app, LEAD, "review", limit=2)) == 2
    assert cases[3] not in [card.case_no for card in queues.queue(shop.app, LEAD, "review", limit=3)]


def test_a_finding_of_forgery_marks_the_case_until_it_is_taken_back(shop: Shop) -> None:
    """R6.5: it stays in the queue to be decided, with who found it; a guest's as well."""
    case_no = referred(shop)
    order_no = shop.order(customer="", delivery="code_viewed", completed_at=shop.clock.at)
    guests = shop.apply(order_no, reason="other", actor=Actor("guest", order_no=order_no)).case_no
    for number in (case_no, guests):
        shop.act(number, "find_forgery", REVIEWER, note="字体不同", picture=shop.picture(number))
    cards = {card.case_no: card.forgery_by for card in queues.queue(shop.app, REVIEWER, "review")}
    assert cards == {case_no: REVIEWER.id, guests: REVIEWER.id}
    entry = credit.account(shop.app, LEAD, "mei").entries[0]
    credit.appeal(shop.app, MEI, entry.id, "是真的", "mei-says")
    credit.answer(shop.app, LEAD, entry.id, True, "核对过原图", "mei-hears")
    cards = {card.case_no: card.forgery_by for card in queues.queue(shop.app, REVIEWER, "review")}
    assert cards == {case_no: None, guests: REVIEWER.id}
