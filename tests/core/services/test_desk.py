"""The desk: who sees which queue, one case in one person's hands, and previews that are true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from bench.desk import fill
from core.adapters.tables import customers
from core.domain.actors import Actor
from core.domain.errors import (
    InOtherHands,
    NotAllowed,
    NotFound,
    OwnCase,
    SamePerson,
    SecondApprovalNeeded,
    TextRequired,
)
from core.services import cases, credit, desk, leases, look_alikes, queues, timers
from tests.plans import scans
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, WEI, Shop


def referred(shop: Shop, amount: int = 10_000, customer: str = "mei", actor: Actor = MEI) -> str:
    """A case that the rules leave to a person."""
    order_no = shop.order(
        ("alipay", amount), customer=customer, delivery="code_viewed", completed_at=shop.clock.at
    )
    sent = shop.apply(order_no, amount, reason="other", actor=actor)
    assert sent.state == "in_review"
    return sent.case_no


def numbers(shop: Shop, actor: Actor, name: str) -> list[str]:
    return [card.case_no for card in queues.queue(shop.app, actor, name)]


def test_what_is_due_first_is_on_top(shop: Shop) -> None:
    first = referred(shop)
    shop.clock.advance(timedelta(hours=30))
    second = referred(shop, customer="wei", actor=WEI)
    assert numbers(shop, REVIEWER, "review") == [first, second]
    card = queues.queue(shop.app, REVIEWER, "review")[0]
    assert (card.customer_name, card.requested_minor) == ("mei", 10_000)
    assert (card.late_since, card.held_by, card.held_until) == (None, None, None)


def test_each_decision_has_its_queue(shop: Shop) -> None:
    asked, refused, argued = referred(shop), referred(shop), referred(shop)
    shop.act(asked, "ask", REVIEWER, note="请补一张截图")
    shop.act(refused, "reject", REVIEWER, note="看不清")
    shop.picture(refused)
    shop.act(refused, "appeal", MEI, note="请再看一次")
    shop.act(argued, "dispute", REVIEWER, note="请仲裁")
    assert numbers(shop, REVIEWER, "review") == []
    assert numbers(shop, REVIEWER, "waiting") == [asked]
    assert numbers(shop, REVIEWER_2, "appeal") == [refused]
    assert numbers(shop, ARBITER, "arbitration") == [argued]


def test_a_second_approval_waits_in_its_own_queue(shop: Shop) -> None:
    large = referred(shop, 300_000)
    shop.act(large, "approve", REVIEWER)
    assert numbers(shop, REVIEWER, "review") == []
    assert numbers(shop, LEAD, "second") == [large]
    shop.act(large, "approve", LEAD)
    assert numbers(shop, LEAD, "second") == []
    assert shop.view(large).state == "approved"


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (MEI, "review"),
        (REVIEWER, "arbitration"),
        (ARBITER, "review"),
        (FINANCE, "appeal"),
        (SUPPORT, "review"),
    ],
)
def test_a_queue_is_for_its_roles(shop: Shop, actor: Actor, name: str) -> None:
    with pytest.raises(NotAllowed):
        queues.queue(shop.app, actor, name)


def test_two_people_cannot_work_on_one_case(shop: Shop) -> None:
    case_no = referred(shop)
    desk.take(shop.app, REVIEWER, case_no)
    with pytest.raises(InOtherHands) as refused:
        desk.take(shop.app, REVIEWER_2, case_no)
    assert refused.value.params["person"] == REVIEWER.id
    with pytest.raises(InOtherHands):
        shop.act(case_no, "approve", REVIEWER_2)
    assert queues.queue(shop.app, REVIEWER_2, "review")[0].held_by == REVIEWER.id
    shop.act(case_no, "ask", REVIEWER, note="请补一张截图")
    shop.act(case_no, "answer", MEI, note="补好了")
    desk.take(shop.app, REVIEWER_2, case_no)  # decided once, it is free again


OTHER_LEAD = Actor("lead", "fang-yu")


@pytest.mark.parametrize("first", [REVIEWER, LEAD])
def test_who_approved_first_keeps_it_from_nobody(shop: Shop, first: Actor) -> None:
    """Looking at it again is no work on it."""
    case_no = referred(shop, 300_000)
    desk.take(shop.app, first, case_no)
    shop.act(case_no, "approve", first)
    with pytest.raises(SamePerson):
        desk.take(shop.app, first, case_no)
    assert desk.take(shop.app, OTHER_LEAD, case_no).person_id == OTHER_LEAD.id
    shop.act(case_no, "approve", OTHER_LEAD)
    assert shop.view(case_no).state == "approved"


def test_a_lease_runs_out_and_can_be_given_back(shop: Shop) -> None:
    case_no = referred(shop)
    desk.take(shop.app, REVIEWER, case_no)
    shop.clock.advance(timedelta(minutes=15))
    desk.take(shop.app, REVIEWER_2, case_no)
    desk.give_back(shop.app, REVIEWER, case_no)  # no longer his to give
    with pytest.raises(InOtherHands):
        desk.take(shop.app, REVIEWER, case_no)
    desk.give_back(shop.app, REVIEWER_2, case_no)
    assert desk.take(shop.app, REVIEWER, case_no).person_id == REVIEWER.id


def test_a_lease_is_written_anew_only_when_it_runs_out_soon(shop: Shop) -> None:
    """Each click of whoever works on a case asks for it: most write nothing."""
    case_no = referred(shop)
    first = desk.take(shop.app, REVIEWER, case_no)
    shop.clock.advance(leases.LEASE - leases.RENEWED)
    assert desk.take(shop.app, REVIEWER, case_no) == first
    as_lead = Actor("lead", REVIEWER.id)
    assert desk.take(shop.app, as_lead, case_no).role == "lead", "a changed role is written"
    shop.clock.advance(timedelta(seconds=1))
    desk.take(shop.app, REVIEWER, case_no)
    shop.clock.advance(leases.LEASE - leases.RENEWED + timedelta(seconds=1))
    assert desk.take(shop.app, REVIEWER, case_no).until == shop.clock.at + leases.LEASE


def test_who_has_a_case_in_hand_still_needs_the_right_to_it(shop: Shop) -> None:
    """The lease that is kept is no way past the guards."""
    case_no = referred(shop)
    desk.take(shop.app, REVIEWER, case_no)
    shop.act(case_no, "withdraw", MEI)
    with pytest.raises(NotAllowed):
        desk.take(shop.app, REVIEWER, case_no)


def test_the_customer_is_never_held_up(shop: Shop) -> None:
    """A lease is between colleagues: the customer withdraws as ever."""
    case_no = referred(shop)
    desk.take(shop.app, REVIEWER, case_no)
    assert shop.act(case_no, "withdraw", MEI).state == "withdrawn"


def test_only_who_decides_takes_a_case(shop: Shop) -> None:
    case_no = referred(shop)
    for actor in (ARBITER, FINANCE):
        with pytest.raises(NotAllowed):
            desk.take(shop.app, actor, case_no)
    for nobodys in (WEI, Actor("policy", "lu-jing")):
        with pytest.raises(NotFound):
            desk.take(shop.app, nobodys, case_no)


def test_a_preview_is_the_decision_and_leaves_no_trace(shop: Shop) -> None:
    case_no = referred(shop)
    before = shop.view(case_no)
    seen = desk.preview(shop.app, REVIEWER, case_no, "approve", note="核实过了", amount_minor=4_000)
    assert (seen.state, seen.approved_minor, seen.events[-1].note) == ("approved", 4_000, "核实过了")
    assert shop.view(case_no) == before
    assert shop.payment(before.order.order_no).reserved_minor == 0
    after = shop.act(case_no, "approve", REVIEWER, note="核实过了", amount_minor=4_000)
    assert (after.refund_minor, after.locator) == (seen.refund_minor, seen.locator)
    assert shop.audit() == []


def test_a_preview_refuses_what_the_decision_would(shop: Shop) -> None:
    case_no = referred(shop, customer=REVIEWER.id, actor=Actor("customer", REVIEWER.id))
    with pytest.raises(OwnCase):
        desk.preview(shop.app, REVIEWER, case_no, "approve")
    with pytest.raises(TextRequired):
        desk.preview(shop.app, REVIEWER_2, case_no, "reject")


def test_the_file_has_what_a_decision_rests_on(shop: Shop) -> None:
    earlier = referred(shop)
    case_no = referred(shop)
    file = desk.open_file(shop.app, REVIEWER, case_no)
    assert (file.view.case_no, file.customer_name, file.credit) == (case_no, "mei", 100)
    assert [card.case_no for card in file.others] == [earlier]
    assert file.answer.found.verdict == "review" and file.answer.found.traces
    assert file.lease is None
    with pytest.raises(NotFound):
        desk.open_file(shop.app, WEI, case_no)
    with pytest.raises(NotAllowed):
        desk.open_file(shop.app, MEI, case_no)


def test_look_alikes_are_settled_together(shop: Shop) -> None:
    alike = [referred(shop) for _ in range(3)]
    large = referred(shop, 300_000)
    held = referred(shop)
    desk.take(shop.app, REVIEWER_2, held)
    (group,) = look_alikes.alike(shop.app, REVIEWER)
    assert set(group.case_nos) == set(alike) and group.asked_minor == 30_000
    assert large not in group.case_nos
    shop.act(alike[0], "withdraw", MEI)
    outcome = look_alikes.approve_all(shop.app, REVIEWER, group.case_nos, "together")
    refused = {case_no for case_no, refusal in outcome if refusal is not None}
    assert refused == {alike[0]}
    assert {shop.view(case_no).state for case_no in alike[1:]} == {"approved"}
    again = look_alikes.approve_all(shop.app, REVIEWER, alike[1:], "together")
    assert [refusal for _, refusal in again] == [None, None]  # one command, however often it is pressed
    assert shop.audit() == []


def test_what_each_of_them_gets_is_told_before_and_adds_up(shop: Shop) -> None:
    """The reason `other` costs a fee: what is asked is not what is paid."""
    alike = sorted(referred(shop) for _ in range(2))  # due together: by number
    weighed = look_alikes.weigh(shop.app, REVIEWER, alike)
    assert [(each.card.case_no, each.asked_minor) for each in weighed] == [(no, 10_000) for no in alike]
    for each in weighed:
        assert (each.fee_minor, each.refund_minor, each.fee_basis_points) == (500, 9_500, 500)
        assert each.asked_minor == each.fee_minor + each.fx_minor + each.refund_minor
        assert (each.doubts, each.refused) == ((), None)
    notes = {alike[0]: "实际退 ¥95.00"}
    look_alikes.approve_all(shop.app, REVIEWER, alike, "together", notes=notes)
    views = [shop.view(case_no) for case_no in alike]
    assert [view.refund_minor for view in views] == [9_500, 9_500]
    assert [view.events[-1].note for view in views] == ["实际退 ¥95.00", ""]


def test_who_should_be_looked_at_alone_is_marked(shop: Shop) -> None:
    """Low credit, or a finding of forgery that stands; also what left or is in other hands."""
    plain, held, found = referred(shop), referred(shop), referred(shop, customer="wei", actor=WEI)
    picture = shop.picture(found)
    shop.act(found, "find_forgery", REVIEWER_2, note="改过的", picture=picture)
    desk.take(shop.app, REVIEWER_2, held)
    by_case = {
        each.card.case_no: each for each in look_alikes.weigh(shop.app, REVIEWER, [plain, held, found])
    }
    assert by_case[plain].doubts == () and by_case[found].doubts == ("forgery",)
    assert isinstance(by_case[held].refused, InOtherHands)
    with shop.app.begin() as conn:
        conn.execute(update(customers).where(customers.c.id == "mei").values(credit=10))
    shop.act(held, "withdraw", MEI)
    [one, other] = look_alikes.weigh(shop.app, REVIEWER, [plain, held, found])
    assert {one.card.case_no: one.doubts, other.card.case_no: other.doubts} == {
        plain: ("credit",), found: ("forgery",)
    }  # fmt: skip
    entry = credit.account(shop.app, LEAD, "wei").entries[0]
    credit.appeal(shop.app, WEI, entry.id, "是真的", "appeal")
    credit.answer(shop.app, LEAD, entry.id, True, "核对过", "answer")
    [doubts] = [each.doubts for each in look_alikes.weigh(shop.app, REVIEWER, [found])]
    assert doubts == ()


def test_together_says_which_one_needs_another_person(shop: Shop) -> None:
    """Of one order in slices: the second slice takes it above the limit for one."""
    order_no = shop.order(("alipay", 150_000), delivery="code_viewed", completed_at=shop.clock.at)
    first = shop.apply(order_no, 60_000, reason="other").case_no
    shop.act(first, "approve", REVIEWER, note="第一笔")
    shop.work()
    shop.work(days=3)
    second = shop.apply(order_no, 60_000, reason="other").case_no
    [(case_no, refusal)] = look_alikes.approve_all(shop.app, REVIEWER, [second], "together")
    assert (case_no, type(refusal)) == (second, SecondApprovalNeeded)
    assert shop.view(second).state == "in_review"


def test_counting_stops_where_it_no_longer_matters(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MANY", 2)
    for _ in range(3):
        referred(shop)
    shop.clock.advance(timedelta(days=30))
    review = queues.waiting(shop.app, REVIEWER)[0]
    assert (review.name, review.cases, review.late) == ("review", 2, 2)


def test_guests_have_a_file_too(shop: Shop) -> None:
    order_no = shop.order(customer="", delivery="code_viewed", completed_at=shop.clock.at)
    guest = Actor("guest", "", order_no)
    case_no = cases.apply(shop.app, guest, order_no, "other", 10_000, command_id="g").case_no
    file = desk.open_file(shop.app, REVIEWER, case_no)
    assert (file.customer_name, file.others) == ("", ())
    assert desk.preview(shop.app, REVIEWER, case_no, "approve").state == "approved"


def test_queues_and_due_work_use_their_indexes(shop: Shop) -> None:
    """However many cases there are: no table is read through, on either database."""
    fill(shop.app, 3_000, is_open=False)
    fill(shop.app, 30, is_open=True, first=3_000)
    with shop.app.engine.connect() as conn:
        for name in (queue.name for queue in queues.QUEUES):
            role = next(queue.roles[0] for queue in queues.QUEUES if queue.name == name)
            found = queues.named(Actor(role, "x"), name)
            for is_late in (False, True):
                rows = queues.rows_of(found, is_late=is_late)
                assert scans(conn, rows, "cases", now=shop.clock.at, limit=30) == [], (name, is_late)
        due = {"now": shop.clock.at, "limit": 50}
        for query in (timers._DUE, timers._TO_WARN):
            assert scans(conn, query, "cases", **due) == [], query
