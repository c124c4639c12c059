"""Cases against their events: the chain of hashes, the fold, the deadlines, and every decision taken once
more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from core.adapters.tables import case_events, cases, commands
from core.adapters.world import App
from core.domain import routes
from core.domain.deadlines import BY_WORKING_DAYS, due, escalated, moves_deadline, offered, warnings
from core.domain.eligibility import assess
from core.domain.errors import NotFound, TransitionRefused
from core.domain.facts import Facts
from core.domain.kinder import Side, choose
from core.domain.lifecycle import CASE
from core.services import policies
from core.services.audit import versions
from core.services.audit.finding import Finding, body_of
from core.services.audit.versions import Known
from core.services.granting import basis
from core.services.record import COLUMNS, Case, case_of, chain, fold, plain

CHUNK: Final = 500
DECISIONS: Final = frozenset({"approve", "offer", "accept", "endorse", "refer", "reject"})


def check(app: App, conn: Connection) -> Iterator[Finding]:
    """Invariants 4, 9, 14, 16 and 17 over all cases, some hundred at a time."""
    # A clock that is moved back and forth has no before and after.
    known_versions = None if app.demo else versions.known(conn)
    numbers = list(conn.execute(select(cases.c.case_no).order_by(cases.c.case_no)).scalars())
    for start in range(0, len(numbers), CHUNK):
        part = numbers[start : start + CHUNK]
        events: dict[str, list[Row[Any]]] = defaultdict(list)
        found = select(case_events).where(case_events.c.case_no.in_(part))
        for row in conn.execute(found.order_by(case_events.c.case_no, case_events.c.seq)):
            events[row.case_no].append(row)
        for row in conn.execute(select(*COLUMNS).where(cases.c.case_no.in_(part))):
            yield from _case(app, conn, case_of(row), events[row.case_no], known_versions)
    known = set(numbers)
    for number, result in conn.execute(select(commands.c.id, commands.c.result)):
        case_no = body_of(result).get("case_no")
        if case_no is not None and case_no not in known:
            yield Finding(17, "command_without_effect", number, case_no)


def _case(
    app: App, conn: Connection, case: Case, events: list[Row[Any]], may: Known | None
) -> Iterator[Finding]:
    yield from _chain(case, events)
    yield from _fold(case, events)
    yield from _deadline(app, conn, case, events)
    for row in events:
        if row.event in DECISIONS and row.from_state != "negotiating":  # on how to pay the rules are silent
            yield from _again(app, conn, case, row, may)


def _chain(case: Case, events: list[Row[Any]]) -> Iterator[Finding]:
    previous = ""
    for expected, row in enumerate(events, 1):
        if row.seq != expected:
            yield Finding(4, "event_missing", case.case_no, f"{expected} is {row.seq}")
            return
        if row.hash != chain(previous, row._asdict()):
            yield Finding(4, "chain_broken", case.case_no, f"event {row.seq}")
            return
        previous = row.hash
    if (case.last_seq, case.last_hash) != (len(events), previous):
        yield Finding(4, "event_missing", case.case_no, f"{case.last_seq} happened, {len(events)} are kept")


def _fold(case: Case, events: list[Row[Any]]) -> Iterator[Finding]:
    state = CASE.initial
    for row in events:
        if CASE.is_final(state):
            yield Finding(9, "event_after_final", case.case_no, f"{row.event} after {state}")
            return
        try:
            target = CASE.step(state, row.event)
        except TransitionRefused:
            target = ""
        if (row.from_state, row.to_state) != (state, target):
            yield Finding(4, "step_not_in_table", case.case_no, f"{row.event} in {state}")
            return
        if row.actor_role not in CASE.row(state, row.event).roles:
            yield Finding(13, "role_not_allowed", case.case_no, f"{row.event} by {row.actor_role}")
        state = target
    if case.state != state:
        yield Finding(4, "state_differs", case.case_no, f"{case.state}, by its events {state}")
        return
    folded = fold((body_of(row.body) for row in events), state)
    wrong = [name for name, value in folded.items() if plain(getattr(case, name)) != value]
    if wrong:
        yield Finding(4, "row_differs", case.case_no, ", ".join(sorted(wrong)))
    if CASE.is_final(state) and (case.due_at is not None or case.finished_at is None):
        yield Finding(9, "final_but_due", case.case_no)


def _deadline(app: App, conn: Connection, case: Case, events: list[Row[Any]]) -> Iterator[Finding]:
    """Deadlines are working days of the policy; one that is provisional or was put off may have moved."""
    if case.state not in BY_WORKING_DAYS or case.due_at is None or case.tries:
        return
    if case.due_action is None:  # talks from before they had a date: the worker hands them over
        return
    since = _moving(events)
    entered = since[-1].at if since else case.created_at
    policy = policies.get(app, conn, case.policy_version)
    yield from _warning(app, case, entered, case.due_at)
    wanted = due(case.state, policy, app.calendar, entered)
    if since and since[-1].event == "offer":
        wanted = offered(policy, app.calendar, entered)
    if since and since[-1].event == "escalate":
        wanted = escalated(policy, app.calendar, entered)
    if wanted.at is not None and wanted.at.year > app.calendar.published_through:
        return
    if (case.due_at, case.due_action) != (wanted.at, wanted.action):
        yield Finding(16, "deadline_differs", case.case_no, f"{case.due_at}, by the calendar {wanted.at}")


def _moving(events: list[Row[Any]]) -> list[Row[Any]]:
    """The events from which a deadline counted anew. A proposal moved none before each side of the talks had
    its own time: whether it did stands in the event.
    """
    found, names, due_at = [], list[str](), None
    for row in events:
        kept = body_of(row.body).get("set", {}).get("due_at")
        if moves_deadline(row.event, names) and not (row.event == "propose" and kept == due_at):
            found.append(row)
        names.append(row.event)
        due_at = kept
    return found


def _warning(app: App, case: Case, entered: datetime, end: datetime) -> Iterator[Finding]:
    """A warning is planned as long as one is ahead, never for after the deadline."""
    planned = [at for at, _ in warnings(case.state, entered, end, app.calendar)]
    if case.warn_at is None:
        is_wrong = bool(planned) and app.now() < planned[-1]
    else:
        is_wrong = not planned or case.warn_at >= end
    if is_wrong:
        yield Finding(21, "warning_differs", case.case_no, f"next {case.warn_at}, until {end}")


def _again(app: App, conn: Connection, case: Case, row: Row[Any], may: Known | None) -> Iterator[Finding]:
    """Decide once more on the stored facts under the stored version (invariant 14)."""
    subject = f"{case.case_no} event {row.seq}"
    body = body_of(row.body)
    try:
        facts = Facts.from_dict(body["facts"])
        version = body["policy_version"]
        policy = policies.get(app, conn, version)
    except (KeyError, ValueError, NotFound):
        yield Finding(14, "facts_missing", subject)
        return
    is_first = row.from_state == "screening"
    if may is not None and is_first and not may.allows(version, facts, case.order_no):
        yield Finding(14, "version_not_in_force", subject, f"version {version}")
    assessment = assess(facts, policy, app.calendar)
    stored: Mapping[str, Any] | None = body.get("option")
    option = None
    if stored is not None:
        options = assessment.options or routes.plan(facts, policy, app.calendar)
        option = next((o for o in options if o.route == stored["route"]), None)
    again = basis(facts, assessment, version, option)
    if any(body.get(name) != again.get(name) for name in ("assessment", "option")):
        yield Finding(14, "decision_differs", subject, f"{body.get('assessment')} → {again['assessment']}")
    if row.actor_role == "system" and row.event in ("approve", "reject") and assessment.verdict != row.event:
        yield Finding(14, "decision_differs", subject, f"{row.event}, the rules say {assessment.verdict}")
    if (kept := body.get("versions")) is not None:
        yield from _chosen(app, conn, subject, kept, Side(version, policy, facts, assessment))
    if row.event in ("approve", "offer", "accept", "endorse") and stored is None:
        yield Finding(14, "facts_missing", subject, "no plan of the money")


def _chosen(
    app: App, conn: Connection, subject: str, kept: Mapping[str, Any], applied: Side
) -> Iterator[Finding]:
    """Choose once more between the two versions that were asked (invariant 14)."""
    try:
        facts = Facts.from_dict(kept["facts"]) if "facts" in kept else applied.facts
        policy = policies.get(app, conn, kept["other"])
        older = kept["is_of_purchase"]
    except (KeyError, ValueError, NotFound):
        yield Finding(14, "facts_missing", subject, "the other version")
        return
    other = Side(kept["other"], policy, facts, assess(facts, policy, app.calendar))
    again = choose(other, applied) if older else choose(applied, other)
    if again.applies.version != applied.version:
        yield Finding(14, "version_differs", subject, f"{applied.version}, the kinder is {other.version}")
    if (other.found.verdict, other.found.rule) != (kept.get("verdict"), kept.get("rule")):
        yield Finding(14, "decision_differs", subject, f"version {other.version}: {other.found.rule}")
