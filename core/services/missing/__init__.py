"""Money that was sent and that its customer does not find: their own bill, and tickets of 'not received' with
our answers (R5.4, R5.5).
"""

from __future__ import annotations

from core.domain.missing import ANSWERERS
from core.services.missing.bills import check_bill, keep_row
from core.services.missing.looking import Lost, Piece, TicketView, look, open_tickets
from core.services.missing.tickets import answer, escalate_late, open_ticket

__all__ = [
    "ANSWERERS",
    "Lost",
    "Piece",
    "TicketView",
    "answer",
    "check_bill",
    "escalate_late",
    "keep_row",
    "look",
    "open_ticket",
    "open_tickets",
]
