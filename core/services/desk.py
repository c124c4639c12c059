"""The desk: queues of what people must decide, the file of one case, and what the customer would read of it.

Review, second approvals, appeals, arbitration and talks are one desk with different queues. Deciding itself
is `cases.act`; a case that is in somebody's hands is decided by nobody else meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select, text
from sqlalchemy.sql.elements import ColumnElement

from core.adapters import tables
from core.adapters.tables import AT_THE_DESK, BY_HAND, cases, customers, desk_leases
from core.adapters.world import App
from core.domain import routes
from core.domain.actors import BUYERS, Actor
from core.domain.deadlines import SECOND
from core.domain.errors import NotAllowed
from core.domain.lifecycle import CASE
from core.domain.pictures import Doubt
from core.domain.policy import Policy
from core.domain.reading import Finding
from core.domain.rights import conflict, endorsement
from core.domain.settlement import Payee
from core.domain.terms import Terms
from core.services import alike, case_reading, decisions, drafts, leases, negotiations, policies, reading
from core.services.alike import Again
from core.services.case_views import Answer, CaseCard, CaseView, EventView
from core.services.granting import gather
from core.services.leases import Lease
from core.services.record import Case, lock, people, read

MANY: Final = 100  # counting stops here: 'more than 99' is enough to know
PAYERS: Final = ("finance", "lead")  # who may see an account in full, to transfer to it


@dataclass(frozen=True, slots=True)
class Queue:
    """Open cases that wait for the same kind of decision by people of `roles`."""

    name: str
    states: tuple[str, ...]
    roles: tuple[str, ...]


QUEUES: Final = (
    Queue("review", ("in_review",), ("reviewer", "lead")),
    Queue("second", ("in_review", "in_appeal", "in_arbitration"), ("lead", "arbiter")),
    Queue("appeal", ("in_appeal",), ("reviewer", "lead")),
    Queue("arbitration", ("in_arbitration",), ("arbiter",)),
    Queue("talks", ("negotiating",), ("lead", "finance")),
    Queue("transfers", ("paying",), ("finance", "lead")),
    Queue("waiting", ("awaiting_customer",), ("reviewer", "lead", "support")),
)
ROLES: Final = tuple(dict.fromkeys(role for queue in QUEUES for role in queue.roles))
_BY_NAME: Final = {queue.name: queue for queue in QUEUES}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits in a queue; both stop at `MANY`."""

    name: str
    cases: int
    late: int


@dataclass(frozen=True, slots=True)
class DeskCard:
    """One case in a queue. `held_by`: who has it in hand now."""

    case_no: str
    order_no: str
    customer_id: str
    customer_name: str
    credit: int
    product: str
    kind: str
    reason: str
    requested_minor: int
    currency: str
    rule: str
    state: str
    due_at: datetime | None
    is_late: bool
    submitted_at: datetime | None
    held_by: str | None


@dataclass(frozen=True, slots=True)
class File:
    """Everything that a decision rests on. `answer`: what the rules say now, as of the submission."""

    view: CaseView
    policy: Policy
    answer: Answer
    lease: Lease | None
    customer_name: str
    credit: int
    others: tuple[CaseCard, ...]  # the same customer's other cases, newest first
    routes: tuple[str, ...]  # on which money could go now, best first
    payee: Payee | None  # of a transfer by hand; for those who make it
    again: tuple[Again, ...]  # pictures that were sent in other cases as well
    doubts: Mapping[str, tuple[Doubt, ...]]  # of each picture in which there are any: signs of editing
    said: Mapping[str, tuple[Finding, ...]]  # of each picture that was read: what it says beside the order


def mine(actor: Actor) -> tuple[Queue, ...]:
    """The queues of this role, in the order in which they are worked off."""
    return tuple(_for(actor.role, queue) for queue in QUEUES if actor.role in queue.roles)


def _for(role: str, queue: Queue) -> Queue:
    """Of the second approvals, those that this role may give."""
    if queue.name != "second":
        return queue
    states = tuple(state for state in queue.states if role in CASE.row(state, "approve").roles)
    return replace(queue, states=states)


def _queue(actor: Actor, name: str) -> Queue:
    queue = _BY_NAME.get(name)
    if queue is None or actor.role not in queue.roles:
        raise NotAllowed(role=actor.role)
    return _for(actor.role, queue)


def _in(queue: Queue) -> ColumnElement[bool]:
    """Spelled like the partial index `ix_cases_desk`, or SQLite would not use it."""
    if queue.name == "second":
        return and_(text(f"cases.owner = '{SECOND}'"), cases.c.state.in_(queue.states))
    if queue.name == "transfers":
        return and_(text(f"cases.{BY_HAND.replace(' AND owner', ' AND cases.owner')}"))
    here = and_(text(f"cases.{AT_THE_DESK}"), text(f"cases.state = '{queue.states[0]}'"))
    return and_(here, cases.c.owner.is_distinct_from(SECOND))


def waiting(app: App, actor: Actor) -> list[Waiting]:
    """The actor's queues with what waits in them."""
    now = app.now()
    with app.read() as conn:
        return [_waiting(conn, queue, now) for queue in mine(actor)]


def _waiting(conn: Connection, queue: Queue, now: datetime) -> Waiting:
    some = select(cases.c.due_at).where(_in(queue)).order_by(cases.c.due_at).limit(MANY).subquery()
    late = func.count().filter(some.c.due_at <= now)
    count, overdue = conn.execute(select(func.count(), late).select_from(some)).one()
    return Waiting(queue.name, count, overdue)


def queue(app: App, actor: Actor, name: str, *, limit: int = 30) -> list[DeskCard]:
    """What waits in the queue, what is due first on top; `NotAllowed` where it is not this role's."""
    now = app.now()
    query = queue_query(_queue(actor, name), limit)
    with app.read() as conn:
        rows = conn.execute(query).all()
    return [_card(row, now) for row in rows]


def queue_query(queue: Queue, limit: int) -> Any:
    """The cards of a queue, read by an index of its own."""
    c, o = cases.c, tables.orders.c
    return (
        select(
            c.case_no, c.order_no, c.customer_id, c.reason, c.requested_minor, c.currency, c.state, c.due_at,
            c.submitted_at, o.product, o.kind, func.coalesce(c.rule, "").label("rule"),
            func.coalesce(customers.c.name, "").label("customer_name"),
            func.coalesce(customers.c.credit, 100).label("credit"),
            desk_leases.c.person_id, desk_leases.c.until,
        )
        .join(tables.orders, o.order_no == c.order_no)
        .outerjoin(customers, customers.c.id == c.customer_id)
        .outerjoin(desk_leases, desk_leases.c.case_no == c.case_no)
        .where(_in(queue))
        .order_by(c.due_at, c.case_no)
        .limit(limit)
    )  # fmt: skip


def _card(row: Any, now: datetime) -> DeskCard:
    values = dict(row._mapping)
    holder, until, due_at = values.pop("person_id"), values.pop("until"), values["due_at"]
    return DeskCard(
        **values,
        is_late=due_at is not None and due_at <= now,
        held_by=holder if until is not None and until > now else None,
    )


def open_file(app: App, actor: Actor, case_no: str) -> File:
    """The case's file, read only; `NotFound` for who may not see it."""
    now = app.now()
    with app.read() as conn:
        case = read(conn, case_no, actor)
        if not actor.is_staff:
            raise NotAllowed(role=actor.role)
        view = case_reading.load(app, conn, case, actor)
        policy = policies.get(app, conn, case.policy_version)
        kinds = [picture.kind for picture in view.evidence]
        wanted = case.requested_minor or 0
        answer = Answer(*gather(app, conn, case, wanted, policy, now, kinds))
        person = conn.execute(
            select(customers.c.name, customers.c.credit).where(customers.c.id == case.customer_id)
        ).first()
        others = case_reading.cards(app, conn, _customer(view), None, 7)
        lease = leases.of(conn, case_no, now)
        payee = negotiations.payee_of(conn, case_no) if actor.role in PAYERS else None
        said = reading.findings_in(conn, case_no)
        doubts = alike.doubts_in(conn, case_no)
    options = answer.found.options or routes.plan(answer.facts, policy, app.calendar)
    return File(
        view,
        policy,
        answer,
        lease,
        person.name if person else "",
        person.credit if person else 100,
        tuple(card for card in others if card.case_no != case_no),
        tuple(option.route for option in options),
        payee,
        tuple(alike.sent_before(app, actor, case_no)),
        doubts,
        said,
    )


def first_approval(view: CaseView) -> EventView | None:
    """The first of two approvals, with its amount, while it is in force."""
    steps = [(event.event, event.role, event.actor_id) for event in view.events]
    if endorsement(steps) is None:
        return None
    return next(event for event in reversed(view.events) if event.event == "endorse")


def _customer(view: CaseView) -> Actor:
    """The customer as an actor, to see the case as they do."""
    if view.customer_id:
        return Actor("customer", view.customer_id)
    return Actor("guest", "", view.order.order_no)


def take(app: App, actor: Actor, case_no: str) -> Lease:
    """Take the case in hand for some minutes; `InOtherHands` while a colleague has it.

    `OwnCase`, `SamePerson`: who may not decide it does not keep others from deciding it either (inv. 13).
    """
    with app.begin() as conn:
        case = lock(conn, case_no, actor)
        if not any(_has(queue, case) for queue in mine(actor)):
            raise NotAllowed(role=actor.role)
        if actor.role not in BUYERS:
            refusal = conflict(actor, case.state, case.customer_id, people(conn, case_no))
            if refusal is not None:
                raise refusal
        return leases.take(conn, actor, case_no, app.now())


def _has(queue: Queue, case: Case) -> bool:
    owner = {"second": SECOND, "transfers": "finance"}.get(queue.name)
    return case.state in queue.states and owner in (None, case.owner)


def give_back(app: App, actor: Actor, case_no: str) -> None:
    """Let the case go before the lease runs out."""
    with app.begin() as conn:
        leases.give_back(conn, actor, case_no)


class _Undone(Exception):
    """Carries the preview out of a transaction that is never committed."""

    def __init__(self, view: CaseView) -> None:
        self.view = view


def preview(
    app: App, actor: Actor, case_no: str, event: str, terms: Terms | None = None, **said: Any
) -> CaseView:
    """The case as its customer would see it after this decision. It is really taken, with every guard, and
    taken back: so the preview cannot differ from what then happens.
    """
    terms = terms or Terms(**said)
    try:
        with app.begin() as conn:
            case = lock(conn, case_no, actor)
            after = decisions.decide(app, conn, case, actor, event, terms.with_note(drafts.clean(terms.note)))
            before = case_reading.load(app, conn, after, actor)
            raise _Undone(case_reading.load(app, conn, after, _customer(before)))
    except _Undone as undone:
        return undone.view
