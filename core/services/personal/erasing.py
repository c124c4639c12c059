"""The erasure of a person (PIPL, article 47): what names or shows them goes at once; what has to stay is
sealed, so that nobody reads it on a screen any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from core.adapters import database
from core.adapters import tables as t
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import Due
from core.domain.errors import AwaitsAnswer, CasesUnderWay, HoldsMoney, HoldsVouchers, NotAllowed
from core.domain.lifecycle import CASE, PAYOUT
from core.services.personal.holdings import HOLDINGS, Subject, count, subject, their_vouchers
from core.services.record import Change, lock

_ENDED: Final = tuple(CASE.final_states)
_MOVED: Final = tuple(PAYOUT.final_states)


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows of each table that went, were emptied, or stay and why; `pictures` whose bytes the worker deletes
    next.
    """

    gone: dict[str, int]
    emptied: dict[str, int]
    stays: dict[str, tuple[str, int]]
    pictures: int


def erase(app: App, actor: Actor, customer_id: str = "", order_no: str = "") -> Erased:
    """Erase an account's person, or whoever bought an order as a guest, in one transaction; drafts end with
    it. Again after that changes nothing more. `NotFound`, `CasesUnderWay`, `HoldsMoney`, `HoldsVouchers`,
    `AwaitsAnswer`.
    """
    if not actor.is_staff:
        raise NotAllowed(role=actor.role)
    at = app.now()
    with app.begin() as conn:
        who = subject(conn, customer_id, order_no)
        _let_drafts_go(conn, who, at)
        _check(conn, who)
        pictures = conn.execute(
            update(t.evidence)
            .where(t.evidence.c.case_no.in_(who.cases), t.evidence.c.expired_at.is_(None))
            .values(expired_at=at)
        ).rowcount
        gone, emptied, stays = {}, {}, {}
        for holding in HOLDINGS:
            name, mine = holding.table.name, holding.whose(who)
            if holding.end == "gone":
                gone[name] = conn.execute(delete(holding.table).where(mine)).rowcount
            elif holding.end == "emptied":
                some = and_(mine, or_(*(holding.table.c[k] != v for k, v in holding.blank.items())))
                emptied[name] = conn.execute(
                    update(holding.table).where(some).values(dict(holding.blank))
                ).rowcount
            else:
                stays[name] = (holding.end, count(conn, holding, who))
        key = {"customer_id": who.customer_id, "order_no": who.order_no}
        conn.execute(
            database.insert(conn, t.erasures)
            .values(**key, at=at, made_by=str(actor))
            .on_conflict_do_update(index_elements=list(key), set_={"at": at, "made_by": str(actor)})
        )
    return Erased(_some(gone), _some(emptied), {k: v for k, v in stays.items() if v[1]}, pictures)


def _let_drafts_go(conn: Connection, who: Subject, at: datetime) -> None:
    """What they never sent ends, without their words."""
    drafts = select(t.cases.c.case_no).where(
        t.cases.c.case_no.in_(who.cases), t.cases.c.state == CASE.initial
    )
    for number in conn.execute(drafts.order_by(t.cases.c.case_no)).scalars().all():
        change = Change(conn, lock(conn, number, SYSTEM))
        change.step("lapse", SYSTEM, at, Due(), description="")
        change.write()


def _check(conn: Connection, who: Subject) -> None:
    c, p, b, v = t.cases.c, t.payouts.c, t.balance_lots.c, t.vouchers.c
    # Held until the end, so that none begins to move meanwhile.
    rows = conn.execute(
        select(c.case_no, c.state).where(c.case_no.in_(who.cases)).order_by(c.case_no).with_for_update()
    )
    on_its_way = select(p.case_no).where(p.case_no.in_(who.cases), p.state.not_in(_MOVED)).distinct()
    moving = {row.case_no for row in rows if row.state not in _ENDED}
    moving |= set(conn.execute(on_its_way).scalars())
    if moving:
        raise CasesUnderWay(cases=sorted(moving))
    if who.customer_id:
        left = (
            select(b.currency, func.sum(b.remaining_minor).label("minor"))
            .where(b.customer_id == who.customer_id, b.remaining_minor > 0)
            .group_by(b.currency)
            .order_by(b.currency)
        )
        for row in conn.execute(left):
            raise HoldsMoney(amount_minor=int(row.minor), currency=row.currency)
    vouchers = conn.execute(select(func.count()).where(their_vouchers(who), v.state == "open")).scalar_one()
    if vouchers:
        raise HoldsVouchers(count=vouchers)
    entries = select(t.credit_entries.c.id).where(t.credit_entries.c.customer_id == who.customer_id)
    appeals = select(t.credit_appeals.c.entry_id).where(
        t.credit_appeals.c.entry_id.in_(entries), t.credit_appeals.c.state == "open"
    )
    asks = select(t.tickets.c.id).where(t.tickets.c.case_no.in_(who.cases), t.tickets.c.state == "open")
    if conn.execute(asks).first() or (who.customer_id and conn.execute(appeals).first()):
        raise AwaitsAnswer()


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
