"""R4.6, R4.8, invariant 15: amounts sum to the minor unit, and no payment gives more than is left of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.breakdown import Breakdown, parts, shares
from core.domain.facts import Tender
from core.domain.money import share
from tests.claims import paid

LEFT = st.lists(st.integers(1, 10**9), min_size=1, max_size=5)
POINTS = st.one_of(st.sampled_from([0, 1, 500, 9_999, 10_000]), st.integers(0, 10_000))


def _tenders(left: list[int]) -> list[Tender]:
    return [paid(minor, payment_id=number) for number, minor in enumerate(left)]


def test_a_breakdown_that_does_not_sum_cannot_be_made() -> None:
    """R4.6: paid − already − kept = approved; approved − fee − exchange loss = refund."""
    good = {"paid": 100, "already": 10, "kept": 20, "approved": 70, "fee": 5, "fx": 3, "refund": 62}
    terms = {"fee_basis_points": 500, "fx_borne_by": "customer", "fee_of": 70}
    assert Breakdown(**good, **terms).refund == 62
    for name in good:
        with pytest.raises(ValueError, match="does not sum"):
            Breakdown(**{**good, name: good[name] + 1}, **terms)


@given(LEFT, st.booleans(), st.data())
def test_shares_sum_and_none_exceeds_what_is_left(
    left: list[int], in_order: bool, data: st.DataObject
) -> None:
    """R4.3, R4.8."""
    amount = data.draw(st.integers(1, sum(left)))
    found = shares(_tenders(left), amount, in_order=in_order)
    assert sum(found) == amount
    assert all(0 <= part <= most for part, most in zip(found, left, strict=True))


def test_in_order_fills_the_first_before_the_second() -> None:
    assert shares(_tenders([500, 500, 500]), 700, in_order=True) == (500, 200, 0)


def test_more_than_is_left_is_not_shared() -> None:
    """R4.8: not even by a fen, and not by one payment alone."""
    for left in ([100], [60, 40]):
        for in_order in (False, True):
            with pytest.raises(ValueError, match="more than is left"):
                shares(_tenders(left), 101, in_order=in_order)


@given(LEFT, POINTS, st.lists(st.booleans(), min_size=5, max_size=5), st.booleans(), st.booleans(), st.data())
def test_the_fee_is_rounded_once_and_every_part_sums(
    amounts: list[int],
    points: int,
    stays: list[bool],
    balance_is_free: bool,
    customer_bears_fx: bool,
    data: st.DataObject,
) -> None:
    """R4.6: one fee on all that is liable to it, losses only where the customer bears them."""
    losses = data.draw(st.lists(st.integers(-10_000, 10_000), min_size=len(amounts), max_size=len(amounts)))
    reserved = [
        (paid(minor, payment_id=number, fx_loss_bp=loss), minor, here)
        for number, (minor, loss, here) in enumerate(zip(amounts, losses, stays, strict=False))
    ]
    found = parts(reserved, points, customer_bears_fx=customer_bears_fx, balance_is_free=balance_is_free)
    liable = sum(minor for _, minor, here in reserved if not (here and balance_is_free))
    assert sum(part.fee for part in found) == share(liable, points)
    for part in found:
        assert part.amount + part.fee + part.fx == part.reserved
        assert 0 <= part.amount <= part.reserved
        assert part.fee == 0 or not (part.stays and balance_is_free)
        assert part.fx == 0 or (customer_bears_fx and not part.stays and part.tender.fx_loss_bp > 0)


@given(st.one_of(LEFT, st.lists(st.integers(1, 12), min_size=2, max_size=4)), st.integers(0, 9_000))
def test_no_channel_is_asked_to_send_nothing(amounts: list[int], points: int) -> None:
    """R4.3: a fee is taken where there is something to take it from."""
    reserved = [(tender, tender.refundable_minor, False) for tender in _tenders(amounts)]
    found = parts(reserved, points, customer_bears_fx=True, balance_is_free=True)
    if share(sum(amounts), points) <= sum(amounts) - len(amounts):
        assert all(part.amount > 0 for part in found)


def test_five_percent_of_fifty_fen_are_three() -> None:
    """R4.6: half up."""
    (part,) = parts([(paid(50), 50, False)], 500, customer_bears_fx=False, balance_is_free=True)
    assert (part.fee, part.amount) == (3, 47)


def test_the_loss_is_of_what_is_sent_and_a_gain_is_nobodys() -> None:
    """R4.6: 1.2 % of ¥95.00, not of ¥100.00; and nobody gets back more than was paid."""
    for loss, fx in ((120, 114), (-120, 0), (10_000, 9_499), (0, 0)):
        tender = paid(10_000, fx_loss_bp=loss)
        (part,) = parts([(tender, 10_000, False)], 500, customer_bears_fx=True, balance_is_free=True)
        assert (part.fee, part.fx) == (500, fx)
