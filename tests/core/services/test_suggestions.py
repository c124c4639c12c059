"""R4.5: staff suggest another way for the money; nothing is done before its customer has said yes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import Due, escalated
from core.domain.errors import (
    NotAllowed,
    OwnCase,
    ProofOfClosureMissing,
    RouteUnavailable,
    SuggestionUnneeded,
    TextRequired,
    WayNotProposed,
    WayUnsaid,
)
from core.services import cases, desk, notices, queues, support
from core.services.record import Change, lock
from tests.core.services.test_negotiations import CARD, FINANCE_2, bounced, prove
from tests.pinned import POLICY
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, Shop

WHY = "这张卡三次都没收下。"


def proposed(shop: Shop) -> str:
    """They want it on another card; proof is there."""
    case_no = bounced(shop)
    prove(shop, case_no)
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    return case_no


def test_a_suggestion_is_taken_by_proposing_it(shop: Shop) -> None:
    case_no = proposed(shop)
    after = shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)
    assert (after.state, after.events[-1].way, after.events[-1].note) == ("negotiating", "balance", WHY)
    with pytest.raises(WayNotProposed):  # their silence is no yes
        shop.act(case_no, "agree", LEAD, way="balance")
    shop.act(case_no, "propose", MEI, way="balance")
    shop.act(case_no, "agree", FINANCE)
    assert shop.act(case_no, "agree", LEAD).state == "paying"
    shop.work()
    assert shop.view(case_no).payouts[-1].channel == "balance"
    assert shop.audit() == []


def test_before_they_have_spoken_it_changes_nothing_of_what_may_be_agreed_on(shop: Shop) -> None:
    case_no = bounced(shop)
    shop.act(case_no, "counter", LEAD, way="balance", note=WHY)
    for way in (None, "balance", "account"):
        with pytest.raises(WayUnsaid):
            shop.act(case_no, "agree", FINANCE, way=way)


def test_theirs_stands_until_they_say_otherwise(shop: Shop) -> None:
    """Who suggested another way may still do as the customer wishes; who keeps to it need not type again."""
    case_no = proposed(shop)
    shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)
    assert shop.act(case_no, "agree", LEAD).events[-1].event == "endorse"
    kept = shop.act(case_no, "propose", MEI, way="transfer")
    assert kept.events[-1].payee == ("card", "****1234") and not kept.locator.turn
    assert desk.open_file(shop.app, FINANCE, case_no).payee == CARD
    shop.act(case_no, "agree", FINANCE)
    settled = shop.act(case_no, "agree", LEAD)
    assert (settled.state, settled.events[-1].way) == ("paying", "transfer")
    assert shop.audit() == []


def test_a_suggestion_ends_what_the_first_of_two_said(shop: Shop) -> None:
    """Invariant 13: who agreed before it was in question is the first once more."""
    case_no = proposed(shop)
    shop.act(case_no, "agree", FINANCE)
    shop.act(case_no, "counter", LEAD, way="balance", note=WHY)
    shop.act(case_no, "propose", MEI, way="transfer")
    assert shop.act(case_no, "agree", FINANCE_2).events[-1].event == "endorse"


def test_whose_turn_it_is_is_told_everywhere(shop: Shop) -> None:
    """R5.2, R5.6: on Track, in Records, at the desk and at support's: the customer's, after a suggestion."""
    case_no = proposed(shop)

    def turns() -> set[bool]:
        view = shop.view(case_no, MEI)
        [card] = [card for card in cases.list_for(shop.app, MEI) if card.case_no == case_no]
        [waiting] = queues.queue(shop.app, FINANCE, "talks")
        at = support.state_of(shop.app, SUPPORT, case_no)
        hits = support.search(shop.app, SUPPORT, case_no).hits
        assert at is not None and hits[0].at is not None
        return {
            view.locator.turn, card.locator.turn, view.waiting_for == "you", card.waiting_for == "you",
            view.public_status == "your_turn", card.public_status == "your_turn", waiting.is_theirs,
            at.waits_for == "customer", hits[0].at.waits_for == "customer",
        }  # fmt: skip

    assert turns() == {False}
    shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)
    assert turns() == {True}
    assert shop.view(case_no, MEI).locator.next_key == "locator.next.suggested"
    assert notices.inbox(shop.app, MEI)[0].kind == "suggested"
    shop.act(case_no, "propose", MEI, way="transfer")
    assert turns() == {False}


def test_who_only_looks_on_has_no_turn(shop: Shop) -> None:
    """Invariant 12: a receipt shows where an account's refund stands, and asks nothing of who holds it."""
    case_no = bounced(shop)
    guest = Actor("guest", "", shop.view(case_no).order.order_no)
    seen = cases.view(shop.app, guest, case_no)
    [card] = cases.list_for(shop.app, guest)
    assert {seen.waiting_for, card.waiting_for} == {"we"}
    assert {seen.public_status, card.public_status} == {"approved"}


def test_their_silence_is_no_lateness_of_ours(shop: Shop) -> None:
    """Invariant 8: they are reminded and have a new date; from their answer on we have our whole time."""
    case_no = proposed(shop)
    shop.work(hours=60)
    shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)
    for _ in range(2):
        end = shop.app.calendar.deadline(shop.clock.at, 5).at
        assert (shop.view(case_no).due_at, shop.view(case_no).owner) == (end, "finance")
        assert shop.audit() == []
        shop.clock.at = end
        shop.work()
        view = shop.view(case_no, MEI)
        assert (view.events[-1].event, view.locator.turn) == ("remind", True)
        assert notices.inbox(shop.app, MEI)[0].kind == "way_awaited"
    shop.work(days=3)
    answered = shop.act(case_no, "propose", MEI, way="balance")
    assert answered.due_at == shop.app.calendar.deadline(shop.clock.at, 5).at
    [waiting] = queues.queue(shop.app, FINANCE, "talks")
    assert waiting.late_since is None and shop.audit() == []
    assert answered.due_at is not None
    shop.clock.at = answered.due_at
    shop.work()
    assert shop.view(case_no).events[-1].event == "escalate", "now it is ours, and late"
    assert shop.audit() == []


def test_what_was_late_is_not_once_its_customer_is_asked(shop: Shop) -> None:
    """R3.2: a lead suggests something: it is finance's again, and in no list of late ones."""
    case_no = proposed(shop)
    due_at = shop.view(case_no).due_at
    assert due_at is not None
    shop.clock.at = due_at
    shop.work()
    [late] = queues.queue(shop.app, LEAD, "talks")
    assert late.late_since is not None and shop.view(case_no).owner == "lead"
    shop.act(case_no, "counter", LEAD, way="balance", note=WHY)
    [asked] = queues.queue(shop.app, LEAD, "talks")
    assert (asked.late_since, asked.is_theirs, shop.view(case_no).owner) == (None, True, "finance")
    again = shop.act(case_no, "propose", MEI, way="balance").due_at
    assert again is not None
    shop.clock.at = again
    shop.work()
    [late] = queues.queue(shop.app, LEAD, "talks")
    assert late.late_since == again == desk.late_since(shop.view(case_no), again), "not since the first time"
    assert shop.audit() == []


def test_while_the_second_of_two_is_awaited_it_is_ours(shop: Shop) -> None:
    """Invariant 13: the first agreed that it goes back the way it came; a colleague has to say the same."""
    case_no = shop.apply(shop.order(escrow=True)).case_no
    shop.act(case_no, "approve", REVIEWER)
    first = shop.act(case_no, "agree", FINANCE)
    assert first.due_at is not None and not first.locator.turn
    shop.clock.at = first.due_at
    shop.work()
    assert shop.view(case_no).events[-1].event == "escalate"
    assert shop.audit() == []


@pytest.mark.parametrize("note", ["", "  "])
def test_it_has_a_reason(sqlite_shop: Shop, note: str) -> None:
    case_no = proposed(sqlite_shop)
    with pytest.raises(TextRequired):
        sqlite_shop.act(case_no, "counter", FINANCE, way="balance", note=note)


def test_only_what_they_could_propose_is_suggested(shop: Shop) -> None:
    """R4.3, R4.5: a guest has no balance, a closed account takes nothing, elsewhere takes proof."""
    case_no, guests = bounced(shop), bounced(shop, customer="")
    for way, refusal in (
        ("account", RouteUnavailable), ("cash", RouteUnavailable), (None, RouteUnavailable),
        ("transfer", ProofOfClosureMissing), ("discount", ProofOfClosureMissing),
    ):  # fmt: skip
        with pytest.raises(refusal):
            shop.act(case_no, "counter", FINANCE, way=way, note=WHY)
    with pytest.raises(RouteUnavailable):
        shop.act(guests, "counter", FINANCE, way="balance", note=WHY)
    prove(shop, case_no)
    shop.act(case_no, "counter", FINANCE, way="transfer", note=WHY)  # the account is theirs to give
    shop.act(case_no, "propose", MEI, way="transfer", payee=CARD)
    assert shop.audit() == []


def test_what_they_want_already_is_agreed_on(sqlite_shop: Shop) -> None:
    """To another account of theirs than the one they gave can be suggested."""
    case_no = proposed(sqlite_shop)
    sqlite_shop.act(case_no, "counter", FINANCE, way="transfer", note=WHY)
    sqlite_shop.act(case_no, "propose", MEI, way="balance")
    with pytest.raises(SuggestionUnneeded):
        sqlite_shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)


def test_nobody_says_yes_to_their_own_suggestion(shop: Shop) -> None:
    """Invariant 13: support speaks for a customer who called, unless it was they who suggested it."""
    case_no = proposed(shop)
    with pytest.raises(NotAllowed):
        shop.act(case_no, "counter", REVIEWER, way="balance", note=WHY)
    with pytest.raises(OwnCase):
        shop.act(case_no, "counter", Actor("lead", "mei"), way="balance", note=WHY)
    shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)
    same = Actor("support", FINANCE.id)
    assert "propose" not in shop.view(case_no, same).allowed
    with pytest.raises(OwnCase):
        shop.act(case_no, "propose", same, way="balance")
    assert shop.act(case_no, "propose", SUPPORT, way="balance").events[-1].role == "support"
    assert shop.audit() == []


def test_a_suggestion_is_made_once_however_often_it_is_sent(shop: Shop) -> None:
    """Invariant 17."""
    case_no = proposed(shop)
    for _ in range(2):
        cases.act(shop.app, FINANCE, case_no, "counter", "one", way="balance", note=WHY)
    assert [event.event for event in shop.view(case_no).events].count("counter") == 1


def test_its_customer_would_read_it_before_it_is_sent(shop: Shop) -> None:
    """The preview is the decision itself, taken back: of a suggestion, and of agreeing on theirs."""
    case_no = proposed(shop)
    seen = desk.preview(shop.app, FINANCE, case_no, "counter", way="balance", note=WHY)
    assert (seen.locator.turn, seen.events[-1].note) == (True, WHY)
    assert desk.preview(shop.app, FINANCE, case_no, "agree").events[-1].event == "endorse"
    with pytest.raises(WayNotProposed):
        desk.preview(shop.app, FINANCE, case_no, "agree", way="balance")
    assert shop.view(case_no).events[-1].event == "propose"


def happened(shop: Shop, case_no: str, event: str, actor: Actor, next_due: Due, **body: str) -> None:
    """Without any guard."""
    with shop.app.begin() as conn:
        change = Change(conn, lock(conn, case_no, actor))
        change.step(event, actor, shop.clock.at, next_due, body)
        change.write()


def test_talks_from_before_each_side_had_its_own_time(sqlite_shop: Shop) -> None:
    """Invariants 4, 16: a proposal moved no date, and a lead had what its customer had not answered."""
    shop = sqlite_shop
    kept, late = bounced(shop), bounced(shop)
    began = shop.view(kept)
    shop.clock.advance(timedelta(days=2))
    happened(shop, kept, "propose", MEI, Due(began.due_at, began.due_action, began.owner), way="balance")
    assert shop.audit() == []
    happened(shop, late, "escalate", SYSTEM, escalated(POLICY, shop.app.calendar, shop.clock.at))
    shop.act(late, "propose", MEI, way="balance")
    found = {card.case_no: card.late_since for card in queues.queue(shop.app, FINANCE, "talks")}
    assert (shop.view(late).owner, found) == ("finance", {kept: None, late: None})
    assert shop.audit() == []


def test_the_audit_sees_who_said_yes_to_their_own_suggestion(sqlite_shop: Shop) -> None:
    """Invariant 13."""
    shop = sqlite_shop
    case_no = proposed(shop)
    view = shop.act(case_no, "counter", FINANCE, way="balance", note=WHY)
    theirs = Due(view.due_at, view.due_action, view.owner)
    happened(shop, case_no, "propose", Actor("support", FINANCE.id), theirs, way="balance")
    assert [finding.code for finding in shop.audit()] == ["accepted_own_offer"]
