"""Which orders are in a share: always the same, as many as said, and the smaller share within the larger."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.trials import in_share

ORDERS = [f"SO2026110{number:05d}" for number in range(20_000)]


def test_a_share_is_as_large_as_it_says() -> None:
    for percent in (1, 5, 20, 50):
        found = sum(in_share("a secret", order, percent) for order in ORDERS)
        assert abs(found / len(ORDERS) - percent / 100) < 0.012, (percent, found)


def test_another_trial_takes_other_orders() -> None:
    both = sum(in_share("one", order, 50) and in_share("other", order, 50) for order in ORDERS)
    assert abs(both / len(ORDERS) - 0.25) < 0.02


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.integers(1, 50), st.integers(1, 50))
def test_it_stays_the_same_and_grows(secret: str, order_no: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert in_share(secret, order_no, low) == in_share(secret, order_no, low)
    assert in_share(secret, order_no, high) or not in_share(secret, order_no, low)
