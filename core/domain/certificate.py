"""What a refund certificate says (R5.7): who refunded what, of which order, where to and how far it has come.

One state of a case has one certificate, word for word: `as_of` is when its money last moved, not when
somebody asked. So two certificates that differ tell of two states, and the older one is superseded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

VERSION: Final = 1
# A leg is proof once the channel has taken it; what came back or was replaced is none.
PROVEN: Final = ("accepted", "arrived")
SOUGHT: Final = "sought"  # arrived by the channel's word, and its customer does not find it
Verdict = Literal["genuine", "superseded", "altered", "unknown_key", "unreadable"]
VERDICTS: Final[tuple[Verdict, ...]] = ("genuine", "superseded", "altered", "unknown_key", "unreadable")


@dataclass(frozen=True, slots=True)
class Leg:
    """One movement of money. `account` is masked; `reference` is the channel's own, to search for."""

    route: str
    channel: str
    account: str
    amount_minor: int
    state: str
    reference: str
    sent_at: datetime | None
    arrived_at: datetime | None

    def as_list(self) -> list[Any]:
        times = [_told(self.sent_at), _told(self.arrived_at)]
        return [
            self.route, self.channel, self.account, self.amount_minor, self.state, self.reference, *times
        ]  # fmt: skip

    @classmethod
    def of(cls, told: list[Any]) -> Leg:
        route, channel, account, minor, state, reference, sent, arrived = told
        words = (route, channel, account, state, reference)
        if not all(isinstance(word, str) for word in words) or type(minor) is not int:
            raise ValueError("no leg")
        return cls(route, channel, account, minor, state, reference, _at(sent), _at(arrived))


@dataclass(frozen=True, slots=True)
class Certificate:
    """Amounts in minor units of `currency`: `refund_minor` for the customer, `fee_minor` kept."""

    shop: str
    case_no: str
    order_no: str
    currency: str
    refund_minor: int
    fee_minor: int
    state: str
    as_of: datetime
    legs: tuple[Leg, ...]

    def claims(self) -> dict[str, Any]:
        """As it is signed: short, for it has to fit into a QR code; instants are seconds since 1970."""
        return {
            "v": VERSION,
            "iss": self.shop,
            "case": self.case_no,
            "order": self.order_no,
            "cur": self.currency,
            "refund": self.refund_minor,
            "fee": self.fee_minor,
            "state": self.state,
            "at": _told(self.as_of),
            "legs": [leg.as_list() for leg in self.legs],
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Certificate:
        """From signed claims; `ValueError`, `KeyError` or `TypeError` for what is no certificate of ours."""
        if told["v"] != VERSION:
            raise ValueError("another version")
        as_of = _at(told["at"])
        if as_of is None:
            raise ValueError("no time")
        return cls(
            str(told["iss"]), str(told["case"]), str(told["order"]), str(told["cur"]), int(told["refund"]),
            int(told["fee"]), str(told["state"]), as_of, tuple(Leg.of(leg) for leg in told["legs"]),
        )  # fmt: skip


def _told(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _at(told: int | None) -> datetime | None:
    if told is None:
        return None
    if type(told) is not int:
        raise ValueError("no instant")
    return datetime.fromtimestamp(told, UTC)
