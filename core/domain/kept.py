"""What an order's refund loses on its way, for a whole history at once: the fee and the exchange loss of the
first of `routes.ways`, in closed form. The few rows without one are planned one by one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.domain.facts import CHANNELS, REASONS
from core.domain.history import History
from core.domain.policy import Policy
from core.domain.routes import ways
from core.domain.simulation import Bools, Ints, Money

_BALANCE: Final = CHANNELS.index("balance")


def kept(history: History, policy: Policy, money: Money, amount: Ints, rate: Ints) -> tuple[Ints, Ints]:
    """Fee and exchange loss of `amount` minor units at `rate` basis points, per row; all of an amount that no
    way can pay is fee.
    """
    waived = policy.balance.fee_waived
    can, starts = money.can_return, history.offsets[:-1]
    is_balance = history.channel == _BALANCE
    remainder = np.maximum(0, amount - money.room)
    original = ~history.escrow & (money.room > 0) & ((remainder == 0) | history.has_account)
    balance = ~history.escrow & history.has_account & ~original

    # A fee is of all that is sent; what stays as balance may be free of it.
    used = np.where(np.repeat(original, money.payments), can, history.refundable_minor > 0)
    of_balance, of_others = _any(used & is_balance, starts), _any(used & ~is_balance, starts)
    stays = np.where(original, remainder, 0)
    stays = np.where(balance | (of_balance & ~of_others), amount, stays)
    liable = amount - np.where(waived, stays, 0)
    fee = (liable * rate + 5_000) // 10_000

    # The exchange loss is of what one account gets after the fee, and never its last unit.
    bears = np.array([policy.fx_borne_by[reason] == "customer" for reason in REASONS])[history.reason]
    loss = np.where(can & ~is_balance, np.maximum(history.fx_loss_bp, 0), 0)
    loses = bears & original & (np.maximum.reduceat(loss, starts) > 0)
    receivers = np.add.reduceat(can.astype(np.int64), starts)
    sent = amount - remainder - fee
    of_sent = (sent * np.add.reduceat(loss, starts) + 5_000) // 10_000
    fx = np.where(loses, np.maximum(np.minimum(of_sent, sent - 1), 0), 0)

    split = (of_balance & of_others & ~balance & waived & (rate > 0)) | (
        loses & ((receivers > 1) | ((remainder > 0) & (rate > 0) & (not waived)))
    )
    uses_up = rate * (money.payments + 1) > 5_000  # not routes.always_pays
    for row in map(int, np.flatnonzero((split | uses_up) & (amount > 0))):
        approved = int(amount[row])
        found = ways(history.facts(row), policy, approved=approved, fee_basis_points=int(rate[row]))
        fee[row], fx[row] = (found[0].breakdown.fee, found[0].breakdown.fx) if found else (approved, 0)
    return fee, fx


def _any(tenders: NDArray[np.bool_], starts: Ints) -> Bools:
    """Whether one of a row's payments is so."""
    found: Bools = np.logical_or.reduceat(tenders, starts)
    return found
