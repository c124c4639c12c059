"""R6.3: a fee moves what arrives and no verdict; in which direction, nothing else tells."""

from __future__ import annotations

import pytest

from core.domain.fee_changes import by_direction
from core.domain.policy import load
from core.domain.policy_changes import changes
from tests import pinned

WITHOUT = 'id = "paid_twice_large"'  # a rule about one reason, which has no fee of its own


@pytest.mark.parametrize(
    ("old", "new", "less", "more"),
    [
        ("other = 500", "other = 1000", ["fee_basis_points.other"], []),
        ("other = 500", "other = 0", [], ["fee_basis_points.other"]),
        ('not_delivered = "platform"', 'not_delivered = "customer"', ["fx_borne_by.not_delivered"], []),
        ("fee_waived = true", "fee_waived = false", ["balance.fee_waived"], []),
        (WITHOUT, f"{WITHOUT}\nfee_basis_points = 100", ["rules.paid_twice_large"], []),
        ("membership = 15", "membership = 20", [], []),
    ],
)
def test_a_fee_is_harder_or_kinder_by_its_direction(
    old: str, new: str, less: list[str], more: list[str]
) -> None:
    assert old in pinned.TEXT
    before, after = (load(text) for text in (pinned.TEXT, pinned.TEXT.replace(old, new, 1)))
    found = by_direction(changes(before, after), before, after)
    assert [[figure.place for figure in figures] for figures in found] == [less, more]


def test_a_fee_in_the_place_of_several_is_both() -> None:
    """The last rule takes every reason: some paid nothing so far, one paid more."""
    last = 'id = "to_a_person"'
    before, after = (
        load(text) for text in (pinned.TEXT, pinned.TEXT.replace(last, f"{last}\nfee_basis_points = 200"))
    )
    less, more = by_direction(changes(before, after), before, after)
    assert less == more and less[0].place == "rules.to_a_person"
