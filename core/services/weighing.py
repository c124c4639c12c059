"""The amount that the desk decides about: what is asked for, or what the first of two approved; and what
a yes to it would pay.
"""

from __future__ import annotations

from dataclasses import replace

from core.adapters.world import App
from core.domain.eligibility import assess
from core.domain.policy import Policy
from core.domain.rights import endorsement
from core.domain.routes import RouteOption
from core.services.case_views import Answer, CaseView, EventView
from core.services.granting import open_to, settled_on


def first_approval(view: CaseView) -> EventView | None:
    """The first of two approvals, with its amount, while it is in force."""
    steps = [(event.event, event.role, event.actor_id) for event in view.events]
    if endorsement(steps) is None:
        return None
    return next(event for event in reversed(view.events) if event.event == "endorse")


def to_decide(view: CaseView) -> int:
    """Minor units that are decided unless others are said."""
    first = first_approval(view)
    said = first.amount_minor if first else None
    return (view.requested_minor or 0) if said is None else said


def pays(
    app: App, view: CaseView, answer: Answer, policy: Policy, minor: int, route: str | None = None
) -> RouteOption | None:
    """What a yes to `minor` on `route` would pay, as the decision itself weighs it; None: there is no way.

    `answer`: of what is asked for. `route` None: what the first of two said, else the customer's.
    """
    facts = replace(answer.facts, requested_minor=minor)
    options = open_to(facts, assess(facts, policy, app.calendar), policy, app.calendar)
    first = first_approval(view)
    chosen = settled_on(options, route or (first.route if first else None) or view.route)
    return next((option for option in options if option.route == chosen), None)
