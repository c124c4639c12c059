"""Ended cases of people who were erased: their rows stay, their words and pictures are shown to nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from core.adapters.prepared import Prepared
from core.adapters.tables import erasures

_e = erasures.c
_ERASED: Final = Prepared(
    select(_e.at).where(_e.customer_id == bindparam("customer_id"), _e.order_no == bindparam("order_no"))
)


def erased_at(conn: Connection, customer_id: str, order_no: str) -> datetime | None:
    """When the owner was erased: the account, or whoever bought the order as a guest."""
    row = _ERASED.first(conn, {"customer_id": customer_id, "order_no": "" if customer_id else order_no})
    return None if row is None else row.at
