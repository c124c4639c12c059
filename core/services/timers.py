"""The worker's side of cases: what the clock makes happen when nobody acted, and paying what was approved."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from core.adapters.tables import case_events, cases
from core.adapters.world import App
from core.domain.actors import SYSTEM
from core.domain.deadlines import BY_WORKING_DAYS, EXPIRE, REMIND, due, escalated, warnings
from core.domain.notices import ARRIVAL_LATE, DUE_SOON, OFFER_DUE_SOON
from core.services import notices, payouts, policies, turns
from core.services.record import Change, lock

log = structlog.get_logger(__name__)

_DUE: Final = (
    select(cases.c.case_no)
    .where(cases.c.due_at <= bindparam("now", type_=cases.c.due_at.type))
    .order_by(cases.c.due_at)
    .limit(bindparam("limit"))
)
_TO_WARN: Final = (
    select(cases.c.case_no)
    .where(cases.c.warn_at <= bindparam("now", type_=cases.c.warn_at.type))
    .order_by(cases.c.warn_at)
    .limit(bindparam("limit"))
)


def due_numbers(app: App, at: datetime, limit: int) -> list[str]:
    """Cases that something should be done about now, longest waiting first."""
    with app.read() as conn:
        return list(conn.execute(_DUE, {"now": at, "limit": limit}).scalars())


def run_due(app: App, case_no: str) -> bool:
    """Do what is due for the case; False when that is nothing any more."""
    at = app.now()
    with app.begin() as conn:
        case = lock(conn, case_no, SYSTEM)
        if case.due_at is None or case.due_at > at:
            return False
        policy = policies.get(app, conn, case.policy_version)
        change = Change(conn, case)
        # Talks from before they had a date were only given one, by a migration.
        action = case.due_action or BY_WORKING_DAYS[case.state][1]
        if action == "pay":
            payouts.start(app, change, "pay", SYSTEM, at, policy)
        elif action == "lapse":
            change.step("lapse", SYSTEM, at, due("closed", policy, app.calendar, at))
        elif action == EXPIRE:
            change.step(EXPIRE, SYSTEM, at, due("in_review", policy, app.calendar, at))
        elif case.state == "negotiating" and action == "escalate" and turns.waiting(conn, [case_no]):
            change.step(REMIND, SYSTEM, at, due("negotiating", policy, app.calendar, at))
        elif action == "escalate":
            change.step("escalate", SYSTEM, at, escalated(policy, app.calendar, at))
        elif action == "watch":
            _look_again(app, change, at)
        else:
            raise ValueError(f"{case_no}: nobody knows how to {action!r}")
        change.write()
    return True


def _look_again(app: App, change: Change, at: datetime) -> None:
    """Sent long ago and not all arrived: the customer is told once, finance sees it in its list of late
    payouts; look again tomorrow (R5.4).
    """
    case_no = change.case.case_no
    tomorrow = app.calendar.deadline(at, 1).at
    change.conn.execute(update(cases).where(cases.c.case_no == case_no).values(due_at=tomorrow))
    notices.warn(change, ARRIVAL_LATE, at)
    log.warning("arrival_overdue", case_no=case_no)


def put_off(app: App, case_no: str, until: datetime) -> None:
    """Something broke while doing what was due: try again at `until` and let the others pass."""
    with app.begin() as conn:
        conn.execute(
            update(cases)
            .where(cases.c.case_no == case_no, cases.c.due_at < until)
            .values(due_at=until, warn_at=None, tries=cases.c.tries + 1)  # too late to warn of it
        )


def numbers_to_warn(app: App, at: datetime, limit: int) -> list[str]:
    """Cases whose customer should be warned now that their time is running out."""
    with app.read() as conn:
        return list(conn.execute(_TO_WARN, {"now": at, "limit": limit}).scalars())


def run_warning(app: App, case_no: str) -> bool:
    """Give the newest warning that is due and plan the next; what was slept over is not made up for. False
    when none is due any more.
    """
    at = app.now()
    with app.begin() as conn:
        case = lock(conn, case_no, SYSTEM)
        if case.warn_at is None or case.warn_at > at or case.due_at is None:
            return False
        this = (case_events.c.case_no == case_no, case_events.c.seq == case.last_seq)
        entered = conn.execute(select(case_events.c.at).where(*this)).scalar_one()
        planned = warnings(case.state, entered, case.due_at, app.calendar)
        ahead = [when for when, _ in planned if when > at]
        passed = [which for when, which in planned if when <= at < case.due_at]
        change = Change(conn, case)
        if passed:
            kind = OFFER_DUE_SOON if case.due_action == EXPIRE else DUE_SOON[case.state]
            notices.warn(change, kind, at, passed[-1])
        _set_warning(conn, case_no, ahead[0] if ahead else None)
        change.write()
    return True


def put_off_warning(app: App, case_no: str, until: datetime) -> None:
    """Something broke while warning: try again at `until`; the deadline stays."""
    with app.begin() as conn:
        _set_warning(conn, case_no, until, cases.c.warn_at < until)


def _set_warning(conn: Connection, case_no: str, at: datetime | None, *only: ColumnElement[bool]) -> None:
    conn.execute(update(cases).where(cases.c.case_no == case_no, *only).values(warn_at=at))
