"""Who decided what: nobody their own case, nobody twice, and large sums not alone (invariant 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, case, select

from core.adapters.tables import case_events, cases
from core.adapters.world import App
from core.domain.actors import BUYERS, same_person
from core.domain.actors import person as one
from core.domain.errors import NotFound
from core.domain.facts import Facts
from core.domain.lifecycle import GRANTING
from core.domain.rights import APPROVING, DECIDING, SECOND_LOOK
from core.services import policies
from core.services.audit.finding import Finding, body_of


@dataclass
class _Told:
    """What one case's events say so far."""

    applicants: set[str]
    before: set[str] = field(default_factory=set)  # who judged before this look at the case
    now: set[str] = field(default_factory=set)  # who judges in this one
    approved_by: str = ""  # the role
    given_by: str = ""  # the role that said how to pay, or wrote the account that was kept
    offered_by: set[str] = field(default_factory=set)
    suggested_by: set[str] = field(default_factory=set)  # another way for the money
    first: Any = None  # the row of the first of two approvals, while nothing but the clock came after it


def check(app: App, conn: Connection) -> Iterator[Finding]:
    """Invariant 13, event by event."""
    e = case_events.c
    customers = {
        number: customer for number, customer in conn.execute(select(cases.c.case_no, cases.c.customer_id))
    }
    by_person = and_(
        e.event.in_(("approve", "offer", "endorse", "agree", "propose")), e.actor_role != "system"
    )
    body = case((by_person, e.body), else_="").label("body")
    rows = select(e.case_no, e.event, e.actor_role, e.actor_id, e.from_state, body)
    ordered = conn.execute(rows.order_by(e.case_no, e.seq))
    for case_no, events in groupby(ordered, key=lambda row: row.case_no):
        told = _Told({one(customers.get(case_no, ""))})
        for row in events:
            yield from _event(app, conn, told, row)


def _event(app: App, conn: Connection, told: _Told, row: Any) -> Iterator[Finding]:
    event, person, state = row.event, one(row.actor_id), row.from_state
    detail = f"{event} by {person}"
    is_staff = row.actor_role != "system" and row.actor_role not in BUYERS
    if row.actor_role in BUYERS:
        told.applicants.add(person)
    if event in DECIDING and row.actor_role != "system":
        if person in told.applicants - {""}:
            yield Finding(13, "decided_own_case", row.case_no, detail)
        if (state in SECOND_LOOK or event == "agree") and person in told.before:
            yield Finding(13, "same_person_twice", row.case_no, detail)
        if event in APPROVING and _needs_two(app, conn, told, row) and not _is_second(told, row):
            yield Finding(13, "approved_alone", row.case_no, detail)
    if is_staff and event in DECIDING | {"dispute"} and state != "negotiating":
        told.now.add(person)
    if event in ("approve", "offer"):  # an offer is approved by who made it, once it is accepted
        told.approved_by = row.actor_role
    made_by = {"accept": told.offered_by, "propose": told.suggested_by}.get(event, set())
    if person in made_by - {""}:
        yield Finding(13, "accepted_own_offer", row.case_no, detail)
    if event == "propose":
        told.given_by = body_of(row.body).get("given_by", row.actor_role)
    if event == "counter":
        told.suggested_by.add(person)
    if event in ("offer", "endorse"):
        told.offered_by.add(person)
    if event in (*SECOND_LOOK.values(), *GRANTING, "negotiate"):
        told.before |= told.now
        told.now = set()
    if event != "escalate":
        told.first = row if event == "endorse" else None


def _needs_two(app: App, conn: Connection, told: _Told, row: Any) -> bool:
    """More than one may approve, or another way for money that no person has approved yet, or that support
    named for its customer.
    """
    if row.event == "agree":
        return told.approved_by == "system" or told.given_by == "support"
    body = body_of(row.body)
    try:
        facts = Facts.from_dict(body["facts"])
        limit = policies.get(app, conn, body["policy_version"]).limits.second_approval_minor
        approved: int = body["option"]["approved"]
    except (KeyError, TypeError, ValueError, NotFound):
        return False  # told as missing facts
    return approved + facts.paid_minor - facts.refundable_minor > limit


def _is_second(told: _Told, row: Any) -> bool:
    """Another person said the same before, and of the two not both are reviewers."""
    first = told.first
    if first is None or same_person(first.actor_id, row.actor_id):
        return False
    if (first.actor_role, row.actor_role) == ("reviewer", "reviewer"):
        return False
    if row.event == "agree":
        return True
    if body_of(first.body).get("of", "approve") != row.event:
        return False
    said, says = ((body_of(each.body).get("option") or {}) for each in (first, row))
    return all(said.get(part) == says.get(part) for part in ("approved", "route"))
