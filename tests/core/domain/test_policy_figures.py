"""The form's figures are those of the document: none is missing, each has its words in both languages."""

from __future__ import annotations

import pytest

from core import policy_words, texts
from core.domain import policy_figures, rule_blocks, spots
from core.domain.policy import SHIPPED, load, shipped
from core.domain.table import Within

STANDARD = load(shipped("standard"))


def test_every_figure_of_a_policy_is_offered() -> None:
    document = STANDARD.model_dump(exclude={"name", "titles", "rules"})
    places = {f"{section}.{name}" for section, lines in document.items() for name in lines}
    offered = [figure.place for figures in policy_figures.FIGURES.values() for figure in figures]
    assert sorted(offered) == sorted(places)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_of_the_table_is_offered(name: str) -> None:
    raw, policy = spots.read(shipped(name)), load(shipped(name))
    tests = [test for rule in policy.rules for _, test in rule.tests if isinstance(test, Within)]
    fees = [rule for rule in policy.rules if rule.fee_basis_points is not None]
    found = list(policy_figures.in_rules(raw))
    assert len(found) == len(fees) + sum((test.low is not None) + (test.high is not None) for test in tests)
    assert all(policy_figures.find(raw, figure.path) == figure for figure in found)
    for figure in found:
        assert spots.path_of(raw, spots.place_of(raw, figure.path)) == figure.path


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_has_a_name_and_a_unit(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    tx, raw = texts.of(language), spots.read(shipped("standard"))
    for figure in (*sum(policy_figures.FIGURES.values(), ()), *policy_figures.in_rules(raw)):
        value = spots.value_at(raw, figure.path)
        said = policy_words.figure_value(figure, value, tx)
        assert policy_words.figure_name(figure, raw, tx) and said
        if figure.unit in policy_figures.NUMBERS:
            assert tx(f"policy_unit.{figure.unit}") and said != str(value)
        for choice in figure.choices:
            wrapped = [choice] if figure.unit == "several" else choice
            assert policy_words.figure_value(figure, wrapped, tx) != choice
    for section in (*policy_figures.FIGURES, policy_figures.RULES):
        assert tx(f"policy_section.{section}")


def test_a_document_that_is_wrong_has_its_figures_too() -> None:
    """Whatever stands there: the form is shown beside a text that is being written."""
    for text in ("rules = 1", "[[rules]]\nwhen = 1", "rules = [1]", "[[rules]]\nwhen = { days_left = [1] }"):
        assert list(policy_figures.in_rules(spots.read(text))) == []
    [figure] = policy_figures.in_rules(spots.read('[[rules]]\nwhen = { credit = { up_to = "x" } }'))
    assert figure.path == ("rules", 0, "when", "credit", "up_to")


def test_a_limit_that_left_its_partner_is_found_and_how_they_meet_again() -> None:
    text = shipped("standard")
    before = spots.read(text)
    assert policy_figures.parted(before, before) == ()
    at = spots.path_of(before, "rules.not_delivered.order_refund_minor.up_to")
    after = spots.put(text, at, 80_000)
    [left] = policy_figures.parted(before, spots.read(after))
    assert (left.rule, left.other, left.value) == ("not_delivered_large", "not_delivered", 80_000)
    assert policy_figures.parted(before, spots.read(spots.put(after, left.path, left.value))) == ()
    both = spots.put(after, left.path, 90_000)
    assert policy_figures.parted(before, spots.read(both)) == (), "both were moved: on purpose"
    credit = spots.put(text, spots.path_of(before, "rules.not_delivered_low_credit.credit.below"), 50)
    [left] = policy_figures.parted(before, spots.read(credit))
    assert (left.rule, left.path[-1], left.value) == ("not_delivered", "at_least", 50)


def test_the_number_that_was_moved_is_named_wherever_its_rule_stands_now() -> None:
    text = shipped("standard")
    before = spots.read(text)
    assert policy_figures.moved(before, before) is None
    for place, value in (("limits.look_back_days", 30), ("rules.faulty_small.credit.at_least", 70)):
        after = spots.put(text, spots.path_of(before, place), value)
        found = policy_figures.moved(before, spots.read(after))
        assert found is not None and found.path == spots.path_of(before, place)
    again = spots.read(rule_blocks.moved(text, 2, 12))
    assert policy_figures.moved(before, again) is None
