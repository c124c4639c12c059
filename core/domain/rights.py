"""What a person may do beyond what the lifecycle table lets their role do: whose case it is, and who
judged before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from core.domain.actors import BUYERS, Actor, person, same_person
from core.domain.errors import (
    AccountOnly,
    MoneyAlreadySent,
    NotAllowed,
    OwnCase,
    Refusal,
    SamePerson,
    SecondApprovalNeeded,
    TransitionRefused,
)
from core.domain.lifecycle import CASE, GRANTING

Step = tuple[str, str, str]  # (event, role, person) of something that happened to the case

APPROVING: Final = frozenset({"approve", "offer", "agree"})  # the first of two such commands is an `endorse`
DECIDING: Final = APPROVING | {"endorse", "reject", "ask", "negotiate", "counter", "find_forgery"}
CLOCK: Final = frozenset({"escalate", "remind"})  # nobody's word: later than it was, and the same as before
RECORDING: Final = frozenset({"transfer"})
SPEAKING: Final = frozenset({"ask", "offer"})  # what waits for the customer is the last of these
TO_AN_OFFER: Final = frozenset({"accept", "decline"})
TAKING: Final = TO_AN_OFFER | {"propose"}  # by which a customer settles something
TO_A_QUESTION: Final = frozenset({"answer"})
JUDGING: Final = DECIDING | {"dispute"}  # whoever sent it to arbitration had formed a view
SENDING: Final = frozenset({"pay", "agree"})  # from then on money may be on its way
# A question, an offer, a refusal, or nobody in time.
DISPUTABLE: Final = frozenset({"ask", "offer", "reject", "escalate"})
SECOND_LOOK: Final = {"in_arbitration": "dispute", "in_appeal": "appeal"}  # state → the event that opens it


def barred(event: str, actor: Actor, state: str, customer_id: str, history: Iterable[Step]) -> Refusal | None:
    """Why this person may not cause `event` although their role may (invariant 13, R3.7); None: they may."""
    history = list(history)
    if event == "propose" and actor.role == "guest" and customer_id:
        return AccountOnly()  # where else the money may go is not for whoever holds a receipt
    if event == "propose" and person(actor.id) in _suggested_by(history) - {""}:
        return OwnCase()  # nobody says yes for the customer to what they suggested themselves
    if event == "withdraw" and state == "negotiating" and any(name in SENDING for name, _, _ in history):
        return MoneyAlreadySent()
    if state == "awaiting_customer" and event in TO_AN_OFFER | TO_A_QUESTION:
        return _barred_from_answering(event, actor, state, history)
    if event in RECORDING:
        return _own(actor, customer_id, history)
    if event not in DECIDING:
        return None
    return conflict(actor, state, customer_id, history) or _barred_from_approving(
        event, actor, state, history
    )


def is_offered(history: Sequence[Step]) -> bool:
    """Whether it is an offer that waits for the customer, and not a question."""
    return next((name for name, _, _ in reversed(history) if name in SPEAKING), "") == "offer"


def _barred_from_answering(event: str, actor: Actor, state: str, history: Sequence[Step]) -> Refusal | None:
    """A question is answered, an offer accepted or declined; nobody accepts an offer of their own."""
    if (event in TO_AN_OFFER) != is_offered(history):
        return TransitionRefused(CASE.name, state, event)
    made_by = {person(who) for name, _, who in history if name in ("offer", "endorse")}
    return OwnCase() if event == "accept" and person(actor.id) in made_by - {""} else None


def _suggested_by(history: Iterable[Step]) -> set[str]:
    return {person(who) for name, _, who in history if name == "counter"}


def is_overtaken(event: str, actor: Actor, history: Sequence[Step], seen: int | None) -> bool:
    """Whether something has happened since this person looked, whose decision is about what they saw. `seen`:
    the number of the last event that they were shown; None of who looked at nothing. What a customer only
    adds or gives up is right whatever happened.
    """
    if seen is None or (actor.role in BUYERS and event not in TAKING):
        return False
    # The first of two is between colleagues: no customer is asked anything else because of it.
    passed_over = CLOCK | {"endorse"} if actor.role in BUYERS else CLOCK
    return any(name not in passed_over for name, _, _ in history[seen:])


def conflict(actor: Actor, state: str, customer_id: str, history: Sequence[Step]) -> Refusal | None:
    """Why this person decides nothing here, whatever their role: it is theirs, or they judged it before."""
    if refusal := _own(actor, customer_id, history):
        return refusal
    return SamePerson() if person(actor.id) in _judges(state, history) else None


def _own(actor: Actor, customer_id: str, history: Sequence[Step]) -> Refusal | None:
    applicants = {person(who) for _, role, who in history if role in BUYERS} | {person(customer_id)}
    return OwnCase() if person(actor.id) in applicants - {""} else None


def endorsement(history: Sequence[Step]) -> Step | None:
    """The first of two approvals while it is in force: nothing but the clock has spoken since."""
    last = next((step for step in reversed(history) if step[0] not in CLOCK), None)
    return last if last is not None and last[0] == "endorse" else None


def confirmers(state: str, first: Step) -> tuple[str, ...]:
    """Roles that may give the second approval after `first`. Of two, one is a lead's: no two reviewers."""
    roles = CASE.row(state, "agree" if state == "negotiating" else "approve").roles  # an offer's are the same
    return roles if first[1] != "reviewer" else tuple(role for role in roles if role != "reviewer")


def one_agrees(history: Iterable[Step], given_by: str = "") -> bool:
    """Whether a single person may agree on the way that its customer proposed: another one had approved the
    refund. What support said for them is no word of theirs: whoever approved before knew nothing of that way
    or account. `given_by`: the role that wrote the account, where the customer has only kept it.
    """
    history = list(history)
    approved_by = [role for name, role, _ in history if name in ("approve", "offer")]
    proposed_by = [role for name, role, _ in history if name == "propose"]
    return approved_by[-1:] != ["system"] and "support" not in (*proposed_by[-1:], given_by)


def _judges(state: str, history: Sequence[Step]) -> set[str]:
    """Who formed a view before this look at the case began, and so has no part in it."""
    opened = GRANTING if state == "negotiating" else frozenset({SECOND_LOOK.get(state, "")})
    end = max((place for place, step in enumerate(history, 1) if step[0] in opened), default=0)
    if not end:
        return set()
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


def allowed(
    state: str, customer_id: str, actor: Actor, history: Iterable[Step], *, owner: str | None = None
) -> tuple[str, ...]:
    """Events that this person may cause now: what the buttons show. `owner`: who transfers it by hand, of a
    case that is being paid.

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
        and not (event in RECORDING and owner is None)
        and barred(event, actor, state, customer_id, history) is None
    )


def looks_on(actor: Actor, applicant: str) -> bool:
    """Whether this person may see where the refund stands and nothing else: a guest, who proves an order by
    its receipt, in a request that the order's account made or has touched (invariant 12).
    """
    return actor.role == "guest" and applicant == "account"


def applicant(actor: Actor, customer_id: str) -> str:
    """Whose a request is that this person opens: a guest's, or its account's, whoever calls for it."""
    return "guest" if actor.role == "guest" or not customer_id else "account"


def is_still_theirs(last_event_at: datetime | None, added_at: datetime, said_seq: int | None) -> bool:
    """Whether a picture is not yet part of the file: it came with no words, and nothing has happened to the
    case since. `last_event_at` is None for a case that was never sent.
    """
    return last_event_at is None or (said_seq is None and added_at > last_event_at)
