"""What staff must know of a case and its customer's screen does not tell: who may do what next, until when,
by which rule, and where a first of two approvals stands.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from core.cli.answer import columns
from core.domain import rights
from core.domain.actors import BUYERS, Actor
from core.domain.lifecycle import CASE, ROLES

if TYPE_CHECKING:
    from core.domain.policy import Policy
    from core.services.case_views import CaseView
    from core.texts import Texts

_SHORT = {"zh_CN": "zh", "en": "en"}


def history(view: CaseView) -> list[rights.Step]:
    return [(event.event, event.role, event.actor_id) for event in view.events]


def events_allowed(view: CaseView) -> dict[str, list[str]]:
    """Role → events that somebody of it, who has had no part in the case yet, may cause now."""
    steps = history(view)
    buyer = "customer" if view.customer_id else "guest"
    found = {
        role: list(rights.allowed(view.state, view.customer_id, Actor(role), steps, owner=view.owner))
        for role in ROLES
        if role not in ("customer", "guest") or role == buyer
    }
    return {role: events for role, events in found.items() if events}


def lines(view: CaseView, policy: Policy, tx: Texts, now: datetime) -> list[str]:
    by_role = events_allowed(view)
    rows = [(tx("cli.staff.next"), _who(view, by_role, tx))]
    if view.due_at is not None:
        until = tx.until(view.due_at, now, provisional=view.provisional)
        late = tx("cli.cases.late", until=until) if view.due_at <= now else until
        rows.append((tx("cli.staff.until"), late))
    second = _second(view, tx)
    if second:
        rows.append((tx("cli.staff.second"), second))
    rows += [
        (name if place else tx("cli.staff.may"), said)
        for place, (name, said) in enumerate(("", said) for said in _may(by_role))
    ]
    if view.rule:
        rows.append((tx("cli.staff.rule"), view.rule))
        rows.append(("", view.says.get(_SHORT[tx.language], "")))
    rate = _rate(view, policy)
    if rate:
        rows.append((tx("cli.staff.rate"), f"{rate / 100:g}%"))
    return columns(rows)


def _may(by_role: dict[str, list[str]]) -> list[str]:
    """`approve: reviewer, lead`, in the order of the lifecycle table."""
    return [
        f"{event}: {', '.join(roles)}"
        for event in CASE.events
        if (roles := [role for role, events in by_role.items() if event in events])
    ]


def _who(view: CaseView, by_role: dict[str, list[str]], tx: Texts) -> str:
    """The people whose move it is."""
    if view.waiting_for == "you":
        return tx("role.customer" if view.customer_id else "role.guest")
    if view.waiting_for != "we":
        return tx(f"waiting_for.{view.waiting_for}")
    people = [
        role for role, events in by_role.items() if role not in BUYERS and rights.DECIDING & set(events)
    ]
    if view.state == "approved":  # staff could still stop it; by itself it is paid
        people = []
    return tx.either(tx(f"role.{role}") for role in people or ["system"])


def _second(view: CaseView, tx: Texts) -> str:
    """Which approval is still missing after the first of two."""
    first = rights.endorsement(history(view))
    if first is None:
        return ""
    event = next(event for event in reversed(view.events) if event.event == "endorse")
    amount = view.refund_minor if event.amount_minor is None else event.amount_minor
    return tx(
        "cli.staff.second_by",
        amount="" if amount is None else tx.money(amount, view.currency),
        roles=tx.either(tx(f"role.{role}") for role in rights.confirmers(view.state, first)),
        person=first[2],
    )


def _rate(view: CaseView, policy: Policy) -> int:
    """Basis points of the fee; 0 where there is none, or where the fee that was taken is not of this rate."""
    if view.reason is None:
        return 0
    own = next((rule.fee_basis_points for rule in policy.rules if rule.id == view.rule), None)
    rate = policy.fee_basis_points[view.reason] if own is None else own
    if view.fee_minor is None or view.approved_minor is None:
        return rate
    return rate if abs(view.fee_minor * 10_000 - rate * view.approved_minor) <= 10_000 else 0
