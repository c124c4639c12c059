"""A difference is put right by two people: one proposes with a reason, another one posts (invariant 13).

What is posted is what was proposed: balanced lines of the ledger, and of money that left without us also the
part of the payment that can never be refunded again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from core.adapters.tables import (
    billed_payouts,
    cases,
    differences,
    external_refunds,
    orders,
    payments,
    waiting_refunds,
)
from core.adapters.world import App
from core.domain import proof
from core.domain.accounts import balances
from core.domain.actors import Actor
from core.domain.errors import (
    CorrectionMissing,
    CorrectionOutdated,
    NotAllowed,
    NotFound,
    RefundBeyondPaid,
    TextRequired,
    TextTooLong,
    TooMany,
    TransitionRefused,
)
from core.domain.reconciling import DIFFERENCE, PEOPLE, Correction, Difference, barred, correction
from core.domain.room import Room
from core.services import ledger
from core.services.commands import once
from core.services.reconciliation import keeping, matching, rooms
from core.services.record import canonical

MOST: Final = 2_000  # differences in one command
LONGEST_NOTE: Final = 500
_d = differences.c


def propose(
    app: App,
    actor: Actor,
    ids: Sequence[int],
    note: str,
    command_id: str,
    *,
    book: bool = True,
    knowing: Collection[int] = (),
) -> int:
    """Propose what each of these needs, with a reason; `book=False`: it is explained and nothing is booked.

    Answers how many. `CorrectionMissing` where there is nothing to book before more is known;
    `RefundBeyondPaid` where more would have gone back than was paid, and that one is not among `knowing`:
    those that this person was told of.
    """
    said = _note(note, "propose")

    def work(conn: Connection, rows: list[Row[Any]]) -> dict[str, Any]:
        for row in rows:
            _check(conn, actor, "propose", row)
            wanted = wanted_for(conn, row) if book else Correction()
            if wanted is None:
                raise CorrectionMissing(difference=row.id)
            _check_room(conn, row, wanted, knowing)
            change = {"correction": to_json(wanted), "proposed_by": str(actor)}
            keeping.step(conn, [row], "propose", actor, app.now(), said, **change)
        return {"n": len(rows)}

    kind = f"difference_propose {'book' if book else 'explain'} {_listed(ids)}"
    return int(once(app, actor, command_id, kind, lambda conn: _held(conn, actor, ids), work)["n"])


def post(
    app: App, actor: Actor, ids: Sequence[int], command_id: str, *, knowing: Collection[int] = ()
) -> int:
    """Book what another person proposed. `CorrectionOutdated` when the payout has moved since;
    `RefundBeyondPaid` as in `propose`.
    """
    proof.check(actor, "post", app.now())

    def work(conn: Connection, rows: list[Row[Any]]) -> dict[str, Any]:
        now = app.now()
        for row in rows:
            _check(conn, actor, "post", row)
            proposed = of_json(row.correction)
            if proposed.lines or proposed.takes_up:
                if wanted_for(conn, row) != proposed:
                    raise CorrectionOutdated(difference=row.id)
                _check_room(conn, row, proposed, knowing)
                _book(conn, row, proposed, now)
        keeping.step(conn, rows, "post", actor, now, "", posted_by=str(actor))
        return {"n": len(rows)}

    kind = f"difference_post {_listed(ids)}"
    return int(once(app, actor, command_id, kind, lambda conn: _held(conn, actor, ids), work)["n"])


def send_back(app: App, actor: Actor, ids: Sequence[int], note: str, command_id: str) -> int:
    """The proposal is not good, or its author takes it back: the difference is open again."""
    said = _note(note, "send_back")

    def work(conn: Connection, rows: list[Row[Any]]) -> dict[str, Any]:
        for row in rows:
            _check(conn, actor, "send_back", row)
        change = {"correction": None, "proposed_by": None}
        keeping.step(conn, rows, "send_back", actor, app.now(), said, **change)
        return {"n": len(rows)}

    kind = f"difference_send_back {_listed(ids)}"
    return int(once(app, actor, command_id, kind, lambda conn: _held(conn, actor, ids), work)["n"])


def wanted_for(conn: Connection, row: Row[Any]) -> Correction | None:
    """What would put it right now; nothing for what another bill has shown meanwhile."""
    if row.kind == "only_ours" and _is_billed(conn, row.payout_id):
        return None
    if row.kind == "only_theirs" and matching.named_ours(conn, row) is not None:
        return None
    return correction(Difference.of(row), keeping.payout_of(conn, row.payout_id))


def room_of(conn: Connection, row: Row[Any], wanted: Correction | None) -> Room | None:
    """What is left of the payment that this takes from, where it takes anything."""
    if wanted is None or not wanted.takes_up:
        return None
    return rooms.of(conn, row.payment_id or payment_now(conn, row, wanted), wanted)


def _check_room(conn: Connection, row: Row[Any], wanted: Correction, knowing: Collection[int]) -> None:
    room = room_of(conn, row, wanted)
    if room is not None and room.is_beyond and row.id not in knowing:
        raise RefundBeyondPaid(number=row.refund_no or row.trade_no, order_no=row.order_no)


def _is_billed(conn: Connection, payout_id: int) -> bool:
    query = select(billed_payouts.c.payout_id).where(billed_payouts.c.payout_id == payout_id)
    return conn.execute(query).first() is not None


def to_json(wanted: Correction) -> str:
    return canonical(asdict(wanted))


def of_json(text: str) -> Correction:
    told = json.loads(text)
    lines = tuple((str(account), int(minor)) for account, minor in told["lines"])
    return Correction(lines, int(told["takes_up"]), str(told["refund_no"]))


def _listed(ids: Sequence[int]) -> str:
    """The same for the same differences, however many."""
    return sha256(",".join(map(str, sorted(set(ids)))).encode()).hexdigest()[:16]


def _note(note: str, event: str) -> str:
    said = note.strip()
    if not said:
        raise TextRequired(event=event)
    if len(said) > LONGEST_NOTE:
        raise TextTooLong(limit=LONGEST_NOTE, length=len(said))
    return said


def _held(conn: Connection, actor: Actor, ids: Sequence[int]) -> list[Row[Any]]:
    """The rows, locked in the order of their numbers; `NotFound` when one is not there."""
    if actor.role not in PEOPLE:
        raise NotAllowed(role=actor.role, event="reconcile")
    wanted = sorted(set(ids))
    if not wanted:
        raise NotFound()
    if len(wanted) > MOST:
        raise TooMany(limit=MOST, n=len(wanted))
    query = select(differences).where(_d.id.in_(wanted)).order_by(_d.id).with_for_update()
    rows = list(conn.execute(query).all())
    if len(rows) != len(wanted):
        raise NotFound()
    return rows


def _check(conn: Connection, actor: Actor, event: str, row: Row[Any]) -> None:
    if row.kind == "timing" and event == "propose":  # the next bill tells
        raise TransitionRefused(DIFFERENCE.name, row.state, event)
    DIFFERENCE.row(row.state, event)
    customer = customer_of(conn, row)
    refused = barred(event, actor, proposed_by=row.proposed_by or "", customer_id=customer)
    if refused is not None:
        raise refused


def customer_of(conn: Connection, row: Row[Any]) -> str:
    """Whose order it is about, as the orders are now; '' for nobody's that we know."""
    if row.case_no:
        query = select(cases.c.customer_id).where(cases.c.case_no == row.case_no)
        return conn.execute(query).scalar_one_or_none() or ""
    payment_id = row.payment_id
    if payment_id is None:  # of an order that was imported after the bill was read, perhaps
        wanted = of_json(row.correction) if row.correction else wanted_for(conn, row)
        payment_id = payment_now(conn, row, wanted) if wanted is not None and wanted.takes_up else None
    joined = payments.join(orders, orders.c.order_no == payments.c.order_no)
    query = select(orders.c.customer_id).select_from(joined).where(payments.c.id == payment_id)
    return conn.execute(query).scalar_one_or_none() or ""


def _book(conn: Connection, row: Row[Any], proposed: Correction, now: datetime) -> None:
    if not balances(proposed.lines):
        raise CorrectionOutdated(difference=row.id)
    if proposed.takes_up:
        _take_up(conn, row, proposed)
    ledger.corrected(
        conn, difference_id=row.id, at=now, currency=row.currency, lines=proposed.lines, case_no=row.case_no
    )


def payment_now(conn: Connection, row: Row[Any], wanted: Correction) -> int | None:
    """The payment that this refund from elsewhere is of, as the orders are now; None: none is known."""
    return matching.payment_now(conn, matching.shown(row, wanted.takes_up), row.channel)


def _take_up(conn: Connection, row: Row[Any], proposed: Correction) -> None:
    """What left without us is gone from the payment, and nobody is refunded it again. Of a payment that is
    not known yet it waits, as an import lets it wait.
    """
    payment_id = row.payment_id or payment_now(conn, row, proposed)
    if payment_id is None:
        _wait(conn, row, proposed)
        return
    conn.execute(update(differences).where(_d.id == row.id).values(payment_id=payment_id))
    conn.execute(select(payments.c.id).where(payments.c.id == payment_id).with_for_update())
    x = external_refunds.c
    same = (x.payment_id == payment_id, x.refund_no == proposed.refund_no)
    known = conn.execute(select(x.amount_minor).where(*same)).scalar_one_or_none()
    if known == proposed.takes_up:
        return  # an import of orders has brought it before
    if known is not None:
        raise CorrectionOutdated(difference=row.id)
    conn.execute(
        insert(external_refunds).values(
            payment_id=payment_id, channel=row.channel, refund_no=proposed.refund_no,
            amount_minor=proposed.takes_up, at=row.at,
        )
    )  # fmt: skip
    taken = payments.c.external_minor + proposed.takes_up
    conn.execute(update(payments).where(payments.c.id == payment_id).values(external_minor=taken))


def _wait(conn: Connection, row: Row[Any], proposed: Correction) -> None:
    w = waiting_refunds.c
    numbers = {"channel": row.channel, "trade_no": row.trade_no, "order_no": row.order_no}
    same = [w[name] == value for name, value in {**numbers, "refund_no": proposed.refund_no}.items()]
    if conn.execute(select(w.id).where(*same)).first() is None:
        conn.execute(
            insert(waiting_refunds).values(
                **numbers, refund_no=proposed.refund_no, amount_minor=proposed.takes_up,
                currency=row.currency, at=row.at,
            )
        )  # fmt: skip
