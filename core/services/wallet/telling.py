"""Notices about what a customer holds: of the case that it came from, for whoever holds it now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from core.adapters.tables import cases, notices


def tell(
    conn: Connection,
    case_no: str,
    kind: str,
    at: datetime,
    *,
    about: str,
    customer_id: str,
    amount_minor: int,
    expires_at: datetime,
) -> None:
    """Stage one. The case is long final: its last event is the `seq` under which it is told once."""
    c = cases.c
    case = conn.execute(select(c.last_seq, c.order_no, c.currency).where(c.case_no == case_no)).one()
    conn.execute(
        insert(notices).values(
            case_no=case_no, seq=case.last_seq, kind=kind, about=about, customer_id=customer_id,
            order_no=case.order_no, amount_minor=amount_minor, currency=case.currency, by_at=expires_at,
            at=at,
        )
    )  # fmt: skip
