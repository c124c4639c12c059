"""Credit: points of a customer, earned and lost by the policy's rules, never by a machine's suspicion (R6.5).

Everybody starts with `START`. An entry keeps the points as they counted, between the policy's least and most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.domain.policy import Credit, Policy
from core.domain.table import Within

START: Final = 100
# Why points came or went; each has words under `credit.rule.<rule>`.
RULES: Final = (
    "opening",  # what an account had before there was a history
    "forgery",  # a person found a picture to be forged
    "upheld",  # an appeal or an arbiter agreed with the customer
    "recovery",  # time without another loss
    "appeal_granted",  # a loss taken back
)
APPEALABLE: Final = frozenset({"forgery"})


def asked_for(policy: Policy) -> tuple[int, ...]:
    """Points from which some request is approved at once, ascending; read off the decision table."""
    found = {
        test.low
        for rule in policy.rules
        if rule.verdict == "approve"
        for column, test in rule.tests
        if column == "credit" and isinstance(test, Within) and test.low is not None
    }
    return tuple(sorted(found))


def points_of(rule: str, policy: Credit) -> int:
    """What a rule gives or takes, before the least and the most."""
    return {"forgery": -policy.forgery, "upheld": policy.upheld, "recovery": policy.recovery}[rule]


def counted(now: int, change: int, policy: Credit) -> int:
    """How much of `change` counts for an account of `now` points, between the least and the most."""
    if change >= 0:
        return max(0, min(change, policy.most - now))
    return min(0, max(change, policy.least - now))


def recovered(now: int, policy: Credit) -> int:
    """What a period without a loss gives: nothing once the start is reached."""
    return max(0, min(policy.recovery, START - now))


def next_recovery(now: int, at: datetime, policy: Credit) -> datetime | None:
    """When time gives the next points; None: it has nothing to give back."""
    return at + timedelta(days=policy.recovery_days) if now < START and policy.recovery else None
