"""R6.3: what a changed policy means for orders: every order that is answered otherwise, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.eligibility import columns_of
from core.domain.facts import DELIVERIES, KINDS
from core.domain.policy import SHIPPED, Policy
from core.domain.policy_changes import AGE, BY_TWO, NO_RULE, Figure, Move, changes
from core.domain.table import OneOf, Within
from tests.claims import STANDARD, rule, shipped, tables, with_rules
from tests.core.domain.test_analysis import GROUPS, NEAR, SMALL, _orders, facts_of

Row = dict[str, Any]

# --- by example ---


def test_the_same_policy_changes_nothing() -> None:
    assert changes(STANDARD, STANDARD).is_none
    other_words = STANDARD.model_copy(update={"name": "other", "titles": {"zh": "另一份", "en": "Other"}})
    assert changes(STANDARD, other_words).is_none


def test_a_longer_window_is_told_by_the_age_of_the_orders() -> None:
    """As people say it: orders 8 to 15 days old of kind membership."""
    before = with_rules(rule("late", "reject", days_left={"below": 0}), rule("else", "review"))
    after = before.model_copy(
        update={"window_days": before.window_days | {"membership": before.window_days["membership"] + 5}}
    )
    window = before.window_days["membership"]
    [move] = changes(before, after).moves
    assert (move.before, move.after, move.rules) == ("reject", "review", (("late", "else"),))
    assert dict(move.region) == {
        "kind": (OneOf(("membership",)),),
        AGE: (Within(window + 1, window + 5),),
    }
    [back] = changes(after, before).moves
    assert (back.before, back.after, back.region) == ("review", "reject", move.region)
    place = "window_days.membership"
    assert changes(before, after).figures == (Figure(place, window, window + 5),)


@pytest.mark.parametrize(("days", "told"), [({"below": 5}, Within(0, 4)), ({"at_least": 3}, Within(3, None))])
def test_no_range_names_days_that_nobody_has_left(days: dict[str, int], told: Within) -> None:
    """A window has so many days: 'or at least 16' would be of no order."""
    before = with_rules(rule("late", "reject", days_left={"below": 0}), rule("else", "review"))
    early = rule("late", "reject", days_left={"below": 0}), rule("now", "approve", days_left=days)
    moves = changes(before, with_rules(*early, rule("else", "review"))).moves
    assert moves and {dict(move.region)["days_left"] for move in moves} == {(told,)}


def test_kinds_that_move_alike_are_one_line() -> None:
    before = with_rules(rule("late", "reject", days_left={"below": 0}), rule("else", "review"))
    longer = {kind: days + 3 for kind, days in before.window_days.items()}
    moves = changes(before, before.model_copy(update={"window_days": longer})).moves
    by_window = {
        days: [k for k in KINDS if before.window_days[k] == days]
        for days in longer.values()
        for days in [days - 3]
    }
    assert {
        (dict(move.region)["kind"][0].values if "kind" in dict(move.region) else KINDS)  # type: ignore[union-attr]
        for move in moves
    } == {tuple(kinds) for kinds in by_window.values()}


def test_another_limit_and_another_fee_are_told() -> None:
    before = with_rules(rule("all", "approve", 500))
    limits = before.limits.model_copy(
        update={"second_approval_minor": before.limits.second_approval_minor // 2}
    )
    after = with_rules(rule("all", "approve", 0)).model_copy(update={"limits": limits})
    found = changes(before, after)
    [move] = found.moves
    half, whole = limits.second_approval_minor, before.limits.second_approval_minor
    assert (move.before, move.after, move.rules) == ("approve", "review", (("all", BY_TWO),))
    assert dict(move.region) == {"order_refund_minor": (Within(half + 1, whole),)}
    assert found.fees == (Figure("rules.all", 500, 0),)
    assert found.figures == (Figure("limits.second_approval_minor", whole, half),)


def test_what_counts_as_delivered_moves_the_orders_in_between() -> None:
    before = with_rules(rule("there", "reject", delivered=True), rule("else", "approve"))
    earlier = before.model_copy(
        update={"delivery": before.delivery.model_copy(update={"counts_from": "code_issued"})}
    )
    assert before.delivery.counts_from == "code_viewed"
    moves = changes(before, earlier).moves
    assert {move.after for move in moves} == {"reject"}
    assert {dict(move.region)["delivery"] for move in moves} == {(OneOf(("code_issued",)),)}


def test_reasons_with_another_checklist_are_named() -> None:
    evidence = STANDARD.evidence | {"other": ("product_page",)}
    assert changes(STANDARD, STANDARD.model_copy(update={"evidence": evidence})).checklists == ("other",)


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "standard"])
def test_shipped_policies_can_be_compared(name: str) -> None:
    found = changes(STANDARD, shipped(name))
    assert found.moves and found.figures
    assert [len(move.region) for move in found.moves] == sorted(len(move.region) for move in found.moves)


# --- against trying every order ---


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[str, ...], Policy, Policy]:
    """Two policies about the same few columns, with other windows, limits and another delivery."""
    group = draw(st.sampled_from(GROUPS))
    before, after = (
        with_rules(*draw(tables(columns=group, most=4, limits=NEAR)), base=SMALL) for _ in range(2)
    )
    windows = {kind: draw(st.integers(0, 4)) for kind in KINDS}
    limit = draw(st.integers(1, 5))
    return (
        group,
        before,
        after.model_copy(
            update={
                "window_days": draw(st.sampled_from([before.window_days, windows])),
                "limits": after.limits.model_copy(update={"second_approval_minor": limit}),
                "delivery": after.delivery.model_copy(
                    update={"counts_from": draw(st.sampled_from(DELIVERIES[1:]))}
                ),
            }
        ),
    )


def answer(policy: Policy, row: Row) -> tuple[str, str]:
    """By one order alone."""
    hit = next((each for each in policy.rules if not each.misses(row)), None)
    if hit is None:
        return "review", NO_RULE
    if hit.verdict == "approve" and row["order_refund_minor"] > policy.limits.second_approval_minor:
        return "review", BY_TWO
    return hit.verdict, hit.id


def is_in(row: Row, move: Move, policy: Policy) -> bool:
    seen = row | {AGE: policy.window_days[row["kind"]] - row["days_left"]}
    return all(any(test.holds(seen[column]) for test in tests) for column, tests in move.region)


@given(pairs())
@settings(max_examples=60, deadline=None)
def test_every_order_that_moves_is_in_a_region_and_no_other(
    drawn: tuple[tuple[str, ...], Policy, Policy],
) -> None:
    group, before, after = drawn
    found = changes(before, after)
    for row in _orders(group):
        now = columns_of(facts_of(row, before), after)
        (was, by), (will, then) = answer(before, row), answer(after, now)
        holding = [move for move in found.moves if is_in(row, move, before)]
        pairs = {(move.before, move.after) for move in holding}
        assert pairs == ({(was, will)} if was != will else set()), row
        assert all((by, then) in move.rules for move in holding)
    for move in found.moves:
        assert is_in(move.example, move, before)
        other = columns_of(facts_of(move.example, before), after)
        assert (answer(before, move.example)[0], answer(after, other)[0]) == (move.before, move.after)
