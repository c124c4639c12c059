"""Spending a balance, and its end: every movement one balanced set of ledger lines, in the same transaction.

Whoever spends locks the customer's lots first, so that two who spend at once stand in line; the CHECK of the
table stands behind it. Lots are locked in the order in which they are spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from core.adapters.tables import LEFT, balance_lots, lot_uses, payouts, spends
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import DemoOnly, NotAllowed, NotFound, SpendKeyMissing
from core.domain.notices import BALANCE_DUE_SOON, BALANCE_EXPIRED
from core.domain.wallet import Lot, due_warning, good_after, next_warning, take
from core.services import ledger
from core.services.commands import once
from core.services.wallet.telling import tell

_l = balance_lots.c
_MINE: Final = (
    select(_l.id, _l.remaining_minor, _l.expires_at)
    .where(
        _l.customer_id == bindparam("customer_id"),
        _l.currency == bindparam("currency"),
        _l.remaining_minor > 0,
        _l.expires_at > bindparam("after", type_=_l.expires_at.type),
    )
    .order_by(_l.expires_at, _l.id)
    .with_for_update()
)
_LOT: Final = (
    select(balance_lots, payouts.c.case_no)
    .join(payouts, payouts.c.id == _l.payout_id, isouter=True)
    .where(_l.id == bindparam("id"))
    .with_for_update(of=balance_lots)
)
# With the condition spelled as the index is: PostgreSQL's plan for any bound value could not use it.
OVER: Final = (
    select(_l.id)
    .where(text(f"balance_lots.{LEFT}"), _l.expires_at <= bindparam("after", type_=_l.expires_at.type))
    .order_by(_l.expires_at)
    .limit(bindparam("limit"))
)
TO_WARN: Final = (
    select(_l.id)
    .where(_l.warn_at <= bindparam("now", type_=_l.warn_at.type))
    .order_by(_l.warn_at)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Spent:
    """A purchase that was paid, and what could be spent after it, in minor units."""

    spend_id: int
    amount_minor: int
    currency: str
    left_minor: int


def spend(
    app: App,
    actor: Actor,
    customer_id: str,
    amount_minor: int,
    key: str,
    *,
    currency: str = "CNY",
    what: str = "",
) -> Spent:
    """Pay a purchase, all of it or nothing: `BalanceTooSmall`. The shop's `key` for it pays once, whoever
    sends it again gets the first answer; with other figures it is `CommandReused`.
    """
    key = key.strip()
    if not key:
        raise SpendKeyMissing()
    check_spender(app, actor, customer_id)

    def hold(conn: Connection) -> list[Lot]:
        wanted = {"customer_id": customer_id, "currency": currency, "after": good_after(app.now())}
        return [Lot(*row) for row in conn.execute(_MINE, wanted)]

    def work(conn: Connection, lots: list[Lot]) -> dict[str, Any]:
        at = app.now()
        parts = take(lots, amount_minor, currency)
        row = {
            "key": key, "customer_id": customer_id, "amount_minor": amount_minor, "currency": currency,
            "what": what.strip(), "made_by": str(actor), "at": at,
        }  # fmt: skip
        spend_id = conn.execute(insert(spends).values(row).returning(spends.c.id)).scalar_one()
        for lot_id, part in parts:
            _use(conn, lot_id, part, at, spend_id)
        ledger.spent(conn, spend_id=spend_id, at=at, currency=currency, amount_minor=amount_minor)
        left = sum(lot.remaining_minor for lot in lots) - amount_minor
        return {
            "spend_id": spend_id, "amount_minor": amount_minor, "currency": currency, "left_minor": left,
        }  # fmt: skip

    kind = f"spend {customer_id} {amount_minor} {currency}"
    return Spent(**once(app, actor, f"spend {key}", kind, hold, work))


def check_spender(app: App, actor: Actor, customer_id: str) -> None:
    """The shop's own systems spend for its customers; in the demo there is no shop, so they do it here."""
    if actor == SYSTEM:
        return
    if actor.role != "customer":
        raise NotAllowed(role=actor.role)
    if not actor.id or actor.id != customer_id:
        raise NotFound()
    if not app.demo:
        raise DemoOnly()


def _use(conn: Connection, lot_id: int, minor: int, at: datetime, spend_id: int | None) -> None:
    """Take from a lot what is there: the lot is locked, so anything else is a fault of ours."""
    enough = (_l.id == lot_id, _l.remaining_minor >= minor)
    taken = update(balance_lots).where(*enough).values(remaining_minor=_l.remaining_minor - minor)
    if conn.execute(taken).rowcount != 1:
        raise RuntimeError(f"lot {lot_id} does not have {minor}")
    conn.execute(insert(lot_uses).values(lot_id=lot_id, spend_id=spend_id, amount_minor=minor, at=at))


def expired_lots(app: App, limit: int) -> list[int]:
    """Lots with something left whose last day is over, longest over first."""
    with app.read() as conn:
        return list(conn.execute(OVER, {"after": good_after(app.now()), "limit": limit}).scalars())


def expire_lot(app: App, lot_id: int) -> bool:
    """What is left ends, and its owner is told. False when another worker did it, or it is good again."""
    with app.begin() as conn:
        row, at = _locked(conn, lot_id), app.now()
        left = row.remaining_minor
        if not left or row.expires_at > good_after(at):
            return False
        _use(conn, lot_id, left, at, None)
        conn.execute(update(balance_lots).where(_l.id == lot_id).values(warn_at=None))
        ledger.lot_expired(
            conn, lot_id=lot_id, at=at, currency=row.currency, amount_minor=left, case_no=row.case_no
        )
        _tell(conn, row, BALANCE_EXPIRED, at, left)
    return True


def lots_to_warn(app: App, limit: int) -> list[int]:
    """Lots whose owner should hear now that they end."""
    with app.read() as conn:
        return list(conn.execute(TO_WARN, {"now": app.now(), "limit": limit}).scalars())


def warn_of_lot(app: App, lot_id: int) -> bool:
    """Give the newest warning that is due, once, and plan the next; of nothing left none is given. False when
    none is due any more.
    """
    with app.begin() as conn:
        row, at = _locked(conn, lot_id), app.now()
        if row.warn_at is None or row.warn_at > at:
            return False
        days = due_warning(row.credited_at, row.expires_at, at)
        if days is not None and row.remaining_minor:
            _tell(conn, row, BALANCE_DUE_SOON, at, row.remaining_minor, days)
        later = next_warning(at, row.expires_at) if row.remaining_minor else None
        conn.execute(update(balance_lots).where(_l.id == lot_id).values(warn_at=later))
    return True


def put_off_lot(app: App, lot_id: int, until: datetime) -> None:
    """Something broke while warning: try again at `until`."""
    with app.begin() as conn:
        conn.execute(update(balance_lots).where(_l.id == lot_id, _l.warn_at < until).values(warn_at=until))


def _locked(conn: Connection, lot_id: int) -> Row[Any]:
    return conn.execute(_LOT, {"id": lot_id}).one()


def _tell(
    conn: Connection, row: Row[Any], kind: str, at: datetime, minor: int, days: int | None = None
) -> None:
    if row.case_no is None:  # of no refund: there is nothing to tell it by
        return
    about = f"lot {row.id}" if days is None else f"lot {row.id} {days}"
    tell(
        conn, row.case_no, kind, at, about=about, customer_id=row.customer_id, amount_minor=minor,
        expires_at=row.expires_at,
    )  # fmt: skip
