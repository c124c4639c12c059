"""Offers: another amount or route than was asked for, taken up exactly as it was promised, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from core.adapters.tables import exchange_rates, notices, payments
from core.domain.actors import Actor
from core.domain.errors import (
    AmountAboveRemaining,
    CommandReused,
    OfferUnneeded,
    OfferVoid,
    OwnCase,
    RouteUnavailable,
    SecondApprovalNeeded,
    TextRequired,
    TransitionRefused,
)
from core.services import cases
from tests.core.services.test_decisions import in_review
from tests.shop import LEAD, MEI, REVIEWER, REVIEWER_2, SUPPORT, Shop

WORDS = "用了一部分，退没有用的部分。"


def offered(shop: Shop, **terms: Any) -> str:
    case_no = in_review(shop)
    shop.act(case_no, "offer", REVIEWER, note=WORDS, **(terms or {"amount_minor": 6_000}))
    return case_no


def test_an_offer_is_taken_up_as_it_was_made(shop: Shop) -> None:
    """R2.2, R4.2: the amount and the route that the customer saw, held and paid; the books sum."""
    case_no = offered(shop, amount_minor=6_000, route="balance")
    view = shop.view(case_no, MEI)
    assert (view.state, view.public_status, view.due_action) == ("awaiting_customer", "your_turn", "expire")
    assert view.offer is not None and view.offer.route == "balance"
    assert view.offer.breakdown.refund == 6_000  # no fee on what stays here
    assert view.locator.key == "locator.offered" and view.locator.by == view.due_at
    assert set(view.allowed) == {"accept", "decline", "dispute", "withdraw"}
    taken = shop.act(case_no, "accept", MEI)
    assert (taken.state, taken.route, taken.approved_minor) == ("approved", "balance", 6_000)
    assert taken.decided_by == "reviewer:zhou-lan" and taken.offer is None
    shop.work()
    done = shop.view(case_no)
    assert (done.state, [p.channel for p in done.payouts]) == ("completed", ["balance"])
    assert shop.payment(done.order.order_no).refunded_minor == 6_000
    assert shop.audit() == []


def test_one_acceptance_however_often_it_is_clicked(shop: Shop) -> None:
    """Invariant 17."""
    case_no = offered(shop)
    for _ in range(3):
        cases.act(shop.app, MEI, case_no, "accept", "one-click")
    with pytest.raises(CommandReused):
        cases.act(shop.app, MEI, case_no, "decline", "one-click")
    assert [event.event for event in shop.view(case_no).events].count("accept") == 1
    assert shop.payment(shop.view(case_no).order.order_no).reserved_minor == 6_000


def test_declined_it_is_reviewed_again(shop: Shop) -> None:
    case_no = offered(shop)
    view = shop.act(case_no, "decline", MEI, note="只用了一天")
    assert (view.state, view.due_action, view.offer) == ("in_review", "escalate", None)
    assert shop.payment(view.order.order_no).reserved_minor == 0
    assert (
        shop.act(case_no, "approve", REVIEWER).state == "approved"
    )  # by the same person: nobody judged it yet
    assert shop.audit() == []


def test_silence_leads_back_to_the_review(shop: Shop) -> None:
    """R3.3: a question unanswered closes; an offer was ours, and so is what follows it."""
    case_no = offered(shop)
    for _ in range(5):
        shop.work(days=1)
    view = shop.view(case_no)
    assert (view.state, view.events[-1].event) == ("in_review", "expire")
    n = notices.c
    with shop.app.read() as conn:
        told = list(conn.execute(select(n.kind).where(n.case_no == case_no).order_by(n.id)).scalars())
    assert told == ["in_review", "offered", "offer_due_soon", "offer_due_soon", "offer_expired"]
    assert shop.audit() == []


def test_the_warnings_speak_of_the_offer(shop: Shop) -> None:
    case_no = offered(shop)
    warned = shop.view(case_no).due_at
    assert warned is not None
    half = (warned - shop.clock.at) / 2
    shop.work(seconds=half.total_seconds())
    n = notices.c
    with shop.app.read() as conn:
        newest = conn.execute(
            select(n.kind, n.about).where(n.case_no == case_no).order_by(n.id.desc())
        ).first()
    assert tuple(newest or ()) == ("offer_due_soon", "half")


@pytest.mark.parametrize("event", ["answer"])
def test_an_offer_is_no_question(sqlite_shop: Shop, event: str) -> None:
    case_no = offered(sqlite_shop)
    with pytest.raises(TransitionRefused):
        sqlite_shop.act(case_no, event, MEI, note="好")


@pytest.mark.parametrize("event", ["accept", "decline"])
def test_a_question_is_no_offer(sqlite_shop: Shop, event: str) -> None:
    """Also where an offer was made before and declined."""
    case_no = offered(sqlite_shop)
    sqlite_shop.act(case_no, "decline", MEI)
    sqlite_shop.act(case_no, "ask", REVIEWER, note="哪天？")
    with pytest.raises(TransitionRefused):
        sqlite_shop.act(case_no, event, MEI)


def test_what_an_offer_must_say(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    case_no = in_review(shop)
    with pytest.raises(TextRequired):
        shop.act(case_no, "offer", REVIEWER, amount_minor=6_000)
    with pytest.raises(OfferUnneeded):
        shop.act(case_no, "offer", REVIEWER, note=WORDS)
    with pytest.raises(AmountAboveRemaining):
        shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=10_001)
    with pytest.raises(RouteUnavailable):
        shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=6_000, route="negotiated")
    assert shop.view(case_no).state == "in_review"


@pytest.mark.parametrize("what", ["refunded_outside", "account_closed"])
def test_an_offer_that_can_no_longer_be_kept(shop: Shop, what: str) -> None:
    """R4.8: fresh facts at the acceptance; nothing half-done, and the customer can still decline."""
    case_no = offered(shop)
    order_no = shop.view(case_no).order.order_no
    changed = {"refunded_outside": {"external_minor": 5_000}, "account_closed": {"is_open": False}}[what]
    with shop.app.begin() as conn:
        conn.execute(update(payments).where(payments.c.order_no == order_no).values(**changed))
    with pytest.raises(OfferVoid):
        shop.act(case_no, "accept", MEI)
    assert shop.payment(order_no).reserved_minor == 0
    assert shop.act(case_no, "decline", MEI).state == "in_review"


def test_a_rate_that_moved_is_not_slipped_under_the_customer(sqlite_shop: Shop) -> None:
    """R4.6: what arrives is what was shown, to the last fen."""
    shop = sqlite_shop
    case_no = in_review(shop)
    order_no = shop.view(case_no).order.order_no
    with shop.app.begin() as conn:
        cross = {"charged_currency": "USD", "charged_minor": 1_400}
        conn.execute(update(payments).where(payments.c.order_no == order_no).values(**cross))
        conn.execute(exchange_rates.insert().values(currency="USD", micro_rate=7_000_000, at=shop.clock.at))
    shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=6_000)
    with shop.app.begin() as conn:
        conn.execute(update(exchange_rates).values(micro_rate=7_600_000))
    with pytest.raises(OfferVoid):
        shop.act(case_no, "accept", MEI)


def test_a_large_offer_takes_two(shop: Shop) -> None:
    """Invariant 13: nobody promises alone what they may not approve alone."""
    case_no = in_review(shop, amount=200_000, paid=200_000)
    first = shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=150_000)
    assert (first.state, first.events[-1].event, first.offer) == ("in_review", "endorse", None)
    with pytest.raises(SecondApprovalNeeded):
        shop.act(case_no, "offer", REVIEWER_2, note=WORDS, amount_minor=150_000)
    approved = shop.act(case_no, "approve", LEAD, note=WORDS, amount_minor=150_000)
    assert approved.events[-1].event == "endorse"  # of another matter: to offer it is not to approve it
    shop.act(case_no, "offer", REVIEWER, note=WORDS, amount_minor=150_000)
    second = shop.act(case_no, "offer", LEAD, note=WORDS)
    assert (second.state, second.events[-1].amount_minor) == ("awaiting_customer", 150_000)
    assert shop.act(case_no, "accept", MEI).approved_minor == 150_000
    assert shop.audit() == []


def test_who_made_it_does_not_take_it_up(sqlite_shop: Shop) -> None:
    """Invariant 13: support accepts for a customer who called, but not an offer of one's own."""
    case_no = offered(sqlite_shop)
    with pytest.raises(OwnCase):
        sqlite_shop.act(case_no, "accept", Actor("support", REVIEWER.id))
    assert sqlite_shop.act(case_no, "accept", SUPPORT).state == "approved"
    assert sqlite_shop.audit() == []


def test_withdrawn_after_the_acceptance(shop: Shop) -> None:
    """R3.7: until money was sent; the books mirror it."""
    case_no = offered(shop)
    shop.act(case_no, "accept", MEI)
    view = shop.act(case_no, "withdraw", MEI)
    assert (view.state, view.approved_minor) == ("withdrawn", None)
    assert shop.payment(view.order.order_no).reserved_minor == 0
    assert shop.audit() == []
