"""R4.8, invariants 1, 2, 4, 17 under real concurrency: processes, not threads, on both databases."""

from __future__ import annotations

import pytest

from tests.race import is_clean, race


def test_a_small_race(database_url: str) -> None:
    """Nothing refunded twice, no second open case, no error that is not a refusal; the books agree at
    any moment.
    """
    result = race(database_url, processes=3, actions=40, how_many=4)
    assert is_clean(result), result
    assert result["after"]["cases"].get("completed", 0) > 0, "a race in which nothing happens proves nothing"


@pytest.mark.torture
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_full_race(database_url: str, seed: int) -> None:
    """8 processes × 200 actions over 20 orders."""
    result = race(database_url, processes=8, actions=200, how_many=20, seed=seed)
    assert is_clean(result), result
