"""What is owed to balances, and the ledger day by day. Reading only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Integer, and_, case, func, literal_column, select

from core.adapters.tables import balance_lots, ledger_entries
from core.adapters.world import App
from core.domain.accounts import BALANCE, PAYABLE, VOUCHERS
from core.domain.actors import Actor
from core.domain.errors import PeriodInvalid
from core.domain.workdays import ZONE, local_date
from core.services import wallet
from core.services.finance.moving import check

SOON: Final = timedelta(days=30)  # a balance that expires
_CHUNK: Final = 1_000
_FROM: Final = date(2000, 1, 1)  # days that a book may be asked for …
_UNTIL: Final = date(2199, 12, 31)  # … and that a database can reckon with
_e, _l = ledger_entries.c, balance_lots.c


@dataclass(frozen=True, slots=True)
class Liability:
    """What is owed in one currency: balances and vouchers, kept and booked, and refunds not there."""

    currency: str
    customers: int
    remaining_minor: int
    expired_minor: int  # of it; the worker has not been there yet
    soon_minor: int  # of it, expires within `SOON`
    booked_minor: int  # balances in the ledger
    payable_minor: int
    vouchers: int  # open ones
    vouchers_minor: int  # what they are worth
    vouchers_booked_minor: int  # vouchers in the ledger


@dataclass(frozen=True, slots=True)
class Account:
    """An account on one day: what stood there before, what came in and went out, what stands there after."""

    account: str
    currency: str
    before: int
    debit: int
    credit: int

    @property
    def after(self) -> int:
        return self.before + self.debit - self.credit


def liabilities(app: App, actor: Actor) -> list[Liability]:
    """What the shop owes: balances kept here, open vouchers, and refunds granted and not arrived."""
    check(actor)
    now = app.now()
    lots = select(
        _l.currency,
        func.count(_l.customer_id.distinct()),
        func.sum(_l.remaining_minor),
        func.sum(case((_l.expires_at < now, _l.remaining_minor), else_=0)),
        func.sum(case((and_(_l.expires_at >= now, _l.expires_at < now + SOON), _l.remaining_minor), else_=0)),
    ).where(_l.remaining_minor > 0)
    in_ledger = (
        select(_e.account, _e.currency, func.sum(_e.amount_minor))
        .where(_e.account.in_((BALANCE, PAYABLE, VOUCHERS)))
        .group_by(_e.account, _e.currency)
    )
    with app.read() as conn:
        kept = {
            r[0]: (int(r[1]), int(r[2]), int(r[3]), int(r[4]))
            for r in conn.execute(lots.group_by(_l.currency))
        }
        owed = {(row[0], row[1]): -int(row[2]) for row in conn.execute(in_ledger)}
        open_vouchers = wallet.owed_by_vouchers(conn)
    currencies = sorted({*kept, *open_vouchers, *(currency for _, currency in owed)})
    found = []
    for each in currencies:
        customers, remaining, expired, near = kept.get(each, (0, 0, 0, 0))
        booked, payable = owed.get((BALANCE, each), 0), owed.get((PAYABLE, each), 0)
        count, worth = open_vouchers.get(each, (0, 0))
        in_vouchers = owed.get((VOUCHERS, each), 0)
        found.append(
            Liability(
                each, customers, remaining, expired, near, booked, payable, count, worth, in_vouchers
            )
        )  # fmt: skip
    return found


def trial_balance(app: App, actor: Actor, day: date) -> list[Account]:
    """Every account on a day in Shanghai. Before, in and out, and after sum to zero in each currency."""
    check(actor)
    begins, ends = _span(day, day)
    minor, zero = _e.amount_minor, literal_column("0", Integer)
    is_before, is_today = _e.at < begins, _e.at >= begins
    query = (
        select(
            _e.account,
            _e.currency,
            func.sum(case((is_before, minor), else_=zero)),
            func.sum(case((and_(is_today, minor > 0), minor), else_=zero)),
            func.sum(case((and_(is_today, minor < 0), -minor), else_=zero)),
        )
        .where(_e.at < ends)
        .group_by(_e.account, _e.currency)
        .order_by(_e.currency, _e.account)
    )
    with app.read() as conn:
        return [Account(r[0], r[1], int(r[2]), int(r[3]), int(r[4])) for r in conn.execute(query)]


# Days in Shanghai since 1970; whole numbers on both databases.
_DAY: Final = literal_column("((ledger_entries.at + 28800000000) / 86400000000)", Integer)
_FIRST: Final = date(1970, 1, 1)


def unbalanced(app: App, actor: Actor) -> list[tuple[date, str, int]]:
    """(day, currency, by how much) of days whose entries do not sum to zero: there should be none."""
    check(actor)
    total = func.sum(_e.amount_minor)
    query = select(_DAY.label("day"), _e.currency, total).group_by(_DAY, _e.currency).having(total != 0)
    with app.read() as conn:
        rows = conn.execute(query.order_by(_DAY)).all()
    return [(_FIRST + timedelta(days=row[0]), row[1], int(row[2])) for row in rows]


def paid_by_day(app: App, actor: Actor, days: int = 14) -> list[tuple[date, str, int]]:
    """(day, account, minor units of CNY that left it) of the last days."""
    check(actor)
    today = local_date(app.now())
    begins = datetime.combine(today - timedelta(days=days - 1), time(), ZONE)
    query = (
        select(_DAY.label("day"), _e.account, -func.sum(_e.amount_minor))
        .where(
            _e.at >= begins,
            _e.currency == "CNY",
            _e.movement.startswith("arrive:"),
            _e.amount_minor < 0,
        )
        .group_by(_DAY, _e.account)
        .order_by(_DAY, _e.account)
    )
    with app.read() as conn:
        rows = conn.execute(query).all()
    return [(_FIRST + timedelta(days=row[0]), row[1], int(row[2])) for row in rows]


COLUMNS: Final = ("id", "movement", "line", "at", "account", "amount_minor", "currency", "case_no")


def entries(app: App, actor: Actor, first: date, last: date) -> Iterator[tuple[Any, ...]]:
    """The ledger from one day to another as `COLUMNS`, a thousand rows at a time; `PeriodInvalid` at once."""
    check(actor)
    return _entries(app, *_span(first, last))


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    """When the first day begins and the last one ends."""
    if not _FROM <= first <= last <= _UNTIL:
        raise PeriodInvalid(first=first, last=last)
    return datetime.combine(first, time(), ZONE), datetime.combine(last, time(), ZONE) + timedelta(days=1)


def _entries(app: App, begins: datetime, ends: datetime) -> Iterator[tuple[Any, ...]]:
    query = select(*(_e[name] for name in COLUMNS)).where(_e.at >= begins, _e.at < ends)
    after = 0
    while True:
        with app.read() as conn:
            rows = conn.execute(query.where(_e.id > after).order_by(_e.id).limit(_CHUNK)).all()
        yield from (tuple(row) for row in rows)
        if len(rows) < _CHUNK:
            return
        after = rows[-1][0]
