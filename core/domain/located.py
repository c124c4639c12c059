"""What the money locator is asked and what it answers: payouts as it needs them, and its sentences' keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from core.domain.settlement import WHY

Holder = Literal["shop", "channel", "you", "nobody"]

OPEN: Final = ("planned", "sending", "unknown", "accepted")
WITH_SHOP: Final = {  # state → (sentence, what comes next); by the case's due time
    "draft": ("locator.draft_kept", "locator.next.submit"),
    "screening": ("locator.in_review", "locator.next.verdict"),
    "in_review": ("locator.in_review", "locator.next.verdict"),
    "awaiting_customer": ("locator.awaiting_customer", "locator.next.answer"),
    "in_arbitration": ("locator.in_arbitration", "locator.next.verdict"),
    "in_appeal": ("locator.in_appeal", "locator.next.verdict"),
    "approved": ("locator.approved", "locator.next.send"),
    "negotiating": ("locator.negotiating", "locator.next.agree"),
    "rejected": ("locator.rejected", "locator.next.appeal"),
    "closed": ("locator.closed", "locator.next.nothing"),
    "withdrawn": ("locator.withdrawn", "locator.next.apply_again"),
}
BY_A_DATE: Final = frozenset({"screening", "awaiting_customer", "rejected"})
# Past its date a promise is not repeated; `_by` when somebody has it and a new date.
LATE: Final = "locator.late"
OVERDUE: Final = {
    "in_review": "locator.overdue",
    "in_appeal": "locator.overdue",
    "in_arbitration": "locator.overdue_arbiter",
}
# Least far first: the sentence about several payouts speaks of the one that is behind.
BEHIND: Final = {
    "planned": ("locator.handing", "locator.next.accept"),
    "sending": ("locator.handing", "locator.next.accept"),
    "unknown": ("locator.asking", "locator.next.ask"),
    "accepted": ("locator.with_channel", "locator.next.arrive"),
}
# `_by` with the date of whose turn it is: the customer's until they have said how to have it, and told why.
TALKS: Final = (
    "locator.negotiating",
    *(f"locator.your_way_{why}" for why in WHY),
    *(key + yours for key in ("locator.bounced", "locator.bounced_rest") for yours in ("", "_yours")),
)
# The channel says so and the customer does not find it: people look. `_late`: their answer is overdue.
MISSING: Final = ("locator.missing", "locator.missing_open", "locator.missing_hand")
# On what the sentence rests.
OWN: Final = "locator.sure.own"
DISPUTED: Final = "locator.sure.disputed"
SURE: Final = (
    OWN,
    *(f"locator.sure.{name}" for name in ("sent", "channel", "arrived", "finance", "to_transfer", "bill")),
    DISPUTED,
)
BY_HAND: Final = (
    "locator.by_hand",
    "locator.by_hand_late",
    "locator.by_hand_soon",
)
# What stays with us, with what became of it since: still good, used up, or run out unused.
HELD: Final = ("balance", "voucher")
BECAME: Final = ("", "_used", "_ended")
# Cause of an arrival elsewhere: the card is closed, the money lies in the wallet that paid with it (R5.3).
IN_WALLET: Final = "in_wallet"
KEYS: Final = tuple(
    dict.fromkeys(
        [key for pair in (*WITH_SHOP.values(), *BEHIND.values()) for key in pair]
        + [f"{key}_rest" for key, _ in BEHIND.values()]
        + [
            "locator.draft_until",
            "locator.draft_late",
            "locator.draft_open",
            "locator.never_sent",
            "locator.rejected_both",
            "locator.rejected_appeal",
            "locator.next.appeal_only",
            LATE,
            "locator.endorsed",
            *(key + end for key in OVERDUE.values() for end in ("", "_by")),
            "locator.with_shop",
            "locator.offered",
            "locator.next.offer",
            *(key + rest for key in BY_HAND for rest in ("", "_rest")),
            "locator.next.transfer",
            *(key + by for key in TALKS for by in ("", "_by")),
            "locator.next.talks_late",
            "locator.next.your_way",
            "locator.next.suggested",
            *(key + late for key in MISSING for late in ("", "_late", "_late_by")),
            "locator.next.ticket",
            *SURE,
        ]
        + ["locator.with_channel_late", "locator.with_channel_late_rest", "locator.next.late"]
        + ["locator.issuing", "locator.issuing_rest", "locator.next.issue"]
        + ["locator.issued", *(f"locator.arrived_{held}{end}" for held in HELD for end in BECAME)]
        + ["locator.next.voucher", "locator.next.balance"]
        + ["locator.arrived", "locator.arrived_several", "locator.next.done"]
        + ["locator.next.away"]
        + ["locator.arrived_wallet", "locator.arrived_several_wallet", "locator.next.wallet"]
    )
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One payout as the locator needs it."""

    channel: str
    account: str
    amount_minor: int
    state: str
    eta_at: datetime | None = None
    arrived_at: datetime | None = None
    expires_at: datetime | None = None
    by_hand: bool = False  # people transfer it to that account
    heard_at: datetime | None = None  # when its channel last said where it is
    row: BillRow | None = None
    ticket: Ticket | None = None
    in_wallet: bool = False  # arrived for `IN_WALLET`
    kept: Kept | None = None  # of what stays with us; None: not there yet, or not for the reader to know
    is_away: bool = False  # its channel does not answer at all and is left alone for now


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a credit or a voucher, in minor units: `left_minor` is still good, `ended_minor` ran out
    unused, the rest was used. `used_at`: of a voucher, which is used whole; a balance is spent bit by bit.
    """

    left_minor: int
    ended_minor: int = 0
    used_at: datetime | None = None

    @property
    def became(self) -> str:
        """Of `BECAME`."""
        return "" if self.left_minor else "_ended" if self.ended_minor else "_used"


@dataclass(frozen=True, slots=True)
class BillRow:
    """The line of the customer's own bill that they let us keep."""

    line: int
    at: datetime
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """An open 'not received'. `due_at`: of our answer; `is_late`: a lead has it."""

    due_at: datetime
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Talks:
    """Of a case that is negotiated: `why` (of settlement.WHY) it cannot simply go back, whether it is the
    customer's turn to say how to have it, and whether another way was suggested to them.
    """

    why: str
    is_theirs: bool
    is_suggested: bool = False


@dataclass(frozen=True, slots=True)
class Located:
    """`key` and `params` make the sentence, `next_key` the one after it, `sure` what it rests on. `by`: the
    date promised; None = no clock. `turn`: the customer has to act.
    """

    key: str
    holder: Holder
    next_key: str
    by: datetime | None = None
    provisional: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    sure: str = OWN
    turn: bool = False
