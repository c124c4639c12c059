"""What a customer is told: a decision for every step there is."""

from __future__ import annotations

from core.domain.lifecycle import CASE
from core.domain.notices import AFTER, FOR_THE_SHOP, KINDS


def test_every_step_of_the_lifecycle_has_a_notice_or_says_that_it_has_none():
    """R5.8: a new row of the lifecycle table needs a row here."""
    assert set(AFTER) == {(row.source, row.event) for row in CASE.rows}


def test_only_steps_that_change_nothing_for_the_customer_are_silent():
    silent = {step for step, kind in AFTER.items() if kind is None}
    quiet = ("endorse", "transfer")  # of a transfer the arrival is told
    assert all(event in quiet or "draft" in (state, CASE.step(state, event)) for state, event in silent)


def test_what_ends_a_case_is_told_unless_it_was_never_sent():
    for row in CASE.rows:
        if CASE.is_final(row.target) and row.source != "draft":
            assert AFTER[row.source, row.event]


def test_what_waits_for_people_goes_to_the_shop_as_well():
    """Whoever has to act next hears of it: everything that leads to people of the shop."""
    to_people = {"in_review", "in_arbitration", "in_appeal", "negotiating"}
    to_customers = ("counter", "remind")  # talks go on, and it is their turn
    kinds = {
        AFTER[row.source, row.event]
        for row in CASE.rows
        if row.target in to_people and row.event not in to_customers
    }
    assert kinds - {None} <= FOR_THE_SHOP <= set(KINDS)
