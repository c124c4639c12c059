"""What a request would pay that nobody has decided yet, if all of it is approved as it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain.breakdown import Breakdown
from core.domain.deadlines import EXPIRE
from core.domain.eligibility import ways_open
from core.domain.facts import Facts
from core.services import policies
from core.services.record import Case

UNDECIDED: Final = ("screening", "in_review", "awaiting_customer", "in_appeal", "in_arbitration")


def of_case(app: App, conn: Connection, case: Case, bodies: Sequence[Mapping[str, Any]]) -> Breakdown | None:
    """None of what is decided, and of an offer, which has its own sum. `bodies`: of the events so far."""
    if case.state not in UNDECIDED or case.due_action == EXPIRE:
        return None
    body = next((body for body in reversed(bodies) if "facts" in body), None)
    if body is None:
        return None
    facts = Facts.from_dict(body["facts"])
    ways = ways_open(facts, policies.get(app, conn, body["policy_version"]))
    by_route = {way.route: way.breakdown for way in ways}
    return by_route.get(case.route or "", by_route.get("negotiated"))
