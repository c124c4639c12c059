"""What the rules would say to a claim that is asked for now, whatever became of it before. Reads only."""

from __future__ import annotations

from core.adapters.world import App
from core.domain.eligibility import assess
from core.domain.policy import Policy
from core.services.case_views import Answer, CaseView
from core.services.orders import facts_for


def rules_say(app: App, view: CaseView, policy: Policy) -> Answer | None:
    """`view`: a draft, or a request that has ended and may be asked for anew; None: it names no claim yet."""
    if view.reason is None or view.requested_minor is None:
        return None
    with app.read() as conn:
        facts = facts_for(
            conn,
            view.order.order_no,
            reason=view.reason,
            requested_minor=view.requested_minor,
            evidence=[picture.kind for picture in view.evidence],
            policy=policy,
            at=app.now(),
        )
    return Answer(facts, assess(facts, policy, app.calendar))
