"""What is left of a payment for a refund that was made elsewhere: what whoever books it has to know first.

The refund is a fact and can always be booked; what must not happen is that nobody was told. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Room:
    """A payment in minor units of `currency`, and the refund of `taken_minor` that would be booked on it.
    `outside_minor`: refunded elsewhere before. `running`: (case, amount) of each payout on its way.
    """

    paid_minor: int
    refunded_minor: int
    outside_minor: int
    under_way_minor: int
    taken_minor: int
    currency: str
    running: tuple[tuple[str, int], ...] = ()

    @property
    def back_minor(self) -> int:
        """What the customer has had of it, this refund included."""
        return self.refunded_minor + self.outside_minor + self.taken_minor

    @property
    def left_minor(self) -> int:
        """What can be refunded yet before this one is booked."""
        gone = self.refunded_minor + self.outside_minor + self.under_way_minor
        return max(0, self.paid_minor - gone)

    @property
    def says(self) -> str:
        """What to tell, the first that holds; '' where there is nothing to tell."""
        return next((name for name, holds in _SAYS if holds(self)), "")

    @property
    def is_beyond(self) -> bool:
        return self.says in BEYOND


_SAYS: Final[tuple[tuple[str, Callable[[Room], bool]], ...]] = (
    ("beyond", lambda it: it.back_minor > it.paid_minor),  # more has gone back than was paid
    (
        "stop",
        lambda it: it.back_minor + it.under_way_minor > it.paid_minor,
    ),  # it will, unless that is stopped
    ("same", lambda it: any(minor == it.taken_minor for _, minor in it.running)),  # perhaps one and the same
)
BEYOND: Final = ("beyond", "stop")
SAYS: Final = tuple(name for name, _ in _SAYS)
