"""What a customer is told, and when: one row for every step of the lifecycle, a kind of notice or None.

Words are `notice.<kind>.…` in the catalogs. A notice keeps codes, amounts and dates, never anybody's text.
"""

from __future__ import annotations

from typing import Final

# (state before, event) → what its customer hears. None says that there is nothing new to hear.
AFTER: Final[dict[tuple[str, str], str | None]] = {
    ("draft", "submit"): None,  # the automatic review answers in the same transaction
    ("draft", "withdraw"): None,  # never sent
    ("draft", "lapse"): None,
    ("screening", "approve"): "approved",
    ("screening", "refer"): "in_review",
    ("screening", "reject"): "rejected",
    ("in_review", "approve"): "approved",
    ("in_review", "endorse"): None,  # the first of two approvals decides nothing yet
    ("in_review", "reject"): "rejected",
    ("in_review", "ask"): "asked",
    ("in_review", "offer"): "offered",
    ("in_review", "dispute"): "in_arbitration",
    ("in_review", "find_forgery"): "forgery_found",
    ("in_review", "escalate"): "escalated",
    ("in_review", "withdraw"): "withdrawn",
    ("awaiting_customer", "answer"): "answered",
    ("awaiting_customer", "dispute"): "in_arbitration",
    ("awaiting_customer", "withdraw"): "withdrawn",
    ("awaiting_customer", "lapse"): "unanswered",
    ("awaiting_customer", "accept"): "approved",
    ("awaiting_customer", "decline"): "declined",
    ("awaiting_customer", "expire"): "offer_expired",
    ("in_arbitration", "approve"): "approved",
    ("in_arbitration", "endorse"): None,
    ("in_arbitration", "reject"): "refused",
    ("in_arbitration", "find_forgery"): "forgery_found",
    ("in_arbitration", "escalate"): "escalated",
    ("in_arbitration", "withdraw"): "withdrawn",
    ("approved", "pay"): "paying",
    ("approved", "negotiate"): "negotiating",
    ("approved", "withdraw"): "withdrawn",
    ("negotiating", "propose"): "proposed",
    ("negotiating", "agree"): "paying",
    ("negotiating", "endorse"): None,
    ("negotiating", "counter"): "suggested",
    ("negotiating", "remind"): "way_awaited",
    ("negotiating", "escalate"): "talks_late",
    ("negotiating", "withdraw"): "withdrawn",
    ("paying", "transfer"): None,  # the arrival is told
    ("paying", "complete"): "completed",
    ("paying", "negotiate"): "bounced",
    ("rejected", "reapply"): None,  # a draft again, not sent yet
    ("rejected", "appeal"): "in_appeal",
    ("rejected", "lapse"): "closed",
    ("in_appeal", "approve"): "approved",
    ("in_appeal", "endorse"): None,
    ("in_appeal", "reject"): "refused",
    ("in_appeal", "find_forgery"): "forgery_found",
    ("in_appeal", "escalate"): "escalated",
    ("in_appeal", "withdraw"): "withdrawn",
}
# Where all that arrived stays with us: no account elsewhere receives anything.
KEPT_HERE: Final = "kept_here"
# What may be told in place of a kind of the table, because it says more.
PROPOSED_FOR_THEM: Final = "proposed_for_them"  # support said it in their place
INSTEAD: Final = {"completed": KEPT_HERE, "proposed": PROPOSED_FOR_THEM}
# Without an event of the case: money of one part, and warnings of the clock.
PART_ARRIVED: Final = "part_arrived"
ARRIVAL_LATE: Final = "arrival_late"
ANSWER_DUE_SOON: Final = "answer_due_soon"
OFFER_DUE_SOON: Final = "offer_due_soon"
APPEAL_DUE_SOON: Final = "appeal_due_soon"
# state → how its customer is warned that the time to act is running out.
DUE_SOON: Final = {"awaiting_customer": ANSWER_DUE_SOON, "rejected": APPEAL_DUE_SOON}
CREDIT_ANSWERED: Final = "credit_answered"
# Of a ticket of 'not received'; each has a date of its own.
TICKET_OPENED: Final = "ticket_opened"
TICKET_ANSWERED: Final = "ticket_answered"
TICKET_CLOSED: Final = "ticket_closed"
TICKET_LATE: Final = "ticket_late"
TICKETS: Final = (TICKET_OPENED, TICKET_ANSWERED, TICKET_CLOSED, TICKET_LATE)
# Of what a customer holds: a lot of balance, a voucher. For its holder, who need not be the case's customer.
BALANCE_DUE_SOON: Final = "balance_due_soon"
BALANCE_EXPIRED: Final = "balance_expired"
VOUCHER_DUE_SOON: Final = "voucher_due_soon"
VOUCHER_EXPIRED: Final = "voucher_expired"
OF_BALANCE: Final = (BALANCE_DUE_SOON, BALANCE_EXPIRED)
HELD: Final = (*OF_BALANCE, VOUCHER_DUE_SOON, VOUCHER_EXPIRED)
# Their date is a day of the calendar, whatever days are worked on.
BY_CALENDAR: Final = frozenset({*HELD, "withdrawn"})
EVENTLESS: Final = (
    CREDIT_ANSWERED,
    *TICKETS,
    *HELD,
    PART_ARRIVED,
    ARRIVAL_LATE,
    ANSWER_DUE_SOON,
    OFFER_DUE_SOON,
    APPEAL_DUE_SOON,
)

KINDS: Final = tuple(dict.fromkeys([*filter(None, AFTER.values()), *INSTEAD.values(), *EVENTLESS]))
# What has a date in most cases: some were told before talks had one, and an order's time may not have begun.
UNDATED: Final = frozenset({"negotiating", "bounced", "withdrawn"})
# Somebody of the shop has to act: these go to the shop's own channels as well, in words of their own.
FOR_THE_SHOP: Final = frozenset(
    {
        "in_review",
        "answered",
        "declined",
        "offer_expired",
        "in_arbitration",
        "in_appeal",
        "escalated",
        "talks_late",
        "negotiating",
        "proposed",
        PROPOSED_FOR_THEM,
        "forgery_found",
        "bounced",
        ARRIVAL_LATE,
        TICKET_OPENED,
        TICKET_LATE,
    }
)
