"""Who decided what: nobody their own case, nobody twice, and large sums not alone (invariant 13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, select

from core.adapters.tables import case_events, cases
from core.domain.actors import BUYERS
from core.domain.rights import DECIDING, SECOND_LOOK
from core.services.audit.finding import Finding


def check(conn: Connection) -> Iterator[Finding]:
    """Invariant 13, event by event."""
    e = case_events.c
    customers = {
        number: customer for number, customer in conn.execute(select(cases.c.case_no, cases.c.customer_id))
    }
    applicants: dict[str, set[str]] = defaultdict(set)
    judges: dict[str, set[str]] = defaultdict(set)
    rows = select(e.case_no, e.event, e.actor_role, e.actor_id, e.from_state).order_by(e.case_no, e.seq)
    for case_no, event, role, person, state in conn.execute(rows):
        if role in BUYERS:
            applicants[case_no].add(person)
        if event not in DECIDING or role == "system":
            continue
        if person in (applicants[case_no] | {customers.get(case_no, "")}) - {""}:
            yield Finding(13, "decided_own_case", case_no, f"{event} by {person}")
        if (state in SECOND_LOOK or event == "agree") and person in judges[case_no]:
            yield Finding(13, "same_person_twice", case_no, f"{event} by {person}")
        judges[case_no].add(person)
