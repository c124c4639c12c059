"""Which of two versions of a policy applies to one claim: the one kinder to whoever bought under the older.

Only an answer that is better in something that can be felt makes the older version apply; equal is today's.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.eligibility import Assessment
from core.domain.facts import Facts
from core.domain.policy import Policy
from core.domain.why_nots import RANK


@dataclass(frozen=True, slots=True)
class Side:
    """One version's answer. `facts`: counted its way, where versions count differently."""

    version: int
    policy: Policy
    facts: Facts
    found: Assessment


@dataclass(frozen=True, slots=True)
class Choice:
    """`applies`, and the `other` one that was asked; None: there was only one. `differs`: one is kinder."""

    applies: Side
    other: Side | None = None
    differs: bool = False


def kindness(found: Assessment) -> tuple[int, int, int, int]:
    """What is compared, in this order.

    The verdict; the money that arrives on the first way, whatever way is chosen later, so that choosing one
    changes no version; where it is no yes yet, the verdict that the customer can still bring about; and then
    how long there is to do so. After a yes the time left is worth nothing: it is being asked for now.
    """
    rank = RANK[found.verdict]
    money = found.options[0].breakdown.refund if found.options else 0
    if rank >= RANK["review"]:
        return rank, money, 0, 0
    hope = RANK[found.flip.verdict] if found.flip and found.flip.in_hand else -1
    return rank, money, hope, found.window_days


def choose(today: Side, older: Side | None) -> Choice:
    """`older`: in force when it was bought, or None where that is today's, or none was.

    Whether two are compared at all is said by the policy in force now: `limits.kinder_version`.
    """
    if older is None or not today.policy.limits.kinder_version:
        return Choice(today)
    now, then = kindness(today.found), kindness(older.found)
    if then > now:
        return Choice(older, today, differs=True)
    return Choice(today, older, differs=now > then)


def same_counting(one: Policy, other: Policy) -> bool:
    """Whether both count the same facts: refunds of the same time, and the same of a purchase made twice."""
    return (
        one.limits.look_back_days == other.limits.look_back_days
        and one.delivered_states == other.delivered_states
    )
