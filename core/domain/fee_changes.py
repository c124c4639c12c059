"""Figures that move what arrives and no verdict: fees, who bears the exchange, what is waived. In which
direction for customers; no kind of orders tells it, because each is answered as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from core.domain.facts import REASONS
from core.domain.policy import Policy
from core.domain.policy_changes import Changes, Figure

_BEARS: Final = {"platform": 0, "customer": 1}
_WAIVES: Final = {True: 0, False: 1}


def by_direction(
    found: Changes, before: Policy, after: Policy
) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """Figures that leave customers less, and those that leave them more. The fee of a rule may be both, where
    it takes the place of the fees of several reasons.
    """
    shifts = [
        (each, set(_shifts(each, before, after)))
        for each in (*found.figures, *found.fees)
        if each.before != each.after
    ]
    return (
        tuple(each for each, signs in shifts if 1 in signs),
        tuple(each for each, signs in shifts if -1 in signs),
    )


def _shifts(figure: Figure, before: Policy, after: Policy) -> Iterator[int]:
    """1 where it takes more from a customer than before, −1 where less."""
    section, _, name = figure.place.partition(".")
    if section == "fee_basis_points":
        yield _sign(figure.before, figure.after)
    elif section == "fx_borne_by":
        yield _sign(_BEARS[figure.before], _BEARS[figure.after])
    elif figure.place == "balance.fee_waived":
        yield _sign(_WAIVES[figure.before], _WAIVES[figure.after])
    elif section == "rules":
        asked = dict(next(rule for rule in after.rules if rule.id == name).tests).get("reason")
        for reason in REASONS:
            if asked is None or asked.holds(reason):
                yield _sign(_fee(figure.before, before, reason), _fee(figure.after, after, reason))


def _fee(own: int | None, policy: Policy, reason: str) -> int:
    return policy.fee_basis_points[reason] if own is None else own


def _sign(was: Any, now: Any) -> int:
    return int(now > was) - int(now < was)
