"""R6.3: what a policy costs: the money of each request alone, bounds where nobody looked, intervals."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import effects, sweep
from core.domain.effects import Seen, compare, effect
from core.domain.errors import PolicyInvalid, SweepInvalid
from core.domain.facts import Facts
from core.domain.history import History
from core.domain.policy import Policy, load, shipped
from core.domain.routes import ways
from core.domain.simulation import simulate
from core.domain.spans import Span
from tests.claims import FAULTY, POLICIES, STANDARD, claim, claims, paid, rule, with_rules

MANY = st.lists(claims(), min_size=1, max_size=12)
TEXT = shipped("standard")


def of(rows: list[Facts], policy: Policy = STANDARD, seen: Seen | None = None) -> effects.Effect:
    history = History.of(rows)
    return effect(history, policy, simulate(history, policy), seen or Seen.nothing(len(rows)))


@given(
    MANY,
    st.one_of(POLICIES, st.just(with_rules(rule("all", "approve")))),
    st.booleans(),
    st.integers(0, 10_000),
)
@settings(max_examples=120)
def test_money_in_bulk_is_what_each_request_would_be_paid(
    rows: list[Facts], policy: Policy, waived: bool, fee: int
) -> None:
    """R4.6, invariant 15: refund, fee and exchange loss of every row that is approved."""
    policy = policy.model_copy(
        update={
            "balance": policy.balance.model_copy(update={"fee_waived": waived}),
            "fee_basis_points": {reason: fee for reason in policy.fee_basis_points},
        }
    )
    history = History.of(rows)
    outcome = simulate(history, policy)
    found = effect(history, policy, outcome, Seen.nothing(len(rows)))
    for row in np.flatnonzero(found.verdict == effects.APPROVE):
        rate = int(outcome.fee[row])
        breakdown = ways(rows[row], policy, fee_basis_points=rate)[0].breakdown
        assert (found.refund[row], found.fee[row]) == (breakdown.refund, breakdown.fee)
    assert (found.refund >= 0).all() and (found.refund_least <= found.refund).all()
    assert (found.refund[found.verdict == effects.REJECT] == 0).all()


def test_money_that_goes_no_plain_way_is_planned_alone() -> None:
    """Free of a fee as balance; a closed account; an exchange loss that its customer bears."""
    rows = [
        claim(paid(1_000, "balance"), reason="other"),
        claim(paid(1_000, is_open=False), reason="other"),
        claim(paid(1_000, fx_loss_bp=200), reason="other"),
        claim(paid(1_000, fx_loss_bp=200), reason="not_delivered"),
        claim(paid(1_000), paid(500, "wechat"), reason="other", requested_minor=900),
    ]
    found = of(rows, with_rules(rule("all", "approve")))
    assert found.fee.tolist() == [0, 0, 50, 0, 45]
    assert found.refund.tolist() == [1_000, 1_000, 931, 1_000, 855]


def test_what_nobody_looked_at_is_a_range_and_no_guess() -> None:
    """Approved at once then, sent to people now: nothing to all. Decided by people: what they granted."""
    looked, not_looked = (claim(paid(10_000), kind="game_card") for _ in range(2))
    policy = with_rules(rule("people"))
    seen = Seen(np.array([True, False]), np.array([4_000, 0]))
    found = of([looked, not_looked], policy, seen)
    assert found.sure.tolist() == [True, False] and found.people.tolist() == [1, 1]
    assert (found.refund_least.tolist(), found.refund.tolist()) == ([4_000, 0], [4_000, 10_000])


def test_two_people_where_the_law_wants_two() -> None:
    limit = STANDARD.limits.second_approval_minor
    rows = [claim(paid(limit)), claim(paid(limit + 1)), claim(escrow=True)]
    assert of(rows, with_rules(rule("all", "approve"))).people.tolist() == [0, 2, 2]
    asks = of(rows[:2], with_rules(rule("asks", "needs_evidence")))
    assert (asks.people.tolist(), asks.people_most.tolist()) == ([0, 0], [1, 2])


def test_the_same_people_make_no_difference() -> None:
    """Both policies send it to people: unknown twice, and yet the difference is known to be none."""
    rows = [claim(paid(10_000)), claim(paid(5_000))]
    before, after = of(rows, with_rules(rule("a"))), of(rows, with_rules(rule("b")))
    found = compare(History.of(rows), before, after)
    change = found.refund["CNY"]
    assert (change.before.least, change.before.most) == (0, 15_000) and found.unknown == (2, 2)
    assert change.difference == Span(0, 0, 0, 0)
    at_once = of(rows, with_rules(rule("c", "approve")))
    change = compare(History.of(rows), before, at_once).refund["CNY"]
    assert (change.difference.least, change.difference.most) == (0, 15_000)


def test_intervals_are_those_of_drawing_rows_again() -> None:
    """Against the plain bootstrap; the same each time."""
    rng = np.random.default_rng(7)
    rows = [claim(paid(int(minor))) for minor in rng.integers(100, 9_000, 300)]
    history = History.of(rows)
    none, every = of(rows, with_rules(rule("no", "reject"))), of(rows, with_rules(rule("yes", "approve")))
    found = compare(history, none, every)
    assert found == compare(history, none, every) and found.draws == 1_000
    span = found.refund["CNY"].difference
    plain = [rng.choice(history.requested_minor, 300).sum() for _ in range(4_000)]
    low, high = np.percentile(plain, [2.5, 97.5])
    width = high - low
    assert abs(span.low - low) < 0.1 * width and abs(span.high - high) < 0.1 * width
    assert span.least == span.most == history.requested_minor.sum()


def test_currencies_are_never_added_up() -> None:
    rows = [claim(paid(100)), claim(paid(200)), claim(paid(300), currency="USD")]
    found = compare(
        History.of(rows),
        of(rows, with_rules(rule("n", "reject"))),
        of(rows, with_rules(rule("y", "approve"))),
    )
    assert {name: change.after.least for name, change in found.refund.items()} == {"CNY": 300, "USD": 300}
    assert list(found.refund) == ["CNY", "USD"]


@pytest.mark.parametrize("by", effects.BREAKDOWNS)
def test_a_breakdown_adds_up(by: str) -> None:
    rows = [
        claim(paid(100), credit=59), claim(paid(200), credit=60, kind="membership"),
        claim(paid(400, "wechat"), reason="other", has_account=False), claim(paid(800), credit=100),
    ]  # fmt: skip
    history = History.of(rows)
    before, after = of(rows, with_rules(rule("n", "reject"))), of(rows, with_rules(rule("y", "approve")))
    hour = 3_600_000_000
    done = (history.at + hour, history.at + np.array([0, 0, 0, 8 * hour]))
    found = effects.groups(history, before, after, by, done)
    assert all(group.waits[0] == timedelta(hours=1) for group in found)
    assert sum((group.waits[1] * group.rows for group in found), timedelta()) == timedelta(hours=8)
    assert sum(group.rows for group in found) == sum(group.moved for group in found) == 4
    assert sum(group.after[0] for group in found) == int(after.refund.sum())
    if by == "credit":
        assert {group.name for group in found} == {"guest", "from_0", "from_60", "from_100"}


def test_winners_and_losers_by_verdict_and_by_money() -> None:
    rows = [claim(paid(100)), claim(paid(900), delivery="redeemed"), claim(paid(500), kind="membership")]
    history = History.of(rows)
    before = of(rows, with_rules(rule("r", "reject", delivery="redeemed"), rule("y", "approve", 500)))
    after = of(rows, with_rules(rule("m", "review", kind="membership"), rule("y", "approve", 0)))
    won, lost = effects.gainers(history, before, after)
    assert (won.tolist(), lost.tolist()) == ([1, 0], [2])
    assert effects.flows(before, after) == {
        ("approve", "approve"): 1, ("reject", "approve"): 1, ("approve", "review"): 1,
    }  # fmt: skip


def test_less_money_is_worse_though_people_are_still_asked() -> None:
    """A fee alone: nobody's answer changes, and whoever is approved gets less; the refused lose nothing."""
    rows = [claim(paid(10_000)), claim(paid(2_000)), claim(paid(500), delivery="redeemed")]
    history = History.of(rows)
    small = rule("small", "approve", order_refund_minor={"up_to": 2_000})
    rules = (rule("no", "reject", delivery="redeemed"), small)
    cheap, dear = (with_rules(*rules, rule("people", fee=fee)) for fee in (500, 1_000))
    before, after = of(rows, cheap), of(rows, dear)
    won, lost = effects.gainers(history, before, after)
    assert (won.tolist(), lost.tolist()) == ([], [0])
    assert effects.only_if_approved(before, after).tolist() == [True, False, False]
    less, more = effects.paid(history, before, after)
    assert (less.rows.tolist(), less.minor) == ([0], {"CNY": 500}) and not more.minor
    less, more = effects.paid(history, after, before)
    assert (more.rows.tolist(), more.minor) == ([0], {"CNY": 500}) and not less.minor


def test_what_people_granted_is_no_fee() -> None:
    """Decided by people for less than was asked; approved at once it would be another amount, by no fee."""
    rows = [claim(paid(10_000))]
    seen = Seen(np.array([True]), np.array([4_000]))
    looked, at_once = (of(rows, with_rules(each), seen) for each in (rule("p"), rule("a", "approve")))
    assert effects.arriving(looked, at_once).tolist() == [0]


def test_nothing_costs_nothing() -> None:
    found = of([])
    assert compare(History.of([]), found, found).people.after == Span(0, 0, 0, 0)
    assert effects.groups(History.of([]), found, found, "kind", (found.people, found.people)) == ()


def test_a_sweep_is_each_policy_alone() -> None:
    """R6.3: a point is what the text with that value costs; the value that stands there is among them."""
    rows = [claim(paid(minor), evidence=FAULTY) for minor in (1_000, 3_000, 9_000)]
    history, seen = History.of(rows), Seen.nothing(3)
    path = sweep.spots.path_of(sweep.spots.read(TEXT), "rules.faulty_small.order_refund_minor.up_to")
    found = sweep.sweep(history, seen, TEXT, path, sweep.values(500, 9_500, 4_500))
    assert [(point.value, point.refund["CNY"], point.people, point.moved) for point in found] == [
        (500, (0, 13_000), (3, 3), 1),
        (2_000, (1_000, 13_000), (2, 2), 0),
        (5_000, (4_000, 13_000), (1, 1), 1),
        (9_500, (13_000, 13_000), (0, 0), 2),
    ]
    assert [point.value for point in found if point.is_current] == [2_000]


@pytest.mark.parametrize(
    ("place", "span"),
    [
        ("name", (1, 2, 1)),
        ("limits.nothing", (1, 2, 1)),
        ("balance.fee_waived", (0, 1, 1)),
        ("delivery.counts_from", (1, 2, 1)),
        ("window_days.other", (1, 2, 0)),
        ("window_days.other", (2, 1, 1)),
        ("window_days.other", (0, 61, 1)),
        ("rules.nobody.credit", (1, 2, 1)),
    ],
)
def test_what_has_no_curve_is_refused(place: str, span: tuple[int, int, int]) -> None:
    history = History.of([claim()])
    path = sweep.spots.path_of(sweep.spots.read(TEXT), place)
    with pytest.raises(SweepInvalid):
        sweep.sweep(history, Seen.nothing(1), TEXT, path, sweep.values(*span))
    with pytest.raises(PolicyInvalid):
        sweep.sweep(history, Seen.nothing(1), TEXT, ("window_days", "other"), (4_000,))
    assert load(TEXT)
