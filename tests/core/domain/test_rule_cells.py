"""The table as cells: a change touches its own value only, whatever the text looks like around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import number_cells, rule_blocks, rule_cells, spots
from core.domain.errors import CellRefused
from core.domain.policy import SHIPPED, load, shipped
from core.domain.rule_cells import CELLS
from core.domain.slips import Slip
from core.domain.table import COLUMNS, VERDICTS, Rule, parse_rule, parse_test

HEAD = 'name = "x"  # note-0. and\n\n[limits]\nlook_back_days = 90\n'
SENTENCES = ("好。", '"quoted" = {{ }} # no comment', "a\\b\n[[rules]]", "{amount}")


@st.composite
def a_test(draw: st.DrawFn, column: str) -> Any:
    """One test of a column as a document has it."""
    values = COLUMNS[column].values
    if values is not None:
        some = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True))
        return some[0] if len(some) == 1 and draw(st.booleans()) else some
    low = draw(st.integers(1, 10**6))
    high = low + draw(st.integers(2, 10**6))
    return draw(
        st.sampled_from(
            [low, [low, high], {"up_to": low}, {"at_least": low}, {"<": low}, {">": low}, {"below": high},
             {"from": low, "to": high}, {"above": low, "<=": high}]
        )
    )  # fmt: skip


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        columns = draw(st.lists(st.sampled_from(list(COLUMNS)), max_size=4, unique=True))
        rule = {
            "id": f"rule_{number}",
            "when": {column: draw(a_test(column)) for column in columns},
            "verdict": draw(st.sampled_from(VERDICTS)),
            "zh": draw(st.sampled_from(SENTENCES)),
            "en": draw(st.sampled_from(SENTENCES)),
        }
        if draw(st.booleans()):
            rule["fee_basis_points"] = draw(st.integers(0, 10_000))
        found.append(rule)
    return found


@st.composite
def documents(draw: st.DrawFn, *, is_block: bool = False) -> str:
    """A whole policy whose rules are written in many ways, with a comment wherever one may stand."""
    end, number = draw(st.sampled_from(("\n", "\r\n"))), 0

    def note() -> str:
        nonlocal number
        number += 1
        return draw(st.sampled_from(("", f"  # note-{number}. = [x]", f"#note-{number}. \"{{'")))

    def spaced(value: Any) -> str:
        if isinstance(value, list) and draw(st.booleans()):
            return f"[{note()}{end}" + "".join(f"  {_toml(each)},{note()}{end}" for each in value) + "]"
        return _toml(value)

    lines = [*HEAD.replace("[limits]", "[limits]" + note()).split("\n")]
    for rule in draw(rules()):
        lines += [draw(st.sampled_from(("", "# --- a heading ---" + note())))] * draw(st.integers(0, 1))
        lines += [f"[[rules]]{note()}"]
        pairs = [(name, value) for name, value in rule.items() if name != "when"]
        lines += [f"{name} = {_toml(value)}{note()}" for name, value in draw(st.permutations(pairs))]
        style = draw(st.sampled_from(("braces", "table", "dots"))) if rule["when"] else "braces"
        inner = [f"{name}={spaced(test)}" for name, test in rule["when"].items()]
        if style == "braces":
            lines += [f"when = {{{', '.join(inner)}}}{note()}"]
        elif style == "dots":
            lines += [f"when.{each}{note()}" for each in inner]
        else:
            lines += [f"[rules.when]{note()}", *(f"{each}{note()}" for each in inner)]
    return end.join(lines) + draw(st.sampled_from(("", end, f"{end}{end}# the end{end}")))


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def notes(text: str) -> list[str]:
    """The comments of `documents`, which no value contains."""
    return sorted(part.split(".")[0] for part in text.split("note-")[1:])


@st.composite
def values(draw: st.DrawFn, column: str) -> Any:
    kind = CELLS[column]
    if column in COLUMNS:
        return draw(st.none() | a_test(column).map(_plain))
    return draw(
        {
            "name": st.sampled_from(("rule_0", "new", "x_9")),
            "verdict": st.sampled_from(VERDICTS),
            "fee": st.none() | st.integers(0, 10_000),
            "sentence": st.sampled_from(SENTENCES),
        }[kind]
    )


def _plain(test: Any) -> Any:
    """As the grid writes it."""
    if not isinstance(test, dict):
        return test
    names = {"<": "below", ">": "above", "<=": "up_to", ">=": "at_least"}
    return {names.get(word, word): bound for word, bound in test.items()}


@given(st.data())
def test_a_changed_cell_changes_that_cell_and_no_other_line(data: st.DataObject) -> None:
    """It reads as the same rules but for the cell; every comment is there, every other line too."""
    text = data.draw(documents())
    before = spots.read(text)["rules"]
    at = data.draw(st.integers(0, len(before) - 1))
    column = data.draw(st.sampled_from(list(CELLS)))
    value = data.draw(values(column))
    if column == "id" and value in [rule["id"] for rule in before if rule is not before[at]]:
        with pytest.raises(CellRefused):
            rule_cells.with_cell(text, at, column, value)
        return
    after = rule_cells.with_cell(text, at, column, value)
    wanted = [parse_rule(rule) for rule in before]
    wanted[at] = _with(wanted[at], column, value)
    assert [parse_rule(rule) for rule in spots.read(after)["rules"]] == wanted
    assert {**spots.read(after), "rules": 0} == {**spots.read(text), "rules": 0}
    assert notes(after) == notes(text)
    old, new = text.split("\n"), after.split("\n")
    first = next((n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old))
    tail = next(
        (n for n, pair in enumerate(zip(old[::-1], new[::-1], strict=False)) if pair[0] != pair[1]), len(old)
    )
    touched = "\n".join(old[first : max(first, len(old) - tail)])
    path = ("rules", at, *rule_cells.path_in(column))
    spot = spots.spots(text).get(path)
    own = text[spot.start_of_name : spot.end].count("\n") + 1 if spot else 1
    assert touched.count("\n") + bool(touched) <= own, "only the lines of the value are other lines"


def _with(rule: Rule, column: str, value: Any) -> Rule:
    parts = {name: getattr(rule, name) for name in ("id", "verdict", "fee_basis_points")}
    words, found = dict(rule.words), dict(rule.tests)
    if column in COLUMNS:
        found.pop(column, None)
        if value is not None:
            found[column] = parse_test(column, value)
    elif column in words:
        words[column] = value
    else:
        parts[column] = value
    tests = tuple((name, found[name]) for name in COLUMNS if name in found)
    return Rule(**parts, words=words, tests=tests)


@given(st.data())
def test_rules_are_added_taken_out_and_moved_whole(data: st.DataObject) -> None:
    text = data.draw(documents())
    before = spots.read(text)["rules"]
    at = data.draw(st.integers(0, len(before) - 1))
    to = data.draw(st.integers(0, len(before) - 1))
    after = rule_blocks.moved(text, at, to)
    order = [*before]
    order.insert(to, order.pop(at))
    assert spots.read(after)["rules"] == order and notes(after) == notes(text)
    assert rule_blocks.moved(after, to, at) == text, "and back"

    row = rule_blocks.fresh(spots.read(text), at, {"zh": "由人看。", "en": "A person looks."})
    place = data.draw(st.integers(0, len(before)))
    more = rule_blocks.with_rule(text, place, row)
    found = spots.read(more)["rules"]
    assert found == [*before[:place], row, *before[place:]] and notes(more) == notes(text)
    assert parse_rule(row).verdict == "review"
    less = rule_blocks.without_rule(more, place)
    assert less.rstrip() == text.rstrip() and spots.read(less)["rules"] == before
    if len(before) > 1:
        gone = rule_blocks.without_rule(text, at)
        assert spots.read(gone)["rules"] == [*before[:at], *before[at + 1 :]]
    else:
        with pytest.raises(CellRefused):
            rule_blocks.without_rule(text, at)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_shown_and_typed_again_without_a_change(name: str) -> None:
    text = shipped(name)
    for place, row in enumerate(rule_cells.rows(spots.read(text))):
        for column, kind in CELLS.items():
            value = row[column]
            if kind in ("number", "money"):
                hundredths = kind == "money"
                shown = number_cells.shown(value, hundredths=hundredths)
                value = number_cells.read(shown or "", hundredths=hundredths)
            assert rule_cells.with_cell(text, place, column, value) == text
    assert load(rule_blocks.moved(text, 3, 9)).rules[9] == load(text).rules[3]


@given(st.sampled_from([name for name, kind in CELLS.items() if kind in ("number", "money")]), st.data())
def test_what_is_shown_reads_back(column: str, data: st.DataObject) -> None:
    test, hundredths = data.draw(a_test(column)), CELLS[column] == "money"
    shown = number_cells.shown(test, hundredths=hundredths)
    assert shown is not None
    read = number_cells.read(shown, hundredths=hundredths)
    assert parse_test(column, read) == parse_test(column, test)


@pytest.mark.parametrize(
    ("typed", "test"),
    [
        ("<= 500", {"up_to": 500}),
        ("＜＝５００", {"up_to": 500}),
        ("≤500", {"up_to": 500}),
        ("不超过 500 元", {"up_to": 500}),
        ("at most ¥1,500", {"up_to": 1500}),
        ("At Least 60", {"at_least": 60}),
        ("< 0", {"below": 0}),
        ("小于 -3", {"below": -3}),
        ("> 1 < 5", {"above": 1, "below": 5}),
        (">=1，且 <=5", {"at_least": 1, "up_to": 5}),
        ("1-3", {"from": 1, "to": 3}),
        ("从 1 到 3 天", {"from": 1, "to": 3}),
        ("-3 – -1", {"from": -3, "to": -1}),
        ("7", 7),
        ("= 7", 7),
        ("1、3、5", [1, 3, 5]),
        ("1, 3 or 5", [1, 3, 5]),
        ("1,3,5", [1, 3, 5]),
        ("  ", None),
    ],
)
def test_numbers_as_they_are_typed(typed: str, test: Any) -> None:
    assert number_cells.read(typed) == test


@pytest.mark.parametrize(
    "typed", ["many", "5 <", "<", "<= 5 <= 6", "1 - ", "1.5", "= 3 < 5", "1 2", "9" * 16, "≤ 5 or", "٣"]
)
def test_what_is_no_number_is_not_guessed(typed: str) -> None:
    with pytest.raises(number_cells.Unreadable):
        number_cells.read(typed)


def test_money_is_typed_in_yuan() -> None:
    assert number_cells.read("≤ 0.5", hundredths=True) == {"up_to": 50}
    assert number_cells.shown({"up_to": 50_050}, hundredths=True) == "≤ 500.50"
    with pytest.raises(number_cells.Unreadable):
        number_cells.read("≤ 0.555", hundredths=True)


@pytest.mark.parametrize(
    ("column", "value", "may"),
    [
        ("reason", "gift", "words"),
        ("delivered", "maybe", "yes_no"),
        ("credit", {"up_to": "x"}, "number"),
        ("order_refund_minor", {"below": 1}, "never"),
        ("credit", {"from": 9, "to": 3}, "never"),
        ("verdict", None, "verdict"),
        ("fee_basis_points", 10_001, "fee"),
        ("id", "too late", "name"),
        ("id", "too_late", "name_of_its_own"),
        ("zh", " ", "sentence"),
        ("en", "{who}", "placeholders"),
        ("en", "{", "braces"),
    ],
)
def test_a_cell_that_may_not_be_is_refused_by_rule_and_column(column: str, value: Any, may: str) -> None:
    with pytest.raises(CellRefused) as refused:
        rule_cells.with_cell(shipped("standard"), 0, column, value)
    params = refused.value.params
    assert (params["rule"], params["cell"], params["may"]) == ("paid_twice", column, may)


def test_what_only_a_person_can_change_is_said() -> None:
    text = shipped("standard").replace("escrow = true", "escrow = true, credit.below = 3, credit.above = 1")
    at = [rule["id"] for rule in spots.read(text)["rules"]].index("escrow")
    with pytest.raises(CellRefused) as refused:
        rule_cells.with_cell(text, at, "credit", None)
    assert refused.value.params["may"] == "in_text"
    in_a_list = 'rules = [{ id = "a", when = {}, verdict = "review", zh = "a", en = "a" }]'
    assert '"b"' in rule_cells.with_cell(in_a_list, 0, "id", "b")
    with pytest.raises(Slip):
        rule_blocks.moved(in_a_list, 0, 0)


def test_a_text_that_is_wrong_has_cells_too() -> None:
    """The grid stands beside a text that is being written; what is no table is not shown as one."""
    [row] = rule_cells.rows(spots.read('[[rules]]\nid = 3\nwhen = 1\nverdict = "maybe"'))
    assert (row["id"], row["verdict"], row["reason"]) == (3, "maybe", None)
    text = '[[rules]]\nid = "a"\nverdict = "review"  # b\n'
    assert rule_cells.with_cell(text, 0, "kind", "other").endswith('# b\nwhen = { kind = "other" }\n')
    for text in ("rules = 1", "rules = [1]", ""):
        with pytest.raises(Slip):
            rule_cells.rows(spots.read(text))
