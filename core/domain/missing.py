"""Money that was sent and that its customer does not find: from when on it is a matter for people, and what
the customer's own bill says of it (R5.4, R5.5). Pure: reading the bill and writing tickets are elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from core.domain.actors import BUYERS, Actor, same_person
from core.domain.bills import BillRefund, Found, ReadBill, SeveralAlike, Sought, Why, look_up
from core.domain.errors import NotAllowed, OwnCase, Refusal
from core.domain.policy import Policy
from core.domain.settlement import HERE
from core.domain.workdays import Calendar, Deadline

BY_HAND: Final = "transfer"  # its row in a bill is an incoming transfer, not a refund
ON_ITS_WAY: Final = ("sending", "unknown", "accepted", "arrived")  # of a payout that may be missing
ASKABLE: Final = ("unknown", "accepted", "arrived")  # a channel can be asked where it is
READ: Final = ("alipay", "wechat")  # channels whose customers can export a bill that is read
ANSWERERS: Final = ("support", "finance", "lead")

Said = Literal["found", "several"] | Why


@dataclass(frozen=True, slots=True)
class Checked:
    """What a bill said of one payout. `row`: where it was found; of no other line anything is known.

    `by` and `is_same_amount` as of `bills.Found`; `lines`: those that could all be it; `unread`: how many
    lines nobody could read.
    """

    said: Said
    kind: str
    due_at: datetime
    row: BillRefund | None = None
    by: str = ""
    is_same_amount: bool = True
    lines: tuple[int, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    unread: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """What goes with a ticket: the verdict and the period, no line of the bill."""
        period = {"begins": self.begins, "ends": self.ends} if self.said != "found" else {}
        return {"said": self.said, "kind": self.kind, "unread": self.unread} | {
            name: at.isoformat() for name, at in period.items() if at is not None
        }


def check(bill: ReadBill, sought: Sought) -> Checked:
    """`look_up` as a verdict in one shape."""
    found = look_up(bill, sought)
    covers = bill.covers
    said: Said = "several"
    more: dict[str, Any] = {}
    if isinstance(found, Found):
        said = "found"
        row = next(refund for refund in bill.refunds if refund.line == found.line)
        more = {"row": row, "by": found.by, "is_same_amount": found.is_same_amount}
    elif isinstance(found, SeveralAlike):
        more = {"lines": found.lines}
    else:
        said, more = found.why, {"unread": len(found.unread)}
    begins, ends = (covers.begins, covers.ends) if covers else (None, None)
    return Checked(said, bill.kind, sought.due_at, begins=begins, ends=ends, **more)


@dataclass(frozen=True, slots=True)
class Sent:
    """One payout as this needs it. `trade_no`: of what was paid."""

    id: int
    channel: str
    state: str
    key: str
    reference: str | None
    amount_minor: int
    currency: str
    trade_no: str
    order_no: str
    sent_at: datetime | None
    eta_at: datetime | None
    arrived_at: datetime | None
    payee_channel: str = ""

    @property
    def has_bill(self) -> bool:
        """Whether the customer can look for it in an export that is read."""
        return self.channel in READ


def may_be_missing(channel: str, state: str) -> bool:
    """What stays here is seen at once; everything else may be on its way to nowhere once it was sent."""
    return channel not in HERE and state in ON_ITS_WAY


def promised_at(sent: Sent, policy: Policy, calendar: Calendar) -> datetime | None:
    """When it should have been there: as promised at acceptance, else by the policy from its sending."""
    if sent.eta_at is not None:
        return sent.eta_at
    if sent.sent_at is None or sent.channel not in policy.eta_working_days:
        return None
    return calendar.deadline(sent.sent_at, policy.eta_working_days[sent.channel][1]).at


def opens(sent: Sent, policy: Policy, calendar: Calendar) -> Deadline | None:
    """The end of the day after which 'not received' becomes a ticket; None: nothing was promised yet.

    Where the channel says that it has arrived there is nothing left to wait for but a bank's working day.
    """
    at = promised_at(sent, policy, calendar)
    late = None if at is None else calendar.deadline(at, policy.limits.arrival_overdue_working_days)
    if sent.arrived_at is None:
        return late
    there = calendar.deadline(sent.arrived_at, 1)
    return there if late is None or there.at < late.at else late


def sought(sent: Sent, promised: datetime) -> Sought:
    """What to look for in a bill. Alipay's personal bill names a refund `<trade>_<our key>`."""
    numbers = {sent.key, f"{sent.trade_no}_{sent.key}"} | ({sent.reference} if sent.reference else set())
    due_at = max(promised, sent.arrived_at) if sent.arrived_at else promised
    return Sought(
        sent.channel,
        sent.amount_minor,
        sent.currency,
        frozenset(numbers),
        frozenset((sent.trade_no, sent.order_no)),
        sent.sent_at or promised,
        due_at,
    )


def may_open(actor: Actor) -> Refusal | None:
    """Whoever speaks for the customer says that it has not come; whose case it is was checked before."""
    return None if actor.role in BUYERS else NotAllowed(role=actor.role, event="open_ticket")


def may_answer(actor: Actor, customer_id: str) -> Refusal | None:
    """Why this person does not answer: their role, or it is about their own money (invariant 13)."""
    if actor.role not in ANSWERERS:
        return NotAllowed(role=actor.role, event="answer_ticket")
    return OwnCase() if customer_id and same_person(actor.id, customer_id) else None
