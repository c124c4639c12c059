"""Money moves by the hand of somebody who showed lately who they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain import proof
from core.domain.actors import Actor
from core.domain.errors import ProofNeeded
from core.domain.lifecycle import GRANTING

NOW = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


def test_what_grants_money_needs_it() -> None:
    """Of the staff's events; a customer's own yes is not theirs."""
    assert GRANTING - {"accept", "auto_approve"} <= proof.MONEY
    assert not proof.MONEY & {"reject", "ask", "escalate", "dispute"}


@pytest.mark.parametrize("event", sorted(proof.MONEY))
def test_an_hour_after_it_is_old(event: str) -> None:
    fresh = Actor("lead", "tang", proved_at=NOW - proof.LASTS + timedelta(seconds=1))
    proof.check(fresh, event, NOW)
    for proved_at in (NOW - proof.LASTS, proof.NEVER):
        with pytest.raises(ProofNeeded):
            proof.check(Actor("lead", "tang", proved_at=proved_at), event, NOW)


def test_a_form_asks_before_it_is_too_late() -> None:
    soon = Actor("lead", "tang", proved_at=NOW - proof.LASTS + proof.AHEAD)
    assert proof.is_due(soon, "approve", NOW) and not proof.is_needed(soon, "approve", NOW)
    assert not proof.is_due(soon, "approve", NOW - timedelta(seconds=1))
    assert not proof.is_due(soon, "reject", NOW)


def test_who_came_without_a_provider_has_nothing_to_show() -> None:
    proof.check(Actor("lead", "tang"), "approve", NOW)


def test_other_acts_and_other_people_need_none() -> None:
    proof.check(Actor("lead", "tang", proved_at=proof.NEVER), "reject", NOW)
    proof.check(Actor("customer", "mei", proved_at=proof.NEVER), "accept", NOW)


def test_it_makes_nobody_somebody_else() -> None:
    assert Actor("lead", "tang", proved_at=NOW) == Actor("lead", "tang")
    assert hash(Actor("lead", "tang", proved_at=NOW)) == hash(Actor("lead", "tang"))
