"""What is left of the payment that a difference takes something from, and the payout of ours that it may be.
Reading only.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, select

from core.adapters.tables import external_refunds, payments, payouts
from core.domain.reconciling import Correction
from core.domain.room import Room

_p, _t, _x = payouts.c, payments.c, external_refunds.c
_OVER: Final = ("arrived", "replanned")  # payouts that are no longer on their way


def of(conn: Connection, payment_id: int | None, wanted: Correction | None) -> Room | None:
    """None where nothing more would be taken from a payment, or from none that we know."""
    if payment_id is None or wanted is None or not wanted.takes_up:
        return None
    known = select(_x.id).where(_x.payment_id == payment_id, _x.refund_no == wanted.refund_no)
    if conn.execute(known).first() is not None:
        return None  # taken up before: nothing changes
    paid: Row[Any] = conn.execute(select(payments).where(_t.id == payment_id)).one()
    running = conn.execute(
        select(_p.case_no, _p.amount_minor)
        .where(_p.payment_id == payment_id, _p.state.not_in(_OVER))
        .order_by(_p.id)
    )
    return Room(
        paid.paid_minor, paid.refunded_minor, paid.external_minor, paid.reserved_minor, wanted.takes_up,
        paid.currency, tuple((str(case_no), int(minor)) for case_no, minor in running),
    )  # fmt: skip
