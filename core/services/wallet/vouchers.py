"""Vouchers: issued as a refund, shown to their owner, redeemed once, or over.

A code is born when its owner asks to see it and is kept as a hash, so nobody can show it a second time;
asking again makes another one, and the one before is worth nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from core.adapters.channels.balance import credit
from core.adapters.tables import OPEN, customers, voucher_events, vouchers
from core.adapters.world import App
from core.domain import vouchers as codes
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import (
    CodeIsForBalance,
    CodeIsForPurchase,
    CodeShown,
    NotFound,
    PurchaseTooSmall,
    Refusal,
    SpendKeyMissing,
    VoucherExpired,
    VoucherRedeemed,
    VoucherUnknown,
)
from core.domain.notices import VOUCHER_DUE_SOON, VOUCHER_EXPIRED
from core.domain.wallet import due_warning, good_after, is_good, next_warning
from core.services import ledger
from core.services.commands import once
from core.services.wallet.lots import check_spender
from core.services.wallet.telling import tell

_v = vouchers.c
_LOCK: Final = select(vouchers).where(_v.id == bindparam("id")).with_for_update()
_BY_CODE: Final = select(vouchers).where(_v.code_sha256 == bindparam("digest")).with_for_update()
OVER: Final = (
    select(_v.id)
    .where(text(f"vouchers.{OPEN}"), _v.expires_at <= bindparam("after", type_=_v.expires_at.type))
    .order_by(_v.expires_at)
    .limit(bindparam("limit"))
)
TO_WARN: Final = (
    select(_v.id)
    .where(_v.warn_at <= bindparam("now", type_=_v.warn_at.type))
    .order_by(_v.warn_at)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code was worth; `expires_at`: of the balance that it became."""

    voucher_id: int
    kind: str
    amount_minor: int
    currency: str
    expires_at: datetime | None = None


def issue(
    conn: Connection,
    *,
    payout_id: int,
    case_no: str,
    order_no: str,
    customer_id: str,
    kind: str,
    amount_minor: int,
    currency: str,
    at: datetime,
    expires_at: datetime,
) -> None:
    """A payout arrives as a voucher, in the caller's transaction; a second one breaks the unique key."""
    voucher_id = conn.execute(
        insert(vouchers)
        .values(
            payout_id=payout_id, case_no=case_no, order_no=order_no, customer_id=customer_id, kind=kind,
            amount_minor=amount_minor, currency=currency, state="open", issued_at=at, expires_at=expires_at,
            warn_at=next_warning(at, expires_at),
        )
        .returning(_v.id)
    ).scalar_one()  # fmt: skip
    _happened(conn, voucher_id, "issued", SYSTEM, at)


def show_code(app: App, actor: Actor, voucher_id: int, seen: int) -> str:
    """A code for its owner's eyes, spelled; every one before it is void from here on. `seen`: how many
    there were when they asked, so that two clicks make one: `CodeShown`.
    """
    with app.begin() as conn:
        row = conn.execute(_LOCK, {"id": voucher_id}).one_or_none()
        if row is None or not is_owner(actor, row.customer_id, row.order_no):
            raise NotFound()
        _check_open(row, app.now())
        if row.codes != seen:
            raise CodeShown()
        code = codes.make(secrets.randbelow)
        values = {
            "code_sha256": codes.digest(code), "code_tail": codes.tail(code), "codes": row.codes + 1,
        }  # fmt: skip
        conn.execute(update(vouchers).where(_v.id == voucher_id).values(values))
        _happened(conn, voucher_id, "renewed" if row.codes else "shown", actor, app.now())
    return codes.spelled(code)


def is_owner(actor: Actor, customer_id: str, order_no: str) -> bool:
    """Whose code it is: the account's; of a guest's order whoever proves the order. Never the staff's."""
    if actor.role == "customer":
        return actor.id != "" and actor.id == customer_id
    return actor.role == "guest" and customer_id == "" and actor.order_no == order_no


def redeem(app: App, actor: Actor, text: str, customer_id: str, command_id: str) -> Redeemed:
    """A redeem code becomes balance of this account, all of it, good for as long as it was at least."""
    digest = codes.digest(codes.read(text))
    if actor != SYSTEM and not (actor.role == "customer" and actor.id and actor.id == customer_id):
        raise NotFound()

    def work(conn: Connection, row: Row[Any] | None) -> dict[str, Any]:
        at = app.now()
        found = _check(row, at)
        if found.kind != "redeem_code":
            raise CodeIsForPurchase()
        if conn.execute(select(customers.c.id).where(customers.c.id == customer_id)).first() is None:
            raise NotFound()
        credit(
            conn, customer_id=customer_id, payout_id=found.payout_id, amount_minor=found.amount_minor,
            currency=found.currency, at=at, expires_at=found.expires_at,
        )  # fmt: skip
        return _close(conn, found, actor, at, used_for=f"customer:{customer_id}")

    return _once(app, actor, command_id, f"redeem {customer_id}", digest, work)


def use(app: App, actor: Actor, text: str, price_minor: int, key: str, *, currency: str = "CNY") -> Redeemed:
    """A discount is taken off a membership that costs `price_minor`, whole. `key`: of the shop's purchase."""
    digest, key = codes.digest(codes.read(text)), key.strip()
    if not key:
        raise SpendKeyMissing()
    if actor != SYSTEM:
        check_spender(app, actor, actor.id)

    def work(conn: Connection, row: Row[Any] | None) -> dict[str, Any]:
        at = app.now()
        found = _check(row, at)
        if found.kind != "discount":
            raise CodeIsForBalance()
        if price_minor < found.amount_minor or currency != found.currency:
            raise PurchaseTooSmall(amount_minor=found.amount_minor, currency=found.currency)
        return _close(conn, found, actor, at, used_for=f"purchase:{key}")

    return _once(app, actor, f"discount {key}", f"discount {price_minor} {currency}", digest, work)


def _once(app: App, actor: Actor, command_id: str, kind: str, digest: str, work: Any) -> Redeemed:
    """The command's row tells one code from another by the beginning of its hash."""

    def hold(conn: Connection) -> Row[Any] | None:
        return conn.execute(_BY_CODE, {"digest": digest}).one_or_none()

    result = once(app, actor, command_id, f"{kind} {digest[:16]}", hold, work)
    expires = result["expires_at"]
    return Redeemed(**(result | {"expires_at": datetime.fromisoformat(expires) if expires else None}))


def _check(row: Row[Any] | None, at: datetime) -> Row[Any]:
    if row is None:
        raise VoucherUnknown()
    _check_open(row, at)
    return row


def _check_open(row: Row[Any], at: datetime) -> None:
    refusal: Refusal | None = None
    if row.state == "redeemed":
        refusal = VoucherRedeemed()
    elif row.state == "expired" or not is_good(row.expires_at, at):
        refusal = VoucherExpired()
    if refusal:
        raise refusal


def _close(conn: Connection, row: Row[Any], actor: Actor, at: datetime, *, used_for: str) -> dict[str, Any]:
    conn.execute(
        update(vouchers)
        .where(_v.id == row.id)
        .values(state="redeemed", closed_at=at, warn_at=None, used_by=str(actor), used_for=used_for)
    )
    _happened(conn, row.id, "redeemed", actor, at)
    to_balance = row.kind == "redeem_code"
    ledger.voucher_redeemed(
        conn, voucher_id=row.id, at=at, currency=row.currency, amount_minor=row.amount_minor,
        case_no=row.case_no, to_balance=to_balance,
    )  # fmt: skip
    return {
        "voucher_id": row.id, "kind": row.kind, "amount_minor": row.amount_minor, "currency": row.currency,
        "expires_at": row.expires_at.isoformat() if to_balance else None,
    }  # fmt: skip


def expired_vouchers(app: App, limit: int) -> list[int]:
    """Open ones whose last day is over, longest over first."""
    with app.read() as conn:
        return list(conn.execute(OVER, {"after": good_after(app.now()), "limit": limit}).scalars())


def expire_voucher(app: App, voucher_id: int) -> bool:
    """It ends, and its owner is told. False when another worker did it, or it was redeemed."""
    with app.begin() as conn:
        row, at = conn.execute(_LOCK, {"id": voucher_id}).one(), app.now()
        if row.state != "open" or row.expires_at > good_after(at):
            return False
        over = update(vouchers).where(_v.id == voucher_id)
        conn.execute(over.values(state="expired", closed_at=at, warn_at=None))
        _happened(conn, voucher_id, "expired", SYSTEM, at)
        ledger.voucher_expired(
            conn, voucher_id=voucher_id, at=at, currency=row.currency, amount_minor=row.amount_minor,
            case_no=row.case_no,
        )  # fmt: skip
        _tell(conn, row, VOUCHER_EXPIRED, at)
    return True


def vouchers_to_warn(app: App, limit: int) -> list[int]:
    """Vouchers whose owner should hear now that they end."""
    with app.read() as conn:
        return list(conn.execute(TO_WARN, {"now": app.now(), "limit": limit}).scalars())


def warn_of_voucher(app: App, voucher_id: int) -> bool:
    """As of a lot: the newest warning that is due, once; False when none is due any more."""
    with app.begin() as conn:
        row, at = conn.execute(_LOCK, {"id": voucher_id}).one(), app.now()
        if row.warn_at is None or row.warn_at > at:
            return False
        days = due_warning(row.issued_at, row.expires_at, at)
        if days is not None:
            _tell(conn, row, VOUCHER_DUE_SOON, at, days)
        later = next_warning(at, row.expires_at)
        conn.execute(update(vouchers).where(_v.id == voucher_id).values(warn_at=later))
    return True


def put_off_voucher(app: App, voucher_id: int, until: datetime) -> None:
    """Something broke while warning: try again at `until`."""
    with app.begin() as conn:
        conn.execute(update(vouchers).where(_v.id == voucher_id, _v.warn_at < until).values(warn_at=until))


def _tell(conn: Connection, row: Row[Any], kind: str, at: datetime, days: int | None = None) -> None:
    about = f"voucher {row.id}" if days is None else f"voucher {row.id} {days}"
    tell(
        conn, row.case_no, kind, at, about=about, customer_id=row.customer_id,
        amount_minor=row.amount_minor, expires_at=row.expires_at,
    )  # fmt: skip


def _happened(conn: Connection, voucher_id: int, event: str, actor: Actor, at: datetime) -> None:
    """The caller holds the voucher's row, so nobody takes the number meanwhile."""
    e = voucher_events.c
    last = conn.execute(
        select(func.coalesce(func.max(e.seq), 0)).where(e.voucher_id == voucher_id)
    ).scalar_one()
    conn.execute(
        insert(voucher_events).values(
            voucher_id=voucher_id, seq=last + 1, at=at, event=event, made_by=str(actor)
        )
    )
