"""R6.3: a whole history decided at once is every claim decided alone, laws of the house included."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.domain.eligibility import LAWS, assess, columns_of, verdict_of
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.policy import Policy
from core.domain.simulation import Outcome, simulate
from core.domain.table import VERDICTS
from core.domain.workdays import china
from tests.claims import POLICIES, STANDARD, claim, claims, paid, rule, shipped, tables, with_rules

MANY = st.lists(claims(), min_size=1, max_size=12)


def _single(rows: list[Facts], policy: Policy) -> list[tuple[str, str]]:
    return [verdict_of(facts, policy) for facts in rows]


def _bulk(outcome: Outcome) -> list[tuple[str, str]]:
    pairs = zip(outcome.verdict, outcome.rule, strict=True)
    return [(VERDICTS[verdict], outcome.rules[place]) for verdict, place in pairs]


@given(MANY, POLICIES)
@settings(max_examples=50)
def test_bulk_is_single_under_what_ships(rows: list[Facts], policy: Policy) -> None:
    """R6.4: verdict and rule of every row."""
    assert _bulk(simulate(History.of(rows), policy)) == _single(rows, policy)


@given(MANY, tables(), st.booleans(), st.integers(0, 10_000), st.integers(0, 200_000))
@settings(max_examples=60)
def test_bulk_is_single_under_any_table(
    rows: list[Facts], table: object, waived: bool, fee: int, limit: int
) -> None:
    """R6.4: whatever the rules, the fees and the limits."""
    policy = with_rules(
        *table,  # type: ignore[misc]
        balance=STANDARD.balance.model_copy(update={"fee_waived": waived}),
        limits=STANDARD.limits.model_copy(update={"second_approval_minor": limit}),
        fee_basis_points={**STANDARD.fee_basis_points, "not_delivered": fee},
    )
    outcome = simulate(History.of(rows), policy)
    assert _bulk(outcome) == [
        (found.verdict, found.rule) for found in (assess(f, policy, china()) for f in rows)
    ]
    assert sum(outcome.verdicts().values()) == sum(outcome.by_rule().values()) == len(rows)


@pytest.mark.torture
def test_ten_thousand_pairs_of_a_policy_and_a_claim() -> None:
    """R6.4: bulk is single is what a person would read off the table: the first rule whose tests all hold."""
    pairs: set[tuple[str, str]] = set()

    @given(
        st.lists(claims(), min_size=40, max_size=40),
        st.one_of(POLICIES, tables().map(lambda t: with_rules(*t))),
    )
    @settings(max_examples=1200, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def draw(rows: list[Facts], policy: Policy) -> None:
        outcome = simulate(History.of(rows), policy)
        for facts, told in zip(rows, _bulk(outcome), strict=True):
            assert verdict_of(facts, policy) == told
            columns = columns_of(facts, policy)
            first = next((rule for rule in policy.rules if not rule.misses(columns)), None)
            if told[1] not in LAWS:
                assert first is not None and (first.id, first.verdict) == (told[1], told[0])
            pairs.add((str(facts), str(policy.rules)))

    draw()
    assert len(pairs) >= 10_000, len(pairs)


@given(MANY)
@settings(max_examples=30)
def test_a_history_keeps_every_fact(rows: list[Facts]) -> None:
    """R6.4: any row can be explained from the columns alone."""
    history = History.of(rows)
    assert len(history) == len(rows)
    assert [history.facts(row) for row in range(len(rows))] == rows


def test_more_rules_than_bits_in_a_word() -> None:
    """A table of 150 rules: the first of them still wins, in whichever word it stands."""
    policy = with_rules(*(rule(f"r{n}", "reject", amount_minor=n) for n in range(1, 150)), rule("rest"))
    rows = [claim(paid(minor)) for minor in (1, 64, 65, 128, 129, 149, 150)]
    assert [pair[1] for pair in _bulk(simulate(History.of(rows), policy))] == [
        "r1", "r64", "r65", "r128", "r129", "r149", "rest",
    ]  # fmt: skip


def test_every_law_is_kept_in_bulk() -> None:
    """R4.8, R4.5, R4.6, invariant 13."""
    policy = with_rules(
        rule("costly", "approve", 10_000, kind="other"),
        rule("known", "approve", reason="not_as_described"),
        fee_basis_points=STANDARD.fee_basis_points,
    )
    rows = {
        "law.nothing_left": claim(paid(100, refundable_minor=0), requested_minor=100),
        "law.no_amount": claim(requested_minor=0),
        "law.above_remaining": claim(requested_minor=10_001),
        "law.nothing_after_fee": claim(kind="other", has_account=False),
        "law.no_rule": claim(reason="service_failed"),
        "law.negotiated": claim(escrow=True),
        "law.second_approval": claim(paid(100_001)),
    }
    assert set(rows) == set(LAWS)
    found = _bulk(simulate(History.of(list(rows.values())), policy))
    assert [name for _, name in found] == list(rows)
    assert found == _single(list(rows.values()), policy)


def test_what_moves_between_two_policies_is_counted_by_row() -> None:
    """R6.3: who wins and who loses."""
    rows = [
        claim(delivery="code_issued"),
        claim(delivery="redeemed"),
        claim(delivery="pending", completed_at=None),
    ]
    history = History.of(rows)
    before, after = simulate(history, STANDARD), simulate(history, shipped("strict"))
    assert before.moved(after).tolist() == [True, False, False]
    assert before.verdicts() == {"approve": 2, "review": 0, "reject": 1, "needs_evidence": 0}
    assert after.by_rule() == {"redeemed": 1, "not_delivered": 1, "faulty_unproven": 1}


def test_no_history_no_answer() -> None:
    outcome = simulate(History.of([]), STANDARD)
    assert outcome.verdicts() == dict.fromkeys(VERDICTS, 0)
    assert outcome.by_rule() == {}


def test_rows_that_no_array_settles_are_few(monkeypatch: object) -> None:
    """Speed: under the standard policy nothing has to be decided singly."""
    import core.domain.simulation as simulation

    def refuse(facts: Facts, policy: Policy) -> tuple[str, str]:
        raise AssertionError("decided singly")

    monkeypatch.setattr(simulation, "verdict_of", refuse)  # type: ignore[attr-defined]
    rows = [claim(paid(minor), paid(1, "wechat"), reason="other") for minor in (1, 2, 5, 10, 100)]
    assert simulate(History.of(rows), STANDARD).verdict.dtype == np.int8


def test_who_asked_in_time_is_in_time_in_bulk_too() -> None:
    """R1.3: the window counts to the day of the asking."""
    asked_at = claim().at
    late = claim(completed_at=asked_at - timedelta(days=7), at=asked_at + timedelta(days=3), reason="other")
    in_time = replace(late, asked_at=asked_at)
    found = _bulk(simulate(History.of([late, in_time]), STANDARD))
    assert found == _single([late, in_time], STANDARD)
    assert [rule for _, rule in found].count("too_late") == 1
