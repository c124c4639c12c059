"""The worker's side of notices: plan where each one goes, then hand them over one by one under a lease, again
and again with growing pauses.

The claim is committed before anybody is called and the outcome after it, never in one transaction with the
call. A worker that dies in between leaves a delivery that is made once more: mail carries the same Message-ID
then, chat bots know no such thing, so their text carries the same number.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import structlog
from sqlalchemy import Row, and_, bindparam, insert, or_, select, update

from core import texts, wording
from core.adapters.notifiers import CUSTOMER, Letter, NotDelivered
from core.adapters.tables import contacts, notice_deliveries, notices
from core.adapters.world import App
from core.domain.notices import FOR_THE_SHOP

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)  # longer than any server is waited for
# After the last of them it is 'failed', for people to see: two days, a weekend's breakdown.
PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60))
_BATCH: Final = 200

_n, _d = notices.c, notice_deliveries.c
_NOW: Final = bindparam("now", type_=_d.due_at.type)
_DUE: Final = and_(_d.due_at <= _NOW, or_(_d.leased_until.is_(None), _d.leased_until < _NOW))
_THIS: Final = and_(_d.notice_id == bindparam("notice_id"), _d.target == bindparam("target"))
_WAITING: Final = select(_d.notice_id, _d.target).where(_DUE).order_by(_d.due_at).limit(bindparam("limit"))
_UNPLANNED: Final = select(_n.id).where(_n.planned_at.is_(None)).limit(1)
_TO_PLAN: Final = (
    select(_n.id, _n.kind, contacts.c.mail)
    .join(contacts, contacts.c.customer_id == _n.customer_id, isouter=True)
    .where(_n.planned_at.is_(None))
    .order_by(_n.id)
    .limit(_BATCH)
    .with_for_update(of=notices, skip_locked=True)
)
_CLAIM: Final = select(notice_deliveries).where(_THIS, _DUE).with_for_update(skip_locked=True)
_NOTICE: Final = (
    select(notices, contacts.c.mail, contacts.c.language)
    .join(contacts, contacts.c.customer_id == _n.customer_id, isouter=True)
    .where(_n.id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """`planned`, `sent` or `failed`; `cause`: of the last try in vain."""

    target: str
    state: str
    tries: int
    due_at: datetime | None
    sent_at: datetime | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Filed:
    """A notice with where it went."""

    id: int
    case_no: str
    seq: int
    kind: str
    at: datetime
    read_at: datetime | None
    planned_at: datetime | None
    deliveries: tuple[Delivery, ...]


def run(app: App, worker: str, limit: int) -> int:
    """Plan what is new, then try what is due; answers how many were tried.

    A far end that did not take one gets no other in this round: refunds do not wait for a dead mail server.
    """
    plan(app)
    done, away = 0, set[str]()
    for notice_id, target in due(app, app.now(), limit):
        if target not in away:
            result = deliver(app, notice_id, target, worker)
            done += result is not None
            if result == "delayed":
                away.add(target)
    return done


def plan(app: App) -> int:
    """Write down where every new notice goes; the inbox has it anyway. How many notices were new."""
    planned = 0
    while True:
        with app.read() as conn:
            if conn.execute(_UNPLANNED).first() is None:
                return planned
        with app.begin() as conn:
            found = conn.execute(_TO_PLAN).all()
            if not found:
                return planned
            now = app.now()
            rows = [
                {"notice_id": row.id, "target": target, "state": "planned", "due_at": now}
                for row in found
                for target in _targets(app, row.kind, row.mail)
            ]
            if rows:
                conn.execute(insert(notice_deliveries), rows)
            ids = [row.id for row in found]
            conn.execute(update(notices).where(_n.id.in_(ids)).values(planned_at=now))
        planned += len(found)
        if len(found) < _BATCH:  # or another worker has the rest
            return planned


def _targets(app: App, kind: str, mail: str | None) -> list[str]:
    own = [CUSTOMER] if mail and app.notifiers.mail_url else []
    return own + (list(app.notifiers.shop) if kind in FOR_THE_SHOP else [])


def due(app: App, at: datetime, limit: int) -> list[tuple[int, str]]:
    """Deliveries that should be tried now, longest waiting first."""
    with app.read() as conn:
        return [(row.notice_id, row.target) for row in conn.execute(_WAITING, {"now": at, "limit": limit})]


def deliver(app: App, notice_id: int, target: str, worker: str) -> str | None:
    """Claim one delivery and try it: `sent`, `delayed`; None when another worker has it or nothing is due any
    more.
    """
    claim = _claim(app, notice_id, target, worker)
    if claim is None:
        return None
    try:
        app.notifiers.send(target, _letter(app, notice_id, target))
    except NotDelivered as error:
        _again(app, claim, error.cause)
        return "delayed"
    except Exception:
        log.exception("notice_broken", notice=notice_id, target=target)
        _again(app, claim, "accident")
        return "delayed"
    _settle(app, claim, state="sent", sent_at=app.now(), due_at=None, cause=None)
    return "sent"


def _claim(app: App, notice_id: int, target: str, worker: str) -> Row[Any] | None:
    at = app.now()
    with app.begin() as conn:
        row = conn.execute(_CLAIM, {"notice_id": notice_id, "target": target, "now": at}).one_or_none()
        if row is None:
            return None
        return conn.execute(
            update(notice_deliveries)
            .where(_d.notice_id == notice_id, _d.target == target)
            .values(leased_until=at + LEASE, worker=worker, tries=_d.tries + 1, cause="no_answer")
            .returning(*_d)
        ).one()


def _again(app: App, claim: Row[Any], cause: str) -> None:
    subject = {"notice": claim.notice_id, "target": claim.target, "tries": claim.tries, "cause": cause}
    if claim.tries > len(PAUSES):
        log.error("notice_failed", **subject)
        _settle(app, claim, state="failed", due_at=None, cause=cause)
    else:
        log.warning("notice_delayed", **subject)
        _settle(app, claim, due_at=app.now() + PAUSES[claim.tries - 1], cause=cause)


def _settle(app: App, claim: Row[Any], **values: Any) -> None:
    """Write the outcome and give up the lease, unless it ran out and somebody else has it now."""
    with app.begin() as conn:
        conn.execute(
            update(notice_deliveries)
            .where(
                _d.notice_id == claim.notice_id,
                _d.target == claim.target,
                _d.state == "planned",
                _d.worker == claim.worker,
                _d.leased_until == claim.leased_until,
            )
            .values(leased_until=None, worker=None, **values)
        )


def _letter(app: App, notice_id: int, target: str) -> Letter:
    with app.read() as conn:
        row = conn.execute(_NOTICE, {"id": notice_id}).one()
    of = (row.case_no, row.seq, row.kind, row.about, row.at.isoformat(), target)
    number = sha256("\n".join(map(str, of)).encode()).hexdigest()[:32]
    tx = texts.of((row.language or "") if target == CUSTOMER else app.language)
    shop, short = app.shop_name, number[:8]
    if target != CUSTOMER:
        alert = tx(f"notice_shop.{row.kind}", case_no=row.case_no)
        body = tx("notice_mail.shop_text", alert=alert, number=short)
        return Letter(number, shop, tx("notice_mail.shop_title", shop=shop), body, row.at)
    title, said = wording.notice(
        tx,
        row.kind,
        amount_minor=row.amount_minor,
        currency=row.currency,
        by_at=row.by_at,
        now=app.now(),
        published_through=app.calendar.published_through,
    )
    body = tx("notice_mail.text", shop=shop, text=said, case_no=row.case_no, number=short)
    return Letter(number, shop, tx("notice_mail.title", shop=shop, title=title), body, row.at, row.mail or "")


def filed(app: App, case_no: str | None = None, limit: int = 200) -> list[Filed]:
    """Notices with their deliveries, newest first: for whoever runs the portal."""
    wanted = select(notices).order_by(_n.id.desc()).limit(limit)
    if case_no is not None:
        wanted = wanted.where(_n.case_no == case_no)
    with app.read() as conn:
        rows = conn.execute(wanted).all()
        went: dict[int, list[Delivery]] = defaultdict(list)
        of_these = select(notice_deliveries).where(_d.notice_id.in_([row.id for row in rows]))
        for d in conn.execute(of_these.order_by(_d.notice_id, _d.target)):
            went[d.notice_id].append(Delivery(d.target, d.state, d.tries, d.due_at, d.sent_at, d.cause))
    return [
        Filed(r.id, r.case_no, r.seq, r.kind, r.at, r.read_at, r.planned_at, tuple(went[r.id])) for r in rows
    ]
