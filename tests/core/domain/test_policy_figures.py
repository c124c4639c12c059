"""The form's figures are those of the document: none is missing, each has its words in both languages."""

from __future__ import annotations

import pytest

from core import policy_words, texts
from core.domain import policy_figures, spots
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
