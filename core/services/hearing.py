"""What channels tell by themselves: a notice is heard once, when it is signed, fresh and about one of our
refunds.

It feeds the one function that takes outcomes, in the transaction that notes its number. The channel is
thanked after the commit, so that a notice we lost comes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import structlog
from sqlalchemy import Connection, func, select

from core.adapters import database
from core.adapters.channels import Notice, NoticeRefused
from core.adapters.tables import channel_notices, payouts, refused_notices
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.errors import NotAllowed, NotFound
from core.domain.reconciling import PEOPLE
from core.domain.workdays import local_date
from core.services.payouts import request_of, take
from core.services.record import Change, lock

log = structlog.get_logger(__name__)

# `heard`: it did, or confirmed, what it says. `twice`: it was here before. `unknown`: about no payout of
# ours. `differs`: about one of ours, with another trade or amount. `contradicts`: too late to be true, as a
# refusal after the arrival. The last three change nothing; people look.
Verdict = Literal["heard", "twice", "unknown", "differs", "contradicts"]
# What a payout that is over may be told again without contradicting itself.
_AGAIN: Final = {"arrived": {"accepted", "arrived"}, "replanned": {"refused", "returned"}}

_n, _r, _p = channel_notices.c, refused_notices.c, payouts.c


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a notice, and what the channel wants to read when it was taken."""

    verdict: Verdict
    thanks: str


def hear(app: App, name: str, headers: Mapping[str, str], body: bytes) -> Heard:
    """Take a notice as it came in. `NotFound` for a channel that is none; `NoticeRefused(code)` for one that
    must not be believed, which is counted.
    """
    channel = app.channels.get(name)
    if channel is None:
        raise NotFound()
    try:
        notice = channel.parse_notice(headers, body)
    except NoticeRefused as refused:
        _count(app, name, refused.code)
        raise
    with app.begin() as conn:
        verdict = _take(app, conn, name, notice)
    level = log.info if verdict in ("heard", "twice") else log.error
    level("channel_notice", channel=name, number=notice.number, key=notice.key, verdict=verdict)
    return Heard(verdict, channel.thanks)


def _take(app: App, conn: Connection, name: str, notice: Notice) -> Verdict:
    is_ours = (_p.key == notice.key, _p.channel == name)
    case_no = conn.execute(select(_p.case_no).where(*is_ours)).scalar_one_or_none()
    # The case first, as everybody does: two notices about one refund stand in line.
    change = Change(conn, lock(conn, case_no, SYSTEM)) if case_no is not None else None
    same = (_n.channel == name, _n.number == notice.number)
    if conn.execute(select(_n.number).where(*same)).first() is not None:
        conn.execute(channel_notices.update().where(*same).values(times=_n.times + 1))
        return "twice"
    verdict: Verdict = "unknown"
    if change is not None:
        row = conn.execute(select(payouts).where(*is_ours)).one()
        verdict = _fitting(row, notice)
        if verdict == "heard":
            take(app, change, row.id, notice.outcome)
    noted = conn.execute(
        database.insert(conn, channel_notices)
        .values(
            channel=name,
            number=notice.number,
            key=notice.key,
            verdict=verdict,
            outcome=notice.outcome.kind,
            amount_minor=notice.amount_minor,
            at=app.now(),
        )
        .on_conflict_do_nothing()
        .returning(_n.number)
    ).first()
    # Of two about no case of ours, which no lock keeps apart, the second finds the number taken.
    return verdict if noted is not None else "twice"


def _fitting(row: Any, notice: Notice) -> Verdict:
    if not notice.fits(request_of(row)):
        return "differs"
    if row.state == "planned":  # nobody has sent it: how can the channel know of it?
        return "contradicts"
    if row.state in _AGAIN and notice.outcome.kind not in _AGAIN[row.state]:
        return "contradicts"
    return "heard"


def _count(app: App, name: str, code: str) -> None:
    log.warning("channel_notice_refused", channel=name, code=code)
    day = local_date(app.now()).isoformat()
    with app.begin() as conn:
        conn.execute(
            database.insert(conn, refused_notices)
            .values(channel=name, day=day, code=code, times=1)
            .on_conflict_do_update(index_elements=[_r.channel, _r.day, _r.code], set_={"times": _r.times + 1})
        )


@dataclass(frozen=True, slots=True)
class Odd:
    """Notices of a channel that came to nothing, by why: a verdict or a `NoticeRefused` code."""

    channel: str
    why: str
    times: int


def odd(app: App, actor: Actor, since: date) -> list[Odd]:
    """Since a day in Shanghai, for finance and leads; most often first."""
    if actor.role not in PEOPLE:
        raise NotAllowed(role=actor.role)
    kinds = ("unknown", "differs", "contradicts")
    with app.read() as conn:
        of_ours = conn.execute(
            select(_n.channel, _n.verdict, func.sum(_n.times), func.max(_n.at))
            .where(_n.verdict.in_(kinds))
            .group_by(_n.channel, _n.verdict)
        ).all()
        refused = conn.execute(
            select(_r.channel, _r.code, func.sum(_r.times))
            .where(
                _r.day >= since.isoformat(), _r.code != "other_kind"
            )  # genuine, and nothing is odd about it
            .group_by(_r.channel, _r.code)
        ).all()
    found = [Odd(name, why, int(times)) for name, why, times, last in of_ours if local_date(last) >= since]
    found += [Odd(name, code, int(times)) for name, code, times in refused]
    return sorted(found, key=lambda one: (-one.times, one.channel, one.why))
