"""Notices against the events they tell of: none missing, none made up, none for anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, and_, exists, or_, select

from core.adapters.tables import case_events, cases, from_micros, notices, payouts, settings
from core.domain.notices import AFTER, DUE_SOON, EVENTLESS, INSTEAD, KEPT_HERE, OF_BALANCE
from core.domain.settlement import HERE
from core.services.audit.finding import Finding

_e, _n, _p = case_events.c, notices.c, payouts.c
_TOLD: Final = (
    select(_e.case_no, _e.seq, _e.from_state, _e.event, _n.kind)
    .join(
        notices,
        and_(_n.case_no == _e.case_no, _n.seq == _e.seq, _n.kind.not_in(EVENTLESS)),
        isouter=True,
    )
    .order_by(_e.case_no, _e.seq)
)
# Of a database that is older than the notices: the last event without one, in microseconds.
_BEFORE: Final = select(settings.c.value).where(settings.c.key == "notices_after")
_ASTRAY: Final = (
    select(_n.case_no, _n.seq)
    .join(cases, cases.c.case_no == _n.case_no)
    # A balance that a code became may be somebody else's: `audit.wallet` knows whose.
    .where(
        _n.kind.not_in(OF_BALANCE),
        or_(_n.customer_id != cases.c.customer_id, _n.order_no != cases.c.order_no),
    )
    .order_by(_n.id)
)
_TOO_LATE: Final = (
    select(_n.case_no, _n.kind)
    .where(_n.kind.in_(DUE_SOON.values()), or_(_n.by_at.is_(None), _n.at >= _n.by_at))
    .order_by(_n.id)
)

# Told that it stays with us, of what reached an account elsewhere.
_ELSEWHERE: Final = (
    select(_n.case_no, _n.seq)
    .where(
        _n.kind == KEPT_HERE,
        exists().where(_p.case_no == _n.case_no, _p.state == "arrived", _p.channel.not_in(HERE)),
    )
    .order_by(_n.id)
)


def check(conn: Connection) -> Iterator[Finding]:
    """Invariant 21 over all events since there are notices."""
    before = conn.execute(_BEFORE).scalar()
    told = _TOLD if before is None else _TOLD.where(_e.at > from_micros(int(before)))
    for row in conn.execute(told):
        wanted = AFTER.get((row.from_state, row.event))
        if row.kind not in (wanted, INSTEAD.get(wanted or "", wanted)):
            code = "notice_missing" if row.kind is None else "notice_differs"
            yield Finding(21, code, row.case_no, f"event {row.seq} {row.event}: {row.kind}, not {wanted}")
    for case_no, seq in conn.execute(_ASTRAY):
        yield Finding(21, "notice_astray", case_no, f"event {seq}")
    for case_no, seq in conn.execute(_ELSEWHERE):
        yield Finding(21, "notice_differs", case_no, f"event {seq}: it did not stay here")
    for case_no, kind in conn.execute(_TOO_LATE):
        yield Finding(21, "warned_too_late", case_no, kind)
