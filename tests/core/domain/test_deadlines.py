"""Invariant 8: every state that is not final has a clock or a name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

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


@pytest.mark.parametrize(("least", "day"), [(0, "2026-09-07"), (1, "2026-09-07"), (2, "2026-09-08")])
def test_what_is_late_gets_a_name_and_a_new_date(least: int, day: str) -> None:
    """R3.2: the shortest review there is, never today: that would be due again at once."""
    days = POLICY.working_days.model_copy(update={"review_least": least})
    new = escalated(POLICY.model_copy(update={"working_days": days}), china(), FRIDAY)
    assert new.at is not None and str(local_date(new.at)) == day
    assert (new.action, new.owner) == ("escalate", "lead")
