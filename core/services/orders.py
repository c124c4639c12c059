"""Orders: what a customer bought and what of it can still be refunded. Taking orders in stands next door.

Reading costs one query a call, because screens read at every rerun.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select, text
from sqlalchemy.sql.elements import ColumnElement

from core import logs
from core.adapters.order_statements import BILL_SOURCES
from core.adapters.prepared import Prepared
from core.adapters.tables import cases, orders, payments
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.asked import is_number
from core.domain.errors import NotFound
from core.domain.lifecycle import CASE
from core.services.order_facts import facts_for
from core.services.order_intake import ImportResult, import_orders

__all__ = [
    "ImportResult",
    "OrderView",
    "PaymentView",
    "facts_for",
    "get",
    "import_orders",
    "list_for",
    "load",
]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One tender. `refundable_minor` = paid − refunded − held − refunded outside, never below 0."""

    id: int
    channel: str
    account: str
    trade_no: str
    paid_minor: int
    refundable_minor: int
    external_minor: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its owner and the staff see it. `open_case`: the one not final yet, drafts too.
    `refunded_minor` has left, here or outside; `held_minor` is granted and has not arrived.
    """

    order_no: str
    customer_id: str
    product: str
    kind: str
    quantity: int
    amount_minor: int
    currency: str
    delivery: str
    delivery_at: datetime | None
    paid_at: datetime
    completed_at: datetime | None
    escrow: bool
    delivery_known: bool  # False: known from a channel's bill only, so `delivery` is an assumption
    refundable_minor: int
    refunded_minor: int
    held_minor: int
    payments: tuple[PaymentView, ...]
    open_case: str | None
    is_begun: bool = False  # the open case is a draft: a form, no request


_o, _p = orders.c, payments.c
_GONE: Final = _p.reserved_minor + _p.refunded_minor + _p.external_minor
# Spelled like the partial index `uq_cases_one_open_per_order`, or SQLite would not use it.
_IS_OPEN: Final = text("cases.state NOT IN (" + ", ".join(f"'{s}'" for s in sorted(CASE.final_states)) + ")")
_OPEN_CASE: Final = (
    select(cases.c.case_no)
    .where(cases.c.order_no == _o.order_no, _IS_OPEN)
    .correlate(orders)
    .scalar_subquery()
)
_IS_BEGUN: Final = (
    select(cases.c.state == CASE.initial)
    .where(cases.c.order_no == _o.order_no, _IS_OPEN)
    .correlate(orders)
    .scalar_subquery()
)
_ORDER_COLUMNS: Final = (
    _o.order_no, _o.customer_id, _o.product, _o.kind, _o.quantity, _o.amount_minor, _o.currency, _o.delivery,
    _o.delivery_at, _o.paid_at, _o.completed_at, _o.escrow, _o.source,
)  # fmt: skip
_VIEW: Final = (
    *_ORDER_COLUMNS,
    _OPEN_CASE.label("open_case"),
    _IS_BEGUN.label("is_begun"),
    _p.id,
    _p.channel,
    _p.account,
    _p.trade_no,
    _p.paid_minor,
    _p.external_minor,
    _p.is_open,
    _p.reserved_minor,
    _GONE.label("gone_minor"),
)


def _listing(*which: ColumnElement[bool]) -> Select[Any]:
    """The newest `limit` orders for which `which` holds, one row a payment."""
    newest = (
        select(_o.order_no)
        .where(*which)
        .order_by(_o.paid_at.desc(), _o.order_no)
        .limit(bindparam("limit"))
        .subquery()
    )
    return (
        select(*_VIEW)
        .join_from(newest, orders, newest.c.order_no == _o.order_no)
        .outerjoin(payments, _p.order_no == _o.order_no)
        .order_by(_o.paid_at.desc(), _o.order_no, _p.id)
    )


_ONE: Final = Prepared(
    select(*_VIEW)
    .outerjoin_from(orders, payments, _p.order_no == _o.order_no)
    .where(_o.order_no == bindparam("order_no"))
    .order_by(_p.id)
)
_ALL: Final = _listing()
_OF_CUSTOMER: Final = _listing(_o.customer_id == bindparam("customer_id"))


def list_for(app: App, actor: Actor, *, customer_id: str | None = None, limit: int = 200) -> list[OrderView]:
    """Newest first: a customer's own orders, a guest's one, for staff everybody's or one customer's."""
    with app.read() as conn:
        if actor.role == "guest":
            return _views(_ONE.all(conn, {"order_no": actor.order_no or ""}))
        if not actor.is_staff:
            rows = conn.execute(_OF_CUSTOMER, {"customer_id": actor.id, "limit": limit if actor.id else 0})
        elif customer_id is not None:
            rows = conn.execute(_OF_CUSTOMER, {"customer_id": customer_id, "limit": limit})
        else:
            rows = conn.execute(_ALL, {"limit": limit})
        return _views(rows.all())


def get(app: App, actor: Actor, order_no: str) -> OrderView:
    """One order; `NotFound` when it is not there or not this actor's (invariant 12)."""
    with app.read() as conn:
        order = load(conn, order_no)
    if not actor.owns(order.customer_id, order.order_no):
        logs.denied("order", actor.role)
        raise NotFound()
    return order


def load(conn: Connection, order_no: str) -> OrderView:
    """One order for whoever has checked already who asks; `NotFound`."""
    found = _views(_ONE.all(conn, {"order_no": order_no})) if is_number(order_no) else []
    if not found:
        raise NotFound()
    return found[0]


def _views(rows: Iterable[Any]) -> list[OrderView]:
    return [_view(list(group)) for _, group in groupby(rows, key=lambda row: row.order_no)]


def _view(rows: list[Any]) -> OrderView:
    first = rows[0]
    tenders = tuple(
        PaymentView(
            id=row.id,
            channel=row.channel,
            account=row.account,
            trade_no=row.trade_no,
            paid_minor=row.paid_minor,
            refundable_minor=max(0, row.paid_minor - row.gone_minor),
            external_minor=row.external_minor,
            is_open=row.is_open,
        )
        for row in rows
        if row.id is not None
    )
    return OrderView(
        order_no=first.order_no,
        customer_id=first.customer_id,
        product=first.product,
        kind=first.kind,
        quantity=first.quantity,
        amount_minor=first.amount_minor,
        currency=first.currency,
        delivery=first.delivery,
        delivery_at=first.delivery_at,
        paid_at=first.paid_at,
        completed_at=first.completed_at,
        escrow=first.escrow,
        delivery_known=first.source not in BILL_SOURCES,
        refundable_minor=sum(tender.refundable_minor for tender in tenders),
        refunded_minor=sum(row.gone_minor - row.reserved_minor for row in rows if row.id is not None),
        held_minor=sum(row.reserved_minor for row in rows if row.id is not None),
        payments=tenders,
        open_case=first.open_case,
        is_begun=bool(first.is_begun),
    )
