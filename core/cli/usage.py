"""What argparse says of wrong arguments, as keys of the catalogs: it knows English only."""

from __future__ import annotations

import re
from typing import Final

from core.cli.answer import Usage

_KEYS: Final = (
    (r"the following arguments are required: (?P<names>.+)", "cli.usage.required"),
    (r"one of the arguments (?P<names>.+) is required", "cli.usage.one_of"),
    (r"unrecognized arguments: (?P<words>.+)", "cli.usage.unknown"),
    (
        r"argument (?P<name>.+): invalid choice: (?P<value>.+) \(choose from (?P<allowed>.+)\)",
        "cli.usage.choice",
    ),
    (r"argument (?P<name>.+): not allowed with argument (?P<other>.+)", "cli.usage.not_together"),
    (r"argument (?P<name>.+): expected (?:one|at least one) argument", "cli.usage.value_missing"),
)


def understood(problem: str, form: str) -> Usage:
    """`problem` as argparse words it; `form`: how the command is written."""
    for expression, key in _KEYS:
        found = re.fullmatch(expression, problem, re.DOTALL)
        if found is not None:
            words = {name: word.replace("'", "") for name, word in found.groupdict().items()}
            return Usage(key, form=form, **words)
    return Usage("cli.usage.other", form=form, problem=problem)
