"""Where each value of a TOML document stands in its text: for the line of a mistake, and for changing one
value while comments and everything else stay as they were written.

`tomllib` forgets places and comments, so the text is walked once more here, along the same grammar; what
comes out of a change is read again by `tomllib` and is refused unless exactly that value differs.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from core.domain.slips import Slip

Path = tuple[str | int, ...]  # ("rules", 3, "when", "credit", "at_least")

_KEY: Final = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|("(?:[^"\\\n]|\\.)*"|'[^'\n]*'))[ \t]*""")
_STRING: Final = re.compile(
    r'"{3}(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BARE: Final = re.compile(r"[^\s,\]}#](?:[^,\]}#\n]*[^\s,\]}#])?")
_BLANK: Final = re.compile(r"(?:[\s]|#[^\n]*)*")
_HEADER: Final = re.compile(r"[ \t]*(\[\[?)")


@dataclass(frozen=True, slots=True)
class Spot:
    """`text[start:end]` is the value, or the name of a table; `line` counts from 1."""

    line: int
    start: int
    end: int


def read(text: str) -> dict[str, Any]:
    """The document as plain values; `tomllib.TOMLDecodeError`, `RecursionError`."""
    return tomllib.loads(text, parse_float=Decimal)


@lru_cache(maxsize=16)
def spots(text: str) -> Mapping[Path, Spot]:
    """Every table and every value of a document that `read` accepts, in their order in the text."""
    return dict(_Walk(text).document())


def line_of(text: str, place: str) -> int | None:
    """The line of a place such as `rules.too_late.when.days_left`, or of what it would stand in; rules go by
    their name or by their number from 1. None for a text that is no TOML, and where nothing of it is there.
    """
    try:
        raw, known = read(text), spots(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    path = path_of(raw, place)
    while path:
        if path in known:
            return known[path].line
        path = path[:-1]
    return None


def path_of(raw: Mapping[str, Any], place: str) -> Path:
    """The path of a place as people write it; a column of a rule may leave out `when`."""
    head, *rest = place.split(".")
    if head != "rules" or not rest or not isinstance(raw.get("rules"), list):
        return (head, *rest)
    rules = raw["rules"]
    names = [rule.get("id") if isinstance(rule, dict) else None for rule in rules]
    number = len(names)
    if rest[0] in names:
        number = names.index(rest[0])
    elif rest[0].isdecimal():
        number = int(rest[0]) - 1
    within = rest[1:]
    rule = rules[number] if 0 <= number < len(rules) else {}
    if within and isinstance(rule, dict) and within[0] not in rule and within[0] in (rule.get("when") or ()):
        within = ["when", *within]
    return ("rules", number, *within)


def place_of(raw: Mapping[str, Any], path: Path) -> str:
    """A path as people write it."""
    if path[0] == "rules" and len(path) > 1:
        assert isinstance(path[1], int)
        path = ("rules", raw["rules"][path[1]].get("id", path[1] + 1), *path[2:])
    return ".".join(map(str, path))


def value_at(raw: Any, path: Path) -> Any:
    """What stands there; None for nothing."""
    for part in path:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def put(text: str, path: Path, value: Any) -> str:
    """`text` with this one value at `path`, added to its section where there was none; a `Slip` where that
    cannot be done without touching more, and for a text that is no TOML.
    """
    place = ".".join(map(str, path))
    try:
        before = read(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise Slip("unfit", place) from None
    wanted = deepcopy(before)
    inner: Any = wanted
    for part in path[:-1]:
        inner = inner.setdefault(part, {}) if isinstance(inner, dict) else inner[part]
    if not isinstance(inner, dict | list):
        raise Slip("unfit", place)
    inner[path[-1]] = value  # type: ignore[index]
    after = _with(text, path, literal(value))
    try:
        is_done = read(after) == wanted
    except tomllib.TOMLDecodeError:
        is_done = False
    if not is_done:
        raise Slip("unfit", place)
    return after


def literal(value: Any) -> str:
    """A value as TOML has it: numbers, words, yes and no, lists of them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML wants it escaped
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, list | tuple) else str(value)


def _with(text: str, path: Path, written: str) -> str:
    known = spots(text)
    spot = known.get(path)
    if spot is not None:
        return text[: spot.start] + written + text[spot.end :]
    line, section = f"{path[-1]} = {written}\n", path[:-1]
    if section in known:
        after = max(spot.end for of, spot in known.items() if of[: len(section)] == section)
    else:  # behind the last section before the table
        after = max((spot.end for of, spot in known.items() if of[0] != "rules"), default=0)
        line = f"\n[{'.'.join(map(str, section))}]\n{line}"
    end = text.find("\n", after)
    return f"{text}\n{line}" if end < 0 else text[: end + 1] + line + text[end + 1 :]


class _Walk:
    """One way through a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", " \n")  # as long as before
        self.at = 0
        self.line, self.counted = 1, 0

    def document(self) -> Iterator[tuple[Path, Spot]]:
        table: Path = ()
        numbers: dict[Path, int] = {}
        self._skip()
        while self.at < len(self.text):
            if header := _HEADER.match(self.text, self.at):
                self.at = header.end()
                start, names = self.at, self._names()
                table = ()
                for place, name in enumerate(names):
                    table = (*table, name)
                    if place == len(names) - 1 and header[1] == "[[":
                        numbers[table] = numbers.get(table, -1) + 1
                    if table in numbers:
                        table = (*table, numbers[table])
                yield table, self._spot(start)
                self.at += len(header[1])
            else:
                yield from self._pair(table)
            self._skip()

    def _pair(self, table: Path) -> Iterator[tuple[Path, Spot]]:
        path = (*table, *self._names())
        self.at += 1  # =
        yield from self._value(path)

    def _value(self, path: Path) -> Iterator[tuple[Path, Spot]]:
        self._skip()
        start, opened = self.at, self.text[self.at]
        spot = Spot(self._line(start), start, start)
        inner: list[tuple[Path, Spot]] = []
        if opened in "[{":
            self.at += 1
            self._skip()
            number = 0
            while self.text[self.at] not in "]}":
                inner += self._value((*path, number)) if opened == "[" else self._pair(path)
                number += 1
                self._skip()
                if self.text[self.at] == ",":
                    self.at += 1
                    self._skip()
            self.at += 1
        else:
            form = _STRING if opened in "\"'" else _BARE
            found = form.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
        yield path, Spot(spot.line, start, self.at)
        yield from inner

    def _names(self) -> list[str]:
        names = []
        while True:
            found = _KEY.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            names.append(found[1] or str(tomllib.loads(f"k = {found[2]}")["k"]))
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _spot(self, start: int) -> Spot:
        return Spot(self._line(start), start, self.at)

    def _line(self, at: int) -> int:
        self.line += self.text.count("\n", self.counted, at)
        self.counted = at
        return self.line

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
