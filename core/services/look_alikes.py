"""Cases at the desk that are so alike that one look may settle them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal, SecondApprovalNeeded
from core.services import policies
from core.services.cases import act
from core.services.desk import MANY, DeskCard, queue
from core.services.weighing import first_approval

ALIKE: Final = 2  # as many make a group


@dataclass(frozen=True, slots=True)
class Group:
    """Cases so alike that one look may settle them: same rule, reason and kind, each simple."""

    rule: str
    reason: str
    kind: str
    case_nos: tuple[str, ...]
    total_minor: int
    currency: str


def alike(app: App, actor: Actor, name: str = "review") -> list[Group]:
    """Groups of simple cases among the first `MANY` of the queue, the largest first. Simple: one approval is
    enough and nobody else has them in hand.
    """
    found: dict[tuple[str, str, str, str], list[DeskCard]] = {}
    _, policy = policies.current(app)
    for card in queue(app, actor, name, limit=MANY):
        if card.held_by not in (None, actor.id):
            continue
        if card.requested_minor > policy.limits.second_approval_minor or not card.rule:
            continue
        found.setdefault((card.rule, card.reason, card.kind, card.currency), []).append(card)
    groups = [
        Group(
            rule,
            reason,
            kind,
            tuple(card.case_no for card in cards),
            sum(card.requested_minor for card in cards),
            currency,
        )
        for (rule, reason, kind, currency), cards in found.items()
        if len(cards) >= ALIKE
    ]
    return sorted(groups, key=lambda group: -len(group.case_nos))


def approve_all(
    app: App, actor: Actor, case_nos: Iterable[str], command_id: str, *, note: str = ""
) -> list[tuple[str, Refusal | None]]:
    """Approve each in a transaction of its own, in full; what was refused comes back with its refusal, and so
    does what turned out to need a second person.
    """
    outcome: list[tuple[str, Refusal | None]] = []
    for case_no in case_nos:
        try:
            after = act(app, actor, case_no, "approve", f"{command_id}-{case_no}", note=note)
        except Refusal as refused:
            outcome.append((case_no, refused))
        else:
            needs_another = first_approval(after) is not None
            outcome.append((case_no, SecondApprovalNeeded() if needs_another else None))
    return outcome
