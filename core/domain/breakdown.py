"""What the customer gets and why: paid − already refunded − kept = approved; approved − fee − exchange loss = refund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.facts import Tender
from core.domain.money import allocate, share


@dataclass(frozen=True, slots=True)
class Part:
    """One payment's part of a refund. `reserved` = `amount` + its fee and exchange loss, in minor units."""

    tender: Tender
    reserved: int
    fee: int
    fx: int

    @property
    def amount(self) -> int:
        return self.reserved - self.fee - self.fx


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Minor units of one currency; both identities above hold exactly (invariant 15)."""

    paid: int
    already: int  # refunded, reserved or refunded outside before
    kept: int  # left with the shop because less was asked for
    approved: int
    fee: int
    fx: int
    refund: int
    fee_basis_points: int
    fx_borne_by: str  # platform | customer

    def __post_init__(self) -> None:
        if self.paid - self.already - self.kept != self.approved or self.approved - self.fee - self.fx != self.refund:
            raise ValueError(f"does not sum: {self}")


def parts(
    tenders: Sequence[Tender],
    approved: int,
    fee_basis_points: int,
    *,
    customer_bears_fx: bool,
    fee_free: frozenset[str] = frozenset(),
) -> tuple[Part, ...]:
    """`approved` shared over `tenders` in proportion to what is left of each, with fee and exchange loss of each part.

    No part exceeds what is left of its payment. The fee is rounded once, half up, on what goes through channels that
    are not `fee_free`; the exchange loss is of what is sent after the fee. A gain from the exchange stays with the
    shop: nobody gets back more than was paid.
    """
    if len(tenders) == 1:
        shares: tuple[int, ...] = (approved,)
        fees: tuple[int, ...] = (0 if tenders[0].channel in fee_free else share(approved, fee_basis_points),)
    else:
        shares = allocate(approved, [tender.refundable_minor for tender in tenders])
        liable = [0 if t.channel in fee_free else part for t, part in zip(tenders, shares, strict=True)]
        fee = share(sum(liable), fee_basis_points)
        fees = allocate(fee, liable) if fee else (0,) * len(shares)
    found = []
    for tender, reserved, fee in zip(tenders, shares, fees, strict=True):
        if reserved == 0:
            continue
        fx = max(0, share(reserved - fee, tender.fx_loss_bp)) if customer_bears_fx and tender.fx_loss_bp else 0
        found.append(Part(tender, reserved, fee, fx))
    return tuple(found)
