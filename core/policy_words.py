"""What the analysis found in a policy and what a changed one means, for whoever is about to publish it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from core.domain import policy_figures
from core.domain.analysis import Analysis, Contradiction, Region
from core.domain.policy import Policy
from core.domain.policy_changes import Changes
from core.domain.policy_changes import Figure as Moved
from core.domain.policy_figures import Figure
from core.domain.rules_apart import Apart
from core.domain.table import VERDICTS, OneOf, Test
from core.texts import Texts

# Sections whose lines are named by words of a family.
_FAMILIES: Final = {
    "window_days": "kind",
    "fee_basis_points": "reason_said",
    "fx_borne_by": "reason_said",
    "evidence": "reason_said",
    "eta_working_days": "channel",
    "channel_days": "channel",
}


def findings(found: Analysis, policy: Policy, tx: Texts) -> list[str]:
    """A line for each finding; rules that only stand before others are counted."""
    lines = [
        tx("policy_found.dead_covered", rule=dead.rule, rules=tx.list(dead.covered_by))
        if dead.covered_by
        else tx("policy_found.dead", rule=dead.rule)
        for dead in found.dead
    ]
    lines += [tx("policy_found.gap", conditions=_conditions(gap.region, tx)) for gap in found.gaps]
    lines += [_contradiction(item, policy, tx) for item in found.contradictions]
    crossings = sum(not overlap.is_exception for overlap in found.overlaps)
    if crossings:
        lines.append(tx("policy_found.overlaps", n=crossings))
    return lines


def of_rules(found: Analysis, policy: Policy, tx: Texts) -> dict[str, list[tuple[str, str]]]:
    """For each rule with something to mend, each as (code, line): `dead`, or a contradiction's code."""
    marks: dict[str, list[tuple[str, str]]] = {}
    for dead in found.dead:
        covered = "policy_found.dead_covered" if dead.covered_by else "policy_found.dead"
        says = tx(covered, rule=dead.rule, rules=tx.list(dead.covered_by))
        marks.setdefault(dead.rule, []).append(("dead", says))
    for item in found.contradictions:
        if item.rule:
            marks.setdefault(item.rule, []).append((item.code, _contradiction(item, policy, tx)))
    return marks


def overlaps(found: Analysis, policy: Policy, tx: Texts, *, exceptions: bool) -> list[str]:
    """Pairs of rules that would answer one order differently, each with such an order: plain exceptions, or
    those that cross.
    """
    tests = {rule.id: [column for column, _ in rule.tests] for rule in policy.rules}
    lines = []
    for each in found.overlaps:
        if each.is_exception == exceptions:
            columns = dict.fromkeys((*tests[each.first], *tests[each.second]))
            example = tx("list.next").join(
                tx.test(column, OneOf((each.example[column],))) for column in columns
            )
            was, will = (tx(f"verdict.{verdict}") for verdict in each.verdicts)
            lines.append(
                tx("policy_found.overlap", first=each.first, second=each.second, example=example,
                   verdict=was, otherwise=will)
            )  # fmt: skip
    return lines


def figures_moved(found: Changes, tx: Texts) -> list[str]:
    """The figures that moved, for who does not know the document: without their places there."""
    return moved((*found.figures, *found.fees), tx)


def moved(figures: Iterable[Moved], tx: Texts) -> list[str]:
    """Figures before and after, without their places."""
    return [_moved(each, tx, with_place=False) for each in figures]


def changed(found: Changes, tx: Texts) -> list[tuple[str, list[str]]]:
    """What a changed policy means: (title, lines) for the figures, then for each change of the answer."""
    if found.is_none:
        return [(tx("policy_change.none"), [])]
    figures = [_moved(each, tx) for each in (*found.figures, *found.fees)]
    parts = [(tx("policy_change.figures"), figures)] if figures else []
    parts += [
        (" → ".join(tx(f"verdict.{verdict}") for verdict in pair), _regions(found, pair, tx))
        for pair in dict.fromkeys((move.before, move.after) for move in found.moves)
    ]
    if found.checklists:
        names = tx.list(tx(f"reason_said.{reason}") for reason in found.checklists)
        parts.append((tx("policy_change.checklists", reasons=names), []))
    return parts


def rules_apart(found: Apart, tx: Texts) -> list[str]:
    """In what rules differ as they are written, a line each: first what went and came."""

    def test(column: str, one: Test | None) -> str:
        return (
            tx("policy_change.untested", column=tx(f"column.{column}"))
            if one is None
            else tx.test(column, one)
        )

    lines = [
        tx(f"policy_change.rule_{name}", rule=rule.id, says=rule_said(rule.verdict, rule.words, tx))
        for name, rules in (("removed", found.removed), ("added", found.added))
        for rule in rules
    ]
    lines += [
        tx("policy_change.in_words", name=rule, before=tx(f"verdict.{was}"), after=tx(f"verdict.{now}"))
        for rule, was, now in found.verdicts
    ]
    lines += [
        tx("policy_change.in_words", name=rule, before=test(column, was), after=test(column, now))
        for rule, column, was, now in found.tests
    ]
    if found.worded:
        lines.append(tx("policy_change.worded", rules=tx.list(found.worded)))
    return [*lines, tx("policy_change.reordered")] if found.is_reordered else lines


def rule_said(verdict: Any, words: Mapping[str, Any], tx: Texts) -> str:
    """What a rule answers and says to customers, without the facts of an order: dots in the place of each."""
    sentence = re.sub(r"\{[^{}]*\}", "…", str(words.get("en" if tx.language == "en" else "zh") or ""))
    name = tx(f"verdict.{verdict}") if verdict in VERDICTS else str(verdict)
    return tx("policy_rule.said", verdict=name, sentence=sentence)


def slip_said(slip: Mapping[str, Any], raw: Mapping[str, Any], figure: Figure, tx: Texts) -> str:
    """A mistake in a figure as its field has it: by its name, and in the field's unit."""
    said = dict(slip) | {"place": figure_title(figure, raw, tx)}
    for name in ("least", "most", "value", "other"):
        number = str(said.get(name, ""))
        if figure.unit in ("minor", "basis_points") and re.fullmatch(r"-?[0-9]+", number):
            said[name] = figure_value(figure, int(number), tx)
    return tx(f"slip.{slip['code']}", **said)


def figure_name(figure: Figure, raw: Mapping[str, Any], tx: Texts) -> str:
    """A figure within its section; one of a rule has the rule's id, its column and which bound it is."""
    section, *rest = figure.path
    if section != policy_figures.RULES:
        return _name(str(section), str(rest[0]), tx)
    number, *within = rest
    rule = raw["rules"][number].get("id", int(number) + 1)
    if within[0] != "when":
        return tx("policy_figure.rule_fee", rule=rule)
    word = str(within[2]) if len(within) > 2 else "is"
    bound = tx(f"policy_bound.{_BOUNDS.get(word, word)}") if _BOUNDS.get(word, word) in _WORDS else word
    return tx("policy_figure.rule", rule=rule, column=tx(f"column.{within[1]}"), bound=bound)


def figure_title(figure: Figure, raw: Mapping[str, Any], tx: Texts) -> str:
    """A figure with its section, where other sections stand beside it."""
    name, section = figure_name(figure, raw, tx), str(figure.path[0])
    if section == policy_figures.RULES:
        return name
    return tx("policy_figure.in_section", section=tx(f"policy_section.{section}"), name=name)


_BOUNDS: Final = {"<=": "up_to", ">=": "at_least", "<": "below", ">": "above"}
_WORDS: Final = ("up_to", "at_least", "below", "above", "from", "to", "is")


def figure_value(figure: Figure, value: Any, tx: Texts) -> str:
    """A figure with its unit; what does not fit the unit as it stands."""
    unit = figure.unit
    if unit == "several" and isinstance(value, list | tuple):
        return tx.list(_choice(figure, each, tx) for each in value) if value else tx("policy_choice.none")
    if unit == "choice" and value in figure.choices:
        return _choice(figure, value, tx)
    if unit == "yes_no" and isinstance(value, bool):
        return tx("word.yes") if value else tx("word.no")
    if unit == "span" and isinstance(value, list | tuple) and len(value) == 2:
        return tx("policy_unit.said", value=f"{value[0]}–{value[1]}", unit=tx("policy_unit.working_days"))
    if not isinstance(value, int) or isinstance(value, bool) or unit not in policy_figures.NUMBERS:
        return str(value)
    if unit == "minor":
        return tx.money(value)
    if unit == "days":
        return tx("unit.days", n=value)
    if unit in ("basis_points", "percent"):
        return f"{value / 100 if unit == 'basis_points' else value:g}%"
    return tx("policy_unit.said", value=value, unit=tx(f"policy_unit.{unit}"))


def _choice(figure: Figure, value: Any, tx: Texts) -> str:
    if value not in figure.choices:
        return str(value)
    family = {"delivery": "delivery", "evidence": "evidence_kind"}.get(str(figure.path[0]))
    return tx(f"{family}.{value}") if family else tx(f"policy_choice.{value}")


def _name(section: str, name: str, tx: Texts) -> str:
    family = _FAMILIES.get(section, f"policy_figure.{section}")
    return tx(f"{family}.{name}")


def _moved(moved: Moved, tx: Texts, *, with_place: bool = True) -> str:
    """One that a document moved, in words."""
    section, _, name = moved.place.partition(".")
    values = (moved.before, moved.after)
    if section == policy_figures.RULES:
        of_fee = Figure((), "basis_points")
        said = [
            tx("policy_change.no_fee_of_its_own") if value is None else figure_value(of_fee, value, tx)
            for value in values
        ]
        title = tx("policy_figure.rule_fee", rule=name)
    else:
        figure = policy_figures.find({}, (section, name))
        assert figure is not None  # a test holds the sections to the document's
        said = [figure_value(figure, value, tx) for value in values]
        title = tx(
            "policy_figure.in_section", section=tx(f"policy_section.{section}"), name=_name(section, name, tx)
        )
    if not with_place:
        return tx("policy_change.in_words", name=title, before=said[0], after=said[1])
    return tx("policy_change.figure", name=title, before=said[0], after=said[1], place=moved.place)


def _regions(found: Changes, pair: tuple[str, str], tx: Texts) -> list[str]:
    return [_conditions(move.region, tx) for move in found.moves if (move.before, move.after) == pair]


def _conditions(region: Region, tx: Texts) -> str:
    conditions = [tx.tests(column, tests) for column, tests in region]
    return tx("list.next").join(conditions) or tx("policy_found.any_order")


def _contradiction(item: Contradiction, policy: Policy, tx: Texts) -> str:
    params = item.params
    return tx(
        f"policy_found.{item.code}",
        rule=item.rule,
        reason=tx(f"reason_said.{params['reason']}") if "reason" in params else "",
        channel=tx(f"channel.{params['channel']}") if "channel" in params else "",
        kinds=tx.list(tx(f"kind.{kind}") for kind in params.get("kinds", ())),
        limit=tx.money(policy.limits.second_approval_minor),
    )


def called_off(version: int, holds: int, coming: Iterable[tuple[int, datetime]], tx: Texts) -> str:
    """What a version that was called off leaves: what is in force, and what still begins."""
    said = [tx("policy.called_off", version=version, holds=holds)]
    said += [tx("policy.still_coming", version=other, when=tx.day_long(at)) for other, at in coming]
    return (" " if tx.language == "en" else "").join(said)
