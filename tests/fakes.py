"""Stand-ins for what the tests do not own: time, and the far end of a payment channel, which may lie, be slow
or forget.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from core.adapters.channels import (
    Capabilities,
    Channel,
    ChannelSilent,
    Notice,
    NoticeRefused,
    Outcome,
    RefundRequest,
)


class FakeClock:
    """A clock that stands until it is moved. A Tuesday noon in Shanghai, in a year whose calendar is
    published.
    """

    def __init__(self, at: datetime = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class FakeChannel:
    """A channel with its own books. What goes wrong next is queued in `faults`, one word for each call:

    lose_before (the request never came), lose_after (it came, the answer did not), refuse, refuse_closed,
    refuse_number, garbage (an error in our own reading of the reply), forget (it has lost what it knew).
    """

    remembers = timedelta(days=365)
    capabilities = Capabilities(timedelta(days=365), None, timedelta(0), (1, 2))

    def __init__(self, name: str, clock: FakeClock, settles_after: timedelta = timedelta(days=1)) -> None:
        self.name = name
        self.clock = clock
        self.settles_after = settles_after
        self.faults: deque[str] = deque()
        self.sent: list[RefundRequest] = []
        self.asked: list[RefundRequest] = []
        self.books: dict[str, tuple[RefundRequest, datetime]] = {}
        self.returned: dict[str, str] = {}
        self.elsewhere: dict[str, str] = {}  # of arrivals: why the money is not where it came from
        self.before_answer: Callable[[], None] = lambda: None
        self.thanks = "success"
        self.says: Notice | str = "unsigned"  # the next notice, or why it is not to be heard

    def refund(self, request: RefundRequest) -> Outcome:
        self.sent.append(request)
        fault = self.faults.popleft() if self.faults else ""
        if fault == "lose_before":
            raise ChannelSilent
        known = self.books.get(request.key)
        if known is None:
            refused = {
                "refuse": "refused",
                "refuse_closed": "account_closed",
                "refuse_number": "new_number_needed",
            }
            if fault in refused:
                return Outcome("refused", cause=refused[fault])
            taken = sum(r.amount_minor for r, _ in self.books.values() if r.trade_no == request.trade_no)
            if taken + request.amount_minor > request.total_minor:
                return Outcome("refused", cause="beyond_paid")
            self.books[request.key] = (request, self.clock.now())
        elif known[0] != request:
            return Outcome("refused", cause="key_reused")
        self.before_answer()
        if fault == "lose_after":
            raise ChannelSilent
        if fault == "garbage":
            raise ValueError("unreadable reply")
        return self._answer(request.key)

    def query(self, request: RefundRequest) -> Outcome:
        self.asked.append(request)
        fault = self.faults.popleft() if self.faults else ""
        if fault in ("lose_before", "lose_after"):
            raise ChannelSilent
        if fault == "forget":
            return Outcome("never_seen")
        return self._answer(request.key) if request.key in self.books else Outcome("never_seen")

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        if isinstance(self.says, str):
            raise NoticeRefused(self.says)
        return self.says

    def give_back(self, key: str, cause: str = "account_closed") -> None:
        """The customer's bank sends the money back."""
        self.returned[key] = cause

    def moved(self, trade_no: str) -> int:
        """Minor units that left this channel for good, by its own books."""
        return sum(
            r.amount_minor
            for k, (r, _) in self.books.items()
            if r.trade_no == trade_no and k not in self.returned
        )

    def _answer(self, key: str) -> Outcome:
        _, at = self.books[key]
        if key in self.returned:
            return Outcome("returned", f"ref-{key}", self.returned[key])
        if self.clock.now() >= at + self.settles_after:
            return Outcome("arrived", f"ref-{key}", self.elsewhere.get(key), at + self.settles_after)
        return Outcome("accepted", f"ref-{key}", at=at)


class LossyChannel:
    """A real channel behind a bad line: some requests never come through, some answers get lost on
    the way back.
    """

    def __init__(self, channel: Channel, random: Random, loss: float = 0.15) -> None:
        self.channel, self.random, self.loss = channel, random, loss
        self.name, self.remembers, self.capabilities = channel.name, channel.remembers, channel.capabilities

    def refund(self, request: RefundRequest) -> Outcome:
        return self._over_the_line(self.channel.refund, request)

    def query(self, request: RefundRequest) -> Outcome:
        return self._over_the_line(self.channel.query, request)

    def _over_the_line(self, call: Callable[[RefundRequest], Outcome], request: RefundRequest) -> Outcome:
        fate = self.random.random()
        if fate < self.loss:
            raise ChannelSilent
        outcome = call(request)
        if fate < 2 * self.loss:
            raise ChannelSilent
        return outcome
