"""A channel is left alone after failures in a row, longer each time, and never for long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain.circuit import MOST_FAILURES, PAUSES, Circuit, failed

NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


def after(failures: int, now: datetime = NOW) -> Circuit:
    found: Circuit | None = None
    for _ in range(failures):
        found = failed(found, "no_answer", now)
    assert found is not None
    return found


def test_it_opens_with_the_fifth_failure_in_a_row() -> None:
    assert after(MOST_FAILURES - 1).state(NOW) == "closed"
    assert after(MOST_FAILURES).state(NOW) == "open"


def test_when_the_pause_is_over_the_next_call_decides() -> None:
    circuit = after(MOST_FAILURES)
    assert circuit.state(NOW + PAUSES[0] - timedelta(microseconds=1)) == "open"
    assert circuit.state(NOW + PAUSES[0]) == "half_open"


def test_pauses_grow_and_end() -> None:
    paused = [after(count).next_at for count in range(MOST_FAILURES, MOST_FAILURES + 8)]
    found = [until - NOW for until in paused if until is not None]
    assert found == [*PAUSES, *[PAUSES[-1]] * 3]


def test_it_remembers_since_when_and_why() -> None:
    first = failed(None, "no_answer", NOW)
    second = failed(first, "misconfigured", NOW + timedelta(minutes=1))
    assert (second.failures, second.since, second.cause) == (2, NOW, "misconfigured")
