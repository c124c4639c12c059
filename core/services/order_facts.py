"""The facts of a claim: order, payments, history and exchange rates at one instant, in one query; a guest's
history in another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, func, literal, select, text, type_coerce

from core.adapters.prepared import Prepared
from core.adapters.tables import Instant, cases, customers, exchange_rates, orders, payments
from core.domain.actors import SYSTEM
from core.domain.errors import NotFound
from core.domain.facts import Facts, Tender
from core.domain.money import exponent
from core.domain.policy import Policy

TWIN_WITHIN: Final = timedelta(minutes=10)

_o, _p = orders.c, payments.c
_GONE: Final = _p.reserved_minor + _p.refunded_minor + _p.external_minor
_STATES: Final = "'approved', 'negotiating', 'paying', 'completed'"  # of a granted refund
_RECENT: Final = (
    select(func.count())
    .select_from(cases)
    .where(
        cases.c.customer_id == _o.customer_id,
        cases.c.customer_id != "",
        text(f"cases.state IN ({_STATES})"),
        cases.c.decided_at >= bindparam("since", type_=Instant()),
    )
    .correlate(orders)
    .scalar_subquery()
)
_other, _tender = orders.alias("other"), payments.alias("tender")
_PAID_MICROS: Final = type_coerce(_o.paid_at, BigInteger)
_WITHIN: Final = TWIN_WITHIN // timedelta(microseconds=1)
# The same purchase paid once more under another order number, and nothing of that one given back yet.
_TWIN: Final = (
    select(literal(1))
    .where(
        _other.c.customer_id == _o.customer_id,
        _o.customer_id != "",
        type_coerce(_other.c.paid_at, BigInteger).between(_PAID_MICROS - _WITHIN, _PAID_MICROS + _WITHIN),
        _other.c.order_no != _o.order_no,
        _other.c.product == _o.product,
        _other.c.quantity == _o.quantity,
        _other.c.amount_minor == _o.amount_minor,
        _other.c.currency == _o.currency,
        ~select(literal(1))
        .where(
            _tender.c.order_no == _other.c.order_no,
            _tender.c.reserved_minor + _tender.c.refunded_minor + _tender.c.external_minor > 0,
        )
        .correlate(_other)
        .exists(),
    )
    .correlate(orders)
    .exists()
)
_c, _guests = cases.c, (cases.c.customer_id == "", text("cases.state IN (" + _STATES + ")"))
_SINCE: Final = _c.decided_at >= bindparam("since", type_=Instant())
_OF_PAYER: Final = Prepared(
    select(func.count(func.distinct(_c.case_no)).label("granted"))
    .join_from(cases, payments, _p.order_no == _c.order_no)
    .where(*_guests, _SINCE, _p.channel == bindparam("channel"), _p.account == bindparam("account"))
)
_AT_ONCE_TO_GUESTS: Final = Prepared(
    select(_c.case_no, _p.account)
    .join_from(cases, payments, _p.order_no == _c.order_no)
    .where(*_guests, _SINCE, _c.decided_by == str(SYSTEM))
)
_FACTS: Final = Prepared(
    select(
        _o.customer_id,
        _o.kind,
        _o.quantity,
        _o.amount_minor,
        _o.currency,
        _o.delivery,
        _o.delivery_at,
        _o.paid_at,
        _o.completed_at,
        _o.escrow,
        _p.id,
        _p.channel,
        _p.paid_minor,
        _p.is_open,
        _p.account,
        _p.paid_at.label("tender_paid_at"),
        _p.charged_currency,
        _p.charged_minor,
        _GONE.label("gone_minor"),
        exchange_rates.c.micro_rate,
        func.coalesce(customers.c.credit, 100).label("credit"),
        _RECENT.label("recent"),
        _TWIN.label("twin"),
    )
    .join_from(orders, payments, _p.order_no == _o.order_no)
    .outerjoin(exchange_rates, exchange_rates.c.currency == _p.charged_currency)
    .outerjoin(customers, customers.c.id == _o.customer_id)
    .where(_o.order_no == bindparam("order_no"))
    .order_by(_p.id)
)

_PAID: Final = select(
    _o.order_no, _o.amount_minor, _o.delivery, _p.paid_minor, _GONE.label("gone_minor"), _TWIN.label("twin")
).join_from(orders, payments, _p.order_no == _o.order_no)


def facts_for(
    conn: Connection,
    order_no: str,
    *,
    reason: str,
    requested_minor: int,
    evidence: Collection[str],
    policy: Policy,
    at: datetime,
    asked_at: datetime | None = None,
) -> Facts:
    """All that the rules may know of this claim at `at`; `NotFound` without such an order or any payment.

    `asked_at`: when it was sent, if it was.
    """
    since = at - timedelta(days=policy.limits.look_back_days)
    rows = _FACTS.all(conn, {"order_no": order_no, "since": since})
    if not rows:
        raise NotFound()
    order = rows[0]
    recent, unnamed = order.recent, 0
    if order.customer_id == "":
        recent, unnamed = _guest_history(conn, rows, since, at)
    return Facts(
        at=at,
        reason=reason,
        kind=order.kind,
        delivery=order.delivery,
        paid_at=order.paid_at,
        currency=order.currency,
        requested_minor=requested_minor,
        tenders=tuple(_tender_of(row) for row in rows),
        delivery_at=order.delivery_at,
        completed_at=order.completed_at,
        quantity=order.quantity,
        evidence=frozenset(evidence),
        credit=order.credit,
        recent_refunds=recent,
        unnamed_refunds=unnamed,
        duplicate_minor=_duplicate_minor(rows, policy),
        has_account=order.customer_id != "",
        escrow=order.escrow,
        asked_at=asked_at,
    )


def charged_twice(conn: Connection, numbers: Collection[str], policy: Policy) -> dict[str, int]:
    """Order number → what our books show was paid twice of it and is still here, in minor units."""
    found: dict[str, list[Any]] = {}
    for row in conn.execute(_PAID.where(_o.order_no.in_(numbers))):
        found.setdefault(row.order_no, []).append(row)
    minors = {order_no: _duplicate_minor(rows, policy) for order_no, rows in found.items()}
    return {order_no: minor for order_no, minor in minors.items() if minor}


def _guest_history(conn: Connection, rows: Sequence[Any], since: datetime, at: datetime) -> tuple[int, int]:
    """Refunds granted to whoever paid this guest's order; where nobody can tell who that is, how many such
    guests were refunded without a person looking, within a day.
    """
    named = {(row.channel, row.account) for row in rows if tells_payer(row.account)}
    if named:
        payers = [{"channel": channel, "account": account, "since": since} for channel, account in named]
        return max(_OF_PAYER.first(conn, payer).granted for payer in payers), 0  # type: ignore[union-attr]
    accounts: dict[str, list[str]] = {}
    for row in _AT_ONCE_TO_GUESTS.all(conn, {"since": at - timedelta(days=1)}):
        accounts.setdefault(row.case_no, []).append(row.account)
    return 0, sum(not any(map(tells_payer, paid_from)) for paid_from in accounts.values())


def tells_payer(account: str) -> bool:
    """Whether a masked account tells one payer from another: a tail of digits, or a mail address."""
    return "@" in account or sum(char.isdigit() for char in account) >= 3


def _tender_of(row: Any) -> Tender:
    return Tender(
        payment_id=row.id,
        channel=row.channel,
        paid_minor=row.paid_minor,
        refundable_minor=max(0, row.paid_minor - row.gone_minor),
        is_open=row.is_open,
        paid_at=row.tender_paid_at,
        fx_loss_bp=fx_loss_bp(
            row.paid_minor, row.currency, row.charged_minor, row.charged_currency, row.micro_rate
        ),
    )


def _duplicate_minor(rows: Sequence[Any], policy: Policy) -> int:
    """What was paid beyond the order's amount and is still here; else all of an order that was placed twice.

    Two orders for the same goods can be meant, so the second one counts only while its goods are untouched.
    """
    order = rows[0]
    kept: int = sum(row.paid_minor - row.gone_minor for row in rows)
    beyond: int = kept - order.amount_minor
    if beyond > 0:
        return beyond
    if order.twin and order.delivery not in policy.delivered_states:
        return max(0, kept)
    return 0


def fx_loss_bp(
    paid_minor: int,
    currency: str,
    charged_minor: int | None,
    charged_currency: str | None,
    micro_rate: int | None,
) -> int:
    """Ten-thousandths of a cross-border payment that are missing when it is sent back at today's rate.

    The channel charged `charged_minor` abroad for `paid_minor` here; one unit there is `micro_rate`
    millionths of a unit here today. Negative when sending back gains. 0 without a rate: nothing is guessed.
    """
    if not charged_minor or not micro_rate or charged_currency is None or charged_currency == currency:
        return 0
    today: int = paid_minor * 10 ** (
        6 + exponent(charged_currency)
    )  # ÷ (rate × exponents) = what arrives abroad
    then: int = charged_minor * micro_rate * 10 ** exponent(currency)
    return 10_000 - (10_000 * today * 2 + then) // (2 * then)
