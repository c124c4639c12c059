"""Whole rules of a policy's text: added, taken out, moved. A rule is its lines and the comment lines right
above them; headings and blank lines between rules stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from core.domain import rule_cells, spots
from core.domain.errors import CellRefused
from core.domain.slips import Slip

_ORDER: Final = ("id", "when", "verdict", rule_cells.FEE, "zh", "en")


def fresh(raw: Mapping[str, Any], at: int, words: Mapping[str, str]) -> dict[str, Any]:
    """A rule to stand before the one at `at`: it asks for the same, so that one more condition makes it an
    exception; a person decides until something else is said. `words` by language.
    """
    row = rule_cells.rows(raw)[at]
    when = {name: deepcopy(row[name]) for name in rule_cells.used([row])}
    return {"id": _free(raw), "when": when, "verdict": "review", **words}


def _free(raw: Mapping[str, Any]) -> str:
    taken = {row["id"] for row in rule_cells.rows(raw)}
    number = 1
    while f"rule_{number}" in taken:
        number += 1
    return f"rule_{number}"


def with_rule(text: str, at: int, row: Mapping[str, Any]) -> str:
    """`text` with one more rule before the one at `at` (behind all at their number); `CellRefused` for a cell
    that may not be, a `Slip` where the rules of the text are no blocks.
    """
    raw = spots.read(text)
    taken = tuple(each["id"] for each in rule_cells.rows(raw))
    for column in rule_cells.CELLS:
        value = spots.value_at(row, rule_cells.path_in(column))
        rule_cells.check(str(row["id"]), column, value, taken)
    lines = [f"{name} = {spots.literal(row[name])}" for name in _ORDER if name in row]
    end = spots.line_end(text)
    block = end.join(["[[rules]]", *lines])
    wanted = deepcopy(dict(raw))
    wanted["rules"].insert(at, dict(row))
    known = blocks(text)
    if at < len(known):
        start = known[at][0]
        return spots.sure(f"{text[:start]}{block}{end}{end}{text[start:]}", wanted, ("rules", at))
    last = known[-1][1]
    return spots.sure(f"{text[:last]}{end}{end}{block}{text[last:] or end}", wanted, ("rules", at))


def without_rule(text: str, at: int) -> str:
    """`text` without this rule and the comments that are its own; `CellRefused` for the last one there is."""
    raw = spots.read(text)
    rows = rule_cells.rows(raw)
    if len(rows) == 1:
        raise CellRefused(rule=str(rows[0]["id"]), cell="id", value="", may="one_rule")
    wanted = deepcopy(dict(raw))
    del wanted["rules"][at]
    start, end = blocks(text)[at]
    before, after = text[:start], text[end:]
    blank = spots.line_end(text)
    after = after.removeprefix(blank)
    if after.startswith(blank) or not after:  # one blank line between what stays is enough
        after = after.removeprefix(blank)
        before = before if after else before.removesuffix(blank)
    return spots.sure(before + after, wanted, ("rules", at))


def moved(text: str, at: int, to: int) -> str:
    """`text` with the rule at `at` standing at `to`; a `Slip` where the rules of the text are no blocks."""
    raw = spots.read(text)
    known = blocks(text)
    if not (0 <= at < len(known) and 0 <= to < len(known)):
        raise Slip("unfit", f"rules.{at + 1}")
    order = list(range(len(known)))
    order.insert(to, order.pop(at))
    wanted = deepcopy(dict(raw))
    wanted["rules"] = [wanted["rules"][place] for place in order]
    parts, last = [], 0
    for (start, end), place in zip(known, order, strict=True):
        parts += [text[last:start], text[slice(*known[place])]]
        last = end
    return spots.sure("".join(parts) + text[last:], wanted, ("rules", at))


def blocks(text: str) -> list[tuple[int, int]]:
    """Where each rule begins, with comments right above it, and where its last line ends; a `Slip` where the
    rules of the text are no blocks.
    """
    raw, known, found = spots.read(text), spots.spots(text), []
    alone = {text.rfind("\n", 0, of) + 1 for of, _ in spots.comments(text) if _is_alone(text, of)}
    for number in range(len(rule_cells.rows(raw))):
        header = known.get(("rules", number))
        if header is None or not header.is_table:
            raise Slip("unfit", f"rules.{number + 1}")
        start = text.rfind("\n", 0, header.start_of_name) + 1
        while (above := text.rfind("\n", 0, start - 1) + 1) in alone and above < start:
            start = above
        last = max(each.end for of, each in known.items() if of[:2] == ("rules", number))
        end = text.find("\n", last)
        end = len(text) if end < 0 else end - (text[end - 1] == "\r")
        found.append((start, end))
    return found


def _is_alone(text: str, comment: int) -> bool:
    return not text[text.rfind("\n", 0, comment) + 1 : comment].strip()
