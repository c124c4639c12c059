"""What the customer gets: paid − already − kept = approved; approved − fee − exchange loss = refund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.domain.facts import Tender
from core.domain.money import allocate, share


class Part(NamedTuple):
    """One payment's part of a refund. `reserved` = `amount` + its fee and exchange loss, in minor units."""

    tender: Tender
    reserved: int
    stays: bool  # it becomes balance, or was balance
    fee: int
    fx: int

    @property
    def amount(self) -> int:
        return self.reserved - self.fee - self.fx


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Minor units of one currency; both identities above hold exactly (invariant 15). `fee_of`: the part of
    `approved` that the fee is a rate of: what stays here as balance may be free of it.
    """

    paid: int
    already: int  # refunded, reserved or refunded outside before
    kept: int  # left with the shop because less was asked for
    approved: int
    fee: int
    fx: int
    refund: int
    fee_basis_points: int
    fx_borne_by: str  # platform | customer
    fee_of: int

    def __post_init__(self) -> None:
        approved = self.paid - self.already - self.kept
        if approved != self.approved or approved - self.fee - self.fx != self.refund:
            raise ValueError(f"does not sum: {self}")


def shares(tenders: Sequence[Tender], amount: int, *, in_order: bool = False) -> tuple[int, ...]:
    """`amount` over `tenders`, in proportion to what is left of each; no share exceeds that.

    `in_order`: as much as fits into the first, then the next. `ValueError` when it is more than what is left.
    """
    if amount > sum([tender.refundable_minor for tender in tenders]):
        raise ValueError("more than is left")
    if len(tenders) == 1:
        return (amount,)
    if not in_order:
        return allocate(amount, [tender.refundable_minor for tender in tenders])
    found = []
    for tender in tenders:
        found.append(min(amount, tender.refundable_minor))
        amount -= found[-1]
    return tuple(found)


def parts(
    reserved: Sequence[tuple[Tender, int, bool]],
    fee_basis_points: int,
    *,
    customer_bears_fx: bool,
    balance_is_free: bool,
) -> tuple[Part, ...]:
    """Fee and exchange loss of each (payment, amount above 0, whether it stays here).

    The fee is rounded once, half up, on all that is liable to it. The exchange loss is of what is sent after
    the fee; money that stays here is not exchanged, and a gain stays with the shop: nobody gets more than was
    paid. Neither takes a part's last minor unit, since no channel sends nothing, unless fewer units than
    parts are left.
    """
    liable = [0 if stays and balance_is_free else amount for _, amount, stays in reserved]
    found = []
    for (tender, amount, stays), fee in zip(reserved, _fees(liable, fee_basis_points), strict=True):
        fx = _loss(amount - fee, tender) if customer_bears_fx and not stays else 0
        found.append(Part(tender, amount, stays, fee, fx))
    return tuple(found)


def _fees(liable: list[int], basis_points: int) -> tuple[int, ...]:
    fee = share(sum(liable), basis_points) if basis_points else 0
    if fee == 0 or len(liable) == 1:
        return (fee,) * len(liable)
    spare = [max(0, amount - 1) for amount in liable]
    return allocate(fee, spare if fee <= sum(spare) else liable)


def _loss(sent: int, tender: Tender) -> int:
    return max(0, min(share(sent, tender.fx_loss_bp), sent - 1)) if tender.fx_loss_bp > 0 else 0
