"""Payment channels as the portal sees them: send a refund, ask about a refund, and what the channel can
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

OutcomeKind = Literal["accepted", "arrived", "refused", "returned", "unknown", "never_seen"]


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What is sent, the same on every try. `key` is the idempotency key, in [0-9A-Za-z_-]."""

    key: str
    channel: str
    trade_no: str
    amount_minor: int
    currency: str
    total_minor: int  # what was paid with this trade


@dataclass(frozen=True, slots=True)
class Outcome:
    """The channel's word, or that there was none (`unknown`). `at`: when it happened there, if the channel
    says.
    """

    kind: OutcomeKind
    reference: str | None = None
    cause: str | None = None
    at: datetime | None = None


class ChannelSilent(Exception):
    """No usable answer: a timeout, a broken connection, an unreadable reply. The refund is unknown, never
    failed.
    """


class Channel(Protocol):
    """A far end. Both calls may be slow, may raise `ChannelSilent`, and stand outside every transaction."""

    name: str
    remembers: timedelta  # how long the channel keeps a key; older ones are never sent again (invariant 7)

    def refund(self, request: RefundRequest) -> Outcome: ...

    def query(self, request: RefundRequest) -> Outcome: ...
