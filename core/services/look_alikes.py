"""Cases at the desk that are so alike that one look may settle them together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.credit import START, asked_for
from core.domain.errors import InOtherHands, Refusal, SecondApprovalNeeded
from core.services import alike as alike_pictures
from core.services import credit, desk, policies, queues
from core.services.case_views import CaseView
from core.services.cases import act
from core.services.evidence import EvidenceView
from core.services.queues import DeskCard
from core.services.weighing import first_approval

ALIKE: Final = 2  # as many make a group
SPOKEN: Final = ("answer", "decline", "dispute", "appeal")  # what a customer says after having asked
AT_ONCE: Final = 20  # as many are looked at in one list


@dataclass(frozen=True, slots=True)
class Group:
    """Cases so alike that one look may settle them: same rule, reason and kind, each simple. `asked_minor`:
    what their customers ask for, before any fee.
    """

    rule: str
    reason: str
    kind: str
    case_nos: tuple[str, ...]
    asked_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """One of them, approved in full and taken back: `asked_minor` = fee + exchange difference + refund.
    `doubts`: why it should be looked at alone, as codes. `refused`: it cannot be approved (any more).
    """

    card: DeskCard
    asked_minor: int
    fee_minor: int
    fx_minor: int
    refund_minor: int
    fee_basis_points: int | None
    doubts: tuple[str, ...]
    refused: Refusal | None = None
    words: str = ""  # the customer's, those of the request and of later
    pictures: tuple[EvidenceView, ...] = ()
    seen: int | None = None  # the last event of what stands here


def alike(app: App, actor: Actor, name: str = "review") -> list[Group]:
    """Groups of simple cases among the first of the queue, the largest first, `AT_ONCE` at most in each.
    Simple: one approval is enough and nobody else has them in hand.
    """
    found: dict[tuple[str, str, str, str], list[DeskCard]] = {}
    _, policy = policies.current(app)
    for card in queues.queue(app, actor, name, limit=queues.MANY):
        if card.held_by not in (None, actor.id):
            continue
        if card.requested_minor > policy.limits.second_approval_minor or not card.rule:
            continue
        of_kind = found.setdefault((card.rule, card.reason, card.kind, card.currency), [])
        if len(of_kind) < AT_ONCE:
            of_kind.append(card)
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


def weigh(app: App, actor: Actor, case_nos: Collection[str], name: str = "review") -> list[Weighed]:
    """What each of them would come to; those that left the queue meanwhile are left out."""
    cards = [card for card in queues.queue(app, actor, name, limit=queues.MANY) if card.case_no in case_nos]
    _, policy = policies.current(app)
    trusted = max(asked_for(policy), default=START)
    with app.read() as conn:
        suspects = credit.suspected(conn, {card.customer_id for card in cards})
        hints = {card.case_no: _hints(conn, card.case_no) for card in cards}
    found = []
    for card in cards:
        doubts = (
            ("forgery",) if card.customer_id in suspects else ("credit",) if card.credit < trusted else ()
        )
        doubts = (*doubts, *hints[card.case_no])
        if card.held_by not in (None, actor.id):
            held = InOtherHands(person=card.held_by, until=card.held_until)
            found.append(Weighed(card, card.requested_minor, 0, 0, 0, None, doubts, held))
            continue
        try:
            after = desk.preview(app, actor, card.case_no, "approve")
        except Refusal as refused:
            found.append(Weighed(card, card.requested_minor, 0, 0, 0, None, doubts, refused))
            continue
        refused_alone = SecondApprovalNeeded() if after.approved_minor is None else None
        if any(picture.warnings for picture in after.evidence):
            doubts = (*doubts, "pictures")
        answers = tuple(e.note for e in after.events if e.event in SPOKEN and e.note)
        if answers:
            doubts = (*doubts, "answered")
        found.append(
            Weighed(
                card, card.requested_minor, after.fee_minor or 0, after.fx_minor or 0,
                after.refund_minor or 0, after.fee_basis_points, doubts, refused_alone,
                "\n".join(filter(None, (after.description, *answers))), after.evidence, _before(after),
            )
        )  # fmt: skip
    return found


def _before(after: CaseView) -> int:
    """The last event before the approval that was taken back."""
    return next(event.seq for event in reversed(after.events) if event.event in ("approve", "endorse")) - 1


def _hints(conn: Connection, case_no: str) -> tuple[str, ...]:
    """What its pictures alone would warn of when it is opened: sent in another case as well, edited."""
    again = alike_pictures.again_in(conn, case_no)
    found = {"again": any(not hint.is_same_customer for hint in again)}
    found["again_own"] = bool(again) and not found["again"]
    found["edited"] = bool(alike_pictures.doubts_in(conn, case_no))
    return tuple(code for code, is_so in found.items() if is_so)


def approve_all(
    app: App,
    actor: Actor,
    case_nos: Iterable[str],
    command_id: str,
    *,
    notes: Mapping[str, str] | None = None,
    seen: Mapping[str, int | None] | None = None,
) -> list[tuple[str, Refusal | None]]:
    """Approve each in a transaction of its own, in full; what was refused comes back with its refusal, and so
    does what turned out to need a second person. By case `notes`: what each customer is told, and `seen`:
    the last event that was looked at (`cases.act`).
    """
    outcome: list[tuple[str, Refusal | None]] = []
    for case_no in case_nos:
        note = (notes or {}).get(case_no, "")
        try:
            after = act(
                app, actor, case_no, "approve", f"{command_id}-{case_no}",
                note=note, seen=(seen or {}).get(case_no),
            )  # fmt: skip
        except Refusal as refused:
            outcome.append((case_no, refused))
        else:
            needs_another = first_approval(after) is not None
            outcome.append((case_no, SecondApprovalNeeded() if needs_another else None))
    return outcome
