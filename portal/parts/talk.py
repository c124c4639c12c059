"""The conversation of a case: what was asked, answered, objected; the customer's words on the right."""

from __future__ import annotations

from datetime import datetime

from core.services.case_views import CaseView, EventView
from core.texts import Texts
from portal.html import esc
from portal.parts.pictures import shots
from portal.parts.words import capped

SPOKEN = (
    "ask", "answer", "offer", "accept", "decline", "dispute", "appeal", "propose", "counter", "find_forgery",
)  # fmt: skip
_OURS = ("customer", "guest")


def speaker(tx: Texts, event: EventView) -> str:
    """Who it was, as its reader calls them: not everything that a buyer did was done by 'you'."""
    return tx(f"track.who.other_{event.role}") if event.by_another else tx(f"track.who.{event.role}")


def talk(tx: Texts, view: CaseView, *, now: datetime) -> str:
    """Bubbles, oldest first; empty when nobody said anything."""
    items = []
    for event in view.events:
        sent = any(item.said_seq == event.seq for item in view.evidence)
        if event.event not in SPOKEN or not (event.note or sent):
            continue
        mine = event.role in _OURS and not event.by_another
        who = speaker(tx, event)
        pictures = shots(tx, tuple(item for item in view.evidence if item.said_seq == event.seq))
        words = capped(tx, event.note) if event.note else ""
        items.append(
            f'<div class="{"out" if mine else "in"}">{words}{pictures}'
            f"<time>{esc(who)} · {esc(tx.when(event.at, now))}</time></div>"
        )
    return f'<div class="chat">{"".join(items)}</div>' if items else ""


def last_question(view: CaseView) -> str:
    """The question that waits for an answer."""
    return next((event.note for event in reversed(view.events) if event.event == "ask"), "")
