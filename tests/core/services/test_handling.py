"""R6.3: how people decide here, as the shop's own events show it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.domain.workdays import ZONE
from core.services import handling
from core.services.handling import CLOSES, LEAST, OPENS, REVIEW_MINUTES, Handling, measured
from tests.shop import FINANCE, MEI, REVIEWER, SUPPORT, WEI, Shop

POLICY = Actor("policy", "lu-jing")


def test_how_long_people_have_for_a_decision(shop: Shop) -> None:
    """Measured once there are enough; pauses and other people's decisions do not count."""
    since = shop.clock.at - timedelta(days=1)
    numbers = [
        shop.apply(shop.order(("alipay", 90_000), customer="wei"), 90_000, actor=WEI).case_no
        for _ in range(LEAST + 2)
    ]
    shop.apply(shop.order(customer="wei"), actor=WEI)  # approved at once: nobody's work
    begins = shop.clock.at.astimezone(ZONE)
    nothing = Handling(REVIEW_MINUTES, 0, (REVIEW_MINUTES * 60,), None, OPENS, CLOSES, None)
    assert measured(shop.app, POLICY, since) == nothing
    for place, case_no in enumerate(numbers):
        shop.clock.advance(timedelta(hours=2) if place == 5 else timedelta(minutes=4))
        shop.act(case_no, "reject", REVIEWER, note="不符合")
    found = measured(shop.app, POLICY, since)
    assert (found.minutes, found.decisions, found.seconds, found.people) == (4, LEAST, (240,) * LEAST, 1)
    ends = shop.clock.at.astimezone(ZONE)
    assert (found.opens, found.closes) == (begins.hour, ends.hour + 1)
    half = timedelta(hours=2, minutes=4 * (len(numbers) // 2 - 1))  # the 11th of 22, after the break
    assert found.waited == (half, timedelta(hours=2, minutes=4 * 19))


def test_a_longer_decision_is_longer_in_proportion() -> None:
    found = Handling(4, 30, (120, 240, 600), 2, 9, 18, None)
    assert found.staff(2, 4, 9, 18).seconds == (120, 240, 600)
    assert found.staff(1, 8, 10, 16).seconds == (240, 480, 1200)


@pytest.mark.parametrize("actor", [MEI, REVIEWER, SUPPORT, FINANCE], ids=str)
def test_others_measure_nobody(shop: Shop, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        handling.measured(shop.app, actor, shop.clock.at)
