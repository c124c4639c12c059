"""What finance sees of bills and differences, and the same as rows for a file. Reading only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, select

from core.adapters.tables import bill_differences, bills, difference_events, differences
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.bills import Coverage
from core.domain.errors import NotAllowed
from core.domain.reconciling import DIFFERENCE, KINDS, OWNERS, PEOPLE, Correction, Difference, barred
from core.domain.room import Room
from core.services.reconciliation import correcting

PAGE: Final = 20
_CHUNK: Final = 1_000
_d, _b, _s, _v = differences.c, bills.c, bill_differences.c, difference_events.c


@dataclass(frozen=True, slots=True)
class Sum:
    """What is not closed of one kind. `proposed`: of these, how many wait for a second person."""

    kind: str
    owner: str
    open: int
    proposed: int
    amounts: dict[str, int]  # minor units by currency: theirs, where they have any


@dataclass(frozen=True, slots=True)
class Listed:
    """One difference as the screen shows it. `correction`: proposed, or what would be; None: nothing to book.
    `allowed`: what this person may do with it now.
    """

    id: int
    found: Difference
    state: str
    correction: Correction | None
    proposed_by: str
    note: str  # of the last that was said about it
    found_at: datetime
    allowed: tuple[str, ...]
    room: Room | None = None  # what is left of the payment, where this takes anything from one


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill that was read."""

    id: int
    channel: str
    kind: str
    name: str
    covers: Coverage | None
    refunds: int
    matched: int
    waiting: int
    read_by: str
    read_at: datetime


def check(actor: Actor) -> None:
    if actor.role not in (*PEOPLE, "system"):
        raise NotAllowed(role=actor.role, event="reconcile")


def sums(app: App, actor: Actor, bill_id: int | None = None) -> list[Sum]:
    """What is not closed, by kind; of one bill, or of all."""
    check(actor)
    d = differences.c
    minor = func.sum(func.coalesce(d.theirs_minor, d.ours_minor, 0))
    query = select(d.kind, d.state, d.currency, func.count().label("n"), minor.label("minor"))
    query = _of_bill(query, bill_id).where(d.closed_at.is_(None)).group_by(d.kind, d.state, d.currency)
    found: dict[str, dict[str, Any]] = {}
    with app.read() as conn:
        for row in conn.execute(query):
            kind = found.setdefault(row.kind, {"open": 0, "proposed": 0, "amounts": {}})
            kind[row.state] += row.n
            kind["amounts"][row.currency] = kind["amounts"].get(row.currency, 0) + int(row.minor)
    return [Sum(kind, OWNERS[kind], **found[kind]) for kind in KINDS if kind in found]


def listing(
    app: App, actor: Actor, kind: str, state: str, page: int = 0, bill_id: int | None = None
) -> tuple[list[Listed], bool]:
    """A page of differences of one kind in one state, and whether there are more."""
    check(actor)
    query = _of_bill(select(differences), bill_id).where(_d.kind == kind, _d.state == state)
    if not DIFFERENCE.is_final(state):
        query = query.where(_d.closed_at.is_(None))
    with app.read() as conn:
        rows = conn.execute(query.order_by(_d.id).limit(PAGE + 1).offset(max(0, page) * PAGE)).all()
        return [_listed(conn, actor, row) for row in rows[:PAGE]], len(rows) > PAGE


def ids(
    app: App, actor: Actor, kind: str, state: str, bill_id: int | None = None, most: int = correcting.MOST
) -> list[int]:
    """The numbers of those that one command would take."""
    check(actor)
    query = _of_bill(select(_d.id), bill_id).where(_d.kind == kind, _d.state == state)
    with app.read() as conn:
        return list(conn.execute(query.order_by(_d.id).limit(most)).scalars())


def one(app: App, actor: Actor, difference_id: int) -> Listed | None:
    check(actor)
    with app.read() as conn:
        row = conn.execute(select(differences).where(_d.id == difference_id)).one_or_none()
        return None if row is None else _listed(conn, actor, row)


def _of_bill(query: Select[Any], bill_id: int | None) -> Select[Any]:
    if bill_id is None:
        return query
    return query.join(bill_differences, _s.difference_id == _d.id).where(_s.bill_id == bill_id)


def _listed(conn: Connection, actor: Actor, row: Row[Any]) -> Listed:
    wanted = correcting.of_json(row.correction) if row.correction else correcting.wanted_for(conn, row)
    last = select(_v.note).where(_v.difference_id == row.id).order_by(_v.seq.desc()).limit(1)
    customer = correcting.customer_of(conn, row)
    allowed = tuple(
        event
        for event in DIFFERENCE.allowed(row.state, actor.role)
        if barred(event, actor, proposed_by=row.proposed_by or "", customer_id=customer) is None
        and not (event == "propose" and row.kind == "timing")
    )
    found = Difference.of(row)
    if found.payment_id is None and wanted is not None and wanted.takes_up:
        found = replace(found, payment_id=correcting.payment_now(conn, row, wanted))
    return Listed(
        row.id, found, row.state, wanted, row.proposed_by or "",
        conn.execute(last).scalar_one_or_none() or "", row.found_at, allowed,
        None if DIFFERENCE.is_final(row.state) else correcting.room_of(conn, row, wanted),
    )  # fmt: skip


def latest(app: App, actor: Actor, limit: int = 10) -> list[BillRow]:
    """Bills, the last read on top."""
    check(actor)
    waiting = (
        select(func.count())
        .select_from(bill_differences.join(differences, _s.difference_id == _d.id))
        .where(_s.bill_id == _b.id, _d.closed_at.is_(None), _d.kind != "timing")
        .scalar_subquery()
    )
    query = select(bills, waiting.label("waiting")).order_by(_b.id.desc()).limit(limit)
    with app.read() as conn:
        return [
            BillRow(
                row.id, row.channel, row.kind, row.name,
                None if row.ends_at is None else Coverage(row.begins_at, row.ends_at, row.is_said),
                row.refunds, row.matched, row.waiting, row.read_by, row.read_at,
            )
            for row in conn.execute(query)
        ]  # fmt: skip


def waiting(app: App, actor: Actor, bill_id: int) -> Iterator[Listed]:
    """Everything of a bill that people still have to see to, by kind, a thousand at a time."""
    check(actor)
    for kind in KINDS:
        after = 0
        while kind != "timing":
            query = _of_bill(select(differences), bill_id).where(
                _d.kind == kind, _d.closed_at.is_(None), _d.id > after
            )
            with app.read() as conn:
                found = conn.execute(query.order_by(_d.id).limit(_CHUNK)).all()
                listed = [_listed(conn, actor, row) for row in found]
            yield from listed
            if len(found) < _CHUNK:
                break
            after = found[-1].id


COLUMNS: Final = (
    "id", "bill_id", "channel", "kind", "cause", "owner", "state", "refund_no", "trade_no", "order_no",
    "case_no", "ours_minor", "theirs_minor", "currency", "at", "line", "said", "correction", "proposed_by",
    "posted_by", "found_at", "closed_at",
)  # fmt: skip


def rows(app: App, actor: Actor, bill_id: int | None = None) -> Iterator[tuple[Any, ...]]:
    """All differences, of one bill or of all, as `COLUMNS`, a thousand at a time."""
    check(actor)
    after = 0
    columns = [_d[name] for name in COLUMNS]
    while True:
        query = _of_bill(select(*columns), bill_id).where(_d.id > after).order_by(_d.id).limit(_CHUNK)
        with app.read() as conn:
            found = conn.execute(query).all()
        yield from (tuple(row) for row in found)
        if len(found) < _CHUNK:
            return
        after = found[-1][0]
