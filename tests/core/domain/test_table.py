"""The decision table: what a document may write, and one meaning for every way of evaluating it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import diagram
from core.domain.diagram import compile_rules
from core.domain.eligibility import columns_of
from core.domain.facts import Facts
from core.domain.slips import Slip
from core.domain.table import COLUMNS, OneOf, Rule, Test, Within, bounds, parse_rule, parse_test
from core.domain.why_nots import WhyNots
from tests.claims import POLICIES, STANDARD, claims, rule, tables


@pytest.mark.parametrize(
    ("column", "written", "test"),
    [
        ("reason", "other", OneOf(("other",))),
        ("reason", ["other", "not_delivered"], OneOf(("other", "not_delivered"))),
        ("delivered", True, OneOf((True,))),
        ("days_left", 3, Within(3, 3)),
        ("days_left", [1, 3], OneOf((1, 3))),
        ("days_left", {"below": 0}, Within(None, -1)),
        ("days_left", {"up_to": 0}, Within(None, 0)),
        ("days_left", {"at_least": 0}, Within(0, None)),
        ("days_left", {"above": 0}, Within(1, None)),
        ("days_left", {"from": 1, "to": 3}, Within(1, 3)),
        ("days_left", {">=": 1, "<": 3}, Within(1, 2)),
        ("days_left", {">": 1, "<=": 3}, Within(2, 3)),
        ("days_left", {"above": 0, "below": 2}, Within(1, 1)),
    ],
)
def test_a_document_writes_tests_in_few_forms(column: str, written: Any, test: Test) -> None:
    """R1.2: the forms that `docs/policy.md` promises."""
    assert parse_test(column, written) == test


@pytest.mark.parametrize(
    ("column", "written", "slip"),
    [
        ("reasons", "other", ("unknown", "reasons")),
        ("reason", "othr", ("choice", "reason")),
        ("reason", [], ("empty_list", "reason")),
        ("reason", ["other", "other"], ("value_twice", "reason")),
        ("delivered", 1, ("choice", "delivered")),
        ("delivered", "yes", ("choice", "delivered")),
        ("days_left", "soon", ("numbers", "days_left")),
        ("days_left", 1.5, ("numbers", "days_left")),
        ("days_left", True, ("numbers", "days_left")),
        ("days_left", {}, ("numbers", "days_left")),
        ("days_left", {"under": 3}, ("unknown", "days_left.under")),
        ("days_left", {"from": 3, "to": 1}, ("never_holds", "days_left")),
        ("days_left", {"above": 1, "at_least": 3}, ("two_bounds", "days_left")),
        ("days_left", {"up_to": 1, "<": 3}, ("two_bounds", "days_left")),
        ("days_left", {"up_to": 10**30}, ("numbers", "days_left")),
        ("amount_minor", {"below": 1}, ("below_least", "amount_minor")),
        ("recent_refunds", [-1], ("below_least", "recent_refunds")),
    ],
)
def test_a_slip_is_named_with_its_place(column: str, written: Any, slip: tuple[str, str]) -> None:
    with pytest.raises(Slip) as refused:
        parse_test(column, written)
    assert (refused.value.code, refused.value.place) == slip


@pytest.mark.parametrize(
    ("changes", "slip"),
    [
        ({"id": "two words"}, ("identifier", "id")),
        ({"id": 3}, ("identifier", "id")),
        ({"verdict": "maybe"}, ("choice", "verdict")),
        ({"when": ["reason"]}, ("when_shape", "when")),
        ({"when": {"reason": "othr"}}, ("choice", "when.reason")),
        ({"then": 3}, ("unknown", "then")),
        ({"zh": " "}, ("words_missing", "zh")),
        ({"en": "{amount} of {secret}"}, ("placeholder", "en")),
        ({"en": "{amount.__class__}"}, ("placeholder", "en")),
        ({"en": "{amount:>99999999999}"}, ("placeholder", "en")),
        ({"en": "{amount!r}"}, ("placeholder", "en")),
        ({"en": "{"}, ("braces", "en")),
        ({"fee_basis_points": 10_001}, ("number_between", "fee_basis_points")),
        ({"fee_basis_points": True}, ("number_between", "fee_basis_points")),
    ],
)
def test_a_rule_that_is_wrong_says_where(changes: dict[str, Any], slip: tuple[str, str]) -> None:
    row = {"id": "a", "when": {"reason": "other"}, "verdict": "review", "zh": "好", "en": "Good {amount}"}
    assert parse_rule(row).tests == (("reason", OneOf(("other",))),)
    with pytest.raises(Slip) as refused:
        parse_rule({**row, **changes})
    assert (refused.value.code, refused.value.place) == slip


def test_bounds_are_where_an_answer_changes() -> None:
    assert bounds([Within(None, 3), Within(5, 7), OneOf((9,))]) == [4, 5, 8, 9, 10]


def _by_hand(rules: tuple[Rule, ...], row: Mapping[str, Any]) -> int:
    """The meaning of the table, word by word."""
    return next((place for place, each in enumerate(rules) if not each.misses(row)), -1)


ROWS = st.builds(columns_of, claims(), POLICIES)


@given(tables(most=10), st.lists(ROWS, min_size=1, max_size=6))
@settings(max_examples=60)
def test_the_diagram_answers_like_the_table(rules: tuple[Rule, ...], rows: list[dict[str, Any]]) -> None:
    """R6.4: one meaning, however it is evaluated."""
    first_hit = compile_rules(rules)
    assert [first_hit(row) for row in rows] == [_by_hand(rules, row) for row in rows]


@given(tables(most=8), st.lists(ROWS, min_size=1, max_size=4))
@settings(max_examples=50)
def test_every_rule_says_what_stood_in_its_way(rules: tuple[Rule, ...], rows: list[dict[str, Any]]) -> None:
    """R1.4: the columns that a rule misses are the ones whose test does not hold."""
    why_nots = WhyNots(rules)
    for row in rows:
        hit = _by_hand(rules, row)
        traces = why_nots.explain(row, hit).traces
        assert [trace.why_not for trace in traces] == [each.misses(row) for each in rules]
        assert [trace.reached for trace in traces] == [place <= hit for place in range(len(rules))]


@given(claims())
@settings(max_examples=50)
def test_an_explanation_is_the_same_the_second_time(facts: Facts) -> None:
    row = columns_of(facts, STANDARD)
    hit = STANDARD.first_hit(row)
    fresh = WhyNots(STANDARD.rules)
    assert fresh.explain(row, hit) == fresh.explain(row, hit) == STANDARD.why_nots.explain(row, hit)


def test_bounds_of_the_kept_explanations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop with ever new kinds of orders does not fill the memory."""
    monkeypatch.setattr("core.domain.why_nots.REMEMBERED", 2)
    why_nots = WhyNots((rule("a", days_left=[1, 3, 5, 7]),))
    for days in range(10):
        why_nots.explain({"days_left": days}, -1)
    assert len(why_nots._known) <= 2


def test_a_table_that_nobody_could_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagram, "LARGEST", 3)
    with pytest.raises(Slip, match="entangled"):
        compile_rules(STANDARD.rules)


def test_columns_are_told_apart_by_name_and_have_words_or_numbers() -> None:
    assert all(name == column.name for name, column in COLUMNS.items())
    assert all(column.values is None or len(column.values) > 1 for column in COLUMNS.values())
