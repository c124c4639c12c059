"""Differences as rows: each is kept once, whatever bill shows it, and settled when time has explained it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from core.adapters import database
from core.adapters.tables import (
    bill_differences,
    billed_payouts,
    difference_events,
    differences,
    payouts,
)
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import NotAllowed
from core.domain.reconciling import DIFFERENCE, Difference, Ours, missing, status_cause
from core.services.reconciliation import matching

_d, _v = differences.c, difference_events.c
_CHUNK: Final = 500


def add(conn: Connection, bill_id: int, found: Iterable[Difference], now: datetime) -> None:
    """Keep what is not known yet, and that this bill shows it."""
    by_digest = {each.digest: each for each in found}
    digests = list(by_digest)
    for start in range(0, len(digests), _CHUNK):
        part = digests[start : start + _CHUNK]
        ids: dict[str, int] = {}
        for row in conn.execute(select(_d.id, _d.digest, _d.payment_id).where(_d.digest.in_(part))):
            ids[row.digest] = row.id
            paid = by_digest[row.digest].payment_id
            if row.payment_id is None and paid is not None:  # its order has come meanwhile
                conn.execute(update(differences).where(_d.id == row.id).values(payment_id=paid))
        new = [_row(by_digest[digest], bill_id, now) for digest in part if digest not in ids]
        if new:
            for row in conn.execute(insert(differences).returning(_d.id, _d.digest), new):
                ids[row.digest] = row.id
        shown = [{"bill_id": bill_id, "difference_id": ids[digest]} for digest in part]
        conn.execute(insert(bill_differences), shown)


def _row(found: Difference, bill_id: int, now: datetime) -> dict[str, Any]:
    return {
        **asdict(found),
        "digest": found.digest,
        "owner": found.owner,
        "bill_id": bill_id,
        "state": DIFFERENCE.initial,
        "found_at": now,
    }


def payout_of(conn: Connection, payout_id: int | None) -> Ours | None:
    """The payout that a difference is about, as it is now."""
    if payout_id is None:
        return None
    return matching.ours_of(conn.execute(select(*matching.PAYOUT).where(payouts.c.id == payout_id)).one())


def step(
    conn: Connection,
    rows: Sequence[Row[Any]],
    event: str,
    actor: Actor,
    now: datetime,
    note: str,
    **values: Any,
) -> None:
    """Let `event` happen to differences that are all in one state; the table says where it leads."""
    if not rows:
        return
    row = DIFFERENCE.row(rows[0].state, event)
    if actor.role not in row.roles:
        raise NotAllowed(role=actor.role, event=event)
    closed = {"closed_at": now} if DIFFERENCE.is_final(row.target) else {}
    ids = [each.id for each in rows]
    seqs: dict[int, int] = {}
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        last = select(_v.difference_id, func.max(_v.seq)).where(_v.difference_id.in_(part))
        seqs.update({key: seq for key, seq in conn.execute(last.group_by(_v.difference_id))})
        conn.execute(update(differences).where(_d.id.in_(part)).values(state=row.target, **closed, **values))
    conn.execute(
        insert(difference_events),
        [
            {
                "difference_id": each, "seq": seqs.get(each, 0) + 1, "at": now, "event": event,
                "actor_role": actor.role, "actor_id": actor.id, "note": note,
            }
            for each in ids
        ],
    )  # fmt: skip


def look_again(conn: Connection, now: datetime, channel: str, *, bill_id: int, kind: str) -> None:
    """What time has explained is settled: it stands in another bill, or our payout has caught up. What a
    later bill should have had and has not becomes `only_ours`.
    """
    _recognise(conn, now, channel)
    rows = conn.execute(
        select(differences, billed_payouts.c.payout_id.label("billed"))
        .join(billed_payouts, billed_payouts.c.payout_id == _d.payout_id, isouter=True)
        .where(
            _d.channel == channel,
            _d.state == "open",
            _d.closed_at.is_(None),
            _d.kind.in_(("timing", "only_ours", "status")),
        )
        .order_by(_d.id)
    ).all()
    if not rows:
        return
    covered = matching.stretches(conn, channel)
    settled: dict[str, list[Row[Any]]] = {}
    instead: list[Difference] = []
    for row in rows:
        ours = payout_of(conn, row.payout_id)
        if ours is None:
            continue
        why, other = _explained(row, ours, covered, channel, kind)
        if why:
            settled.setdefault(why, []).append(row)
        if other is not None:
            instead.append(other)
    for why, explained in settled.items():
        step(conn, explained, "settle", SYSTEM, now, why)
    add(conn, bill_id, _unshown(conn, bill_id, instead), now)


def _recognise(conn: Connection, now: datetime, channel: str) -> None:
    """What only the channel had is ours once it has named a payout of ours by that number."""
    rows = conn.execute(
        select(differences)
        .join(payouts, payouts.c.reference == _d.refund_no)
        .where(_d.channel == channel, _d.state == "open", _d.kind == "only_theirs")
        .order_by(_d.id)
    ).all()
    ours = {row.id: (row, key) for row in rows if (key := matching.named_ours(conn, row)) is not None}
    for row, key in ours.values():
        payout_id = select(payouts.c.id).where(payouts.c.channel == channel, payouts.c.key == key)
        values = {
            "payout_id": conn.execute(payout_id).scalar_one(),
            "bill_id": row.bill_id,
            "amount_minor": row.theirs_minor,
            "at": row.at,
        }
        conn.execute(database.insert(conn, billed_payouts).on_conflict_do_nothing(), [values])
    step(conn, [row for row, _ in ours.values()], "settle", SYSTEM, now, "named_ours")


def _unshown(conn: Connection, bill_id: int, found: list[Difference]) -> list[Difference]:
    """Those that this bill does not show already."""
    if not found:
        return []
    shown = select(_d.digest).join(bill_differences, bill_differences.c.difference_id == _d.id)
    known = set(conn.execute(shown.where(bill_differences.c.bill_id == bill_id)).scalars())
    return [each for each in found if each.digest not in known]


def _explained(
    row: Row[Any], ours: Ours, covered: Sequence[tuple[datetime, datetime]], channel: str, kind: str
) -> tuple[str, Difference | None]:
    """(why it is settled or '', what stands in its place)."""
    found = Difference.of(row)
    if row.kind == "status":
        cause = status_cause(row.said, ours)
        if cause == row.cause:
            return "", None
        return "caught_up", _with_cause(found, cause) if cause else None
    if row.billed is not None:
        return "found_in_bill", None
    if ours.stands not in ("accepted", "arrived"):
        return "caught_up", None
    if row.kind == "timing":
        due = missing(channel, kind, ours, covered)
        if due is not None and due.kind == "only_ours":
            return "overdue", due
    return "", None


def _with_cause(found: Difference, cause: str) -> Difference:
    return Difference(**{**asdict(found), "cause": cause})
