"""At which step a refund stands and why, as those who answer the telephone say it. Total over every state.

The answer is a code with raw parameters; the sentences are `stuck.<code>` in the catalogs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from core.domain.deadlines import ESCALATED_TO, EXPIRE, SECOND
from core.domain.lifecycle import CASE

# state → (code, who has to act)
BY_STATE: Final = {
    "draft": ("not_sent", "customer"),
    "screening": ("screening", "portal"),
    "in_review": ("review", "reviewer"),
    "awaiting_customer": ("answer", "customer"),
    "in_arbitration": ("arbitration", "arbiter"),
    "approved": ("to_be_paid", "portal"),
    "negotiating": ("talks", "finance"),
    "rejected": ("rejected", "customer"),
    "in_appeal": ("appeal", "reviewer"),
    "completed": ("completed", "nobody"),
    "closed": ("closed", "nobody"),
    "withdrawn": ("withdrawn", "nobody"),
}
# Of several payouts the one that is least far: state → (code, who has to act).
BY_PAYOUT: Final = {
    "planned": ("queued", "portal"),
    "sending": ("sending", "portal"),
    "unknown": ("asking", "portal"),
    "refused": ("refused", "finance"),
    "returned": ("returned", "finance"),
    "accepted": ("at_channel", "channel"),
}
SPECIAL: Final = (
    "offer",
    "second",
    "late",
    "talks_late",
    "talks_theirs",
    "no_channel",
    "channel_late",
    "by_hand",
    "by_hand_late",
    "paying",
    "missing",
)
CODES: Final = tuple(
    dict.fromkeys([code for code, _ in (*BY_STATE.values(), *BY_PAYOUT.values())] + list(SPECIAL))
)


@dataclass(frozen=True, slots=True)
class Payment:
    """One payout as this needs it."""

    channel: str
    state: str
    cause: str | None = None
    due_at: datetime | None = None
    eta_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stuck:
    """`code` of `CODES`; `waits_for`: customer, a role of the shop, channel, portal or nobody; `since` when,
    and `by` when something happens in any case.
    """

    code: str
    waits_for: str
    since: datetime | None
    by: datetime | None = None
    params: dict[str, Any] = field(default_factory=dict)


def stuck(
    state: str,
    *,
    since: datetime | None,
    due_at: datetime | None,
    due_action: str | None,
    owner: str | None,
    payouts: Sequence[Payment],
    now: datetime,
    missing: tuple[datetime, datetime] | None = None,
    is_theirs: bool = False,
) -> Stuck:
    """Where a case in `state` stands; `ValueError` for a state that is none. `missing`: since when its
    customer waits for our answer about money that they do not find, and by when they have it. `is_theirs`:
    of talks that wait for the customer.
    """
    if state not in CASE.states:
        raise ValueError(f"unknown state {state!r}")
    if missing is not None and state in ("paying", "completed"):
        return Stuck("missing", "support", *missing)
    if state == "paying":
        return _paying(since, payouts, now)
    code, waits_for = BY_STATE[state]
    if due_action == EXPIRE:
        code = "offer"
    elif is_theirs:
        code, waits_for = "talks_theirs", "customer"
    elif owner == SECOND:
        code, waits_for = "second", "lead"
    elif owner == ESCALATED_TO or (due_action == "escalate" and due_at is not None and due_at <= now):
        code, waits_for = ("talks_late" if state == "negotiating" else "late"), "lead"
    return Stuck(code, waits_for, since, due_at)


def _paying(since: datetime | None, payouts: Sequence[Payment], now: datetime) -> Stuck:
    order = list(BY_PAYOUT)
    open_ones = [payout for payout in payouts if payout.state in BY_PAYOUT]
    if not open_ones:
        return Stuck("paying", "portal", since)
    least = min(open_ones, key=lambda payout: order.index(payout.state))
    code, waits_for = BY_PAYOUT[least.state]
    by = least.due_at
    params = {"channel": least.channel, "cause": least.cause}
    if least.cause == "no_channel":
        code, waits_for = "no_channel", "finance"
    elif least.state == "accepted":
        by = least.eta_at
        is_late = by is not None and by <= now
        if least.channel == "transfer":
            code, waits_for = ("by_hand_late" if is_late else "by_hand"), "finance"
        elif is_late:
            code, waits_for = "channel_late", "finance"
    return Stuck(code, waits_for, since, by, params)
