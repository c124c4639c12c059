"""Tickets of 'not received': one open for a case, past the limit, answered by somebody else and in words; and
what has arrived is asked about only while one is open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from core.adapters.tables import bill_rows, cases, notices, payments, payouts, ticket_answers, tickets
from core.adapters.world import App
from core.domain.actors import same_person
from core.domain.missing import Sent, opens
from core.domain.notices import TICKET_ANSWERED, TICKET_CLOSED, TICKET_OPENED
from core.services import policies
from core.services.audit.finding import Finding

_t, _p, _a, _b, _n = tickets.c, payouts.c, ticket_answers.c, bill_rows.c, notices.c
_TICKETS = (
    select(
        tickets, _p.case_no.label("paid_case"), _p.channel, _p.state.label("payout_state"), _p.key,
        _p.reference, _p.amount_minor, _p.currency, _p.sent_at, _p.eta_at, _p.arrived_at, _p.payee_channel,
        payments.c.trade_no, payments.c.order_no, cases.c.customer_id, cases.c.policy_version,
    )
    .join(payouts, _p.id == _t.payout_id)
    .join(payments, payments.c.id == _p.payment_id)
    .join(cases, cases.c.case_no == _t.case_no)
    .order_by(_t.id)
)  # fmt: skip


def check(app: App, conn: Connection) -> Iterator[Finding]:
    """Invariants 13, 21 and 23."""
    answers: dict[int, list[Any]] = defaultdict(list)
    for answer in conn.execute(select(ticket_answers).order_by(_a.id)):
        answers[answer.ticket_id].append(answer)
    told = Counter(map(tuple, conn.execute(select(_n.case_no, _n.kind, _n.about))))
    rows = conn.execute(_TICKETS).all()
    waiting = Counter(row.case_no for row in rows if row.state == "open")
    for case_no, number in waiting.items():
        if number > 1:
            yield Finding(23, "two_open_tickets", case_no, f"{number} open")
    for row in rows:
        yield from _ticket(app, conn, row, answers[row.id], told)
    looked_for = {row.payout_id for row in rows if row.state == "open"}
    asked = select(_p.id, _p.key).where(_p.state == "arrived", _p.due_at.is_not(None))
    for payout_id, key in conn.execute(asked):
        if payout_id not in looked_for:
            yield Finding(23, "asked_after_arrival", key)
    astray = select(_b.payout_id).join(payouts, _p.id == _b.payout_id).where(_b.case_no != _p.case_no)
    for (payout_id,) in conn.execute(astray):
        yield Finding(23, "bill_row_astray", f"payout {payout_id}")


def _ticket(app: App, conn: Connection, row: Any, answers: list[Any], told: Any) -> Iterator[Finding]:
    subject = f"ticket {row.id}"
    if row.paid_case != row.case_no:
        yield Finding(23, "ticket_astray", subject, row.paid_case)
    if row.state == "open" and row.due_at is None:
        yield Finding(23, "ticket_without_due", subject)
    closing = [answer for answer in answers if answer.closes]
    if len(closing) != (row.state == "closed") or (closing and closing != answers[-1:]):
        yield Finding(23, "ticket_closed_otherwise", subject, f"{row.state}, {len(closing)} closing answers")
    sent = Sent(
        row.payout_id, row.channel, row.payout_state, row.key, row.reference, row.amount_minor, row.currency,
        row.trade_no, row.order_no, row.sent_at, row.eta_at, row.arrived_at, row.payee_channel,
    )  # fmt: skip
    limit = opens(sent, policies.get(app, conn, row.policy_version), app.calendar)
    if limit is None or row.at <= limit.at:
        yield Finding(23, "ticket_too_early", subject, f"{row.at}")
    for answer in answers:
        if row.customer_id and same_person(answer.answered_by.partition(":")[2], row.customer_id):
            yield Finding(13, "ticket_answered_by_owner", subject, answer.answered_by)
    wanted = [(TICKET_OPENED, str(row.id))] + [
        (TICKET_CLOSED if answer.closes else TICKET_ANSWERED, f"{row.id}-{answer.id}") for answer in answers
    ]
    for kind, about in wanted:
        if not told[row.case_no, kind, about]:
            yield Finding(21, "ticket_untold", subject, f"{kind} {about}")
