"""How the shop does, counted by hand beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.domain.workdays import local_date
from core.services import figures
from core.services.figures import BECAME, Figures, took
from tests.shop import ARBITER, FINANCE, LEAD, MEI, REVIEWER, SUPPORT, WEI, Shop

GUESTS = Actor("guest", order_no="OD00000")


def look(shop: Shop, period: int = 7) -> Figures:
    return figures.figures(shop.app, LEAD, period)


def referred(shop: Shop) -> str:
    """Looked at by a person."""
    order_no = shop.order(delivery="code_viewed", completed_at=shop.clock.at)
    sent = shop.apply(order_no, reason="other")
    assert sent.state == "in_review"
    return sent.case_no


def test_what_became_of_each_by_the_day_it_was_sent(shop: Shop) -> None:
    shop.apply(shop.order())  # at once
    shop.act(referred(shop), "reject", REVIEWER, note="…")
    shop.clock.advance(timedelta(days=1))
    shop.act(referred(shop), "approve", REVIEWER)
    shop.act(referred(shop), "withdraw", MEI)
    referred(shop)
    found = look(shop)
    assert found.total == {"at_once": 1, "approved": 1, "refused": 1, "open": 1, "taken_back": 1}
    assert len(found.days) == 7 and found.days[-1].day == local_date(shop.clock.at)
    assert {what for what in BECAME if found.days[-2].counts[what]} == {"at_once", "refused"}
    assert sum(found.days[-1].counts.values()) == 3
    by_reason = {share.name: (share.n, share.decided, share.approved) for share in found.reasons}
    assert by_reason == {"other": (4, 2, 1), "not_delivered": (1, 1, 1)}
    assert sum(share.n for share in found.rules) == 5


def test_drafts_and_what_was_sent_before_are_not_in_it(shop: Shop) -> None:
    from core.services import cases

    shop.apply(shop.order())
    shop.clock.advance(timedelta(days=7))
    cases.open_draft(shop.app, MEI, shop.order())
    assert sum(look(shop).total.values()) == 0
    assert sum(look(shop, 30).total.values()) == 1


def test_how_long_it_took_and_what_is_late(shop: Shop) -> None:
    numbers = [
        shop.apply(shop.order(customer=who), actor=a).case_no for who, a in [("mei", MEI), ("wei", WEI)] * 3
    ]
    for number in numbers:
        if shop.view(number).state == "in_review":
            shop.act(number, "approve", REVIEWER)
    shop.work()
    assert look(shop).money == () and look(shop).late == ()
    shop.work(days=1, hours=1)
    [alipay] = look(shop).money
    assert (alipay.name, alipay.n) == ("alipay", 6)
    assert timedelta(days=1) <= alipay.half <= alipay.most <= timedelta(days=1, hours=1)
    shop.alipay.settles_after = timedelta(days=99)
    late = shop.apply(shop.order(("alipay", 3_000)), 3_000).case_no
    if shop.view(late).state == "in_review":
        shop.act(late, "approve", REVIEWER)
    shop.work()
    shop.work(days=30)
    [one] = look(shop).late
    assert (one.channel, one.n, one.amount_minor, one.currency) == ("alipay", 1, 3_000, "CNY")


def test_reviews_and_appeals_that_are_late_now(shop: Shop) -> None:
    """As soon as their time is over, and after a lead has them; never twice."""
    first, second = referred(shop), referred(shop)
    shop.act(second, "reject", REVIEWER, note="…")
    shop.picture(second)
    shop.act(second, "appeal", MEI, note="…")
    assert look(shop).undecided == {"in_review": 0, "in_appeal": 0}
    shop.clock.advance(timedelta(days=30))
    assert look(shop).undecided == {"in_review": 1, "in_appeal": 1}
    shop.work()
    assert shop.view(first).owner == "lead"
    assert look(shop).undecided == {"in_review": 1, "in_appeal": 1}
    shop.act(first, "reject", LEAD, note="…")
    assert look(shop).undecided == {"in_review": 0, "in_appeal": 1}


def test_half_and_nine_of_ten() -> None:
    minutes = [timedelta(minutes=n) for n in (9, 1, 8, 2, 7, 3, 6, 4, 5, 100)]
    found = took("x", minutes)
    assert found is not None
    assert (found.n, found.half, found.most) == (10, timedelta(minutes=5), timedelta(minutes=9))
    assert took("x", minutes[:4]) is None


@pytest.mark.parametrize("actor", [MEI, GUESTS, SUPPORT, REVIEWER, ARBITER], ids=str)
def test_it_is_for_who_runs_the_shop(shop: Shop, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        figures.figures(shop.app, actor, 7)
    for role in (LEAD, FINANCE, Actor("policy", "x")):
        figures.figures(shop.app, role, 7)
