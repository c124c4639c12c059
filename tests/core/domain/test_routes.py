"""R4.1–R4.5: where the money can go, how much and when. Named examples are in tests/policies/routes.toml."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.facts import CHANNELS, Facts
from core.domain.policy import Policy
from core.domain.routes import always_pays, can_return, needs_people, plan, ways
from core.domain.workdays import china, local_date
from tests.claims import NOW, POLICIES, STANDARD, ago, claim, claims, paid, with_rules

FEES = st.sampled_from([None, 0, 500, 2_600, 6_000, 10_000])


@given(claims(), POLICIES, FEES)
@settings(max_examples=120)
def test_every_plan_sums_and_no_payment_gives_more_than_is_left(
    facts: Facts, policy: Policy, fee: int | None
) -> None:
    """R4.6, R4.8, invariants 1 and 15."""
    left = {tender.payment_id: tender.refundable_minor for tender in facts.tenders}
    options = plan(facts, policy, china(), fee_basis_points=fee)
    if not 0 < facts.requested_minor <= facts.refundable_minor:
        assert options == ()
    for option in options:
        amounts = option.breakdown
        assert sum(leg.reserved_minor for leg in option.legs) == amounts.approved == facts.requested_minor
        assert sum(leg.amount_minor for leg in option.legs) == amounts.refund
        assert amounts.paid == facts.paid_minor
        assert amounts.already == facts.paid_minor - facts.refundable_minor
        assert len({leg.payment_id for leg in option.legs}) == len(option.legs)
        for leg in option.legs:
            assert 0 < leg.amount_minor <= leg.reserved_minor <= left[leg.payment_id]


@given(claims(), POLICIES)
def test_money_goes_back_to_the_account_that_paid_or_stays_here(facts: Facts, policy: Policy) -> None:
    """R4.2, R4.3: never to another account; original first, negotiated only where nothing goes back."""
    options = plan(facts, policy, china())
    routes = [option.route for option in options]
    assert routes in (
        [], ["original"], ["original", "balance"], ["balance"], ["balance", "negotiated"], ["negotiated"],
    )  # fmt: skip
    tenders = {tender.payment_id: tender for tender in facts.tenders}
    for option in options:
        for leg in option.legs:
            tender = tenders[leg.payment_id]
            if leg.route == "original":
                assert can_return(tender, facts, policy)
                assert leg.channel == tender.channel != "balance"
            elif leg.route == "balance":
                assert leg.channel == "balance"
                assert facts.has_account
            else:
                assert option.route == "negotiated"
        here = any(leg.route == "balance" for leg in option.legs)
        assert (option.expires_on is not None) == here, "R4.4: who gets balance sees until when"


@given(claims(), POLICIES)
def test_dates_are_in_order_and_say_when_they_are_a_guess(facts: Facts, policy: Policy) -> None:
    """R4.1, invariant 16."""
    today = local_date(facts.at)
    for now, later in zip(
        plan(facts, policy, china()), plan(facts, policy, china(), reviewed_first=True), strict=True
    ):
        assert today <= now.earliest <= now.latest
        assert now.earliest <= later.earliest
        assert now.latest <= later.latest
        assert now.provisional == (now.latest.year > china().published_through)
        assert china().is_working_day(later.latest), "a review takes a working day at least"


@given(claims(), POLICIES)
def test_a_balance_counts_its_days_from_its_arrival(facts: Facts, policy: Policy) -> None:
    """R4.4: after a review of the longest duration that is promised."""
    today = local_date(facts.at)
    for reviewed in (False, True):
        wait = policy.working_days.review_most if reviewed else 0
        there = china().add(today, days) if (days := wait + policy.eta_working_days["balance"][1]) else today
        for option in plan(facts, policy, china(), reviewed_first=reviewed):
            if option.expires_on is not None:
                assert option.expires_on == there + timedelta(days=policy.balance.expires_after_days)


@given(claims(), POLICIES, st.integers(0, 2_500))
def test_the_short_cuts_agree_with_the_plan(facts: Facts, policy: Policy, fee: int) -> None:
    """R3.1: who decides without the whole plan decides the same."""
    found = ways(facts, policy, fee_basis_points=fee)
    if 0 < facts.requested_minor <= facts.refundable_minor and always_pays(len(facts.tenders), fee):
        assert found
        assert needs_people(facts, policy, facts.requested_minor) == (found[0].approvals > 0)


@pytest.mark.parametrize("fee", [0, 1, 500, 714, 833, 1_000, 1_250, 1_666, 2_500])
def test_a_fee_that_always_pays_leaves_something_on_every_leg(fee: int) -> None:
    """R4.6: by trying every small split; a larger one has more to spare."""
    for payments in (1, 2, 3):
        if always_pays(payments, fee):
            for minors in product(range(1, 9), repeat=payments):
                facts = claim(*(paid(minor) for minor in minors))
                assert ways(facts, STANDARD, fee_basis_points=fee)[0].route == "original", minors


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_takes_money_back_to_its_last_day(channel: str) -> None:
    """R4.2: from the moment of payment, to the second."""
    days = timedelta(days=STANDARD.channel_days[channel])
    second = timedelta(seconds=1)
    assert can_return(paid(100, channel, paid_at=NOW - days), claim(), STANDARD)
    late = can_return(paid(100, channel, paid_at=NOW - days - second), claim(), STANDARD)
    assert late == (channel == "balance"), "our own balance never refuses"


def test_a_payment_without_a_time_of_its_own_has_the_orders() -> None:
    old = claim(paid_at=ago(days=400))
    assert not can_return(old.tenders[0], old, STANDARD)


def test_after_a_decision_the_plan_is_for_what_was_approved() -> None:
    """R4.5: a person may approve less than was asked for."""
    (option, *_) = plan(claim(), STANDARD, china(), approved=4_000)
    assert (option.breakdown.approved, option.breakdown.kept) == (4_000, 6_000)


def test_a_waived_fee_on_balance_is_the_policys_choice() -> None:
    """R4.4, R4.6."""
    policy = with_rules(balance=STANDARD.balance.model_copy(update={"fee_waived": False}))
    claimed = claim(reason="other")
    assert [option.breakdown.fee for option in plan(claimed, STANDARD, china())] == [500, 0]
    assert [option.breakdown.fee for option in plan(claimed, policy, china())] == [500, 500]


def test_a_remainder_follows_to_the_balance_under_one_fee() -> None:
    """R4.2, R4.6: the closed account's part stays here, and with no waiver the fee is still rounded once."""
    policy = with_rules(balance=STANDARD.balance.model_copy(update={"fee_waived": False}))
    claimed = claim(paid(50), paid(50, "wechat", is_open=False), reason="other")
    option = plan(claimed, policy, china())[0]
    assert [(leg.route, leg.channel) for leg in option.legs] == [
        ("original", "alipay"),
        ("balance", "balance"),
    ]
    assert option.breakdown.fee == 5
