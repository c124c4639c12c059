"""Deciding a case: the automatic review at submission and the people after it. Guards first, then one or two
events.

Each decision keeps the facts, the policy version and the rules' own answer, so that it can be taken again
(R6.4).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, exists, select, update

from core.adapters.tables import evidence
from core.adapters.world import App
from core.domain.actors import SYSTEM, Actor
from core.domain.deadlines import due
from core.domain.errors import (
    MoneyAlreadySent,
    NewEvidenceNeeded,
    NotAllowed,
    StaleForm,
    TextRequired,
    TextTooLong,
)
from core.domain.lifecycle import CASE
from core.domain.policy import Policy
from core.domain.rights import barred, is_overtaken
from core.domain.terms import Terms
from core.services import applying, approvals, credit, ledger, negotiations, orders, policies, reservations
from core.services.applying import Answer
from core.services.granting import basis, choose, gather, grant
from core.services.record import Case, Change, people

CARRYING: Final = frozenset({"answer", "decline", "appeal", "dispute", "propose"})  # words with pictures
# An approval and an offer say themselves when they need words: the second of two may have the first's.
NEEDS_WORDS: Final = frozenset({"reject", "ask", "answer", "dispute", "appeal", "counter", "find_forgery"})


def screen(app: App, change: Change, answer: Answer) -> None:
    """The automatic review: the rules' verdict becomes the event that answers a submission. It keeps the
    choice between two versions of the policy, where there was one.
    """
    facts, assessment, policy = answer.facts, answer.found, answer.policy
    case, at = change.case, facts.at
    verdict: dict[str, Any] = {"verdict": assessment.verdict, "rule": assessment.rule}
    if assessment.verdict == "approve":
        option = choose(assessment.options, case.route)
        if option.approvals == 0:
            body = basis(facts, assessment, case.policy_version, option) | applying.kept(answer)
            grant(app, change, option, SYSTEM, at, policy, body, **verdict)
            return
    body = basis(facts, assessment, case.policy_version, None) | applying.kept(answer)
    if assessment.verdict == "reject":
        decided = {"decided_by": str(SYSTEM), "decided_at": at}
        next_due = due("rejected", policy, app.calendar, at)
        change.step("reject", SYSTEM, at, next_due, body, **verdict, **decided)
    else:
        change.step("refer", SYSTEM, at, due("in_review", policy, app.calendar, at), body, **verdict)


def decide(
    app: App,
    conn: Connection,
    case: Case,
    actor: Actor,
    event: str,
    terms: Terms,
    seen: int | None = None,
) -> Case:
    """One event by a person, all guards included. `submit` is not here: it is the customer's own command.
    `seen`: the last event that they were shown; `StaleForm` when what they decide is no longer that.

    Where two must approve, the first `approve`, `offer` or `agree` becomes the event `endorse`.
    """
    at = app.now()
    if event == "withdraw" and case.state in ("paying", "completed"):
        raise MoneyAlreadySent()
    row = CASE.row(case.state, event)
    if actor.role == "system" or actor.role not in row.roles:
        raise NotAllowed(role=actor.role, event=event)
    history = people(conn, case.case_no)
    refusal = barred(event, actor, case.state, case.customer_id, history)
    if refusal is not None:
        raise refusal
    if is_overtaken(event, actor, history, seen):
        raise StaleForm(case_no=case.case_no)
    policy = policies.get(app, conn, case.policy_version)
    terms = terms.with_note(terms.note.strip())
    if event in NEEDS_WORDS and not terms.note:
        raise TextRequired(event=event)
    if len(terms.note) > policy.limits.description_characters:
        raise TextTooLong(limit=policy.limits.description_characters, length=len(terms.note))
    if event == "appeal" and policy.limits.appeal_needs_evidence and not _shows_something_new(conn, case):
        raise NewEvidenceNeeded()
    change = Change(conn, case)
    if event == "approve":
        approvals.approve(app, change, actor, at, policy, terms, history)
    elif event == "offer":
        approvals.offer(app, change, actor, at, policy, terms, history)
    elif event == "accept":
        approvals.accept(app, change, actor, at, policy, terms)
    elif event == "withdraw":
        _withdraw(app, change, actor, at, policy, terms.note)
    elif event == "propose":
        negotiations.propose(app, change, actor, at, policy, terms, history)
    elif event == "counter":
        negotiations.counter(app, change, actor, at, policy, terms)
    elif event == "agree":
        negotiations.agree(app, change, actor, at, policy, terms, history)
    elif event == "find_forgery":
        credit.find_forgery(app, change, actor, at, policy, terms)
    elif event == "transfer":
        negotiations.transfer(app, change, actor, at, terms)
    else:
        body: dict[str, Any] = {"note": terms.note} if terms.note else {}
        changes: dict[str, Any] = {}
        if event == "reject":
            body |= _rules_say(app, conn, case, policy, at)
            changes = {"decided_by": str(actor), "decided_at": at}
        elif event == "reapply":
            changes = dict.fromkeys(("verdict", "rule", "decided_by", "decided_at", "submitted_at")) | {
                "step": 1
            }
        change.step(event, actor, at, due(row.target, policy, app.calendar, at), body, **changes)
    if event in CARRYING:
        _attach(change)
    return change.write()


def _attach(change: Change) -> None:
    """The pictures that the customer added since they last spoke come with these words."""
    case, e = change.case, evidence.c
    new = (e.case_no == case.case_no, e.said_seq.is_(None), e.removed_at.is_(None))
    change.conn.execute(
        update(evidence)
        .where(*new, e.added_at > (case.submitted_at or case.created_at))
        .values(said_seq=case.last_seq)
    )


def _shows_something_new(conn: Connection, case: Case) -> bool:
    """Whether a picture was added after the rejection that is appealed against."""
    rejected_at = case.decided_at or case.created_at
    e = evidence.c
    mine = (e.case_no == case.case_no, e.removed_at.is_(None), e.added_at >= rejected_at)
    return conn.execute(select(exists().where(*mine))).scalar_one()


def _rules_say(app: App, conn: Connection, case: Case, policy: Policy, at: datetime) -> dict[str, Any]:
    facts, assessment = gather(app, conn, case, case.requested_minor or 0, policy, at)
    return basis(facts, assessment, case.policy_version, None)


def _tell_until(app: App, change: Change, at: datetime) -> None:
    """Until when the order can be asked for again, where its time has begun and is not over."""
    order = orders.load(change.conn, change.case.order_no)
    ends = applying.at(app, change.conn, at).ask_until(order)
    if ends is not None and ends > at:
        change.tell_until(ends)


def _withdraw(app: App, change: Change, actor: Actor, at: datetime, policy: Policy, note: str) -> None:
    case = change.case
    granted = case.approved_minor is not None
    body: dict[str, Any] = {"note": note} if note else {}
    amounts = ("approved_minor", "fee_minor", "fx_minor", "refund_minor")
    held = reservations.holds(change.conn, case.case_no) if granted else []
    cleared: dict[str, Any] = dict.fromkeys(amounts) if granted else {}
    after = change.step("withdraw", actor, at, due("withdrawn", policy, app.calendar, at), body, **cleared)
    if case.state != CASE.initial:
        _tell_until(app, change, at)
    negotiations.forget(change.conn, case.case_no, at)
    if granted:
        reservations.release(change.conn, held)
        ledger.released(
            change.conn,
            case_no=case.case_no,
            seq=after.last_seq,
            at=at,
            currency=case.currency,
            **{name: getattr(case, name) for name in amounts},
        )
