"""What a customer holds here, where it came from and what became of it: for its owner, and for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from core.adapters.tables import balance_lots, customers, lot_uses, payouts, spends, vouchers
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotFound
from core.domain.wallet import good_after, is_good

MOST: Final = 200
_l, _s, _u, _v, _p = balance_lots.c, spends.c, lot_uses.c, vouchers.c, payouts.c


@dataclass(frozen=True, slots=True)
class LotView:
    """What is left of one credit; `is_code`: it was redeemed from a code."""

    id: int
    case_no: str
    amount_minor: int
    remaining_minor: int
    currency: str
    credited_at: datetime
    expires_at: datetime
    is_code: bool


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the history. `kind`: `credited`, `redeemed` (from a code), `spent` or `expired`; what came
    in is positive.
    """

    at: datetime
    kind: str
    amount_minor: int
    currency: str
    case_no: str = ""  # of the refund that it came from
    what: str = ""  # what was bought
    key: str = ""  # of the purchase


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher without its code. `codes`: how many codes it has had; `may_show`: by whoever looks."""

    id: int
    case_no: str
    customer_id: str
    kind: str
    amount_minor: int
    currency: str
    state: str  # also `expired` from the first moment on, before the worker has seen it
    code_tail: str
    codes: int
    issued_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    used_for: str
    may_show: bool = False


@dataclass(frozen=True, slots=True)
class Wallet:
    """`lots`: with something left and good, what is spent first on top; `totals`: their sum by currency."""

    customer_id: str
    name: str
    totals: dict[str, int]
    lots: tuple[LotView, ...]
    history: tuple[Movement, ...]
    vouchers: tuple[VoucherView, ...]


def wallet(app: App, actor: Actor, customer_id: str = "") -> Wallet:
    """Of `customer_id` for staff; else the actor's own, a guest's with the vouchers of the order they proved.
    `NotFound` for who is not there.
    """
    if actor.role == "guest":
        with app.read() as conn:
            return Wallet("", "", {}, (), (), _vouchers(app, conn, actor, order_no=actor.order_no or ""))
    whose = customer_id if actor.is_staff else actor.id
    if not whose or (customer_id and whose != customer_id):
        raise NotFound()
    with app.read() as conn:
        row = conn.execute(select(customers.c.name).where(customers.c.id == whose)).one_or_none()
        if row is None:
            raise NotFound()
        lots = _lots(app, conn, whose)
        totals: dict[str, int] = {}
        for lot in lots:
            totals[lot.currency] = totals.get(lot.currency, 0) + lot.remaining_minor
        held = _vouchers(app, conn, actor, customer_id=whose)
        return Wallet(whose, row.name, totals, lots, _history(conn, whose), held)


def _lots(app: App, conn: Connection, customer_id: str) -> tuple[LotView, ...]:
    query = (
        select(balance_lots, _p.case_no, _p.channel)
        .join(payouts, _p.id == _l.payout_id, isouter=True)
        .where(_l.customer_id == customer_id, _l.remaining_minor > 0, _l.expires_at > good_after(app.now()))
        .order_by(_l.expires_at, _l.id)
    )
    return tuple(
        LotView(
            row.id, row.case_no or "", row.amount_minor, row.remaining_minor, row.currency, row.credited_at,
            row.expires_at, row.channel not in (None, "balance"),
        )
        for row in conn.execute(query)
    )  # fmt: skip


def _history(conn: Connection, customer_id: str) -> tuple[Movement, ...]:
    """The newest `MOST` of each kind, newest first."""
    mine = _l.customer_id == customer_id
    credits_ = (
        select(_l.credited_at, _l.amount_minor, _l.currency, _p.case_no, _p.channel)
        .join(payouts, _p.id == _l.payout_id, isouter=True)
        .where(mine)
        .order_by(_l.id.desc())
        .limit(MOST)
    )
    paid = select(spends).where(_s.customer_id == customer_id).order_by(_s.id.desc()).limit(MOST)
    ended = (
        select(_u.at, _u.amount_minor, _l.currency, _p.case_no)
        .join(balance_lots, _l.id == _u.lot_id)
        .join(payouts, _p.id == _l.payout_id, isouter=True)
        .where(mine, _u.spend_id.is_(None))
        .order_by(_u.id.desc())
        .limit(MOST)
    )
    found = [
        Movement(
            row.credited_at, "credited" if row.channel in (None, "balance") else "redeemed",
            row.amount_minor, row.currency, row.case_no or "",
        )
        for row in conn.execute(credits_)
    ]  # fmt: skip
    found += [
        Movement(row.at, "spent", -row.amount_minor, row.currency, what=row.what, key=row.key)
        for row in conn.execute(paid)
    ]
    found += [
        Movement(row.at, "expired", -row.amount_minor, row.currency, row.case_no or "")
        for row in conn.execute(ended)
    ]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:MOST])


def list_vouchers(
    app: App, actor: Actor, *, customer_id: str = "", case_no: str = "", limit: int = MOST
) -> tuple[VoucherView, ...]:
    """Vouchers for staff, newest first; nobody of them sees a code."""
    if not actor.is_staff:
        raise NotFound()
    with app.read() as conn:
        return _vouchers(app, conn, actor, customer_id=customer_id, case_no=case_no, limit=limit)


def _vouchers(
    app: App,
    conn: Connection,
    actor: Actor,
    *,
    customer_id: str = "",
    case_no: str = "",
    order_no: str = "",
    limit: int = MOST,
) -> tuple[VoucherView, ...]:
    query = select(vouchers).order_by(_v.id.desc()).limit(limit)
    if customer_id:
        query = query.where(_v.customer_id == customer_id)
    if case_no:
        query = query.where(_v.case_no == case_no)
    if actor.role == "guest":
        query = query.where(_v.customer_id == "", _v.order_no == order_no)
    now = app.now()
    return tuple(_view(row, now, actor) for row in conn.execute(query))


def _view(row: Any, now: datetime, actor: Actor) -> VoucherView:
    state = "expired" if row.state == "open" and not is_good(row.expires_at, now) else row.state
    return VoucherView(
        row.id, row.case_no, row.customer_id, row.kind, row.amount_minor, row.currency, state,
        row.code_tail, row.codes, row.issued_at, row.expires_at, row.closed_at, row.used_for or "",
        state == "open" and not actor.is_staff,
    )  # fmt: skip


def owed_by_vouchers(conn: Connection) -> dict[str, tuple[int, int]]:
    """currency → (how many open vouchers, what they are worth)."""
    rows = conn.execute(
        select(_v.currency, func.count(), func.sum(_v.amount_minor))
        .where(_v.state == "open")
        .group_by(_v.currency)
    )
    return {currency: (int(count), int(total)) for currency, count, total in rows}
