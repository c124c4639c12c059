"""Trials that are running now: who is in the share, and what a policy in the shadow would have said.

Starting and ending them is `policy_trials`. Nothing of a shadow may ever keep a request from being sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection, bindparam, insert, select

from core.adapters.prepared import Prepared
from core.adapters.tables import policy_drafts, policy_trials, trial_answers
from core.adapters.world import App
from core.domain import policy as documents
from core.domain.eligibility import Assessment, assess
from core.domain.facts import Facts
from core.domain.policy import Policy
from core.domain.trials import in_share
from core.domain.why_nots import RANK

log = structlog.get_logger(__name__)

_t = policy_trials.c
_RUNNING: Final = Prepared(
    select(_t.id, _t.kind, _t.draft_id, _t.percent, _t.secret, _t.version)
    .where(_t.state == "running")
    .order_by(_t.id)
)
_HOLD: Final = Prepared(select(_t.state).where(_t.id == bindparam("id")).with_for_update(read=True))
_DOCUMENT: Final = select(policy_drafts.c.document).where(policy_drafts.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Trial:
    """One that is running. `version`: of a share, else None."""

    id: int
    kind: str
    draft_id: int
    percent: int
    secret: str
    version: int | None

    def takes(self, order_no: str) -> bool:
        """Whether it really decides requests of this order."""
        return self.kind == "share" and in_share(self.secret, order_no, self.percent)


def running(conn: Connection) -> tuple[Trial, ...]:
    return tuple(Trial(*row) for row in _RUNNING.all(conn, {}))


def hold(conn: Connection, trial_id: int) -> bool:
    """Keep this trial from being stopped until the transaction ends; whether it is running still. So whoever
    has pressed stop can be sure that nothing more is sent under it.
    """
    row = _HOLD.first(conn, {"id": trial_id})
    return row is not None and row.state == "running"


def beside(
    app: App,
    conn: Connection,
    found: tuple[Trial, ...],
    case: tuple[str, int, str],
    facts: Facts,
    real: Assessment,
) -> None:
    """Keep what each policy in the shadow would have said. `case`: number, event and currency. On the facts
    of the real answer. A fault of one is written to the log and to nothing else.
    """
    for trial in found:
        if trial.kind != "shadow":
            continue
        try:
            with conn.begin_nested():  # on PostgreSQL a failed statement would take the request with it
                policy = _policy(app, conn, trial.draft_id)
                values = _row(trial.id, case, facts.at, real, assess(facts, policy, app.calendar))
                conn.execute(insert(trial_answers).values(values))
        except Exception:
            log.exception("shadow_failed", trial=trial.id, case_no=case[0])


def _policy(app: App, conn: Connection, draft_id: int) -> Policy:
    known = app.drafts.get(draft_id)
    if known is None:
        known = app.drafts[draft_id] = documents.cached(
            conn.execute(_DOCUMENT, {"id": draft_id}).scalar_one()
        )
    return known


def _row(
    trial_id: int, case: tuple[str, int, str], at: datetime, real: Assessment, other: Assessment
) -> Mapping[str, Any]:
    was, would = arrives(real), arrives(other)
    step = (RANK[other.verdict], would or 0), (RANK[real.verdict], was or 0)
    return {
        "trial_id": trial_id,
        "case_no": case[0],
        "seq": case[1],
        "at": at,
        "currency": case[2],
        "real_verdict": real.verdict,
        "real_rule": real.rule,
        "real_minor": was,
        "verdict": other.verdict,
        "rule": other.rule,
        "minor": would,
        "better": (step[0] > step[1]) - (step[0] < step[1]),
    }


def arrives(found: Assessment) -> int | None:
    """What arrives on the first way, or would after a review; None: nothing does."""
    return found.options[0].breakdown.refund if found.options else None
