"""A case before it is sent: opened, resumed, filled in step by step. Saved at every step, so nothing is lost
(R2.5).
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, select, text, update

from core import logs
from core.adapters.tables import case_events, cases, evidence, orders
from core.adapters.world import App
from core.domain.actors import BUYERS, Actor
from core.domain.asked import is_number
from core.domain.deadlines import due
from core.domain.errors import (
    AccountOnly,
    AmountInvalid,
    CaseAlreadyOpen,
    NotAllowed,
    NotFound,
    ReasonInvalid,
    RouteUnavailable,
    Settled,
    TextTooLong,
    TransitionRefused,
)
from core.domain.facts import REASONS, ROUTES
from core.domain.lifecycle import CASE
from core.domain.money import LARGEST_MINOR
from core.domain.policy import Policy
from core.domain.rights import SECOND_LOOK, applicant
from core.domain.workdays import ZONE
from core.services import policies
from core.services.record import COLUMNS, Case, add, case_of, onlooks, take_over

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that reads like something else
STEPS: Final = 5
LARGEST_QUANTITY: Final = 1_000_000

_ORDER: Final = (
    select(orders.c.order_no, orders.c.customer_id, orders.c.currency)
    .where(orders.c.order_no == bindparam("order_no"))
    # Two tabs that open the same order stand in line. Not FOR UPDATE: rows that refer to the order may go on.
    .with_for_update(key_share=True)
)
_OPEN: Final = select(*COLUMNS).where(
    cases.c.order_no == bindparam("order_no"),
    # Spelled like the partial index, or SQLite would not use it.
    text("cases.state NOT IN (" + ", ".join(f"'{s}'" for s in sorted(CASE.final_states)) + ")"),
)
# Decided by an arbiter or on appeal, in full, in part or not at all, and not given up since.
IS_SETTLED: Final = cases.c.state.in_(("closed", "completed")) & exists().where(
    case_events.c.case_no == cases.c.case_no,
    case_events.c.from_state.in_(tuple(SECOND_LOOK)),
    case_events.c.event.in_(("approve", "reject")),
)
_SETTLED_BY: Final = (
    select(cases.c.case_no)
    .where(
        # A case belongs to whom its order belongs to; by customer there is an index.
        cases.c.customer_id == bindparam("customer_id"),
        cases.c.order_no == bindparam("order_no"),
        IS_SETTLED,
    )
    .order_by(cases.c.created_at.desc())
    .limit(1)
)


def case_number(at: datetime) -> str:
    """`R261123-7KQ2MX`: the day in Shanghai and chance; the unique key behind it catches the rare
    repetition.
    """
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"R{at.astimezone(ZONE):%y%m%d}-{tail}"


def held_order(conn: Connection, actor: Actor, order_no: str) -> Any:
    """The order's row, held until the transaction ends; `NotFound` when it is not there or not this
    actor's.
    """
    row = conn.execute(_ORDER, {"order_no": order_no}).one_or_none() if is_number(order_no) else None
    if row is not None and actor.owns(row.customer_id, row.order_no):
        return row
    if row is not None:
        logs.denied("order", actor.role)
    raise NotFound()


def open_one(app: App, conn: Connection, actor: Actor, order: Any, at: datetime) -> Case:
    """The order's draft, old or new; `CaseAlreadyOpen` when its case was sent and is not finished, `Settled`
    when the last word on it was spoken.
    """
    if actor.role not in BUYERS:
        raise NotAllowed(role=actor.role)
    row = conn.execute(_OPEN, {"order_no": order.order_no}).one_or_none()
    if row is not None:
        case = case_of(row)
        if case.state != CASE.initial:
            raise CaseAlreadyOpen(case_no=case.case_no)
        if onlooks(actor, case):
            raise AccountOnly()
        if actor.role != "customer":
            return case
        return take_over(conn, _anew(conn, case, at))
    decided = settled_by(conn, order.customer_id, order.order_no)
    if decided is not None:
        raise Settled(case_no=decided)
    version, policy = policies.in_force(app, conn, at)
    lapse = due(CASE.initial, policy, app.calendar, at)
    case = Case(
        case_no=case_number(at),
        order_no=order.order_no,
        customer_id=order.customer_id,
        state=CASE.initial,
        reason=None,
        requested_minor=None,
        quantity=None,
        description="",
        route=None,
        step=1,
        policy_version=version,
        verdict=None,
        rule=None,
        approved_minor=None,
        fee_minor=None,
        fx_minor=None,
        refund_minor=None,
        currency=order.currency,
        decided_by=None,
        due_at=lapse.at,
        due_action=lapse.action,
        owner=None,
        leased_until=None,
        worker=None,
        tries=0,
        created_at=at,
        submitted_at=None,
        decided_at=None,
        finished_at=None,
        last_seq=0,
        last_hash="",
        applicant=applicant(actor, order.customer_id),
    )
    add(conn, case)
    return case


def _anew(conn: Connection, case: Case, at: datetime) -> Case:
    """A draft that somebody with the receipt began: its account begins without their words and pictures."""
    if case.applicant == "account" or case.last_seq:
        return case
    blank = dict.fromkeys(("reason", "requested_minor", "quantity", "route")) | {"description": "", "step": 1}
    conn.execute(update(cases).where(cases.c.case_no == case.case_no).values(blank))
    theirs = (evidence.c.case_no == case.case_no, evidence.c.removed_at.is_(None))
    conn.execute(update(evidence).where(*theirs).values(removed_at=at))
    return replace(case, **blank)  # type: ignore[arg-type]


def settled_by(conn: Connection, customer_id: str, order_no: str) -> str | None:
    """The case by whose final decision this order's matter is closed (R3.4, R3.6)."""
    of_order = {"customer_id": customer_id, "order_no": order_no}
    found: str | None = conn.execute(_SETTLED_BY, of_order).scalar()
    return found


def fill_in(
    conn: Connection,
    case: Case,
    policy: Policy,
    *,
    step: int | None = None,
    reason: str | None = None,
    requested_minor: int | None = None,
    quantity: int | None = None,
    description: str | None = None,
    route: str | None = None,
) -> Case:
    """Write what the customer filled in; None leaves a field as it is. What a value may be is checked
    here.
    """
    if case.state != CASE.initial:
        raise TransitionRefused(CASE.name, case.state, "save")
    if reason is not None and reason not in REASONS:
        raise ReasonInvalid(reason=str(reason)[:40])
    for number, largest in ((requested_minor, LARGEST_MINOR), (quantity, LARGEST_QUANTITY)):
        if number is not None and not 0 < number <= largest:
            raise AmountInvalid()
    limit = policy.limits.description_characters
    if description is not None:
        description = clean(description)
        if len(description) > limit:
            raise TextTooLong(limit=limit, length=len(description))
    if route is not None and route not in ROUTES:
        raise RouteUnavailable(route=route[:40])
    if step is not None:
        step = min(max(step, 1), STEPS)
    given = {
        "step": step, "reason": reason, "requested_minor": requested_minor, "quantity": quantity,
        "description": description, "route": route,
    }  # fmt: skip
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if values:
        conn.execute(update(cases).where(cases.c.case_no == case.case_no).values(values))
    return replace(case, **values)


def clean(words: str) -> str:
    """A customer's text as it is kept: no NUL and no lone surrogates, which no database stores."""
    return words.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
