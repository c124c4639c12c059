"""Rules of two policies held beside each other as they are written."""

from __future__ import annotations

from dataclasses import replace

from core.domain.policy import load, shipped
from core.domain.rules_apart import apart
from core.domain.table import OneOf, Within

RULES = load(shipped("standard")).rules
FIRST, SECOND, *REST = RULES


def test_the_same_rules_are_not_apart() -> None:
    found = apart(RULES, RULES)
    assert not any((found.added, found.removed, found.tests, found.verdicts, found.worded))
    assert not found.is_reordered


def test_what_came_and_what_went() -> None:
    fresh = replace(FIRST, id="fresh")
    found = apart(RULES, (fresh, SECOND, *REST))
    assert (found.added, found.removed, found.is_reordered) == ((fresh,), (FIRST,), False)
    assert not found.tests and not found.worded, "of a rule that both have"


def test_tests_verdicts_and_words_of_a_rule_that_both_have() -> None:
    limit = Within(None, 9_000)
    tests = tuple(
        (column, limit if column == "order_refund_minor" else test)
        for column, test in FIRST.tests
        if column != "duplicate"
    )
    other = replace(FIRST, tests=(*tests, ("guest", OneOf((False,)))), verdict="review", words={"zh": "x"})
    worded = replace(SECOND, words={"zh": "x", "en": "x"})
    found = apart(RULES, (other, worded, *REST))
    old = dict(FIRST.tests)
    assert sorted(found.tests, key=lambda each: each[1]) == [
        (FIRST.id, "duplicate", old["duplicate"], None),
        (FIRST.id, "guest", None, OneOf((False,))),
        (FIRST.id, "order_refund_minor", old["order_refund_minor"], limit),
    ]
    assert found.verdicts == ((FIRST.id, "approve", "review"),)
    assert found.worded == (SECOND.id,), "the first is told by what it asks"


def test_rules_that_changed_places() -> None:
    assert apart(RULES, (SECOND, FIRST, *REST)).is_reordered
