"""What the rules would say to a claim that is asked for now, whatever became of it before. Reads only."""

from __future__ import annotations

from core.adapters.world import App
from core.domain.eligibility import Assessment, assess
from core.domain.facts import Facts
from core.domain.policy import Policy
from core.services import applying
from core.services.case_views import Answer, CaseView
from core.services.orders import facts_for


def rules_say(app: App, view: CaseView) -> Answer | None:
    """`view`: a draft, or a request that has ended and may be asked for anew; None: it names no claim yet."""
    if view.reason is None or view.requested_minor is None:
        return None
    reason, minor, now = view.reason, view.requested_minor, app.now()
    with app.read() as conn:

        def gather(policy: Policy) -> tuple[Facts, Assessment]:
            facts = facts_for(
                conn,
                view.order.order_no,
                reason=reason,
                requested_minor=minor,
                evidence=[picture.kind for picture in view.evidence],
                policy=policy,
                at=now,
            )
            return facts, assess(facts, policy, app.calendar)

        return applying.weigh(app, applying.at(app, conn, now), view.order.order_no, gather)
