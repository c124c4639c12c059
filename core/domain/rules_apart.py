"""In what the rules of two policies differ as they are written: which came, went, or test and say otherwise.
What orders they answer otherwise is `policy_changes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.table import Rule, Test


@dataclass(frozen=True, slots=True)
class Apart:
    """A rule is the same by its name. `tests`: rule, column and what it asked before and asks now, None for
    nothing; `verdicts`: rule, before, after; `worded`: rules that only speak to the customer otherwise.
    """

    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    tests: tuple[tuple[str, str, Test | None, Test | None], ...]
    verdicts: tuple[tuple[str, str, str], ...]
    worded: tuple[str, ...]
    is_reordered: bool


def apart(before: Sequence[Rule], after: Sequence[Rule]) -> Apart:
    was, now = ({rule.id: rule for rule in rules} for rules in (before, after))
    both = [(was[name], now[name]) for name in now if name in was]
    tests = tuple(
        (new.id, column, dict(old.tests).get(column), dict(new.tests).get(column))
        for old, new in both
        for column in dict.fromkeys(column for column, _ in (*old.tests, *new.tests))
        if dict(old.tests).get(column) != dict(new.tests).get(column)
    )
    verdicts = tuple((new.id, old.verdict, new.verdict) for old, new in both if old.verdict != new.verdict)
    moved = {name for name, *_ in (*tests, *verdicts)}
    return Apart(
        tuple(rule for rule in after if rule.id not in was),
        tuple(rule for rule in before if rule.id not in now),
        tests,
        verdicts,
        tuple(new.id for old, new in both if old.words != new.words and new.id not in moved),
        [name for name in was if name in now] != [name for name in now if name in was],
    )
