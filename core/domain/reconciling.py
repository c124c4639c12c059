"""A channel's bill held against our payouts: what fits, and of what does not the kind, the owner and the
correction. Pure: whoever calls brings the rows.

A bill is a photograph. It may date a refund by when it was asked for and never say what became of it, and at
its edges a refund may stand in the bill of the day beside: that is timing, to be looked at again and not to
be corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from core.domain.accounts import CHANNEL_FEES, PAYABLE, REFUNDS, Lines, channel_account, is_channel
from core.domain.actors import Actor, same_person
from core.domain.bills import BillRefund, Coverage
from core.domain.errors import NotAllowed, OwnCase, Refusal, SamePerson
from core.domain.lifecycle import Machine, Row

PEOPLE: Final = ("finance", "lead")  # who propose, and who post what another proposed
DIFFERENCE: Final = Machine(
    name="difference",
    initial="open",
    states=("open", "proposed", "posted", "settled"),
    rows=(
        Row("open", "propose", PEOPLE, "proposed"),
        Row("open", "settle", ("system",), "settled"),  # time has brought what was missing
        Row("proposed", "post", PEOPLE, "posted"),
        Row("proposed", "send_back", PEOPLE, "open"),
    ),
)
# kind → whose it is
OWNERS: Final = {
    "amount": "finance",
    "status": "finance",
    "only_ours": "finance",
    "only_theirs": "finance",
    "duplicate": "lead",  # money may have left twice
    "fee": "finance",
    "ledger": "lead",  # our own books are wrong
    "timing": "system",  # the next bill tells
}
KINDS: Final = tuple(OWNERS)
EDGE: Final = timedelta(minutes=30)  # how far a bill's clock and ours may be apart
_SEAM: Final = timedelta(minutes=1)  # one bill ends at 23:59:59, the next begins at midnight

_FAILED: Final = frozenset({"failed", "canceled", "FAIL", "CHANGE"})
_PENDING: Final = frozenset({"PROCESSING", "pending", "requires_action"})
# Of a refund that was lost and sent again, or that a bill dates by when money moved, only this much is known.
_DATED_BY_ARRIVAL: Final = frozenset({"wechat_fund", "alipay_fund", "generic_csv"})

# (what the bill says, how ours stands) → cause; what is not here fits.
_STATUS: Final = {
    ("made", "open"): "not_heard",
    ("pending", "open"): "not_heard",
    ("failed", "open"): "not_heard",
    ("failed", "accepted"): "not_heard",
    ("made", "refused"): "paid_though_refused",
    ("failed", "arrived"): "not_arrived",
}
CAUSES: Final = ("less", "more", "currency", *dict.fromkeys(_STATUS.values()))
_STANDS: Final = {"planned": "open", "sending": "open", "unknown": "open"}


@dataclass(frozen=True, slots=True)
class Ours:
    """A payout as this needs it. `booked_minor`: what the ledger has of its arrival, None for nothing."""

    payout_id: int
    key: str
    payment_id: int
    case_no: str
    amount_minor: int
    currency: str
    state: str
    sent_at: datetime | None
    accepted_at: datetime | None
    arrived_at: datetime | None
    booked_minor: int | None = None

    @property
    def stands(self) -> str:
        """open, accepted, arrived, refused or returned."""
        if self.state == "replanned":
            return "returned" if self.accepted_at else "refused"
        return _STANDS.get(self.state, self.state)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not fit. `cause` says it finer where the kind alone does not; `nth`: of a
    duplicate, which one it is. Minor units are None on the side that has nothing.
    """

    kind: str
    channel: str
    refund_no: str
    trade_no: str = ""
    order_no: str = ""
    cause: str = ""
    payout_id: int | None = None
    payment_id: int | None = None
    case_no: str | None = None
    ours_minor: int | None = None
    theirs_minor: int | None = None
    currency: str = "CNY"
    at: datetime | None = None
    line: int | None = None
    said: str = ""
    nth: int = 1

    @classmethod
    def of(cls, row: Any) -> Difference:
        """Of a row with these columns."""
        return cls(**{each.name: getattr(row, each.name) for each in fields(cls)})

    @property
    def owner(self) -> str:
        return OWNERS[self.kind]

    @property
    def digest(self) -> str:
        """The same in every bill that shows it: by what it is about, never by where it stands."""
        about = identity(self.channel, self.trade_no, self.refund_no, self.at, self.theirs_minor)
        if self.payout_id is not None:
            about = (self.refund_no,)
        sides = (self.ours_minor, self.theirs_minor) if self.kind in ("amount", "fee") else ()
        parts = (self.channel, self.kind, self.cause, *about, *sides, self.nth)
        return sha256("\n".join(map(str, parts)).encode()).hexdigest()


def identity(
    channel: str, trade_no: str, refund_no: str, at: datetime | None, minor: int | None
) -> tuple[str, ...]:
    """What one refund is known by in all bills of a channel. Alipay's numbers are unique within a trade only;
    a refund without a number is known by its trade, moment and amount.
    """
    if not refund_no:
        return (trade_no, str(at and int(at.timestamp())), str(minor))
    return (refund_no, trade_no) if channel == "alipay" else (refund_no,)


def of_row(channel: str, row: BillRefund) -> tuple[str, ...]:
    """`identity` of a bill's row."""
    return identity(channel, row.trade_no, row.refund_no, row.at, row.amount_minor)


def said(status: str) -> str:
    """What the channel's word means: made, pending or failed."""
    return "failed" if status in _FAILED else "pending" if status in _PENDING else "made"


def status_cause(status: str, ours: Ours) -> str:
    """Why the two do not go together; '' when they do."""
    return _STATUS.get((said(status), ours.stands), "")


def compare(channel: str, rows: Sequence[BillRefund], ours: Ours | None) -> list[Difference]:
    """All rows of a bill that are one refund, against the payout with its number, if there is one.

    Empty: they fit. Of several rows the one with our amount is the refund, the others are duplicates.
    """
    place = 0
    if ours is None:
        first = rows[0]
        found = [] if said(first.status) == "failed" else [_theirs("only_theirs", channel, first)]
    else:
        amounts = (ours.amount_minor, ours.currency)
        place = next((place for place, row in enumerate(rows) if _amounts(row) == amounts), 0)
        first = rows[place]
        found = _paired(channel, first, ours)
    others = [row for at, row in enumerate(rows) if at != place and said(row.status) != "failed"]
    found += [_theirs("duplicate", channel, row, ours, nth=nth) for nth, row in enumerate(others, 2)]
    found += [
        _theirs("fee", channel, row, ours, nth=nth, minor=row.fee_minor)
        for nth, row in enumerate((first, *others), 1)
        if row.fee_minor
    ]
    return found


def _amounts(row: BillRefund) -> tuple[int, str]:
    return row.amount_minor, row.currency


def _paired(channel: str, row: BillRefund, ours: Ours) -> list[Difference]:
    found = []
    cause = status_cause(row.status, ours)
    if cause:
        found.append(_theirs("status", channel, row, ours, cause=cause))
    if _amounts(row) != (ours.amount_minor, ours.currency):
        is_less = row.amount_minor < ours.amount_minor
        cause = "currency" if row.currency != ours.currency else "less" if is_less else "more"
        found.append(_theirs("amount", channel, row, ours, cause=cause))
    if ours.state == "arrived" and ours.booked_minor != ours.amount_minor:
        found.append(_theirs("ledger", channel, row, ours))
    return found


def _theirs(
    kind: str,
    channel: str,
    row: BillRefund,
    ours: Ours | None = None,
    *,
    cause: str = "",
    nth: int = 1,
    minor: int | None = None,
) -> Difference:
    return Difference(
        kind, channel, row.refund_no, row.trade_no, row.order_no, cause,
        payout_id=ours.payout_id if ours else None,
        payment_id=ours.payment_id if ours else None,
        case_no=ours.case_no if ours else None,
        ours_minor=ours.amount_minor if ours and kind != "fee" else None,
        theirs_minor=row.amount_minor if minor is None else minor,
        currency=row.currency, at=row.at, line=row.line, said=row.status, nth=nth,
    )  # fmt: skip


# --- what should be in a bill ----------------------------------------------------------------------------


def joined(periods: Iterable[Coverage]) -> list[tuple[datetime, datetime]]:
    """The stretches of time that these bills cover without a gap, in order."""
    stretches: list[tuple[datetime, datetime]] = []
    for period in sorted(periods, key=lambda each: each.begins):
        if stretches and period.begins <= stretches[-1][1] + _SEAM:
            begins, ends = stretches.pop()
            stretches.append((begins, max(ends, period.ends)))
        else:
            stretches.append((period.begins, period.ends))
    return stretches


def missing(
    channel: str, kind: str, ours: Ours, covered: Sequence[tuple[datetime, datetime]]
) -> Difference | None:
    """What it means that a payout stands in no bill so far: `only_ours` when it had to stand in one of those
    that cover these stretches, `timing` when it may stand in the next, None when none of them could have it.
    """
    if ours.sent_at is None or ours.stands not in ("accepted", "arrived"):
        return None
    until = ours.arrived_at if kind in _DATED_BY_ARRIVAL else ours.accepted_at
    if until is None:
        return None  # on its way: its time has not come
    begins, ends = ours.sent_at - EDGE, max(ours.sent_at, until) + EDGE
    touched = [(first, last) for first, last in covered if first <= ends and begins <= last]
    if not touched:
        return None
    is_due = any(first <= begins and ends <= last for first, last in touched)
    return Difference(
        "only_ours" if is_due else "timing", channel, ours.key,
        payout_id=ours.payout_id, payment_id=ours.payment_id, case_no=ours.case_no,
        ours_minor=ours.amount_minor, currency=ours.currency, at=ours.sent_at,
    )  # fmt: skip


# --- corrections -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Correction:
    """`lines` of the ledger; they balance. `takes_up`: minor units of the payment that nobody can be refunded
    any more, kept under `refund_no`.
    """

    lines: Lines = ()
    takes_up: int = 0
    refund_no: str = ""


def correction(found: Difference, ours: Ours | None) -> Correction | None:
    """What would put the books right; None where nothing is to be booked, or not before more is known.

    `ours` is the payout as it is now: while it is on its way its own arrival will be booked.
    """
    if not is_channel(found.channel):
        return None  # read before tables of unknown channels were refused: there is no account for it
    channel = channel_account(found.channel)
    theirs, had = found.theirs_minor or 0, found.ours_minor or 0
    is_there = ours is not None and ours.state == "arrived"
    if found.kind in ("only_theirs", "duplicate") or found.cause == "paid_though_refused":
        number = found.refund_no or found.trade_no
        return _left(channel, theirs, number if found.nth == 1 else f"{number}#{found.nth}")
    if found.kind == "fee":
        return Correction(((CHANNEL_FEES, theirs), (channel, -theirs)))
    if found.cause == "more" and is_there:
        return _left(channel, theirs - had, f"{found.refund_no}#more")
    if found.cause == "less" and is_there:
        return _owed_again(channel, had - theirs)
    if (found.cause == "not_arrived" or found.kind == "only_ours") and is_there:
        return _owed_again(channel, had)
    return None


def _left(channel: str, minor: int, refund_no: str) -> Correction:
    """Money went back to the customer that we knew nothing of: sales taken back, and never once more."""
    return Correction(((REFUNDS, minor), (channel, -minor)), minor, refund_no)


def _owed_again(channel: str, minor: int) -> Correction:
    """It did not leave, whatever we had heard: the customer is still owed it."""
    return Correction(((channel, minor), (PAYABLE, -minor)))


def barred(event: str, actor: Actor, *, proposed_by: str, customer_id: str) -> Refusal | None:
    """Why this person may not, although the table lets their role (invariant 13); None: they may."""
    if actor.role not in PEOPLE:
        return NotAllowed(role=actor.role, event=event)
    if customer_id and same_person(actor.id, customer_id):
        return OwnCase()
    if event == "post" and same_person(actor.id, proposed_by.partition(":")[2]):
        return SamePerson()
    return None
