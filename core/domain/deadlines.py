"""Who acts on a case next and by when: one row for every state that is not final, in the policy's working
days; and when a customer who has to act is warned before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from core.domain.notices import DUE_SOON
from core.domain.policy import Policy
from core.domain.settlement import is_theirs
from core.domain.workdays import Calendar, end_of_day, local_date

# state → (parameter of the policy's [working_days], event that happens when nobody acted)
BY_WORKING_DAYS: Final[dict[str, tuple[str, str]]] = {
    "draft": ("draft", "lapse"),
    "in_review": ("review_most", "escalate"),
    "awaiting_customer": ("reply", "lapse"),
    "in_arbitration": ("arbitration", "escalate"),
    "in_appeal": ("review_most", "escalate"),
    "negotiating": ("arbitration", "escalate"),
    "rejected": ("appeal", "lapse"),
}
OWNERS: Final = {"negotiating": "finance"}  # whose it is while the clock runs
AT_ONCE: Final = {"approved": "pay"}
WATCHED: Final = {
    "paying": "watch"
}  # the payouts have due times of their own; this one looks whether they are late
MOVES_NO_DEADLINE: Final = frozenset({"endorse", "find_forgery"})
ESCALATED_TO: Final = "lead"
EXPIRE: Final = "expire"  # of an offer
REMIND: Final = "remind"  # what comes of a date in talks that its customer let pass: no lateness of ours
SECOND: Final = "second"  # owner of a case that one person has approved and another must


@dataclass(frozen=True, slots=True)
class Due:
    """`action` at `at`, or a named `owner`, or both. `warn_at`: the first warning before
    it.
    """

    at: datetime | None = None
    action: str | None = None
    owner: str | None = None
    warn_at: datetime | None = None

    def as_columns(self) -> dict[str, Any]:
        return {"due_at": self.at, "due_action": self.action, "owner": self.owner}


def due(state: str, policy: Policy, calendar: Calendar, at: datetime) -> Due:
    """What is due for a case that enters `state` at `at`. Final states owe nothing: `Due()`."""
    if state in BY_WORKING_DAYS:
        parameter, action = BY_WORKING_DAYS[state]
        end = calendar.deadline(at, getattr(policy.working_days, parameter)).at
        planned = warnings(state, at, end, calendar)
        return Due(end, action, OWNERS.get(state), planned[0][0] if planned else None)
    if state in AT_ONCE:
        return Due(at, AT_ONCE[state])
    if state in WATCHED:
        slowest = max(last for _, last in policy.eta_working_days.values())
        days = slowest + policy.limits.arrival_overdue_working_days
        return Due(calendar.deadline(at, days).at, WATCHED[state])
    return Due()


def moves_deadline(event: str, before: Iterable[str]) -> bool:
    """Whether the time of a case counts anew from `event`. In talks each side has its own: a proposal that
    answers begins ours, and one more of them does not make it longer.
    """
    return is_theirs(before) if event == "propose" else event not in MOVES_NO_DEADLINE


def offered(policy: Policy, calendar: Calendar, at: datetime) -> Due:
    """An offer waits as long as a question; then people go on without it."""
    return replace(due("awaiting_customer", policy, calendar, at), action=EXPIRE)


def escalated(policy: Policy, calendar: Calendar, at: datetime) -> Due:
    """Overdue: it has a name on it and a new date, the shortest review there is; missed again, again."""
    days = max(1, policy.working_days.review_least)  # 0 would be due at once, and again, for ever
    return Due(calendar.deadline(at, days).at, "escalate", ESCALATED_TO)


def warnings(state: str, entered: datetime, end: datetime, calendar: Calendar) -> list[tuple[datetime, str]]:
    """When to warn the customer of a case that is in `state` from `entered` to `end`, in order of time: at
    `half` of it, and at the `last` moment that leaves one working day; not where one was all there was.
    """
    if state not in DUE_SOON:
        return []
    found = [(entered + (end - entered) / 2, "half")]
    day = local_date(end) - timedelta(days=1)
    while not calendar.is_working_day(day):
        day -= timedelta(days=1)
    if day > local_date(entered):
        found.append((end_of_day(day), "last"))
    return sorted(found)
