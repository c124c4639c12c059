"""Where each value of a TOML document stands in its text: for the line of a mistake, and for changing one
value while comments and everything else stay as they were written.

What comes out of a change is read again by `tomllib` and is refused unless exactly that value differs. How
the text is walked: `toml_walk`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from core.domain.slips import Slip
from core.domain.toml_walk import Path, Spot, comments, spots

__all__ = [
    "Path", "Spot", "comments", "line_end", "line_of", "literal", "path_of", "place_of", "put", "read",
    "spots", "sure", "take", "value_at",
]  # fmt: skip

_BARE_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


@lru_cache(maxsize=16)
def read(text: str) -> Mapping[str, Any]:
    """The document as plain values; `tomllib.TOMLDecodeError`, `RecursionError`. Read once and shared by all
    who ask: who changes something of it copies it first.
    """
    return tomllib.loads(text, parse_float=Decimal)


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
    wanted = _copy(text, path)
    inner: Any = wanted
    for part in path[:-1]:
        inner = inner.setdefault(part, {}) if isinstance(inner, dict) else inner[part]
    if not isinstance(inner, dict | list):
        raise Slip("unfit", _written(path))
    inner[path[-1]] = value  # type: ignore[index]
    return sure(_with(text, path, literal(value)), wanted, path)


def take(text: str, path: Path) -> str:
    """`text` without the value at `path` and its name; a `Slip` where that cannot be done without touching
    more. Comments beside it stay.
    """
    wanted = _copy(text, path)
    del value_at(wanted, path[:-1])[path[-1]]
    return sure(_without(text, path), wanted, path)


def sure(after: str, wanted: Any, path: Path) -> str:
    """`after`, if it says what is `wanted` and nothing else; a `Slip` otherwise."""
    try:
        if read(after) == wanted:
            return after
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    raise Slip("unfit", _written(path))


def _copy(text: str, path: Path) -> dict[str, Any]:
    try:
        return deepcopy(dict(read(text)))
    except (tomllib.TOMLDecodeError, RecursionError):
        raise Slip("unfit", _written(path)) from None


def _written(path: Path) -> str:
    return ".".join(map(str, path))


def literal(value: Any) -> str:
    """A value as TOML has it: numbers, words, yes and no, lists and inline tables of them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML wants it escaped
    if isinstance(value, Mapping):
        pairs = ", ".join(_pair(name, literal(inner)) for name, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, list | tuple) else str(value)


def _pair(name: str, written: str) -> str:
    return f"{name if _BARE_NAME.fullmatch(name) else literal(name)} = {written}"


def _with(text: str, path: Path, written: str) -> str:
    known = spots(text)
    spot, section, name = known.get(path), path[:-1], str(path[-1])
    if spot is not None:
        return _swapped(text, spot.start, spot.end, written)
    home = known.get(section)
    if home is not None and not home.is_table:  # { … }
        inside = [each.end for of, each in known.items() if of[: len(section)] == section and of != section]
        if not inside:
            return _swapped(text, home.start, home.end, f"{{ {_pair(name, written)} }}")
        return f"{text[: max(inside)]}, {_pair(name, written)}{text[max(inside) :]}"
    line, end = _pair(name, written), line_end(text)
    if home is None and any(of[: len(section)] == section for of in known):  # when.reason = "…"
        tables = [of for of, each in known.items() if each.is_table and of == section[: len(of)]]
        table = max(tables, key=len, default=())
        line = ".".join(map(str, section[len(table) :])) + "." + line
    elif home is None:  # behind the last section before the table
        after = max((spot.end for of, spot in known.items() if of[0] != "rules"), default=0)
        return _below(text, after, f"{end}[{_written(section)}]{end}{line}{end}")
    deeper = [of for of, each in known.items() if each.is_table and len(of) > len(section)]
    own = [
        each.end
        for of, each in known.items()
        if of[: len(section)] == section and not any(of[: len(table)] == table for table in deeper)
    ]
    return _below(text, max(own), line + end)


def _below(text: str, after: int, lines: str) -> str:
    end = text.find("\n", after)
    return f"{text}{line_end(text)}{lines}" if end < 0 else text[: end + 1] + lines + text[end + 1 :]


def _without(text: str, path: Path) -> str:
    known = spots(text)
    spot, home = known.get(path), known.get(path[:-1])
    if spot is None or spot.is_table:
        return text
    if home is not None and not home.is_table:
        row = [each for of, each in known.items() if of[:-1] == path[:-1]]
        place = row.index(spot)
        if place:
            return _swapped(text, row[place - 1].end, spot.end, "")
        if len(row) > 1:
            return _swapped(text, spot.start_of_name, row[1].start_of_name, "")
        return _swapped(text, home.start + 1, home.end - 1, "")
    if home is None and len([of for of in known if of[: len(path) - 1] == path[:-1]]) == 1:
        table = max((of for of, each in known.items() if each.is_table and of == path[: len(of)]), key=len)
        return _swapped(text, spot.start_of_name, spot.end, _written(path[len(table) : -1]) + " = {}")
    begin = text.rfind("\n", 0, spot.start_of_name) + 1
    end = text.find("\n", spot.end)
    end = len(text) if end < 0 else end + 1
    kept = "".join(f"{each}{line_end(text)}" for each in _comments_in(text, begin, end))
    return text[:begin] + kept + text[end:]


def _swapped(text: str, start: int, end: int, written: str) -> str:
    """`written` in place of `text[start:end]`; comments that stood between its values stand above it."""
    begin = text.rfind("\n", 0, start) + 1
    kept = "".join(f"{each}{line_end(text)}" for each in _comments_in(text, start, end))
    return text[:begin] + kept + text[begin:start] + written + text[end:]


def _comments_in(text: str, start: int, end: int) -> list[str]:
    return [text[of:to].rstrip() for of, to in comments(text) if start <= of < end]


def line_end(text: str) -> str:
    """As the document ends its lines."""
    return "\r\n" if "\r\n" in text else "\n"
