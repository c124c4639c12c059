"""Every table, and what it holds of a person: which rows are theirs, which columns the copy shows, and what
erasure does to them. A table that is not here fails a test, so a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, false, func, or_, select

from core.adapters import tables as t
from core.adapters.world import App
from core.domain.errors import NotFound

# Why rows stay: the books have to be kept for years; the log of decisions can be changed by nobody, and is
# sealed (`case_reading`); a picture's row is the stone on its grave.
BOOKS, LOG, STONE = "books", "log", "stone"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person: an account, or whoever bought one order as a guest. With the numbers of what is theirs."""

    customer_id: str
    order_no: str
    orders: tuple[str, ...]
    cases: tuple[str, ...]


Whose = Callable[[Subject], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Holding:
    """`told`: columns of the copy, with spaces between, none where another part of it says the same. `end`:
    `gone` (rows are deleted), `emptied` (`blank` is written into them) or why they stay.
    """

    table: Table
    whose: Whose
    end: str
    told: str = ""
    blank: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def subject(conn: Connection, customer_id: str = "", order_no: str = "") -> Subject:
    """The account, or the guest of an order; `NotFound` where there is neither, and for a guest's order that
    belongs to an account.
    """
    o, c = t.orders.c, t.cases.c
    if customer_id:
        theirs, cases = o.customer_id == customer_id, c.customer_id == customer_id
        known = select(t.customers.c.id).where(t.customers.c.id == customer_id)
    else:
        theirs, cases = and_(o.order_no == order_no, o.customer_id == ""), c.order_no == order_no
        known = select(o.order_no).where(theirs)
    numbers = tuple(conn.execute(select(o.order_no).where(theirs).order_by(o.order_no)).scalars())
    if not numbers and conn.execute(known).first() is None:
        raise NotFound()
    found = conn.execute(select(c.case_no).where(cases).order_by(c.case_no)).scalars()
    return Subject(customer_id, "" if customer_id else order_no, numbers, tuple(found))


def held(app: App, customer_id: str = "", order_no: str = "") -> dict[str, tuple[int, str]]:
    """How many rows of each table are theirs, and what erasure would do to them. `NotFound`."""
    with app.read() as conn:
        who = subject(conn, customer_id, order_no)
        counted = {holding.table.name: (count(conn, holding, who), holding.end) for holding in HOLDINGS}
    return {name: found for name, found in counted.items() if found[0]}


def count(conn: Connection, holding: Holding, who: Subject) -> int:
    """How many of the table's rows are theirs."""
    query = select(func.count()).select_from(holding.table).where(holding.whose(who))
    return int(conn.execute(query).scalar_one())


def _person(column: Any) -> Whose:
    return lambda who: column == who.customer_id if who.customer_id else false()


def _order(column: Any) -> Whose:
    return lambda who: column.in_(who.orders)


def _case(column: Any) -> Whose:
    return lambda who: column.in_(who.cases)


def _through(column: Any, other: Table, key: str, whose: Callable[[Any], Whose], by: str) -> Whose:
    """Rows that belong to rows of `other`."""
    return lambda who: column.in_(select(other.c[key]).where(whose(other.c[by])(who)))


def _their_sessions(who: Subject) -> ColumnElement[bool]:
    s = t.sessions.c
    mine = and_(s.role == "customer", s.person_id == who.customer_id) if who.customer_id else false()
    return or_(mine, s.order_no.in_(who.orders))


def their_vouchers(who: Subject) -> ColumnElement[bool]:
    v = t.vouchers.c
    mine = v.customer_id == who.customer_id if who.customer_id else false()
    return or_(mine, v.order_no.in_(who.orders))


_their_entries = _through(t.credit_appeals.c.entry_id, t.credit_entries, "id", _person, "customer_id")
_their_answers = _through(t.ticket_answers.c.ticket_id, t.tickets, "id", _case, "case_no")


def _their_commands(who: Subject) -> ColumnElement[bool]:
    return t.commands.c.actor == f"customer:{who.customer_id}" if who.customer_id else false()


def _their_voucher_events(who: Subject) -> ColumnElement[bool]:
    return t.voucher_events.c.voucher_id.in_(select(t.vouchers.c.id).where(their_vouchers(who)))


HOLDINGS: Final = (
    Holding(t.customers, _person(t.customers.c.id), "emptied", "id name credit created_at", {"name": ""}),
    Holding(t.accounts, _person(t.accounts.c.person_id), "gone", "issuer subject name signed_in_at"),
    Holding(t.contacts, _person(t.contacts.c.customer_id), "gone", "mail language"),
    Holding(t.sessions, _their_sessions, "gone", "role created_at seen_at ended_at"),
    Holding(t.guest_tries, _order(t.guest_tries.c.order_no), "gone", "address at"),
    Holding(t.credit_entries, _person(t.credit_entries.c.customer_id), LOG, "at points rule case_no note"),
    Holding(t.credit_appeals, _their_entries, "emptied", "at words state answer answered_at",
            {"words": "", "answer": ""}),
    Holding(t.orders, _order(t.orders.c.order_no), BOOKS,
            "order_no product kind quantity amount_minor currency delivery delivery_at paid_at completed_at"),
    Holding(t.payments, _order(t.payments.c.order_no), BOOKS,
            "order_no channel trade_no account paid_minor refunded_minor external_minor currency paid_at"),
    Holding(t.external_refunds,
            _through(t.external_refunds.c.payment_id, t.payments, "id", _order, "order_no"), BOOKS,
            "channel refund_no amount_minor at"),
    Holding(t.cases, _case(t.cases.c.case_no), LOG),  # the copy tells them as their customer sees them
    Holding(t.case_events, _case(t.case_events.c.case_no), LOG),
    Holding(t.commands, _their_commands, LOG),  # what they answered, by number
    Holding(t.payees, _case(t.payees.c.case_no), BOOKS, "case_no channel holder account given_at"),
    Holding(t.payouts, _case(t.payouts.c.case_no), BOOKS),
    Holding(t.ledger_entries, _case(t.ledger_entries.c.case_no), BOOKS),
    Holding(t.bill_rows, _case(t.bill_rows.c.case_no), BOOKS,
            "case_no at amount_minor currency refund_no status kept_at"),
    Holding(t.evidence, _case(t.evidence.c.case_no), STONE,
            "id case_no kind media_type width height size masks reading added_at removed_at expired_at"),
    Holding(t.evidence_views,
            _through(t.evidence_views.c.evidence_id, t.evidence, "id", _case, "case_no"), LOG,
            "evidence_id role at"),
    Holding(t.tickets, _case(t.tickets.c.case_no), "emptied", "case_no at words state closed_at",
            {"words": ""}),
    Holding(t.ticket_answers, _their_answers, LOG, "at words closes"),
    Holding(t.notices, _case(t.notices.c.case_no), LOG,
            "case_no kind amount_minor currency at read_at"),
    Holding(t.notice_deliveries,
            _through(t.notice_deliveries.c.notice_id, t.notices, "id", _case, "case_no"), LOG,
            "target state sent_at"),
    Holding(t.balance_lots, _person(t.balance_lots.c.customer_id), BOOKS,
            "amount_minor remaining_minor currency credited_at expires_at"),
    Holding(t.spends, _person(t.spends.c.customer_id), BOOKS, "what amount_minor currency at"),
    Holding(t.lot_uses, _through(t.lot_uses.c.lot_id, t.balance_lots, "id", _person, "customer_id"), BOOKS,
            "amount_minor at"),
    Holding(t.vouchers, their_vouchers, BOOKS,
            "order_no kind amount_minor currency state code_tail issued_at expires_at closed_at"),
    Holding(t.voucher_events, _their_voucher_events, BOOKS, "event at"),
    Holding(t.trial_answers, _case(t.trial_answers.c.case_no), LOG),
    Holding(t.erasures, lambda who: and_(t.erasures.c.customer_id == who.customer_id,
                                         t.erasures.c.order_no == who.order_no), LOG, "at"),
)  # fmt: skip

# Their rows go with a picture's (`fingerprints.forget`).
WITH_THE_PICTURE: Final = (t.fingerprints, t.fingerprint_keys, t.near_pictures)

# Of channels and bills, by the numbers of payments and refunds; of the staff; of the house itself.
NOBODYS: Final = (
    t.bills, t.billed_payouts, t.bill_differences, t.channel_notices, t.channel_turns, t.circuits,
    t.desk_leases, t.difference_events, t.differences, t.exchange_rates, t.payout_care, t.policies,
    t.policy_drafts, t.policy_trials, t.refused_notices, t.sandbox_refunds, t.settings, t.sign_in_tries,
    t.waiting_refunds, t.worker_beats,
)  # fmt: skip
