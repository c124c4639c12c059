"""Places of values in a policy's text: the right line, and a change that touches nothing else."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import spots
from core.domain.policy import SHIPPED, shipped
from core.domain.slips import Slip

ODD = '''# a comment = 1 [not a table]
name = "a # b = [c]"  # behind it
"quoted.name" = 'x # "y"'
dotted . inner = 1

[ spaced . "table" ]
list = [ 1, [2, 3], # two
  "]", { deep = true, "k k" = -4 } ] # end
text = """
[no] = "table"
\\""" still"""
raw = \'\'\'
# not a comment\'\'\'
at = 1979-05-27T07:32:00Z
[[rules]]
id = "one"
when = {}
[rules.extra]
x = 1.5
[[rules]]
id = "two"
when = { days_left = { below = 0 }, reason = ["a", "b"] }
'''


@pytest.mark.parametrize("text", [ODD, ODD.replace("\n", "\r\n"), *map(shipped, SHIPPED)])
def test_every_value_is_found_where_it_stands(text: str) -> None:
    """What `tomllib` reads of each place alone is what it reads there in the whole document."""
    raw, found = spots.read(text), spots.spots(text)
    leaves = dict(_leaves(raw, ()))
    assert {path for path in found if path in leaves} == set(leaves)
    for path, value in leaves.items():
        spot = found[path]
        assert tomllib.loads(f"k = {text[spot.start : spot.end]}", parse_float=spots.Decimal)["k"] == value, (
            path
        )
        assert spot.line == text[: spot.start].count("\n") + 1


def _leaves(value: object, path: spots.Path):  # type: ignore[no-untyped-def]
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    else:
        yield path, value


@given(
    st.sampled_from(sorted((p for p, _ in _leaves(spots.read(ODD), ())), key=str)),
    st.one_of(st.integers(-(10**12), 10**12), st.booleans(), st.text(), st.lists(st.integers(0, 9))),
)
def test_a_change_touches_its_own_value_only(path: spots.Path, value: object) -> None:
    after = spots.put(ODD, path, value)
    spot = spots.spots(ODD)[path]
    assert after.startswith(ODD[: spot.start]) and after.endswith(ODD[spot.end :])
    assert spots.value_at(spots.read(after), path) == value


def test_what_is_not_there_is_added_to_its_section_or_with_it() -> None:
    text = "[limits]  # ours\na = 1  # one\n\n[other]\nb = 2\n\n[[rules]]\nid = 'x'\n"
    added = spots.put(text, ("limits", "c"), 3)
    assert added == text.replace("# one\n", "# one\nc = 3\n")
    new = spots.put(text, ("balance", "waived"), True)
    assert new == text.replace("b = 2\n", "b = 2\n\n[balance]\nwaived = true\n")
    assert spots.put("[s]\na = 1", ("s", "b"), "x\x7f") == '[s]\na = 1\nb = "x\\u007f"\n'


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a = ", ("a",)),
        ("a = 1", ("a", "b")),
        ("a = { b.c = 1 }", ("a", "b", "d")),
        ("[[a]]\nb = 1", ("a", 0)),
    ],
)
def test_what_would_touch_more_is_refused(text: str, path: spots.Path) -> None:
    with pytest.raises(Slip):
        spots.put(text, path, 1)


def test_what_stands_in_braces_or_behind_dots_is_added_there() -> None:
    assert spots.put("a = { b = 1 } # c", ("a", "d"), {"e": [1]}) == "a = { b = 1, d = { e = [1] } } # c"
    assert spots.put("a = {}", ("a", "b"), "x") == 'a = { b = "x" }'
    dotted = "[[r]]\nw.a = 1\nz = 2\n[r.t]\nu = 3\n"
    assert spots.put(dotted, ("r", 0, "w", "b"), 4) == dotted.replace("w.a = 1\n", "w.a = 1\nw.b = 4\n")
    assert spots.put(dotted, ("r", 0, "y"), 5) == dotted.replace("z = 2\n", "z = 2\ny = 5\n")


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ("w = { a = 1, b = 2, c = 3 } # d", ("w", "b"), "w = { a = 1, c = 3 } # d"),
        ("w = { a = 1, b = 2 }", ("w", "a"), "w = { b = 2 }"),
        ("w = { a = 1 }", ("w", "a"), "w = {}"),
        ("[w]\na = 1  # why\nb = 2", ("w", "a"), "[w]\n# why\nb = 2"),
        ("a = [ # one\n 1, # two\n]\nb = 2\n", ("a",), "# one\n# two\nb = 2\n"),
    ],
)
def test_what_is_taken_out_leaves_the_rest_and_every_comment(text: str, path: spots.Path, after: str) -> None:
    assert spots.take(text, path) == after


def test_comments_inside_a_value_that_is_rewritten_stand_above_it() -> None:
    text = "x = 0\na = [ # one\n 1, # two\n] # three\n"
    assert spots.put(text, ("a",), [2]) == "x = 0\n# one\n# two\na = [2] # three\n"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("rules.two.when.days_left", "when = { days_left"),
        ("rules.2.days_left.below", "when = { days_left"),
        ("rules.two.verdict", "[[rules]]"),
        ("spaced.table.missing", "[ spaced"),
        ("dotted.inner", "dotted ."),
    ],
)
def test_the_line_of_a_place_or_of_what_it_would_stand_in(place: str, says: str) -> None:
    line = spots.line_of(ODD, place)
    assert line is not None and ODD.split("\n")[line - 1].startswith(says)
    if place.endswith("verdict"):
        assert ODD.split("\n")[line] == 'id = "two"'


def test_a_text_that_is_none_has_no_lines() -> None:
    assert spots.line_of("[", "a") is None and spots.line_of("a = 1", "b.c") is None
