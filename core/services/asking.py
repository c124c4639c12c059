"""What the rules would say to a claim that is asked for now, whatever became of it before, and to one that
comes late. Reads only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain.eligibility import Assessment, assess
from core.domain.facts import Facts
from core.domain.policy import Policy
from core.services import applying, granting, order_facts
from core.services.applying import Applying
from core.services.case_views import Answer, CaseView
from core.services.orders import OrderView, facts_for
from core.services.record import Case

TWICE: Final = "duplicate_charge"


def rules_say(app: App, view: CaseView) -> Answer | None:
    """`view`: a draft, or a request that has ended and may be asked for anew; None: it names no claim yet."""
    if view.reason is None or view.requested_minor is None:
        return None
    now = app.now()
    kinds = [picture.kind for picture in view.evidence]
    with app.read() as conn:
        holds = applying.at(app, conn, now)
        return _answer(app, conn, holds, view.order.order_no, view.reason, view.requested_minor, kinds, now)


def charged_twice(app: App, orders: Iterable[OrderView], holds: Applying) -> dict[str, int]:
    """Order number → what our books show was charged twice of it and the rules still give back past the time
    to ask, in minor units.
    """
    now = app.now()
    late = [
        order.order_no
        for order in orders
        if order.refundable_minor > 0 and (ends := holds.ask_until(order)) is not None and ends < now
    ]
    if not late:
        return {}
    with app.read() as conn:
        return _twice(app, conn, holds, late, now)


def is_open_late(app: App, conn: Connection, holds: Applying, case: Case, now: datetime) -> bool:
    """Of a draft past the time to ask: whether the rules make an exception for its claim; of one that names
    none, whether they make one for what was charged twice.
    """
    if case.reason is None or case.requested_minor is None:
        return case.order_no in _twice(app, conn, holds, [case.order_no], now)
    return granting.weigh(app, conn, holds, case, case.requested_minor, now).found.verdict != "reject"


def _twice(
    app: App, conn: Connection, holds: Applying, numbers: Collection[str], now: datetime
) -> dict[str, int]:
    return {
        order_no: minor
        for order_no, minor in order_facts.charged_twice(conn, numbers, holds.policy).items()
        if _answer(app, conn, holds, order_no, TWICE, minor, (), now).found.verdict != "reject"
    }


def _answer(
    app: App,
    conn: Connection,
    holds: Applying,
    order_no: str,
    reason: str,
    minor: int,
    evidence: Collection[str],
    now: datetime,
) -> Answer:
    def gather(policy: Policy) -> tuple[Facts, Assessment]:
        facts = facts_for(
            conn, order_no, reason=reason, requested_minor=minor, evidence=evidence, policy=policy, at=now
        )
        return facts, assess(facts, policy, app.calendar)

    return applying.weigh(app, holds, order_no, gather)
