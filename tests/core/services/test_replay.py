"""R6.3: a policy over the shop's own requests, on the facts of the day they were sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.domain.policy import load
from core.services import policies, replay
from tests import pinned
from tests.shop import FINANCE, LEAD, MEI, REVIEWER, SUPPORT, WEI, Shop

POLICY = Actor("policy", "lu-jing")


def test_what_was_sent_is_decided_again_by_another_policy(shop: Shop) -> None:
    """Same facts, same answer; a stricter limit moves what is above it, with its money and its numbers."""
    small = shop.apply(shop.order(("alipay", 10_000)), 10_000).case_no
    large = shop.apply(shop.order(("wechat", 40_000), customer="wei"), 40_000, actor=WEI).case_no
    _, policy = policies.current(shop.app)
    sent = replay.sent_since(shop.app, POLICY, shop.clock.at - timedelta(days=1))
    assert sorted(sent.case_nos) == sorted([small, large])
    same = replay.replay(sent, policy, policy)
    assert same.moves == () and same.before.verdicts()["approve"] == 2
    limits = policy.limits.model_copy(update={"second_approval_minor": 20_000})
    [move] = replay.replay(sent, policy, policy.model_copy(update={"limits": limits})).moves
    assert (move.before, move.after, move.rows) == ("approve", "review", 1)
    assert (move.asked_minor, move.case_nos) == ({"CNY": 40_000}, (large,))


def test_facts_are_those_of_the_day_and_nothing_older_is_read(shop: Shop) -> None:
    """An order that is past its window today was in time when its refund was asked for."""
    old = shop.apply(shop.order(customer="mei"), actor=MEI).case_no
    shop.clock.advance(timedelta(days=40))
    new = shop.apply(shop.order(customer="wei"), actor=WEI).case_no
    every = replay.sent_since(shop.app, POLICY, shop.clock.at - timedelta(days=90))
    assert every.case_nos == (new, old)
    policy = load(pinned.TEXT)
    assert replay.replay(every, policy, policy).after.verdicts()["approve"] == 2
    assert replay.sent_since(shop.app, POLICY, shop.clock.at - timedelta(days=1)).case_nos == (new,)


def test_a_shop_without_requests_has_an_empty_replay(shop: Shop) -> None:
    sent = replay.sent_since(shop.app, POLICY, shop.clock.at)
    policy = load(pinned.TEXT)
    found = replay.replay(sent, policy, policy)
    assert (len(sent.history), found.moves, sum(found.after.verdicts().values())) == (0, (), 0)


def test_what_people_made_of_a_request_is_known_and_nothing_else(shop: Shop) -> None:
    """R6.3: granted or refused by people; at once or still open, nobody knows what people would say."""
    since = shop.clock.at - timedelta(days=1)
    at_once = shop.apply(shop.order(("alipay", 10_000))).case_no
    granted, refused, waiting = (
        shop.apply(shop.order(("alipay", 90_000), customer="wei"), 90_000, actor=WEI).case_no
        for _ in range(3)
    )
    shop.act(granted, "approve", REVIEWER, amount_minor=70_000, note="少一张")
    shop.act(refused, "reject", REVIEWER, note="不符合")
    sent = replay.sent_since(shop.app, POLICY, since)
    of = dict(
        zip(
            sent.case_nos,
            zip(sent.seen.known.tolist(), sent.seen.approved_minor.tolist(), strict=True),
            strict=True,
        )
    )
    assert of == {
        at_once: (False, 10_000), granted: (True, 70_000), refused: (True, 0), waiting: (False, 0),
    }  # fmt: skip
    policy = load(pinned.TEXT)
    was = replay.replay(sent, policy, policy).was
    known = dict(
        zip(sent.case_nos, zip(was.refund_least.tolist(), was.refund.tolist(), strict=True), strict=True)
    )
    assert known == {
        at_once: (10_000, 10_000), granted: (70_000, 70_000), refused: (0, 0), waiting: (0, 90_000),
    }  # fmt: skip


def test_one_that_was_sent_again_had_been_refused(shop: Shop) -> None:
    case_no = shop.apply(shop.order(("alipay", 90_000)), 90_000).case_no
    shop.act(case_no, "reject", REVIEWER, note="不符合")
    shop.act(case_no, "reapply", MEI)
    since = shop.clock.at - timedelta(days=1)
    before = replay.stamp(shop.app, POLICY)
    shop.act(case_no, "submit", MEI)
    assert replay.stamp(shop.app, POLICY) != before
    assert replay.sent_since(shop.app, POLICY, since).seen.known.tolist() == [False, True]


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, FINANCE], ids=str)
def test_others_try_nothing_on_customers_requests(shop: Shop, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        replay.sent_since(shop.app, actor, shop.clock.at)
    with pytest.raises(NotAllowed):
        replay.stamp(shop.app, actor)
    assert replay.sent_since(shop.app, LEAD, shop.clock.at).case_nos == ()
