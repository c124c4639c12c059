"""One slip at a time in the lifecycle tables: does a test of what the services do notice it?

    python -m tests.core.domain.mutate_lifecycle                      every slip, some twenty minutes
    python -m tests.core.domain.mutate_lifecycle --sample 8           eight of them, always the same
    python -m tests.core.domain.mutate_lifecycle case:paying+complete those of the named rows

prints one line a slip and exits 1 when nobody noticed one. `test_lifecycle` is not asked: it has a copy of
the tables and would notice anything. No file is changed: the slip is made inside the process of the tests.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from core.domain import lifecycle
from core.domain.lifecycle import MACHINES, ROLES, Machine, Row

ROOT = Path(__file__).parents[3]
SERVICES = "tests/core/services"
# Those that stop at their first red test soonest come first.
NOTICING = {
    "case": (
        "test_rights.py",
        "test_decisions.py",
        "test_offers.py",
        "test_negotiations.py",
        "test_suggestions.py",
        "test_credit.py",
        "test_cases.py",
        "test_payouts.py",
    ),
    "payout": ("test_payouts.py",),
}
SECONDS = 300  # a slip may make a loop; whoever hangs has noticed
PASSED, FAILED, BROKEN = 0, 1, 2  # pytest's own exit codes; 2: not even collected


@dataclass(frozen=True, slots=True)
class Slip:
    """A table with one row changed; `name` is `machine:source+event:kind`."""

    name: str
    machine: Machine


def slips(machines: Iterable[Machine] = MACHINES) -> Iterator[Slip]:
    """Each row dropped and aimed elsewhere; of the cases', also closed to one role and open to one more.

    Only cases ask the table for roles: the steps of a payout are the worker's, whoever stands in its row.
    """
    for machine in machines:
        for place, row in enumerate(machine.rows):
            changed = {"dropped": (), "aimed": (_aimed(machine, row),)}
            if machine.name == "case":
                changed |= {"closed": (replace(row, roles=row.roles[1:]),), "opened": (_opened(row),)}
            for kind, rows in changed.items():
                table = (*machine.rows[:place], *rows, *machine.rows[place + 1 :])
                name = f"{machine.name}:{row.source}+{row.event}:{kind}"
                yield Slip(name, replace(machine, rows=table))


def _aimed(machine: Machine, row: Row) -> Row:
    """At the state that stands next in the table."""
    place = machine.states.index(row.target) + 1
    return replace(row, target=machine.states[place % len(machine.states)])


def _opened(row: Row) -> Row:
    """To the role that stands next to those who may."""
    after = (ROLES[(ROLES.index(role) + 1) % len(ROLES)] for role in reversed(row.roles))
    return replace(row, roles=(*row.roles, next(role for role in after if role not in row.roles)))


def is_noticed(slip: Slip | None, machine: str) -> bool:
    """Whether one of the tests is red with this slip (None: with the table as it is)."""
    files = [f"{SERVICES}/{name}" for name in NOTICING[machine]]
    command = [
        sys.executable,
        "-m",
        "tests.core.domain.mutate_lifecycle",
        "--within",
        slip.name if slip else "",
    ]
    try:
        done = subprocess.run(
            [*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (PASSED, FAILED, BROKEN):
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode != PASSED


def unnoticed(chosen: Iterable[Slip]) -> Iterator[tuple[Slip, bool]]:
    """Each slip with whether nobody noticed it. The tests have to be green to begin with."""
    chosen = list(chosen)
    for machine in dict.fromkeys(slip.machine.name for slip in chosen):
        if is_noticed(None, machine):
            raise RuntimeError(f"{NOTICING[machine]}: red without any slip")
    for slip in chosen:
        yield slip, not is_noticed(slip, slip.machine.name)


def within(name: str, files: list[str]) -> int:
    """Run the tests in this process, with the slip in the table before anybody has read it."""
    import pytest

    for slip in slips():
        if slip.name == name:
            setattr(lifecycle, slip.machine.name.upper(), slip.machine)
            lifecycle.MACHINES = (lifecycle.CASE, lifecycle.PAYOUT)
    quick = "not postgres and not torture"
    return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", quick, *files])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rows", nargs="*", help="machine:source+event")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--within", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.within is not None:
        return within(asked.within, asked.rows)
    chosen = [slip for slip in slips() if not asked.rows or slip.name.rpartition(":")[0] in asked.rows]
    if asked.sample:
        chosen = Random(1).sample(chosen, asked.sample)
    missed = 0
    for slip, passed in unnoticed(chosen):
        missed += passed
        print("NOBODY NOTICED" if passed else "noticed       ", slip.name, flush=True)
    print(f"{len(chosen)} slips, {missed} unnoticed")
    return 1 if missed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
