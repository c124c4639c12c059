"""A channel that does not answer is left alone, and one call looks whether it is back; its distance and its
limit on refunds of one trade are kept.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import texts, wording
from core.adapters.channels import Capabilities, Outcome
from core.domain.circuit import MOST_FAILURES, PAUSES
from core.services import circuits, sending
from tests.shop import MEI, REVIEWER, Shop

MINUTE = timedelta(minutes=1)


def waiting(shop: Shop, count: int) -> list[str]:
    """Approved refunds that the worker has not sent yet."""
    sent = [shop.apply(shop.order()) for _ in range(count)]
    for case in sent:
        if case.state == "in_review":  # so many at once are looked at by somebody
            shop.act(case.case_no, "approve", REVIEWER)
    return [case.case_no for case in sent]


def away(shop: Shop) -> None:
    """Alipay answers nothing, as often as it is called."""
    shop.alipay.faults.extend(["lose_before"] * 200)


def calls(shop: Shop) -> int:
    return len(shop.alipay.sent) + len(shop.alipay.asked)


def states(shop: Shop, numbers: list[str]) -> list[str]:
    return [shop.payouts(number)[0].state for number in numbers]


def test_after_five_failures_in_a_row_nobody_calls(shop: Shop) -> None:
    """The others are not even begun, so nothing of them is unknown."""
    numbers = waiting(shop, MOST_FAILURES + 3)
    away(shop)
    shop.work()
    assert len(shop.alipay.sent) == MOST_FAILURES
    assert sorted(states(shop, numbers)) == ["planned"] * 3 + ["unknown"] * MOST_FAILURES
    assert sending.due_ids(shop.app, shop.clock.at, 50) == [], "or the worker would never be idle"
    assert circuits.all_of(shop.app)["alipay"].state(shop.clock.at) == "open"
    assert shop.audit() == []


def test_who_waits_is_told_that_the_channel_is_away(shop: Shop) -> None:
    """R5.6, R5.3: neither blamed nor promised a date, and it is over by itself."""
    numbers = waiting(shop, MOST_FAILURES + 1)
    away(shop)
    shop.work()
    for number in numbers:
        located = shop.view(number, MEI).locator
        assert located.next_key == "locator.next.away" and located.params["away"] == ("alipay",)
        assert wording.next_sentence(texts.of("zh_CN"), located).startswith("支付宝现在没有回应")
    shop.alipay.faults.clear()
    for _ in range(12):
        shop.work(minutes=5)
    assert {shop.view(number, MEI).locator.next_key for number in numbers} == {"locator.next.arrive"}


def test_other_channels_go_on(shop: Shop) -> None:
    waiting(shop, MOST_FAILURES)
    away(shop)
    shop.work()
    other = shop.apply(shop.order(("wechat", 10_000))).case_no
    shop.work()
    assert states(shop, [other]) == ["accepted"]


def test_one_call_looks_and_opens_the_way_for_all(shop: Shop) -> None:
    numbers = waiting(shop, MOST_FAILURES + 3)
    away(shop)
    shop.work()
    before = calls(shop)
    shop.work(minutes=1)
    assert calls(shop) == before + 1, "one, and it came to nothing"
    shop.alipay.faults.clear()
    shop.work(minutes=2)
    assert circuits.all_of(shop.app) == {}
    shop.work(minutes=2)
    assert set(states(shop, numbers)) == {"accepted"}
    assert shop.audit() == []


def test_of_many_who_come_after_the_pause_one_is_let_through(shop: Shop) -> None:
    waiting(shop, MOST_FAILURES)
    away(shop)
    shop.work()
    at = shop.clock.at + PAUSES[0]
    with shop.app.begin() as conn:
        assert circuits.may_call(conn, "alipay", at)
        assert not circuits.may_call(conn, "alipay", at)
    with shop.app.begin() as conn:  # that one was lost with its worker
        assert circuits.may_call(conn, "alipay", at + 2 * MINUTE)


@pytest.mark.parametrize(
    "outcome",
    [Outcome("accepted"), Outcome("refused", cause="x"), Outcome("unknown", cause="low_funds")],
    ids=lambda outcome: outcome.kind,
)
def test_any_word_of_the_channel_closes_it(shop: Shop, outcome: Outcome) -> None:
    for _ in range(MOST_FAILURES):
        circuits.heard(shop.app, "alipay", Outcome("unknown", cause="no_answer"))
    assert circuits.left_alone(shop.app, shop.clock.at) == ["alipay"]
    circuits.heard(shop.app, "alipay", outcome)
    assert circuits.all_of(shop.app) == {}


def test_failures_that_are_not_in_a_row_open_nothing(shop: Shop) -> None:
    for _ in range(3 * MOST_FAILURES):
        circuits.heard(shop.app, "alipay", Outcome("unknown", cause="no_answer"))
        circuits.heard(shop.app, "alipay", Outcome("accepted"))
    assert circuits.left_alone(shop.app, shop.clock.at) == []


def test_two_refunds_of_one_trade_keep_the_channels_distance(shop: Shop) -> None:
    shop.alipay.capabilities = Capabilities(timedelta(days=365), None, timedelta(days=3), (1, 2))
    order_no = shop.order(("alipay", 20_000))
    first = shop.apply(order_no, 4_000).case_no
    shop.work()
    sent_at = shop.clock.at
    shop.work(days=2)
    assert shop.view(first).state == "completed"
    second = shop.apply(order_no, 4_000).case_no
    shop.work()
    assert states(shop, [second]) == ["planned"] and len(shop.alipay.sent) == 1
    assert shop.payouts(second)[0].due_at == sent_at + timedelta(days=3)
    shop.work(days=1)
    assert states(shop, [second]) == ["accepted"] and len(shop.alipay.sent) == 2
    assert shop.audit() == []


def test_a_trade_that_takes_no_more_refunds_is_settled_by_people(shop: Shop) -> None:
    """Nothing is sent that the channel would refuse for good."""
    shop.alipay.capabilities = Capabilities(timedelta(days=365), 1, timedelta(0), (1, 2))
    order_no = shop.order(("alipay", 20_000))
    shop.apply(order_no, 4_000)
    shop.work()
    shop.work(days=2)
    second = shop.apply(order_no, 4_000).case_no
    shop.work()
    assert shop.view(second).state == "negotiating" and len(shop.alipay.sent) == 1
    assert shop.payouts(second)[0].cause == "no_more_refunds"
    assert shop.payment(order_no).is_open, "the account itself is good"
    assert shop.audit() == []
