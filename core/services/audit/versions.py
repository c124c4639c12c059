"""Which versions a request may have been answered by: in force when it was sent or bought, or on trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from core.adapters.tables import policy_trials
from core.domain.facts import Facts
from core.domain.trials import in_share
from core.services import policies
from core.services.policies import Timeline


@dataclass(frozen=True, slots=True)
class Known:
    timeline: Timeline
    trials: dict[int, Row[Any]]  # of a share, by version

    def allows(self, version: int, facts: Facts, order_no: str) -> bool:
        """`facts`: of the moment in which it was sent."""
        if version in (self.timeline.at(facts.at), self.timeline.at(facts.paid_at)):
            return True
        trial = self.trials.get(version)
        if trial is None or trial.begun_at > facts.at:
            return False
        if trial.ended_at is not None and trial.ended_at < facts.at:
            return False
        return in_share(trial.secret, order_no, trial.percent)


def known(conn: Connection) -> Known:
    rows = conn.execute(select(policy_trials).where(policy_trials.c.version.is_not(None)))
    return Known(policies.timeline(conn), {row.version: row for row in rows})
