"""Money moves only by the hand of somebody who showed lately who they are: a desk that was left open is not
theirs any more.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from core.domain.actors import Actor
from core.domain.errors import ProofNeeded
from core.domain.rights import APPROVING

LASTS: Final = timedelta(minutes=60)
AHEAD: Final = timedelta(minutes=15)  # a form asks for it before somebody writes for so long in vain
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # the provider does not say when
# What staff set money going with, or book it by; `post` is of a difference to a channel's bill.
MONEY: Final = APPROVING | {"endorse", "transfer", "post"}


def is_needed(actor: Actor, event: str, now: datetime) -> bool:
    """Whether this person has to show the identity provider again who they are. Who came without one (the
    demo, the operator's command line) has nothing to show.
    """
    proved_at = actor.proved_at
    return event in MONEY and actor.is_staff and proved_at is not None and now - proved_at >= LASTS


def is_due(actor: Actor, event: str, now: datetime) -> bool:
    """`is_needed`, for a form that is opened now and sent later."""
    return is_needed(actor, event, now + AHEAD)


def check(actor: Actor, event: str, now: datetime) -> None:
    """`ProofNeeded`."""
    if is_needed(actor, event, now):
        raise ProofNeeded()
