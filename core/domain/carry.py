"""An edit of an older version carried over onto the newer one: three texts, of which two were made from the
first. Rules are the same by their name, whatever place they stand at; inside them, and in the sections, lines
are the places, and in the conditions of a rule each column. Comments go along.

What both changed is a `Clash`, for a person to decide: nothing is taken from one side silently.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from core.domain import rule_blocks, spots
from core.domain.slips import Slip

MINE: Final = "mine"
THEIRS: Final = "theirs"
BOTH: Final = "both"
ORDER: Final = "order"  # the place of a clash about the order of the rules
_NAME: Final = re.compile(r"\s*([\w.-]+)\s*=")
_SECTION: Final = re.compile(r"\s*\[+\s*([\w.-]+)\s*\]+")
_HEAD: Final = ""  # what stands before the first rule
Edit = tuple[int, int, tuple[str, ...]]  # lines of the base from, to, and what stands there instead


@dataclass(frozen=True, slots=True)
class Clash:
    """Both changed this `place`: `rules.too_late`, `window_days.membership`, `order`; empty: somewhere in the
    text. What either made of it; empty: took it out. `may`: what a person may choose.
    """

    key: str
    place: str
    mine: str
    theirs: str
    may: tuple[str, ...] = (MINE, THEIRS)


@dataclass(frozen=True, slots=True)
class Carried:
    """`text`: on the newer version, with what was chosen, and one's own where nothing was. `renamed`: rules
    that both added under one name, and their names now.
    """

    text: str
    clashes: tuple[Clash, ...]
    renamed: Mapping[str, str]


@dataclass
class _Merge:
    chosen: Mapping[str, str]
    clashes: list[Clash] = field(default_factory=list)

    def ask(self, place: str, mine: str, theirs: str, may: tuple[str, ...] = (MINE, THEIRS)) -> str:
        key = f"{place}#{sum(each.place == place for each in self.clashes)}"
        self.clashes.append(Clash(key, place, mine.strip("\n"), theirs.strip("\n"), may))
        choice = self.chosen.get(key, MINE)
        return choice if choice in may else MINE

    def lines(self, base: str, mine: str, theirs: str, place: str) -> str:
        """Three texts line by line; `place` is what they are of."""
        if mine in (base, theirs) or theirs == base:
            return theirs if mine == base else mine
        old = base.split("\n")
        ours, other = _edits(old, mine.split("\n")), _edits(old, theirs.split("\n"))
        made: list[str] = []
        at = 0
        for start, end, of_mine, of_theirs in _together(ours, other):
            made += old[at:start]
            made += self._one(old, (start, end), of_mine, of_theirs, place)
            at = end
        return "\n".join([*made, *old[at:]])

    def _one(
        self, old: list[str], span: tuple[int, int], mine: list[Edit], theirs: list[Edit], place: str
    ) -> Sequence[str]:
        ours, other = _applied(old, span, mine), _applied(old, span, theirs)
        if not theirs or ours == other:
            return ours
        if not mine:
            return other
        was = old[slice(*span)]
        if len(was) == len(ours) == len(other) == 1:
            found = _cells(was[0], ours[0], other[0])
            if found is not None:
                return [found]
        may = (MINE, THEIRS) if was else (MINE, THEIRS, BOTH)
        where = place or _place(old, span[0], [*was, *ours, *other])
        choice = self.ask(where, "\n".join(ours), "\n".join(other), may)
        return {MINE: ours, THEIRS: other, BOTH: [*ours, *other]}[choice]

    def order(self, base: list[str], mine: list[str], theirs: list[str], kept: set[str]) -> list[str]:
        """The names of the rules in their order; what one side added stands before what it was put before."""
        common = [name for name in base if name in kept and name in mine and name in theirs]
        ours, other = ([name for name in side if name in common] for side in (mine, theirs))
        first, second = (theirs, mine) if ours in (common, other) else (mine, theirs)
        if common not in (ours, other) and ours != other:
            listed = ("\n".join(ours), "\n".join(other))
            first, second = (mine, theirs) if self.ask(ORDER, *listed) == MINE else (theirs, mine)
        found = [name for name in first if name in kept]
        for place in reversed(range(len(second))):
            name = second[place]
            if name in kept and name not in found:
                after = next((each for each in second[place + 1 :] if each in found), None)
                found.insert(len(found) if after is None else found.index(after), name)
        return found


def carry(base: str, mine: str, theirs: str, chosen: Mapping[str, str] | None = None) -> Carried:
    """`mine`, an edit of `base`, as an edit of `theirs`. `chosen`: by the key of a clash, whose it is."""
    merge = _Merge(chosen or {})
    end = spots.line_end(theirs)
    base, mine, theirs = (text.replace("\r\n", "\n") for text in (base, mine, theirs))
    renamed: dict[str, str] = {}
    try:
        old, ours, other = map(_blocks, (base, mine, theirs))
    except (Slip, ValueError, RecursionError, KeyError, TypeError):  # no rules, or none that are blocks
        made = merge.lines(base, mine, theirs, "")
    else:
        made = _ruled(merge, old, ours, other, renamed)
    return Carried(made.replace("\n", end), tuple(merge.clashes), renamed)


def _ruled(
    merge: _Merge, old: dict[str, str], mine: dict[str, str], theirs: dict[str, str], renamed: dict[str, str]
) -> str:
    for name in [name for name in mine if name in theirs and name not in old]:
        if mine[name] != theirs[name]:  # two rules that came by one name: both stay
            renamed[name] = _free(name, {*old, *mine, *theirs, *renamed.values()})
    mine = {renamed.get(name, name): _named(text, name, renamed) for name, text in mine.items()}
    made = {_HEAD: merge.lines(old[_HEAD], mine[_HEAD], theirs[_HEAD], "")}
    for name in {**old, **theirs, **mine}:
        if name == _HEAD:
            continue
        was, ours, other = old.get(name), mine.get(name), theirs.get(name)
        found = ours if other == was else other
        if was is not None and ours is not None and other is not None:
            found = merge.lines(was, ours, other, f"rules.{name}")
        elif ours != was and other != was and ours != other:  # one took it out, the other changed it
            choice = merge.ask(f"rules.{name}", ours or "", other or "")
            found = ours if choice == MINE else other
        if found is not None:
            made[name] = found
    kept = set(made) - {_HEAD}
    first, second, third = ([name for name in side if name] for side in (old, mine, theirs))
    order = merge.order(first, second, third, kept)
    return "\n\n".join([made[_HEAD].rstrip("\n"), *(made[name] for name in order)]) + "\n"


def _blocks(text: str) -> dict[str, str]:
    """What stands before the rules, and each rule by its name, with the headings behind it."""
    raw = spots.read(text)
    names = [rule["id"] for rule in raw["rules"]]
    if len(set(names)) < len(names) or not all(isinstance(name, str) and name for name in names):
        raise Slip("rule_shape", "rules")
    starts = [start for start, _ in rule_blocks.blocks(text)]
    ends = [*starts[1:], len(text)]
    return {_HEAD: text[: starts[0]]} | {
        name: text[start:end].strip("\n") for name, start, end in zip(names, starts, ends, strict=True)
    }


def _free(name: str, taken: set[str]) -> str:
    stem = name.rstrip("0123456789").rstrip("_") or name
    number = 2
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def _named(text: str, name: str, renamed: Mapping[str, str]) -> str:
    return spots.put(text, ("rules", 0, "id"), renamed[name]) if name in renamed else text


def _edits(old: list[str], new: list[str]) -> list[Edit]:
    """What was done to the lines; where each of several is another value of the same name, one by one."""
    found: list[Edit] = []
    for tag, start, end, of, to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = list(zip(old[start:end], new[of:to], strict=False))
        if end - start == to - of and all(_name(was) and _name(was) == _name(now) for was, now in pairs):
            found += [(start + n, start + n + 1, (now,)) for n, (_, now) in enumerate(pairs)]
        else:
            found.append((start, end, tuple(new[of:to])))
    return found


def _name(line: str) -> str:
    found = _NAME.match(line)
    return found[1] if found else ""


def _together(mine: list[Edit], theirs: list[Edit]) -> Iterator[tuple[int, int, list[Edit], list[Edit]]]:
    """Edits of both sides in the order of the lines, those that meet in one."""
    rest = sorted([(edit, 0) for edit in mine] + [(edit, 1) for edit in theirs], key=lambda each: each[0][:2])
    while rest:
        (first, side), *rest = rest
        start, end = first[:2]
        sides: tuple[list[Edit], list[Edit]] = ([], [])
        sides[side].append(first)
        while rest and _meet(start, end, rest[0][0]):
            (edit, of), *rest = rest
            end = max(end, edit[1])
            sides[of].append(edit)
        yield start, end, *sides


def _meet(start: int, end: int, edit: Edit) -> bool:
    if start == end:  # lines that were put in meet others at the very place
        return edit[0] == edit[1] == start
    return edit[0] < end


def _applied(old: list[str], span: tuple[int, int], edits: list[Edit]) -> list[str]:
    made: list[str] = []
    at = span[0]
    for start, end, new in edits:
        made += [*old[at:start], *new]
        at = end
    return [*made, *old[at : span[1]]]


def _cells(base: str, mine: str, theirs: str) -> str | None:
    """A line of several values, `when = { … }`, of which each side changed others; None: the same ones."""
    try:
        was, ours, other = (_table(line) for line in (base, mine, theirs))
        name = next(iter(was))
        if not (list(was) == list(ours) == list(other) == [name]):
            return None
        for cell in {**was[name], **ours[name]}:
            old, new, now = (each[name].get(cell) for each in (was, ours, other))
            if new in (old, now):
                continue
            if now != old:
                return None
            path = (name, cell)
            theirs = spots.take(theirs, path) if new is None else spots.put(theirs, path, new)
    except (tomllib.TOMLDecodeError, RecursionError, Slip, StopIteration, AttributeError, TypeError):
        return None
    return theirs


def _table(line: str) -> dict[str, Any]:
    return dict(spots.read(line))


def _place(old: list[str], at: int, lines: list[str]) -> str:
    """`section.name` of what both changed, as far as one line says it."""
    name = next(filter(None, map(_name, lines)), "")
    sections = [found[1] for line in old[:at] if (found := _SECTION.match(line))]
    return ".".join(filter(None, [sections[-1] if sections else "", name]))
