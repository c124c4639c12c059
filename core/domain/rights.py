"""What a person may do beyond what the lifecycle table lets their role do: whose case it is, and who
judged before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.domain.actors import BUYERS, Actor
from core.domain.errors import MoneyAlreadySent, OwnCase, Refusal, SamePerson
from core.domain.lifecycle import CASE

Step = tuple[str, str, str]  # (event, role, person) of something that happened to the case

DECIDING: Final = frozenset({"approve", "reject", "ask", "negotiate", "agree"})
JUDGING: Final = DECIDING | {"dispute"}  # whoever sent it to arbitration had formed a view
SENDING: Final = frozenset({"pay", "agree"})  # from then on money may be on its way
SECOND_LOOK: Final = frozenset({"in_arbitration", "in_appeal"})


def barred(event: str, actor: Actor, state: str, customer_id: str, history: Iterable[Step]) -> Refusal | None:
    """Why this person may not cause `event` although their role may (invariant 13, R3.7); None: they may."""
    history = list(history)
    if event == "withdraw" and state == "negotiating" and any(name in SENDING for name, _, _ in history):
        return MoneyAlreadySent()
    if event not in DECIDING:
        return None
    applicants = {person for _, role, person in history if role in BUYERS} | {customer_id}
    if actor.id in applicants - {""}:
        return OwnCase()
    judges = {person for name, role, person in history if name in JUDGING and role not in (*BUYERS, "system")}
    if (state in SECOND_LOOK or event == "agree") and actor.id in judges:
        return SamePerson()
    return None


def allowed(state: str, customer_id: str, actor: Actor, history: Iterable[Step]) -> tuple[str, ...]:
    """Events that this person may cause now: what the buttons show."""
    history = list(history)
    return tuple(
        event
        for event in CASE.allowed(state, actor.role)
        if actor.role != "system" and barred(event, actor, state, customer_id, history) is None
    )
