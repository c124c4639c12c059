"""An edit of an older version on the newer one: both changes are in it, or a person is asked (R6.3)."""

from __future__ import annotations

import pytest

from core.domain import policy, rule_blocks, rule_cells, spots
from core.domain.carry import BOTH, MINE, ORDER, THEIRS, carry
from tests import pinned

TEXT = pinned.TEXT
WORDS = {"zh": "请人看看。", "en": "A person looks."}


def at(text: str, rule: str) -> int:
    return [each["id"] for each in spots.read(text)["rules"]].index(rule)


def cell(text: str, rule: str, column: str, value: object) -> str:
    return rule_cells.with_cell(text, at(text, rule), column, value)


def added(text: str, before: str, name: str = "rule_1", verdict: str = "review") -> str:
    place = at(text, before)
    row = rule_blocks.fresh(spots.read(text), place, WORDS) | {"id": name, "verdict": verdict}
    return rule_blocks.with_rule(text, place, row)


def names(text: str) -> list[str]:
    return [each["id"] for each in spots.read(text)["rules"]]


def figure(text: str, line: str, other: str) -> str:
    assert f"\n{line}\n" in text
    return text.replace(f"\n{line}\n", f"\n{other}\n", 1)


LONGER = figure(TEXT, "membership = 15", "membership = 20")
CARDS = figure(TEXT, "game_card = 7", "game_card = 9")


def test_two_figures_of_one_section_are_both_there() -> None:
    for mine, theirs in ((LONGER, CARDS), (CARDS, LONGER)):
        found = carry(TEXT, mine, theirs)
        assert found.clashes == ()
        assert found.text == figure(LONGER, "game_card = 7", "game_card = 9")


def test_nothing_of_ones_own_is_the_newer_one_and_the_same_change_is_one() -> None:
    assert carry(TEXT, TEXT, LONGER).text == LONGER
    assert carry(TEXT, LONGER, LONGER).clashes == () and carry(TEXT, LONGER, TEXT).text == LONGER


def test_what_both_changed_is_asked_and_either_is_had() -> None:
    theirs = figure(TEXT, "membership = 15", "membership = 30")
    [clash] = carry(TEXT, LONGER, theirs).clashes
    assert (clash.place, clash.mine, clash.theirs) == (
        "window_days.membership", "membership = 20", "membership = 30",
    )  # fmt: skip
    assert carry(TEXT, LONGER, theirs, {clash.key: MINE}).text == LONGER
    assert carry(TEXT, LONGER, theirs, {clash.key: THEIRS}).text == theirs


def test_two_conditions_of_one_rule_are_both_there() -> None:
    """They stand on one line; the same condition is asked about."""
    mine = cell(TEXT, "not_delivered", "order_refund_minor", {"up_to": 8000})
    theirs = cell(TEXT, "not_delivered", "credit", {"at_least": 70})
    found = carry(TEXT, mine, theirs)
    assert found.clashes == ()
    assert found.text == cell(theirs, "not_delivered", "order_refund_minor", {"up_to": 8000})
    other = cell(TEXT, "not_delivered", "order_refund_minor", {"up_to": 9000})
    [clash] = carry(TEXT, mine, other).clashes
    assert clash.place == "rules.not_delivered" and "8000" in clash.mine and "9000" in clash.theirs


@pytest.mark.parametrize("is_mine", [True, False])
def test_a_rule_that_was_moved_keeps_what_the_other_changed_in_it(is_mine: bool) -> None:
    place = at(TEXT, "not_delivered")
    moved = rule_blocks.moved(TEXT, place, place + 2)
    changed = cell(TEXT, "not_delivered", "verdict", "review")
    found = carry(TEXT, moved, changed) if is_mine else carry(TEXT, changed, moved)
    assert found.clashes == ()
    assert spots.read(found.text) == spots.read(cell(moved, "not_delivered", "verdict", "review"))


def test_an_added_rule_stands_before_the_one_it_was_made_from() -> None:
    """Also where the other side put rules in and took one out, so that every place is another."""
    mine = added(TEXT, "redeemed")
    theirs = added(TEXT, names(TEXT)[0], "first")
    theirs = rule_blocks.without_rule(theirs, at(theirs, "not_delivered_large"))
    found = carry(TEXT, mine, theirs)
    wanted = names(theirs)
    wanted.insert(wanted.index("redeemed"), "rule_1")
    assert found.clashes == () and names(found.text) == wanted
    assert (
        spots.read(found.text)["rules"][at(found.text, "rule_1")]
        == spots.read(mine)["rules"][at(mine, "rule_1")]
    )


def test_two_rules_that_came_by_one_name_both_stay() -> None:
    mine, theirs = added(TEXT, "redeemed"), added(TEXT, "not_delivered", verdict="reject")
    found = carry(TEXT, mine, theirs)
    assert found.renamed == {"rule_1": "rule_2"} and found.clashes == ()
    assert names(found.text)[at(found.text, "redeemed") - 1] == "rule_2"
    assert names(found.text)[at(found.text, "not_delivered") - 1] == "rule_1"
    assert policy.load(found.text)


def test_taken_out_here_and_changed_there_is_asked() -> None:
    mine = rule_blocks.without_rule(TEXT, at(TEXT, "not_delivered"))
    theirs = cell(TEXT, "not_delivered", "credit", {"at_least": 70})
    [clash] = carry(TEXT, mine, theirs).clashes
    assert (clash.place, clash.mine) == ("rules.not_delivered", "") and "70" in clash.theirs
    assert "not_delivered" not in names(carry(TEXT, mine, theirs, {clash.key: MINE}).text)
    kept = carry(TEXT, mine, theirs, {clash.key: THEIRS}).text
    assert spots.read(kept) == spots.read(theirs)


def test_two_orders_of_the_rules_are_asked_about() -> None:
    place = at(TEXT, "not_delivered")
    mine, theirs = rule_blocks.moved(TEXT, place, place + 1), rule_blocks.moved(TEXT, place, place - 1)
    [clash] = carry(TEXT, mine, theirs).clashes
    assert clash.place == ORDER
    for choice, side in ((MINE, mine), (THEIRS, theirs)):
        assert names(carry(TEXT, mine, theirs, {clash.key: choice}).text) == names(side)


def test_comments_go_along_and_lines_end_as_the_newer_ones() -> None:
    mine = figure(TEXT, "membership = 15", "# why: asked for twice\nmembership = 15")
    found = carry(TEXT, mine, CARDS.replace("\n", "\r\n"))
    assert "# why: asked for twice\r\nmembership = 15\r\n" in found.text and found.clashes == ()
    assert "game_card = 9\r\n" in found.text


def test_a_text_with_a_mistake_is_carried_by_its_lines() -> None:
    mine = LONGER.replace("[[rules]]", "[[rules", 1)
    found = carry(TEXT, mine, CARDS)
    assert found.clashes == () and found.text == CARDS.replace("membership = 15", "membership = 20").replace(
        "[[rules]]", "[[rules", 1
    )


def test_lines_put_in_at_one_place_can_both_stay() -> None:
    mine, theirs = f"# mine\n{TEXT}", f"# theirs\n{TEXT}"
    [clash] = carry(TEXT, mine, theirs).clashes
    assert BOTH in clash.may
    assert carry(TEXT, mine, theirs, {clash.key: BOTH}).text.startswith("# mine\n# theirs\n")
