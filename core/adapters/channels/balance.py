"""The platform balance: a channel without a far end, so its refund is one row in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select

from core.adapters.channels import Capabilities
from core.adapters.tables import balance_lots
from core.domain.wallet import good_after, next_warning

CAPABILITIES: Final = Capabilities(timedelta.max, None, timedelta(0), (0, 0))


def credit(
    conn: Connection,
    *,
    customer_id: str,
    payout_id: int,
    amount_minor: int,
    currency: str,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Add a lot. A second one for the same payout breaks the unique key (invariant 19)."""
    conn.execute(
        insert(balance_lots).values(
            customer_id=customer_id,
            payout_id=payout_id,
            amount_minor=amount_minor,
            remaining_minor=amount_minor,
            currency=currency,
            credited_at=at,
            expires_at=expires_at,
            warn_at=next_warning(at, expires_at),
        )
    )


def spendable(conn: Connection, customer_id: str, currency: str, at: datetime) -> int:
    """Minor units that the customer can spend at `at`: what remains of lots that are good."""
    total: int = conn.execute(
        select(func.coalesce(func.sum(balance_lots.c.remaining_minor), 0)).where(
            balance_lots.c.customer_id == customer_id,
            balance_lots.c.currency == currency,
            balance_lots.c.expires_at > good_after(at),
        )
    ).scalar_one()
    return int(total)
