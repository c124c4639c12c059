"""Credit: every account has what its entries add up to, each loss is a person's, each answer another's."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from core.adapters.tables import case_events, credit_appeals, credit_entries, customers
from core.domain.actors import same_person
from core.domain.credit import START
from core.domain.rights import SECOND_LOOK
from core.services import credit
from core.services.audit.finding import Finding, body_of


def check(conn: Connection) -> Iterator[Finding]:
    """Invariants 13 and 22."""
    sums = credit.sums(conn)
    for customer_id, points in conn.execute(select(customers.c.id, customers.c.credit)):
        wanted = sums.get(customer_id, START)
        if points != wanted:
            yield Finding(22, "credit_differs", customer_id, f"{points}, by its entries {wanted}")
    found = set()
    e = case_events.c
    for case_no, body in conn.execute(select(e.case_no, e.body).where(e.event == "find_forgery")):
        found.add((case_no, body_of(body).get("picture")))
    granted = set(
        conn.execute(
            select(e.case_no).where(e.event == "approve", e.from_state.in_(tuple(SECOND_LOOK)))
        ).scalars()
    )
    c, a = credit_entries.c, credit_appeals.c
    rows = select(credit_entries, a.state, a.answered_by, a.answer).outerjoin(
        credit_appeals, a.entry_id == c.id
    )
    reversed_ = set(conn.execute(select(c.about).where(c.rule == "appeal_granted")).scalars())
    for row in conn.execute(rows):
        subject = f"entry {row.id}"
        if row.rule == "forgery" and (row.case_no, row.about) not in found:
            yield Finding(22, "loss_without_finding", subject, row.case_no)
        if row.rule == "upheld" and row.case_no not in granted:
            yield Finding(22, "gain_without_ruling", subject, row.case_no)
        if row.rule in ("upheld", "recovery") and row.points < 0:
            yield Finding(22, "gain_below_zero", subject, str(row.points))
        if row.answered_by and same_person(row.answered_by.partition(":")[2], row.made_by.partition(":")[2]):
            yield Finding(13, "appeal_answered_by_finder", subject, row.answered_by)
        if (row.state == "granted") != (str(row.id) in reversed_):
            yield Finding(22, "appeal_without_entry", subject)
