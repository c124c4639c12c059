"""What a command answers: one JSON value, and the same as lines for a person."""

from __future__ import annotations

import re
import unicodedata
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from core.domain.actors import Actor
from core.domain.lifecycle import ROLES

if TYPE_CHECKING:
    from core.domain.errors import Refusal
    from core.texts import Texts


@dataclass(frozen=True, slots=True)
class Answer:
    """`json(tx)` for `--json`, `lines(tx)` for people; `found`: refused or something wrong (exit code 1)."""

    json: Callable[[Texts], Any]
    lines: Callable[[Texts], Iterable[str]]
    found: bool = False


class Usage(Exception):
    """The arguments make no command: a key of the catalogs and its words. `form`: how it is written."""

    def __init__(self, key: str, *, form: str = "", **words: Any) -> None:
        super().__init__(key)
        self.key, self.form, self.words = key, form, words


Run = Callable[[Namespace], Answer]


class AddCommand(Protocol):
    """What a topic registers its commands with; the parser comes back for the command's own arguments."""

    def __call__(self, name: str, run: Run, sentence: str) -> ArgumentParser: ...


def refusal(error: Refusal) -> Answer:
    """A refusal as `{code, …, message}`, or as its sentence: a terminal has no pages and no buttons."""
    key = f"refusal_cli.{error.code}"
    return Answer(
        json=lambda tx: {**error.as_dict(), "message": tx.refusal(error, key)},
        lines=lambda tx: [tx.refusal(error, key)],
        found=True,
    )


def printable(text: str, keep: str = "") -> str:
    """`text` without what could steer a terminal or turn a line around: it may be a stranger's."""
    return "".join(
        "�" if unicodedata.category(char) in _STEERING and char not in keep else char for char in text
    )


# Control characters, direction marks and their like, halves of pairs, line and paragraph separators.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def columns(rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows as aligned lines; a Chinese character is two cells wide."""
    table = [[printable(str(cell)) for cell in row] for row in rows]
    if not table:
        return []
    widths = [max(_cells(row[place]) for row in table) for place in range(len(table[0]))]
    return [
        "  ".join(
            cell + " " * (width - _cells(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


MOST = 10_000_000


def person(text: str) -> Actor:
    """`ROLE:ID`. The system is no person; a guest, who has no id, is scoped by the order: `guest:ORDER`."""
    role, _, identifier = text.partition(":")
    if role == "guest" and identifier:
        return Actor("guest", order_no=identifier)
    try:
        if 0 < len(identifier) <= 100 and role != "system":
            return Actor(role, identifier)
    except ValueError:
        pass
    roles = ", ".join(role for role in ROLES if role != "system")
    raise Usage("cli.usage.person", value=text[:40], roles=roles)


def somebody(text: str) -> str:
    """The id of a person, whatever their role."""
    name = text.strip()
    if not 0 < len(name) <= 100 or printable(name) != name:
        raise Usage("cli.usage.somebody", value=printable(text[:40]))
    return name


def count(text: str) -> int:
    """An argument that is a whole number from 0 to `MOST`."""
    if not re.fullmatch("[0-9]{1,8}", text) or int(text) > MOST:
        raise Usage("cli.usage.count", value=text[:40], most=MOST)
    return int(text)


def minor(text: str) -> int:
    """A whole number of minor units: `int` alone would take `1_000`, blanks and full-width digits."""
    from core.domain.errors import AmountInvalid

    if not re.fullmatch("-?[0-9]{1,15}", text):
        raise AmountInvalid(text=text[:40])
    return int(text)


def instant(text: str) -> datetime:
    """ISO 8601; without a zone it is a time in Shanghai."""
    from core.domain.workdays import ZONE

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Usage("cli.usage.time", value=text[:40]) from None
    return at if at.tzinfo else at.replace(tzinfo=ZONE)
