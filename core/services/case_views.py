"""The shapes in which screens and commands see a case. Filling them in is `case_reading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.breakdown import Breakdown
from core.domain.located import IN_WALLET
from core.domain.locator import BillRow, Kept, Located, Ticket
from core.domain.policy import Policy
from core.domain.rights import CLOCK
from core.domain.routes import RouteOption
from core.services.applying import Answer, Versions
from core.services.evidence import EvidenceView
from core.services.orders import OrderView

__all__ = ["Answer", "CaseCard", "CaseView", "EventView", "Look", "PayoutView", "Versions"]


@dataclass(frozen=True, slots=True)
class PayoutView:
    """One movement of money. `expires_at`: of the balance lot it became."""

    id: int
    route: str
    channel: str
    account: str
    amount_minor: int
    currency: str
    state: str
    key: str
    reference: str | None
    sent_at: datetime | None
    accepted_at: datetime | None
    eta_at: datetime | None
    provisional: bool
    arrived_at: datetime | None
    cause: str | None
    expires_at: datetime | None
    payee_channel: str = ""  # of a transfer by hand: where `account` is
    heard_at: datetime | None = None  # when its channel last said something
    row: BillRow | None = None  # of its customer's bill
    ticket: Ticket | None = None  # the open one
    is_away: bool = False  # its channel does not answer and is left alone for now
    kept: Kept | None = None  # of what stays with us: what became of it, for those whose business that is

    @property
    def in_wallet(self) -> bool:
        """It arrived in the channel's own wallet, because the card it was paid with is closed."""
        return self.state == "arrived" and self.cause == IN_WALLET


@dataclass(frozen=True, slots=True)
class EventView:
    """One line of the timeline."""

    seq: int
    at: datetime
    event: str
    role: str
    actor_id: str
    from_state: str
    to_state: str
    note: str
    hash: str
    amount_minor: int | None = None  # what it approved or offered
    route: str | None = None
    way: str | None = None  # of a negotiated refund (domain.settlement)
    payee: tuple[str, str] | None = None  # (channel, masked account) that a transfer goes to
    given_by: str = ""  # the role that wrote this account for the customer, '' where they did
    is_other_name: bool = False  # its holder is called otherwise than the customer
    picture: str | None = None  # id of the evidence that a finding is about
    of: str = ""  # of the first of two approvals: the event that the second one is to be
    due_at: datetime | None = None  # by when somebody acts from here on, where it says
    by_another: bool = False  # the account's to a guest, a guest's to the account: not 'you'


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with everything that a screen shows of it. Amounts in minor units of `currency`."""

    case_no: str
    order: OrderView
    customer_id: str
    state: str
    public_status: str
    waiting_for: str
    reason: str | None
    requested_minor: int | None
    quantity: int | None
    description: str
    route: str | None
    step: int
    approved_minor: int | None
    fee_minor: int | None
    fx_minor: int | None
    refund_minor: int | None
    currency: str
    verdict: str | None
    rule: str | None
    policy_version: int
    decided_by: str | None
    due_at: datetime | None
    due_action: str | None
    owner: str | None
    provisional: bool  # of due_at
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    finished_at: datetime | None
    payouts: tuple[PayoutView, ...]
    events: tuple[EventView, ...]
    allowed: tuple[str, ...]
    locator: Located
    evidence: tuple[EvidenceView, ...]
    ask_until: datetime | None  # of a draft and a refusal: the end of the window to ask; None: not begun
    arrived_at: datetime | None  # when the last of the money arrived, once all has
    settled_by: str | None  # of what has ended: the case whose final decision closed this order's matter
    fee_basis_points: int | None  # where the fee is exactly this rate …
    fee_of_minor: int | None  # … of this part of what was approved
    offer: RouteOption | None  # that waits for the customer, with the dates of accepting it now
    says: Mapping[str, str]  # the rule's sentence at the decision, by language "zh" and "en"; empty before
    versions: Versions | None = None  # as it was sent, where two were asked
    is_from_outside: bool = (
        False  # for somebody with the receipt of an account's order: where it stands, no more
    )
    expected: Breakdown | None = None  # what approving all of it would pay, while nobody has decided
    erased_at: datetime | None = None  # its customer was; words and pictures are sealed since

    @property
    def last_seq(self) -> int:
        """The newest event in it; 0 of what was never sent."""
        return self.events[-1].seq if self.events else 0

    @property
    def last_word(self) -> int:
        """The newest event that is somebody's: what a decision is about changes with it."""
        return next((event.seq for event in reversed(self.events) if event.event not in CLOCK), 0)


@dataclass(frozen=True, slots=True)
class Look:
    """A case, the policy that applies and what its rules say to the claim as it stands: all of one instant.
    `in_force`: by whose limits a draft is written, whichever version it will be answered by.
    """

    view: CaseView
    version: int
    policy: Policy
    in_force: Policy
    answer: Answer | None  # None where nothing was assessed
    now: datetime


@dataclass(frozen=True, slots=True)
class CaseCard:
    """One case in a list."""

    case_no: str
    order_no: str
    product: str
    bought: int  # pieces of it
    kind: str
    amount_minor: int  # of the order
    currency: str
    state: str
    public_status: str
    waiting_for: str
    reason: str | None
    requested_minor: int | None
    refund_minor: int | None
    step: int
    due_at: datetime | None
    due_action: str | None
    owner: str | None
    customer_id: str
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    finished_at: datetime | None
    ask_until: datetime | None  # of a draft and a refusal: the end of the window to ask; None: not begun
    arrived_at: datetime | None  # when the last of the money arrived, once all has
    is_sought: bool  # some of it has arrived by the channel's word, and its customer does not find it
    was_sent: bool
    is_settled: bool  # decided by an arbiter or on appeal: this order's matter is closed
    locator: Located
