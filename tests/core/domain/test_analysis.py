"""R6.3: what is wrong with a table is found, all of it and nothing else: compared with trying every order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.analysis import CONTRADICTIONS, Analysis, Overlap, analyse
from core.domain.eligibility import columns_of
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS, Facts
from core.domain.policy import SHIPPED, Policy
from core.domain.regions import TooEntangled
from core.domain.table import OneOf, Rule, Within
from tests.claims import NOW, STANDARD, claim, paid, rule, shipped, tables, with_rules

Row = dict[str, Any]

# --- by example ---


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_sound(name: str) -> None:
    """R6.3: no gap, no dead rule, no contradiction."""
    found = analyse(shipped(name))
    assert found.is_sound, (found.gaps, found.dead, found.contradictions)


def test_a_gap_is_shown_as_a_region_and_an_order() -> None:
    """R6.3: 'undelivered goods in the window, by guests': what to write a rule for, and an example."""
    policy = with_rules(
        rule("late", "reject", days_left={"below": 0}),
        rule("delivered", "review", delivered=True),
        rule("known", "approve", guest=False),
        limits=STANDARD.limits.model_copy(update={"second_approval_minor": 10**12}),
    )
    (gap,) = analyse(policy).gaps
    assert dict(gap.region) == {
        "delivery": (OneOf(("pending", "code_issued")),),
        "days_left": (Within(0, None),),
        "guest": (OneOf((True,)),),
    }
    assert gap.example["guest"] is True
    assert gap.example["delivery"] == "pending"
    assert columns_of(facts_of(gap.example, policy), policy) == gap.example


def test_what_cannot_be_is_no_gap() -> None:
    """R1.2: some columns follow from others, and no order can be otherwise."""
    rest = ["pending", "code_issued", "code_viewed", "activated"]
    policy = with_rules(
        rule("redeemed", "reject", delivered=True, delivery="redeemed"),
        rule("rest", "review", delivery=rest),
    )
    assert analyse(policy).gaps == ()
    policy = with_rules(
        rule("complete", "review", evidence_complete=True), rule("asked", "reject", reason=_ASKED)
    )
    assert analyse(policy).gaps == (), "reasons without a checklist are always complete"
    policy = with_rules(rule("window", "review", days_left={"up_to": 15}))
    assert analyse(policy).gaps == (), "nobody has more days left than the longest window"
    policy = with_rules(
        rule("others", reason=_ASKED),
        rule("complete", evidence_complete=True),
        rule("uncontested", contested=False),
        evidence={
            **STANDARD.evidence,
            "other": ("redemption_record",),
            "not_delivered": ("redemption_record",),
        },
    )
    assert analyse(policy).gaps == (), "where the record is all that is asked, who sent it is complete"
    five = {"at_least": 5}
    policy = with_rules(rule("sum", order_refund_minor=five), rule("one", amount_minor={"below": 5}))
    assert analyse(policy).gaps == (), "all refunds of an order are at least this one"


_ASKED = ["not_as_described", "service_failed", "duplicate_charge"]


def test_a_dead_rule_names_who_took_its_orders() -> None:
    """R6.3."""
    policy = with_rules(
        rule("late", "reject", days_left={"below": 0}),
        rule("soon", "review", days_left={"at_least": 0}, delivery="redeemed"),
        rule("used", "reject", delivery="redeemed"),
        rule("never", "approve", delivered=False, delivery="redeemed"),
        rule("rest"),
    )
    assert [(dead.rule, dead.covered_by) for dead in analyse(policy).dead] == [
        ("used", ("late", "soon")),
        ("never", ()),
    ]


def test_an_exception_before_its_rule_is_told_from_a_crossing() -> None:
    """R6.3: the first is by design, the second is to be read."""
    policy = with_rules(
        rule("contested", "review", delivery="redeemed", contested=True),
        rule("redeemed", "reject", delivery="redeemed"),
        rule("escrow", "review", escrow=True),
        rule("rest", "approve"),
    )
    found = {(each.first, each.second): each for each in analyse(policy).overlaps}
    assert set(found) == {("contested", "redeemed"), ("redeemed", "escrow")}
    assert found["contested", "redeemed"].is_exception
    assert not found["redeemed", "escrow"].is_exception
    assert found["redeemed", "escrow"].verdicts == ("reject", "review")
    assert found["redeemed", "escrow"].example["escrow"] is True


@pytest.mark.parametrize(
    ("code", "policy"),
    [
        ("fee_on_rejection", with_rules(rule("no", "reject", 500, delivery="redeemed"), rule("rest"))),
        ("fee_takes_all", with_rules(rule("all", "review", 10_000))),
        ("fee_takes_all", with_rules(fee_basis_points={**STANDARD.fee_basis_points, "other": 10_000})),
        (
            "approves_beyond_one",
            with_rules(rule("yes", "approve", amount_minor={"up_to": 100_001}), rule("rest")),
        ),
        (
            "asks_for_nothing",
            with_rules(rule("ask", "needs_evidence", reason="service_failed"), rule("rest")),
        ),
        ("checklist_unused", with_rules(evidence={**STANDARD.evidence, "other": ("other",)})),
        ("rejects_undelivered", with_rules(rule("no", "reject", reason="other"), rule("rest"))),
        ("channel_shorter_than_window", with_rules(channel_days={**STANDARD.channel_days, "card": 14})),
    ],
)
def test_an_answer_that_contradicts_the_house_is_found(code: str, policy: Policy) -> None:
    """R6.3, invariant 13, R1.1, R4.6."""
    assert code in CONTRADICTIONS
    found = analyse(policy).contradictions
    assert {each.code for each in found} - {"checklist_unused"} <= {code}
    assert any(each.code == code for each in found)
    for each in found:
        if "example" in each.params:
            row = each.params["example"]
            assert columns_of(facts_of(row, policy), policy) == row
            assert policy.rules[policy.first_hit(row)].id == each.rule


def test_a_table_beyond_reading_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.domain.regions.MOST_BOXES", 5)
    with pytest.raises(TooEntangled):
        analyse(STANDARD)


# --- against trying every order ---

# Small figures, so that every order near them can be tried.
SMALL = with_rules(
    rule("any"),
    window_days=dict.fromkeys(KINDS, 2) | {"game_card": 1, "top_up": 1, "membership": 3, "software_key": 3},
    limits=STANDARD.limits.model_copy(update={"second_approval_minor": 3}),
    evidence=dict.fromkeys(REASONS, ())
    | {
        "not_as_described": ("product_page", "redemption_record"),
        "service_failed": ("missing_service",),
        "duplicate_charge": ("redemption_record",),
    },
)
NEAR = {
    "days_left": (-2, -1, 0, 1, 2, 3),
    "amount_minor": (1, 2, 3, 4),
    "order_refund_minor": (1, 2, 3, 4, 5),
    "credit": (0, 1, 2),
    "recent_refunds": (0, 1, 2),
}
GROUPS = (
    ("reason", "delivery", "delivered", "evidence_complete", "contested"),
    ("kind", "days_left", "delivered", "delivery"),
    ("amount_minor", "order_refund_minor", "duplicate", "credit"),
    ("channel", "guest", "escrow", "recent_refunds", "reason"),
    ("reason", "days_left", "amount_minor", "evidence_complete"),
)


@cache
def _orders(group: tuple[str, ...]) -> tuple[Row, ...]:
    """Every row that differs in the columns of `group`, made from facts."""

    def all_or_first(values: Iterable[Any], *columns: str) -> list[Any]:
        every = list(values)
        return every if {*columns} & {*group} else every[:1]

    rows = {}
    for amount, already, channel, days, guest, *rest in product(
        all_or_first(range(1, 7), "amount_minor", "duplicate"),
        all_or_first(range(6), "order_refund_minor"),
        all_or_first(CHANNELS, "channel"),
        all_or_first((None, 0, 1, 2, 3, 4, 5, 6), "days_left"),
        all_or_first((False, True), "guest"),
        all_or_first(REASONS, "reason"),
        all_or_first(KINDS, "kind", "days_left"),
        all_or_first(DELIVERIES, "delivery"),
        all_or_first(_subsets(), "evidence_complete"),
        all_or_first(range(-1, 4), "credit"),
        all_or_first(range(4), "recent_refunds"),
        all_or_first(range(13), "duplicate"),
        all_or_first((False, True), "escrow"),
    ):
        facts = claim(
            paid(amount + already, channel, refundable_minor=amount),
            completed_at=None if days is None else NOW - timedelta(days=days),
            has_account=not guest,
            **dict(zip(_VARIED, rest, strict=True)),
        )
        row = columns_of(facts, SMALL)
        rows[tuple(row[column] for column in group)] = row
    return tuple(rows.values())


_VARIED = ("reason", "kind", "delivery", "evidence", "credit", "recent_refunds", "duplicate_minor", "escrow")


def _subsets() -> list[frozenset[str]]:
    kinds = ("product_page", "missing_service", "redemption_record")
    return [frozenset(some) for some in chain(*(combinations(kinds, size) for size in range(4)))]


def facts_of(row: Row, policy: Policy) -> Facts:
    """An order that makes this row, so that an example is one that can happen."""
    checklist = frozenset(policy.evidence[row["reason"]])
    evidence = (
        checklist
        if row["evidence_complete"]
        else checklist - {min(checklist - {"redemption_record"}, default="")}
    )
    evidence = evidence | {"redemption_record"} if row["contested"] else evidence - {"redemption_record"}
    days_ago = policy.window_days[row["kind"]] - row["days_left"]
    same = ("reason", "kind", "delivery", "credit", "recent_refunds", "escrow")
    return claim(
        paid(row["order_refund_minor"], row["channel"], refundable_minor=row["amount_minor"]),
        evidence=evidence,
        completed_at=NOW - timedelta(days=days_ago),
        duplicate_minor=row["order_refund_minor"] if row["duplicate"] else 0,
        has_account=not row["guest"],
        **{name: row[name] for name in same},
    )


@st.composite
def small_policies(draw: st.DrawFn) -> tuple[tuple[str, ...], Policy]:
    group = draw(st.sampled_from(GROUPS))
    return group, with_rules(*draw(tables(columns=group, most=6, limits=NEAR)), base=SMALL)


@given(small_policies())
@settings(max_examples=100)
def test_the_analysis_finds_what_trying_every_order_finds(drawn: tuple[tuple[str, ...], Policy]) -> None:
    """R6.3: exact, in both directions."""
    group, policy = drawn
    orders = _orders(group)
    found = analyse(policy)
    first = [_first(policy.rules, row) for row in orders]
    assert {each.rule for each in found.dead} == {
        r.id for place, r in enumerate(policy.rules) if place not in first
    }
    for row, hit in zip(orders, first, strict=True):
        assert (hit < 0) == any(_inside(row, gap.region) for gap in found.gaps)
    assert {(each.first, each.second) for each in found.overlaps} == set(
        _overlaps(policy.rules, orders, first)
    )
    _check_examples(policy, found)


def _check_examples(policy: Policy, found: Analysis) -> None:
    rows = [gap.example for gap in found.gaps] + [each.example for each in found.overlaps]
    for row in rows:
        assert columns_of(facts_of(row, policy), policy) == row, "an order that can be made"
    for gap in found.gaps:
        assert _first(policy.rules, gap.example) < 0
        assert _inside(gap.example, gap.region)
    for each in found.overlaps:
        assert _shows(policy.rules, each)


def _shows(rules: tuple[Rule, ...], overlap: Overlap) -> bool:
    place = {each.id: number for number, each in enumerate(rules)}
    row = overlap.example
    return _first(rules, row) == place[overlap.first] and not rules[place[overlap.second]].misses(row)


def _first(rules: tuple[Rule, ...], row: Row) -> int:
    return next((place for place, each in enumerate(rules) if not each.misses(row)), -1)


def _inside(row: Row, region: Any) -> bool:
    return all(any(test.holds(row[column]) for test in tests) for column, tests in region)


def _overlaps(
    rules: tuple[Rule, ...], orders: tuple[Row, ...], first: list[int]
) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(rules):
        for two in rules[place + 1 :]:
            if two.tests and one.verdict != two.verdict:
                both = (hit == place and not two.misses(row) for row, hit in zip(orders, first, strict=True))
                if any(both):
                    yield one.id, two.id


def test_every_evidence_of_the_small_policy_is_tried() -> None:
    assert {kind for kinds in SMALL.evidence.values() for kind in kinds} <= frozenset().union(*_subsets())
    assert frozenset().union(*_subsets()) <= set(EVIDENCE_KINDS)
