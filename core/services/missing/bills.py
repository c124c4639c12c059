"""The customer's own bill: read in memory and apart, answered, and forgotten; with their consent one line is
kept.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import Connection, insert

from core.adapters.bills.apart import read_apart
from core.adapters.tables import bill_rows
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NoBillToRead, NotAllowed, NothingMissing
from core.domain.missing import Checked, check, may_open, sought
from core.services.commands import once
from core.services.missing.looking import Piece, pieces_of
from core.services.record import Case, lock, read

log = structlog.get_logger(__name__)


def check_bill(app: App, actor: Actor, case_no: str, payout_id: int, name: str, data: bytes) -> Checked:
    """Whether this refund stands in the bill. Nothing is written; `FileUnreadable` of the fitting kind,
    `EvidenceBusy`, `NoBillToRead`.
    """
    if refusal := may_open(actor):
        raise refusal
    with app.read() as conn:
        piece = piece_of(app, conn, read(conn, case_no, actor), payout_id)
    if not piece.sent.has_bill or piece.promised_at is None:
        raise NoBillToRead(channel=piece.sent.payee_channel or piece.sent.channel)
    checked = check(read_apart(data, name), sought(piece.sent, piece.promised_at))
    log.info("bill_checked", case_no=case_no, kind=checked.kind, said=checked.said)
    return checked


def keep_row(app: App, actor: Actor, case_no: str, payout_id: int, checked: Checked, command_id: str) -> None:
    """Keep the one line in which it was found, because whoever sent it agrees; a second changes nothing."""

    def work(conn: Connection, case: Case) -> dict[str, Any]:
        if refusal := may_open(actor):
            raise refusal
        piece, row = piece_of(app, conn, case, payout_id), checked.row
        if row is None:
            raise NotAllowed(role=actor.role, event="keep_row")
        if piece.row is None:
            conn.execute(
                insert(bill_rows).values(
                    payout_id=payout_id, case_no=case_no, kind=checked.kind, line=row.line, at=row.at,
                    amount_minor=row.amount_minor, currency=row.currency, trade_no=row.trade_no,
                    refund_no=row.refund_no, status=row.status, known_by=checked.by, kept_by=str(actor),
                    kept_at=app.now(),
                )
            )  # fmt: skip
        return {"case_no": case_no}

    once(
        app,
        actor,
        command_id,
        f"keep_row {case_no} {payout_id}",
        lambda conn: lock(conn, case_no, actor),
        work,
    )


def piece_of(app: App, conn: Connection, case: Case, payout_id: int) -> Piece:
    """The payout of this case that is not found; `NothingMissing`."""
    found = next((piece for piece in pieces_of(app, conn, case) if piece.sent.id == payout_id), None)
    if found is None:
        raise NothingMissing()
    return found
