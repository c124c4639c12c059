"""Negotiated refunds (R4.5): the customer proposes how, two people agree on one way, and what finance
transfers by hand is recorded when it was done.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from core.adapters.channels import Outcome
from core.adapters.tables import payees, payments, payouts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.deadlines import Due
from core.domain.errors import ReferenceRequired, TextRequired, TransitionRefused
from core.domain.lifecycle import CASE
from core.domain.policy import Policy
from core.domain.rights import Step, one_agrees
from core.domain.settlement import HERE, Payee, check_way, masked
from core.domain.terms import Terms
from core.services import payouts as moving
from core.services.approvals import endorse, endorsed_by_first
from core.services.payouts import BY_HAND
from core.services.record import Case, Change, evidence_kinds, last_body
from core.services.reservations import Hold

# Of a bank or channel: a number the customer can look it up by, letters and digits, six at least.
_REFERENCE: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z][0-9A-Za-z._/\-]{4,62}[0-9A-Za-z]")


def payee_of(conn: Connection, case_no: str) -> Payee | None:
    """Where the customer wants a transfer to go, until it is forgotten: no money goes to a masked number."""
    wanted = (payees.c.case_no == case_no, payees.c.closed_at.is_(None))
    row = conn.execute(select(payees).where(*wanted)).one_or_none()
    return None if row is None else Payee(row.channel, row.holder, row.account)


def propose(app: App, change: Change, actor: Actor, at: datetime, policy: Policy, terms: Terms) -> None:
    """How the customer would like to have it. What others agreed on before is no longer the question."""
    conn, case = change.conn, change.case
    _check(conn, case, terms.way or "", terms.payee)
    body: dict[str, Any] = {"way": terms.way} | ({"note": terms.note} if terms.note else {})
    conn.execute(delete(payees).where(payees.c.case_no == case.case_no))
    if terms.way == "transfer" and terms.payee is not None:
        payee = terms.payee
        body |= {"channel": payee.channel, "account": payee.masked}
        conn.execute(
            insert(payees).values(
                case_no=case.case_no, channel=payee.channel, holder=payee.holder, account=payee.account,
                given_by=str(actor), given_at=at,
            )
        )  # fmt: skip
    change.step("propose", actor, at, Due(case.due_at, case.due_action, case.owner), body)


def agree(
    app: App,
    change: Change,
    actor: Actor,
    at: datetime,
    policy: Policy,
    terms: Terms,
    history: Sequence[Step],
) -> None:
    """Whoever approved is one of two; after an automatic approval, and on another way than the customer asked
    for, the first of two agrees to begin with. The second agrees on the same way to the same account.
    """
    conn, case = change.conn, change.case
    said = endorsed_by_first(change, history)
    way = terms.way or said.get("way")
    payee = payee_of(conn, case.case_no) if way == "transfer" else None
    if way is not None:
        _check(conn, case, way, payee)
    legs = _legs(conn, case, way)
    wanted = last_body(conn, case.case_no, "propose").get("way")
    # By where the money goes: who names no way at all chooses one as well.
    differs = wanted is not None and _places(_legs(conn, case, wanted)) != _places(legs)
    if differs and not (terms.note or said.get("note")):
        raise TextRequired(event="agree")  # another way than its customer asked for is told with a reason
    body: dict[str, Any] = {"way": way, "legs": [_leg(leg) for leg in legs], "payee": _digest(payee)}
    if payee is not None:
        body |= {"channel": payee.channel, "account": payee.masked}
    is_second = all(said.get(part) == body[part] for part in ("way", "legs", "payee"))
    if note := terms.note or (said.get("note", "") if is_second else ""):
        body["note"] = note
    if way != "transfer":
        forget(conn, case.case_no, at)
    # Whoever approved the refund before did not approve of another way than its customer asked for.
    if is_second or (one_agrees(history) and not differs):
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


def _check(conn: Connection, case: Case, way: str, payee: Payee | None) -> None:
    check_way(
        way,
        is_open=all(is_open for _, is_open in _accounts(conn, case)),
        has_account=case.applicant == "account",
        has_payee=payee is not None,
        evidence=evidence_kinds(conn, case.case_no),
    )


def _accounts(conn: Connection, case: Case) -> list[tuple[int, bool]]:
    """(payment, whether its account still exists) of what is not paid yet."""
    found = {leg.payment_id for leg in moving.unpaid(conn, case)}
    query = select(payments.c.id, payments.c.is_open).where(payments.c.order_no == case.order_no)
    return [(row.id, row.is_open) for row in conn.execute(query) if row.id in found]


def _places(legs: list[Hold]) -> set[tuple[int, str]]:
    return {(leg.payment_id, leg.channel) for leg in legs}


def _legs(conn: Connection, case: Case, way: str | None) -> list[Hold]:
    """What is not paid yet, on this way; None: back to what is open, the rest to the balance."""
    if way is None:
        return moving.agreed(conn, case)
    channel = way if way in HERE else {"transfer": BY_HAND}.get(way)
    return [
        Hold(leg.payment_id, "negotiated", channel or leg.channel, leg.reserved_minor, leg.amount_minor)
        for leg in moving.unpaid(conn, case)
    ]


def _leg(leg: Hold) -> dict[str, Any]:
    return {name: getattr(leg, name) for name in leg.__slots__}


def _digest(payee: Payee | None) -> str | None:
    """Tells one payee from another without saying who it is."""
    if payee is None:
        return None
    return hashlib.sha256(f"{payee.channel}\n{payee.holder}\n{payee.account}".encode()).hexdigest()
