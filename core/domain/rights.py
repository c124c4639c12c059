"""What a person may do beyond what the lifecycle table lets their role do: whose case it is, and who
judged before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from core.domain.actors import BUYERS, Actor, person, same_person
from core.domain.errors import (
    MoneyAlreadySent,
    NotAllowed,
    OwnCase,
    Refusal,
    SamePerson,
    SecondApprovalNeeded,
)
from core.domain.lifecycle import CASE

Step = tuple[str, str, str]  # (event, role, person) of something that happened to the case

APPROVING: Final = frozenset({"approve", "agree"})  # the first of two such commands is an `endorse`
DECIDING: Final = APPROVING | {"endorse", "reject", "ask", "negotiate"}
JUDGING: Final = DECIDING | {"dispute"}  # whoever sent it to arbitration had formed a view
SENDING: Final = frozenset({"pay", "agree"})  # from then on money may be on its way
DISPUTABLE: Final = frozenset({"ask", "reject", "escalate"})  # a question, a refusal, or nobody in time
SECOND_LOOK: Final = {"in_arbitration": "dispute", "in_appeal": "appeal"}  # state → the event that opens it


def barred(event: str, actor: Actor, state: str, customer_id: str, history: Iterable[Step]) -> Refusal | None:
    """Why this person may not cause `event` although their role may (invariant 13, R3.7); None: they may."""
    history = list(history)
    if event == "withdraw" and state == "negotiating" and any(name in SENDING for name, _, _ in history):
        return MoneyAlreadySent()
    if event not in DECIDING:
        return None
    return conflict(actor, state, customer_id, history) or _barred_from_approving(
        event, actor, state, history
    )


def conflict(actor: Actor, state: str, customer_id: str, history: Sequence[Step]) -> Refusal | None:
    """Why this person decides nothing here, whatever their role: it is theirs, or they judged it before."""
    applicants = {person(who) for _, role, who in history if role in BUYERS} | {person(customer_id)}
    if person(actor.id) in applicants - {""}:
        return OwnCase()
    return SamePerson() if person(actor.id) in _judges(state, history) else None


def endorsement(history: Sequence[Step]) -> Step | None:
    """The first of two approvals while it is in force: nothing but the clock has spoken since."""
    last = next((step for step in reversed(history) if step[0] != "escalate"), None)
    return last if last is not None and last[0] == "endorse" else None


def confirmers(state: str, first: Step) -> tuple[str, ...]:
    """Roles that may give the second approval after `first`. Of two, one is a lead's: no two reviewers."""
    roles = CASE.row(state, "agree" if state == "negotiating" else "approve").roles
    return roles if first[1] != "reviewer" else tuple(role for role in roles if role != "reviewer")


def one_agrees(history: Iterable[Step]) -> bool:
    """Whether a single person may agree on another way for the money: another one had approved the refund."""
    approved_by = [role for name, role, _ in history if name == "approve"]
    return approved_by[-1:] != ["system"]


def _judges(state: str, history: Sequence[Step]) -> set[str]:
    """Who formed a view before this look at the case began, and so has no part in it."""
    opened = "approve" if state == "negotiating" else SECOND_LOOK.get(state)
    if opened is None:
        return set()
    end = max((place for place, step in enumerate(history, 1) if step[0] == opened), default=0)
    # Who called for talks does not settle them. Who settled them once may do so again.
    views = [*history[:end], *(step for step in history[end:] if step[0] == "negotiate")]
    return {person(who) for name, role, who in views if name in JUDGING and role not in (*BUYERS, "system")}


def _barred_from_approving(event: str, actor: Actor, state: str, history: Sequence[Step]) -> Refusal | None:
    if event == "endorse":  # it comes of `approve` and `agree`, never by itself
        return NotAllowed(role=actor.role, event=event)
    if event not in APPROVING:
        return None
    first = endorsement(history)
    if first is None:
        begins = CASE.row(state, "endorse").roles
        return None if actor.role in begins else NotAllowed(role=actor.role, event=event)
    if same_person(actor.id, first[2]):
        return SamePerson()
    return None if actor.role in confirmers(state, first) else SecondApprovalNeeded()


def allowed(state: str, customer_id: str, actor: Actor, history: Iterable[Step]) -> tuple[str, ...]:
    """Events that this person may cause now: what the buttons show.

    An arbiter is offered to the customer once there is something to dispute (R3.4). That is no bar: whoever
    enters an event for somebody else may know more than the case.
    """
    history = list(history)
    too_early = actor.role in BUYERS and not any(name in DISPUTABLE for name, _, _ in history)
    return tuple(
        event
        for event in CASE.allowed(state, actor.role)
        if actor.role != "system"
        and not (event == "dispute" and too_early)
        and barred(event, actor, state, customer_id, history) is None
    )
