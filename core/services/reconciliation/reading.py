"""A channel's bill is read, held against our books and kept: the same bill once, whoever brings it, however
often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from core.adapters import bills as files
from core.adapters import database
from core.adapters.bills import Mapping
from core.adapters.tables import bill_differences, billed_payouts, bills, differences, payouts
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.bills import PERSONAL, Coverage, ReadBill
from core.domain.errors import (
    BillChannelUnknown,
    BillHoldsNoRefunds,
    BillNotWhole,
    BillNumbersRounded,
    BillOfAPerson,
    BillOfNoChannel,
    BillTotalsDiffer,
    BillWithoutTotals,
    NotAllowed,
)
from core.domain.facts import CHANNELS
from core.domain.reconciling import KINDS, PEOPLE
from core.services.reconciliation import keeping, matching
from core.services.reconciliation.matching import Held

_ONE_BILL_AT_A_TIME: Final = 7_245_006
# Without these nobody knows whether all rows are there, or what their numbers are.
_CUT: Final = {
    "trailer_missing": BillWithoutTotals,
    "trailer_count": BillTotalsDiffer,
    "trailer_amount": BillTotalsDiffer,
    "number_rounded": BillNumbersRounded,
}
_LONGEST_NAME: Final = 120
BILLED: Final = tuple(
    name for name in CHANNELS if name != "balance"
)  # of what is kept here nobody sends bills

Progress = Callable[[str], None]  # told 'reading', 'comparing', 'keeping'


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A bill and what came of it. `is_new` is false for one that was read before: nothing was changed.
    `found`: kind → how many it shows, whatever became of them; `waiting`: the same of those that people still
    have to see to; timing is nobody's.
    """

    bill_id: int
    kind: str
    channel: str
    name: str
    covers: Coverage | None
    refunds: int
    matched: int
    read_at: datetime
    is_new: bool
    found: dict[str, int]
    waiting: dict[str, int]

    @property
    def is_clean(self) -> bool:
        return not any(self.waiting.values())


def reconcile(
    app: App,
    actor: Actor,
    path: Path,
    mapping: Mapping | None = None,
    *,
    name: str = "",
    day: Coverage | None = None,
    tell: Progress = lambda step: None,
) -> Reconciled:
    """Hold a bill against payouts and ledger. `day`: what it covers, where whoever fetched it knows.

    `NotAllowed`; `FileUnreadable` of the fitting kind; `BillOfAPerson`, `BillOfNoChannel`,
    `BillChannelUnknown`, `BillNotWhole`, `BillHoldsNoRefunds`: of half a bill nobody could say what is
    missing, so none is taken.
    """
    if actor.role not in (*PEOPLE, "system"):
        raise NotAllowed(role=actor.role, event="reconcile")
    tell("reading")
    bill = files.read(path, mapping)
    if bill.kind in PERSONAL:
        raise BillOfAPerson(bill=bill.kind)
    _check_whole(bill)
    covers = day or bill.covers
    with app.read() as conn:
        channel = bill.channel or _channel(conn, bill, mapping)
        digest = _digest(bill, channel, covers)
        known = _known(conn, digest)
        if known is not None:
            return known
        tell("comparing")
        held = matching.hold(conn, bill.kind, channel, bill.refunds)
        covers = _past(covers, bill, app.now())
        if covers is not None:
            absent = list(matching.absent(conn, bill.kind, channel, covers, held))
            held.differences += absent
            # Of one kind only the trailer tells a bill of payments alone from one without refunds.
            is_due = any(each.kind == "only_ours" for each in absent)
            if bill.kind == "wechat_trade" and day is None and not bill.refunds and is_due:
                raise BillHoldsNoRefunds()
    tell("keeping")
    with app.begin() as conn:
        database.serialize(conn, _ONE_BILL_AT_A_TIME)
        known = _known(conn, digest)
        if known is not None:
            return known
        bill_id = _keep(conn, app.now(), actor, bill, channel, covers, digest, name or path.name, held)
        return _result(conn, bill_id, is_new=True)


def _past(covers: Coverage | None, bill: ReadBill, now: datetime) -> Coverage | None:
    """Of a day that is not over a bill holds what there was when it was made: surely up to its last row."""
    if covers is None or covers.ends <= now:
        return covers
    last = max((row.at for row in bill.refunds if row.at <= now), default=covers.begins)
    return Coverage(covers.begins, max(covers.begins, last), False)


def _check_whole(bill: ReadBill) -> None:
    unread = [warning for warning in bill.warnings if warning.is_problem]
    cut = [warning for warning in bill.warnings if warning.key.rpartition(".")[2] in _CUT]
    if unread or cut:
        lines = [line for warning in unread for line in warning.lines]
        refused = BillNotWhole if unread else _CUT[cut[0].key.rpartition(".")[2]]
        codes = [each.key for each in (*cut, *unread)][:5]
        where = ", ".join(map(str, lines[:10]))
        raise refused(lines=lines[:10], where=where, n=len(lines), codes=codes)


def _channel(conn: Connection, bill: ReadBill, mapping: Mapping | None) -> str:
    """Of a table of anybody's: what the mapping says, in its words or ours, else whose payouts it names."""
    mapping = mapping or Mapping()
    said = mapping.defaults.get("channel", "")
    if said:
        channel = mapping.words("channel").get(said, said)
        if channel not in BILLED:
            raise BillChannelUnknown(channel=said, allowed=", ".join(BILLED))
        return channel
    keys = [refund.refund_no for refund in bill.refunds[:200] if refund.refund_no]
    named = set(conn.execute(select(payouts.c.channel).where(payouts.c.key.in_(keys))).scalars())
    if len(named) != 1:
        raise BillOfNoChannel()
    return str(named.pop())


def _digest(bill: ReadBill, channel: str, covers: Coverage | None) -> str:
    """Of what was read, not of the bytes: a zip packed again is the same bill."""
    told = sha256(repr((bill.kind, channel, covers and (covers.begins, covers.ends))).encode())
    for row in bill.refunds:
        parts = (
            row.line, row.trade_no, row.refund_no, row.order_no, row.amount_minor, row.currency,
            row.at.timestamp(), row.status, row.fee_minor,
        )  # fmt: skip
        told.update(repr(parts).encode())
    return told.hexdigest()


def _keep(
    conn: Connection,
    now: datetime,
    actor: Actor,
    bill: ReadBill,
    channel: str,
    covers: Coverage | None,
    digest: str,
    name: str,
    held: Held,
) -> int:
    values = {
        "digest": digest,
        "channel": channel,
        "kind": bill.kind,
        "name": name[:_LONGEST_NAME],
        "begins_at": covers.begins if covers else None,
        "ends_at": covers.ends if covers else None,
        "is_said": bool(covers and covers.is_said),
        "refunds": len(bill.refunds),
        "matched": held.matched,
        "read_by": str(actor),
        "read_at": now,
    }
    bill_id = int(conn.execute(insert(bills).values(values).returning(bills.c.id)).scalar_one())
    billed = [
        {"payout_id": payout_id, "bill_id": bill_id, "amount_minor": minor, "at": at}
        for payout_id, (minor, at) in held.billed.items()
    ]
    for start in range(0, len(billed), 5_000):
        conn.execute(
            database.insert(conn, billed_payouts).on_conflict_do_nothing(), billed[start : start + 5_000]
        )
    keeping.add(conn, bill_id, held.differences, now)
    keeping.look_again(conn, now, channel, bill_id=bill_id, kind=bill.kind)
    return bill_id


def _known(conn: Connection, digest: str) -> Reconciled | None:
    found = conn.execute(select(bills.c.id).where(bills.c.digest == digest)).scalar_one_or_none()
    return None if found is None else _result(conn, found, is_new=False)


def _result(conn: Connection, bill_id: int, *, is_new: bool) -> Reconciled:
    row: Any = conn.execute(select(bills).where(bills.c.id == bill_id)).one()
    d = differences.c
    counted = conn.execute(
        select(d.kind, d.closed_at.is_(None).label("waits"), func.count())
        .join(bill_differences, bill_differences.c.difference_id == d.id)
        .where(bill_differences.c.bill_id == bill_id)
        .group_by(d.kind, d.closed_at.is_(None))
    ).all()
    found, waiting = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for kind, waits, count in counted:
        found[kind] += count
        if waits and kind != "timing":
            waiting[kind] += count
    covers = None if row.ends_at is None else Coverage(row.begins_at, row.ends_at, row.is_said)
    return Reconciled(
        bill_id, row.kind, row.channel, row.name, covers, row.refunds, row.matched, row.read_at, is_new,
        found, waiting,
    )  # fmt: skip


def result(app: App, bill_id: int) -> Reconciled | None:
    """A bill that was read, with its differences as they stand now."""
    with app.read() as conn:
        is_there = conn.execute(select(bills.c.id).where(bills.c.id == bill_id)).scalar_one_or_none()
        return None if is_there is None else _result(conn, bill_id, is_new=False)
