"""docs/security.md names tests and files: each of them exists, and every requirement has an answer."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
# Requirements of levels 1 and 2 in each section of ASVS 5.0.0, by chapter.
ALL = {
    1: {1: range(1, 3), 2: range(1, 10), 3: range(1, 12), 4: range(1, 4), 5: range(1, 3)},
    2: {1: range(1, 4), 2: range(1, 4), 3: range(1, 5), 4: range(1, 2)},
    3: {2: range(1, 3), 3: range(1, 5), 4: range(1, 7), 5: range(1, 6), 7: range(1, 3)},
    4: {1: range(1, 4), 2: range(1, 2), 3: range(1, 3), 4: range(1, 5)},
    5: {1: range(1, 2), 2: range(1, 4), 3: range(1, 3), 4: range(1, 4)},
    6: {1: range(1, 4), 2: range(1, 13), 3: range(1, 5), 4: range(1, 5), 5: range(1, 6), 6: range(1, 4),
        8: range(1, 5)},
    7: {1: range(1, 4), 2: range(1, 5), 3: range(1, 3), 4: range(1, 6), 5: range(1, 3), 6: range(1, 3)},
    8: {1: range(1, 3), 2: range(1, 4), 3: range(1, 2), 4: range(1, 2)},
    9: {1: range(1, 4), 2: range(1, 5)},
    10: {1: range(1, 3), 2: range(1, 3), 3: range(1, 5), 4: range(1, 12), 5: range(1, 6), 6: range(1, 3),
         7: range(1, 4)},
    11: {1: range(1, 3), 2: range(1, 4), 3: range(1, 4), 4: range(1, 5), 5: range(1, 2), 6: range(1, 2)},
    12: {1: range(1, 4), 2: range(1, 3), 3: range(1, 5)},
    13: {1: range(1, 2), 2: range(1, 6), 3: range(1, 3), 4: range(1, 6)},
    14: {1: range(1, 3), 2: range(1, 5), 3: range(1, 4)},
    15: {1: range(1, 4), 2: range(1, 4), 3: range(1, 8)},
    16: {1: range(1, 2), 2: range(1, 6), 3: range(1, 5), 4: range(1, 4), 5: range(1, 4)},
    17: {1: range(1, 2), 2: range(1, 5), 3: range(1, 3)},
}  # fmt: skip


def answered() -> dict[str, str]:
    """Requirement → its answer; `4.3.1, 4.3.2` and `6.2.1–6.2.12` are several in a line."""
    found = {}
    for numbers, answer in re.findall(r"^\| ([\d.,– ]+) \| .*? \| (.+) \|$", PAGE, flags=re.MULTILINE):
        for part in numbers.split(", "):
            first, _, last = part.partition("–")
            chapter, section, begin = map(int, first.split("."))
            end = int(last.split(".")[2]) if last else begin
            found |= {f"{chapter}.{section}.{number}": answer for number in range(begin, end + 1)}
    return found


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 100
    for path, test in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not test or f"\ndef {test}(" in text, f"{path}::{test}"


def test_every_file_that_is_named_exists() -> None:
    for path in re.findall(r"`((?:core|portal|docs|pages)/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\(([\w/.-]+)(?:#[\w-]+)?\)", PAGE):
        assert (ROOT / "docs" / path).exists(), path


def test_every_requirement_has_an_answer() -> None:
    wanted = {
        f"{chapter}.{section}.{number}"
        for chapter, sections in ALL.items()
        for section, numbers in sections.items()
        for number in numbers
    }
    found = answered()
    assert wanted <= set(found), sorted(wanted - set(found))
    assert all(len(found[each]) > 2 for each in wanted)
