"""Payment channels as the portal sees them: send a refund, ask about one, read what the channel tells by
itself (a notice, a day's bill), and what the channel can do at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Protocol

OutcomeKind = Literal["accepted", "arrived", "refused", "returned", "unknown", "never_seen"]
# Why a refund may be `unknown` although the channel spoke: it said nothing about the money, so it is no word.
UNDECIDED: Final = frozenset(
    {
        "no_answer",  # a timeout, a broken connection, an unreadable reply, a server error
        "undecided",  # taken, and not yet decided
        "low_funds",  # the shop's own money there does not suffice: top up, and it goes out again
        "too_soon",  # sent too fast: it goes out again
        "misconfigured",  # our keys or numbers are not taken
        "differs",  # what the channel has under our key is not what we sent
        "sent_twice",  # the channel has two refunds under our key
        "not_understood",  # an answer that none of our tables knows
    }
)
NOTICE_CLOCK: Final = timedelta(seconds=300)  # a notice older or newer than this is not heard (invariant 10)


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


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the channel itself allows, whatever the policy says."""

    window: timedelta  # after the payment, how long it takes money back
    most_refunds: int | None  # of one trade; None: no limit that it tells
    spacing: timedelta  # between two refunds of one trade, at least
    eta_days: tuple[int, int]  # working days until the customer has it, as the channel promises
    calls_a_second: int | None = None  # by everybody with our keys together; None: no limit that it tells


@dataclass(frozen=True, slots=True)
class Notice:
    """What the channel told by itself, its signature and time checked. Whether it `fits` a refund is still to
    be asked: what does not is logged and changes nothing (invariant 10).
    """

    number: str  # the channel's own; the same on every try
    key: str
    trade_nos: tuple[str, ...]  # all numbers of the payment that it names
    amount_minor: int
    outcome: Outcome

    def fits(self, request: RefundRequest) -> bool:
        """Is it about this refund, in all its parts?"""
        ours = (request.key, request.amount_minor)
        return (self.key, self.amount_minor) == ours and request.trade_no in self.trade_nos


class NoticeRefused(Exception):
    """A notice that is not heard. `code`: unsigned, stale, unreadable, or other_kind (signed, about something
    else).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ChannelSilent(Exception):
    """No usable answer: a timeout, a broken connection, an unreadable reply. The refund is unknown, never
    failed.
    """


class Channel(Protocol):
    """A far end. Calls may be slow, may raise `ChannelSilent`, and stand outside every transaction."""

    name: str
    remembers: timedelta  # how long the channel keeps a key; older ones are never sent again (invariant 7)
    capabilities: Capabilities
    thanks: str  # the body that the channel wants for a notice that was taken

    def refund(self, request: RefundRequest) -> Outcome: ...

    def query(self, request: RefundRequest) -> Outcome: ...

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Of a notice as it came in; `NoticeRefused` for what is not to be heard. Calls nobody."""
        ...

    def fetch_bill(self, day: date, folder: Path) -> Path | None:
        """The channel's bill of a day in Shanghai as a file in `folder`; None when it has none."""
        ...


class Quiet:
    """The part of a channel that tells nothing by itself: no notices, no bills."""

    thanks = ""

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        raise NoticeRefused("other_kind")

    def fetch_bill(self, day: date, folder: Path) -> Path | None:
        return None
