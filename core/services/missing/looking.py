"""What may be missing of a case, its tickets and their answers: for its customer, and for whoever answers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from core.adapters.tables import (
    bill_rows,
    cases,
    customers,
    orders,
    payments,
    payouts,
    ticket_answers,
    tickets,
)
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotAllowed
from core.domain.missing import ANSWERERS, Sent, may_be_missing, opens, promised_at
from core.services import policies
from core.services.record import Case, read

_p, _t, _b, _a = payouts.c, tickets.c, bill_rows.c, ticket_answers.c
_SENT: Final = (
    select(
        _p.id, _p.channel, _p.state, _p.key, _p.reference, _p.amount_minor, _p.currency, payments.c.trade_no,
        payments.c.order_no, _p.sent_at, _p.eta_at, _p.arrived_at, _p.payee_channel, _p.payee_account,
        payments.c.account, _b.line.label("row_line"), _b.at.label("row_at"),
        _b.amount_minor.label("row_minor"), _b.known_by.label("row_by"), _b.kind.label("row_kind"),
    )
    .join(payments, payments.c.id == _p.payment_id)
    .outerjoin(bill_rows, _b.payout_id == _p.id)
    .where(_p.case_no == bindparam("case_no"))
    .order_by(_p.id)
)  # fmt: skip
_TICKETS: Final = (
    select(
        tickets, _p.channel, _p.state.label("payout_state"), _p.key, _p.reference, _p.amount_minor,
        _p.currency, _p.payee_channel, _p.payee_account, _p.sent_at, _p.accepted_at, _p.eta_at,
        _p.arrived_at, _p.heard, _p.heard_at, _p.due_at.label("asks_at"), payments.c.account,
        payments.c.trade_no, payments.c.order_no, orders.c.product, cases.c.customer_id,
        customers.c.name.label("customer_name"), _b.line.label("row_line"), _b.at.label("row_at"),
        _b.amount_minor.label("row_minor"), _b.kind.label("row_kind"), _b.known_by.label("row_by"),
    )
    .join(payouts, _p.id == _t.payout_id)
    .join(payments, payments.c.id == _p.payment_id)
    .join(orders, orders.c.order_no == payments.c.order_no)
    .join(cases, cases.c.case_no == _t.case_no)
    .outerjoin(customers, customers.c.id == cases.c.customer_id)
    .outerjoin(bill_rows, _b.payout_id == _p.id)
)  # fmt: skip
_ANSWERS: Final = select(ticket_answers).order_by(_a.id)


@dataclass(frozen=True, slots=True)
class KeptRow:
    """The line of their bill that the customer let us keep. `by`: how it was known, as of `bills.Found`."""

    line: int
    at: datetime
    amount_minor: int
    by: str
    kind: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One payout that may be missing. `opens_at`: the end of the last day on which to wait; None: nothing was
    promised yet. `account`: masked.
    """

    sent: Sent
    account: str
    promised_at: datetime | None
    opens_at: datetime | None
    is_provisional: bool
    row: KeptRow | None

    def may_open(self, now: datetime) -> bool:
        return self.opens_at is not None and now > self.opens_at


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody of the shop wrote."""

    at: datetime
    role: str
    words: str
    closes: bool


@dataclass(frozen=True, slots=True)
class TicketView:
    """A 'not received' with all that its answerer needs; the payout as it is now. `bill`: what the customer's
    bill said when it was opened, {} without one (`Checked.told`). `asks_at`: when the channel is asked.
    """

    id: int
    case_no: str
    order_no: str
    product: str
    customer_id: str
    customer_name: str
    state: str
    words: str
    opened_by: str
    at: datetime
    due_at: datetime | None
    owner: str | None
    closed_at: datetime | None
    payout_id: int
    payout_state: str
    channel: str
    account: str
    key: str
    reference: str | None
    trade_no: str
    amount_minor: int
    currency: str
    sent_at: datetime | None
    accepted_at: datetime | None
    eta_at: datetime | None
    arrived_at: datetime | None
    heard: str | None
    heard_at: datetime | None
    asks_at: datetime | None
    bill: dict[str, Any]
    row: KeptRow | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Of one case: what may be missing, and its tickets, the newest first."""

    pieces: tuple[Piece, ...]
    tickets: tuple[TicketView, ...]

    @property
    def open_ticket(self) -> TicketView | None:
        return next((ticket for ticket in self.tickets if ticket.state == "open"), None)


def look(app: App, actor: Actor, case_no: str) -> Lost:
    """For whoever may see the case; `NotFound`."""
    with app.read() as conn:
        case = read(conn, case_no, actor)
        found = _views(conn, conn.execute(_TICKETS.where(_t.case_no == case_no).order_by(_t.id.desc())).all())
        return Lost(tuple(pieces_of(app, conn, case)), tuple(found))


def open_tickets(app: App, actor: Actor, *, limit: int = 100) -> list[TicketView]:
    """What waits for an answer, the oldest first."""
    if actor.role not in ANSWERERS:
        raise NotAllowed(role=actor.role)
    with app.read() as conn:
        rows = conn.execute(_TICKETS.where(_t.state == "open").order_by(_t.at, _t.id).limit(limit)).all()
        return _views(conn, rows)


def pieces_of(app: App, conn: Connection, case: Case) -> list[Piece]:
    """What was sent of the case and may be missing."""
    policy = policies.get(app, conn, case.policy_version)
    found = []
    for row in conn.execute(_SENT, {"case_no": case.case_no}):
        if may_be_missing(row.channel, row.state):
            sent = Sent(*row[:13])
            limit = opens(sent, policy, app.calendar)
            found.append(
                Piece(
                    sent,
                    row.payee_account or row.account,
                    promised_at(sent, policy, app.calendar),
                    limit.at if limit else None,
                    bool(limit and limit.provisional),
                    _kept(row),
                )
            )
    return found


def _kept(row: Any) -> KeptRow | None:
    if row.row_line is None:
        return None
    return KeptRow(row.row_line, row.row_at, row.row_minor, row.row_by, row.row_kind)


def _views(conn: Connection, rows: Iterable[Any]) -> list[TicketView]:
    rows = list(rows)
    said: dict[int, list[Answer]] = defaultdict(list)
    if rows:
        for a in conn.execute(_ANSWERS.where(_a.ticket_id.in_([row.id for row in rows]))):
            role = a.answered_by.partition(":")[0]
            said[a.ticket_id].append(Answer(a.at, role, a.words, a.closes))
    return [
        TicketView(
            id=row.id, case_no=row.case_no, order_no=row.order_no, product=row.product,
            customer_id=row.customer_id, customer_name=row.customer_name or "", state=row.state,
            words=row.words, opened_by=row.opened_by, at=row.at, due_at=row.due_at, owner=row.owner,
            closed_at=row.closed_at, payout_id=row.payout_id, payout_state=row.payout_state,
            channel=row.payee_channel or row.channel, account=row.payee_account or row.account, key=row.key,
            reference=row.reference, trade_no=row.trade_no, amount_minor=row.amount_minor,
            currency=row.currency, sent_at=row.sent_at, accepted_at=row.accepted_at, eta_at=row.eta_at,
            arrived_at=row.arrived_at, heard=row.heard, heard_at=row.heard_at, asks_at=row.asks_at,
            bill=json.loads(row.carries).get("bill") or {}, row=_kept(row), answers=tuple(said[row.id]),
        )
        for row in rows
    ]  # fmt: skip
