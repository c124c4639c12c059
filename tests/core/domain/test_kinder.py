"""R6.3: of two versions the kinder one applies, never a less kind one; where they are equal, today's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.facts import Facts
from core.domain.kinder import Side, choose, kindness, same_counting
from core.domain.policy import Policy
from core.domain.why_nots import RANK
from tests.claims import POLICIES, STANDARD, ago, claim, claims, decide, rule, tables, with_rules

YES = rule("yes", "approve", 0)
FEE = rule("fee", "approve", 500)
LOOK = rule("look", "review", 0)
NO = rule("no", "reject")
LESS = rule("less", "approve", 0, amount_minor={"up_to": 5_000})
ANY_POLICY = st.one_of(POLICIES, tables().map(lambda rules: with_rules(*rules)))


def side(version: int, policy: Policy, facts: Facts) -> Side:
    return Side(version, policy, facts, decide(facts, policy))


def longer(*rules: object) -> Policy:
    return with_rules(*rules, window_days=dict.fromkeys(STANDARD.window_days, 20))  # type: ignore[arg-type]


def switched_off(policy: Policy) -> Policy:
    return with_rules(
        *policy.rules, base=policy, limits=policy.limits.model_copy(update={"kinder_version": False})
    )


@pytest.mark.parametrize(
    ("today", "older", "applies"),
    [
        (with_rules(NO), with_rules(LOOK), "older"),  # the verdict
        (with_rules(LOOK), with_rules(NO), "today"),
        (with_rules(LOOK), with_rules(FEE), "older"),  # before the money
        (with_rules(FEE), with_rules(YES), "older"),  # the money
        (with_rules(YES), with_rules(FEE), "today"),
        (with_rules(NO), with_rules(LESS, NO), "older"),  # what can still be done about it
        (with_rules(LESS, NO), with_rules(NO), "today"),
        (with_rules(NO), longer(NO), "older"),  # the time to do it
        (longer(NO), with_rules(NO), "today"),
        (with_rules(YES), longer(YES), "equal"),  # no time is needed after a yes
        (with_rules(NO), with_rules(NO), "equal"),
    ],
)
def test_what_makes_a_version_the_kinder_one(today: Policy, older: Policy, applies: str) -> None:
    facts = claim()
    found = choose(side(2, today, facts), side(1, older, facts))
    assert found.applies.version == (1 if applies == "older" else 2)
    assert found.other is not None and found.other.version == (2 if applies == "older" else 1)
    assert found.differs == (applies != "equal")


@given(claims(), ANY_POLICY, ANY_POLICY)
def test_it_is_never_less_kind_than_either(facts: Facts, today: Policy, older: Policy) -> None:
    now, then = side(2, today, facts), side(1, older, facts)
    found = choose(now, then)
    assert kindness(found.applies.found) >= max(kindness(now.found), kindness(then.found))
    assert RANK[found.applies.found.verdict] == max(RANK[now.found.verdict], RANK[then.found.verdict])


@given(claims(), ANY_POLICY)
def test_equal_is_todays(facts: Facts, policy: Policy) -> None:
    found = choose(side(2, policy, facts), side(1, policy, facts))
    assert (found.applies.version, found.differs) == (2, False)


@given(claims(), ANY_POLICY, ANY_POLICY)
def test_switched_off_it_is_todays_whatever_the_older_one_says(
    facts: Facts, today: Policy, older: Policy
) -> None:
    """The document in force decides, not the older one's own switch."""
    found = choose(side(2, switched_off(today), facts), side(1, older, facts))
    assert (found.applies.version, found.other, found.differs) == (2, None, False)
    on = choose(side(2, today, facts), side(1, switched_off(older), facts))
    assert on.other is not None


@given(claims(), ANY_POLICY)
def test_alone_it_is_todays(facts: Facts, policy: Policy) -> None:
    assert choose(side(2, policy, facts), None).other is None


def test_choosing_another_way_for_the_money_changes_no_version() -> None:
    """What counts is the first way, on which the money simply goes back."""
    facts = claim(reason="other", delivery="code_issued", completed_at=ago(days=1))
    found = choose(side(2, with_rules(YES), facts), side(1, with_rules(FEE), facts))
    assert found.applies.version == 2 and found.other is not None
    assert found.other.found.options[0].breakdown.fee == 500


def test_facts_are_counted_anew_only_where_versions_count_differently() -> None:
    look = STANDARD.limits.model_copy(update={"look_back_days": 1})
    counts = STANDARD.delivery.model_copy(update={"counts_from": "activated"})
    assert same_counting(STANDARD, longer())
    assert not same_counting(STANDARD, with_rules(limits=look))
    assert not same_counting(STANDARD, with_rules(delivery=counts))


def test_a_later_day_changes_the_choice_as_the_windows_end() -> None:
    facts = replace(claim(), completed_at=ago(days=10), at=claim().at + timedelta(0))
    late = rule("late", "reject", days_left={"below": 0})
    found = choose(side(2, with_rules(late, YES), facts), side(1, longer(late, YES), facts))
    assert (found.applies.version, found.applies.found.verdict) == (1, "approve")
