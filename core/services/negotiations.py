"""Negotiated refunds (R4.5): the customer proposes how, staff may suggest another way, two people agree on
what was proposed, and what finance transfers by hand is recorded when it was done.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from core.adapters.channels import Outcome
from core.adapters.tables import case_events, customers, payees, payments, payouts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.deadlines import Due, due, moves_deadline
from core.domain.errors import (
    ReferenceRequired,
    SuggestionUnneeded,
    TransitionRefused,
    WayNotProposed,
    WayUnsaid,
)
from core.domain.lifecycle import CASE
from core.domain.policy import Policy
from core.domain.rights import Step, one_agrees
from core.domain.settlement import BACK, HERE, Payee, check_way, is_another_name, masked
from core.domain.terms import Terms
from core.services import payouts as moving
from core.services.approvals import endorse, endorsed_by_first
from core.services.payouts import BY_HAND
from core.services.record import Case, Change, evidence_kinds
from core.services.reservations import Hold

# Of a bank or channel: a number the customer can look it up by, letters and digits, six at least.
_REFERENCE: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z][0-9A-Za-z._/\-]{4,62}[0-9A-Za-z]")


def payee_of(conn: Connection, case_no: str) -> Payee | None:
    """Where the customer wants a transfer to go, until it is forgotten: no money goes to a masked number."""
    wanted = (payees.c.case_no == case_no, payees.c.closed_at.is_(None))
    row = conn.execute(select(payees).where(*wanted)).one_or_none()
    return None if row is None else Payee(row.channel, row.holder, row.account)


def propose(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    terms: Terms,
    history: Sequence[Step],
) -> None:
    """How the customer would like to have it: theirs still, ours, or a third way. What others agreed on or
    suggested before is no longer the question. Who keeps to a transfer need not write the account again.
    """
    conn, case = change.conn, change.case
    payee, given_by, before = terms.payee, actor.role, proposed(conn, case.case_no)
    if terms.way == "transfer" and payee is None and before.get("way") == "transfer":
        payee = payee_of(conn, case.case_no)
        given_by = before.get("given_by", "")
    _check(conn, case, terms.way or "", payee)
    body: dict[str, Any] = {"way": terms.way} | ({"note": terms.note} if terms.note else {})
    conn.execute(delete(payees).where(payees.c.case_no == case.case_no))
    if terms.way == "transfer" and payee is not None:
        body |= {"channel": payee.channel, "account": payee.masked}
        if given_by == "support":
            body["given_by"] = given_by
        if is_another_name(payee.holder, _name(conn, case)):
            body["is_other_name"] = True
        conn.execute(
            insert(payees).values(
                case_no=case.case_no, channel=payee.channel, holder=payee.holder, account=payee.account,
                given_by=str(actor), given_at=at,
            )
        )  # fmt: skip
    next_due = Due(case.due_at, case.due_action, case.owner)
    if moves_deadline("propose", (event for event, _, _ in history)):
        next_due = due("negotiating", policy, app.calendar, at)
    change.step("propose", actor, at, next_due, body)
    if actor.role == "support":
        change.tell_instead()


def counter(app: App, change: Change, actor: Actor, at: datetime, policy: Policy, terms: Terms) -> None:
    """Another way than the customer's, with words: they accept it by proposing it, or keep to their own. Only
    what they could propose as things stand; the account of a transfer is theirs to give. Their time begins.
    """
    conn, case = change.conn, change.case
    way, wanted = terms.way or "", proposed(conn, case.case_no).get("way")
    _check(conn, case, way, None, has_payee=True)
    if way == wanted != "transfer":  # to another account of theirs can be suggested
        raise SuggestionUnneeded()
    next_due = due("negotiating", policy, app.calendar, at)
    change.step("counter", actor, at, next_due, {"way": way, "note": terms.note})


def agree(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    terms: Terms,
    history: Sequence[Step],
) -> None:
    """On what the customer proposed in these talks, to the same places, and on nothing else: another way is
    suggested to them (`counter`). Who names no way means theirs.

    Before they have said anything, only all of it back the way it came: that is where a refund goes unless
    somebody wants otherwise, and it leaves them nothing they cannot use. Where an account is closed, the rest
    cannot become balance meanwhile: balance can be spent here only, and whoever was paid so has no way back.

    Whoever approved the refund is one of two for what its customer proposed; after an automatic approval,
    without a proposal, and where support said it for them, the first of two agrees to begin with. The second
    agrees on the same way to the same account.
    """
    conn, case = change.conn, change.case
    said = endorsed_by_first(change, history)
    theirs = proposed(conn, case.case_no)
    wanted = theirs.get("way")
    way = wanted or BACK
    payee = payee_of(conn, case.case_no) if way == "transfer" else None
    if wanted is None:
        if terms.way not in (None, BACK) or not _all_open(conn, case):
            raise WayUnsaid()
    elif terms.way is not None and _places(conn, case, terms.way) != _places(conn, case, wanted):
        raise WayNotProposed(way=wanted)
    _check(conn, case, way, payee)
    legs = _legs(conn, case, way)
    body: dict[str, Any] = {"way": way, "legs": [_leg(leg) for leg in legs], "payee": _digest(payee)}
    if payee is not None:
        body |= {"channel": payee.channel, "account": payee.masked}
        body |= {name: theirs[name] for name in ("given_by", "is_other_name") if name in theirs}
    is_second = all(said.get(part) == body[part] for part in ("way", "legs", "payee"))
    if note := terms.note or (said.get("note", "") if is_second else ""):
        body["note"] = note
    if is_second or (wanted is not None and one_agrees(history, theirs.get("given_by", ""))):
        moving.start(app, change, "agree", actor, at, policy, legs, body, payee)
    else:
        endorse(change, actor, at, body)


def transfer(app: App, change: Change, actor: Actor, at: datetime, terms: Terms) -> None:
    """It was transferred by hand, under this reference: recorded like any channel's word."""
    conn, case = change.conn, change.case
    p = payouts.c
    mine = (p.case_no == case.case_no, p.channel == BY_HAND, p.state == "accepted")
    rows = conn.execute(select(payouts).where(*mine).order_by(p.id).with_for_update()).all()
    if not rows:
        raise TransitionRefused(CASE.name, case.state, "transfer")
    reference = unicodedata.normalize("NFKC", terms.reference).strip()
    if not _REFERENCE.fullmatch(reference):
        raise ReferenceRequired()
    body: dict[str, Any] = {"reference": reference, "payouts": [row.key for row in rows]}
    if terms.note:
        body["note"] = terms.note
    change.step("transfer", actor, at, Due(case.due_at, case.due_action), body)
    forget(conn, case.case_no, at)
    for row in rows:
        moving.Movement(app, change, row).hear(Outcome("arrived", reference=reference, at=at))


def forget(conn: Connection, case_no: str, at: datetime) -> None:
    """From here on nobody needs the whole number."""
    payee = payee_of(conn, case_no)
    if payee is not None:
        closed = {"account": masked(payee.account), "closed_at": at}
        conn.execute(update(payees).where(payees.c.case_no == case_no).values(closed))


def proposed(conn: Connection, case_no: str) -> dict[str, Any]:
    """What the customer proposed since the money last had no way to go; empty before. It stands while they
    think about a suggestion.
    """
    e = case_events.c
    talks = (e.case_no == case_no, e.event.in_(("negotiate", "propose")))
    row = conn.execute(select(e.event, e.body).where(*talks).order_by(e.seq.desc()).limit(1)).first()
    body: dict[str, Any] = json.loads(row.body) if row is not None and row.event == "propose" else {}
    return body


def _name(conn: Connection, case: Case) -> str:
    """What its customer is called; '' of a guest."""
    return conn.execute(select(customers.c.name).where(customers.c.id == case.customer_id)).scalar() or ""


def _check(
    conn: Connection, case: Case, way: str, payee: Payee | None, *, has_payee: bool | None = None
) -> None:
    check_way(
        way,
        is_open=_all_open(conn, case),
        has_account=case.applicant == "account",
        has_payee=payee is not None if has_payee is None else has_payee,
        evidence=evidence_kinds(conn, case.case_no),
    )


def _all_open(conn: Connection, case: Case) -> bool:
    """Whether every account still exists of what is not paid yet."""
    trades = _trades(conn, case)
    return all(trades[leg.payment_id].is_open for leg in moving.unpaid(conn, case))


def _trades(conn: Connection, case: Case) -> dict[int, Any]:
    p = payments.c
    query = select(p.id, p.channel, p.is_open).where(p.order_no == case.order_no)
    return {row.id: row for row in conn.execute(query)}


def _places(conn: Connection, case: Case, way: str) -> set[tuple[int, str]]:
    return {(leg.payment_id, leg.channel) for leg in _legs(conn, case, way)}


def _legs(conn: Connection, case: Case, way: str) -> list[Hold]:
    """What is not paid yet, on this way."""
    channel = way if way in HERE else {"transfer": BY_HAND}.get(way)
    trades = _trades(conn, case)
    return [
        Hold(
            leg.payment_id,
            "negotiated",
            channel or trades[leg.payment_id].channel,
            leg.reserved_minor,
            leg.amount_minor,
        )
        for leg in moving.unpaid(conn, case)
    ]


def _leg(leg: Hold) -> dict[str, Any]:
    return {name: getattr(leg, name) for name in leg.__slots__}


def _digest(payee: Payee | None) -> str | None:
    """Tells one payee from another without saying who it is."""
    if payee is None:
        return None
    return hashlib.sha256(f"{payee.channel}\n{payee.holder}\n{payee.account}".encode()).hexdigest()
