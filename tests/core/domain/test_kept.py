"""Fee and exchange loss of many rows at once are what the first way of each says (R4.6, invariant 15)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.synthetic import synthetic
from core.domain import kept as bulk
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.kept import kept
from core.domain.policy import Policy
from core.domain.routes import ways
from core.domain.simulation import Money, simulate
from tests.claims import POLICIES, STANDARD, claim, claims, paid

MANY = st.lists(claims(), min_size=1, max_size=8)


def told(rows: list[Facts], policy: Policy, amounts: list[int], rates: list[int]) -> list[tuple[int, int]]:
    history = History.of(rows)
    money = Money(history, policy)
    fee, fx = kept(history, policy, money, np.array(amounts), np.array(rates))
    return list(zip(fee.tolist(), fx.tolist(), strict=True))


def one_by_one(facts: Facts, policy: Policy, amount: int, rate: int) -> tuple[int, int]:
    found = ways(facts, policy, approved=amount, fee_basis_points=rate)
    return (found[0].breakdown.fee, found[0].breakdown.fx) if found else (amount, 0)


@given(MANY, POLICIES, st.booleans(), st.data())
@settings(max_examples=400)
def test_as_each_is_planned_alone(
    rows: list[Facts], policy: Policy, waived: bool, data: st.DataObject
) -> None:
    """Any part of what is left, at any rate, also where nobody would approve it."""
    policy = policy.model_copy(update={"balance": policy.balance.model_copy(update={"fee_waived": waived})})
    rows = [facts for facts in rows if facts.refundable_minor > 0]
    amounts = [data.draw(st.integers(1, facts.refundable_minor)) for facts in rows]
    rates = [data.draw(st.sampled_from((0, 1, 499, 500, 1_700, 10_000))) for _ in rows]
    if rows:
        expected = map(one_by_one, rows, [policy] * len(rows), amounts, rates)
        assert told(rows, policy, amounts, rates) == list(expected)


WAYS = {
    "two that simply go back": claim(paid(700), paid(500, "wechat")),
    "part of it from the balance": claim(paid(700), paid(500, "balance")),
    "one account closed, the rest stays here": claim(paid(700), paid(501, "wechat", is_open=False)),
    "both closed, all stays here": claim(paid(700, is_open=False), paid(500, "wechat", is_open=False)),
    "a guest's closed account: talks": claim(paid(700, is_open=False), has_account=False),
    "a third party holds it": claim(paid(700), paid(500, "wechat"), escrow=True),
    "a third party holds it, with balance": claim(paid(700), paid(500, "balance"), escrow=True),
    "a loss on one": claim(paid(700, fx_loss_bp=155), paid(500, "wechat", is_open=False)),
    "a loss on two": claim(paid(700, fx_loss_bp=155), paid(500, "wechat", fx_loss_bp=90)),
    "a gain": claim(paid(700, fx_loss_bp=-155)),
    "more went back than was paid": claim(paid(700), paid(500, "wechat", refundable_minor=-100)),
    "a payment that is gone": claim(paid(700, refundable_minor=0), paid(500, "wechat")),
}


@pytest.mark.parametrize("waived", [True, False])
@pytest.mark.parametrize("named", WAYS)
def test_every_form_of_an_order(named: str, waived: bool) -> None:
    policy = STANDARD.model_copy(
        update={"balance": STANDARD.balance.model_copy(update={"fee_waived": waived})}
    )
    facts = replace(WAYS[named], reason="other")  # where the customer bears an exchange loss
    left = facts.refundable_minor
    for amount in (1, left // 3, left - 1, left):
        for rate in (0, 500, 1_666, 10_000):
            expected = one_by_one(facts, policy, amount, rate)
            assert told([facts], policy, [amount], [rate]) == [expected], (amount, rate)


def test_few_are_planned_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a million rows quick: at the shipped rates not one in a hundred."""
    history, alone = synthetic(5_000), []
    monkeypatch.setattr(bulk, "ways", lambda *a, **k: alone.append(1) or ways(*a, **k))
    money = Money(history, STANDARD)
    amount = np.clip(history.requested_minor, 0, np.maximum(money.refundable, 0))
    kept(history, STANDARD, money, amount, simulate(history, STANDARD).fee)
    assert 0 < len(alone) < 50
