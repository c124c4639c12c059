"""Where the tables, values and comments of a TOML document stand in its text.

`tomllib` forgets places and comments, so the text is walked once more here, along the same grammar.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Path = tuple[str | int, ...]  # ("rules", 3, "when", "credit", "at_least")

_KEY: Final = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|("(?:[^"\\\n]|\\.)*"|'[^'\n]*'))[ \t]*""")
_STRING: Final = re.compile(
    r'"{3}(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BARE: Final = re.compile(r"[^\s,\]}#](?:[^,\]}#\n]*[^\s,\]}#])?")
_BLANK: Final = re.compile(r"(?:[\s]|#[^\n]*)*")
_COMMENT: Final = re.compile(r"#[^\n]*")
_HEADER: Final = re.compile(r"[ \t]*(\[\[?)")


@dataclass(frozen=True, slots=True)
class Spot:
    """`text[start:end]` is the value, or the name of a table; `line` counts from 1. `start_of_name`: where
    what names it begins, a table's bracket; of an item in a list, the item.
    """

    line: int
    start: int
    end: int
    start_of_name: int
    is_table: bool = False


def spots(text: str) -> Mapping[Path, Spot]:
    """Every table and every value of a document that `tomllib` accepts, in their order in the text."""
    return _walked(text)[0]


def comments(text: str) -> tuple[tuple[int, int], ...]:
    """Where each comment begins, and where its line ends."""
    return _walked(text)[1]


@lru_cache(maxsize=16)
def _walked(text: str) -> tuple[Mapping[Path, Spot], tuple[tuple[int, int], ...]]:
    walk = _Walk(text)
    return dict(walk.document()), tuple(walk.comments)


class _Walk:
    """One way through a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", " \n")  # as long as before
        self.at = 0
        self.line, self.counted = 1, 0
        self.comments: list[tuple[int, int]] = []

    def document(self) -> Iterator[tuple[Path, Spot]]:
        table: Path = ()
        numbers: dict[Path, int] = {}
        self._skip()
        while self.at < len(self.text):
            if header := _HEADER.match(self.text, self.at):
                bracket, self.at = header.start(1), header.end()
                start, names = self.at, self._names()
                table = ()
                for place, name in enumerate(names):
                    table = (*table, name)
                    if place == len(names) - 1 and header[1] == "[[":
                        numbers[table] = numbers.get(table, -1) + 1
                    if table in numbers:
                        table = (*table, numbers[table])
                yield table, Spot(self._line(start), start, self.at, bracket, True)
                self.at += len(header[1])
            else:
                yield from self._pair(table)
            self._skip()

    def _pair(self, table: Path) -> Iterator[tuple[Path, Spot]]:
        name = self.at
        path = (*table, *self._names())
        self.at += 1  # =
        yield from self._value(path, name)

    def _value(self, path: Path, name: int | None = None) -> Iterator[tuple[Path, Spot]]:
        self._skip()
        start, opened = self.at, self.text[self.at]
        line = self._line(start)
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
        yield path, Spot(line, start, self.at, start if name is None else name)
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

    def _line(self, at: int) -> int:
        self.line += self.text.count("\n", self.counted, at)
        self.counted = at
        return self.line

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        assert found is not None
        self.comments += [each.span() for each in _COMMENT.finditer(self.text, self.at, found.end())]
        self.at = found.end()
