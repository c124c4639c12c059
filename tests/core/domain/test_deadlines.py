"""Invariants 8 and 16: every state that is not final has a clock or a name, and clocks count working days."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain import policy
from core.domain.deadlines import BY_WORKING_DAYS, due, escalated
from core.domain.lifecycle import CASE
from core.domain.workdays import china, local_date
from tests import pinned

FRIDAY = datetime(2026, 9, 4, 6, 0, tzinfo=UTC)
POLICY = pinned.POLICY


@pytest.mark.parametrize("state", sorted(set(CASE.states) - {"screening"}))
def test_somebody_acts(state: str) -> None:
    """`screening` is left in the transaction that enters it."""
    next_due = due(state, POLICY, china(), FRIDAY)
    acts = next_due.owner is not None or (next_due.at is not None and next_due.action is not None)
    assert acts != CASE.is_final(state)


@pytest.mark.parametrize("state", sorted(BY_WORKING_DAYS))
def test_what_the_clock_does_is_in_the_table(state: str) -> None:
    """A deadline names an event that the system may cause there."""
    assert BY_WORKING_DAYS[state][1] in CASE.allowed(state, "system")


def test_working_days_of_the_policy() -> None:
    """R3.3: three working days from a Friday end on Wednesday night."""
    at = due("awaiting_customer", POLICY, china(), FRIDAY).at
    assert at is not None and str(local_date(at)) == "2026-09-09"


def test_talks_have_a_date_and_a_name() -> None:
    """Invariant 8, R4.5: finance settles it, and until when is the policy's figure."""
    talks = due("negotiating", POLICY, china(), FRIDAY)
    assert (talks.owner, talks.action) == ("finance", "escalate")
    assert talks.at is not None and str(local_date(talks.at)) == "2026-09-11"


@pytest.mark.parametrize(("least", "day"), [(0, "2026-09-07"), (1, "2026-09-07"), (2, "2026-09-08")])
def test_what_is_late_gets_a_name_and_a_new_date(least: int, day: str) -> None:
    """R3.2: the shortest review there is, never today: that would be due again at once."""
    days = POLICY.working_days.model_copy(update={"review_least": least})
    new = escalated(POLICY.model_copy(update={"working_days": days}), china(), FRIDAY)
    assert new.at is not None and str(local_date(new.at)) == day
    assert (new.action, new.owner) == ("escalate", "lead")


VECTORS = Path(__file__).parent / "deadlines.csv"
STANDARD = policy.load(policy.shipped("standard"))
STATES = {
    "review": "in_review",
    "answer": "awaiting_customer",
    "appeal": "rejected",
    "appeal_review": "in_appeal",
    "arbitration": "in_arbitration",
    "talks": "negotiating",
    "draft": "draft",
}


def deadline(kind: str, working_days: int, start: datetime) -> datetime | None:
    """By the standard policy as it ships, wherever the kind is one of its deadlines."""
    if kind == "days":
        return china().deadline(start, working_days).at
    if kind == "escalated":
        return escalated(STANDARD, china(), start).at
    if kind.startswith("arrival:"):
        _, most = STANDARD.eta_working_days[kind.removeprefix("arrival:")]
        return china().deadline(start, most).at
    return due(STATES[kind], STANDARD, china(), start).at


def compared() -> Iterator[tuple[int, str, bool]]:
    """Every line of the vectors: its number, what stands there, and whether we find the same."""
    with VECTORS.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            start, last = (datetime.fromisoformat(row[name]) for name in ("start", "last_second"))
            is_provisional = row["provisional"] == "yes"
            if is_provisional and last.year <= china().published_through:
                continue  # published since the list was written; a forecast proves nothing any more
            agrees = china().is_provisional(local_date(last)) == is_provisional
            for same in (start, start.astimezone()):  # the same moment on the server's own clock
                found = deadline(row["kind"], int(row["working_days"]), same)
                agrees = agrees and found == last
            yield number, ",".join(row.values()), agrees


def test_five_hundred_deadlines_agree_with_a_count_by_hand() -> None:
    """R3.2–R3.6, R4.1: see `deadlines_by_hand`, which shares nothing with the code."""
    lines = list(compared())
    assert len(lines) >= 500
    assert [(number, line) for number, line, agrees in lines if not agrees] == []


def test_the_vectors_are_what_the_count_by_hand_writes() -> None:
    """Nobody mended a line to please the code."""
    command = [sys.executable, "-m", "tests.core.domain.deadlines_by_hand"]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert written == VECTORS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("zone", "offset"), [("America/New_York", -5), ("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)]
)
def test_the_servers_zone_changes_no_deadline(zone: str, offset: int) -> None:
    """New York, and both sides of the date line."""
    code = (
        "import time; from tests.core.domain.test_deadlines import compared; lines = list(compared());"
        "print(-time.timezone // 3600, len(lines), [line for line in lines if not line[2]])"
    )
    environment = {**os.environ, "TZ": zone}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found, count, *wrong = done.stdout.split(maxsplit=2)
    assert (int(found), wrong) == (offset, ["[]\n"]) and int(count) >= 500
