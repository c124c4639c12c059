"""Five dots that say how far a request has come: sent, reviewed, decided, on its way, arrived."""

from __future__ import annotations

from typing import Any, Final

from core.texts import Texts
from portal.html import esc

# state → (dots done, what the next one is: now · act (you) · no (ended there))
_PLACES: Final = {
    "draft": (0, "now"),
    "screening": (1, "now"),
    "in_review": (1, "now"),
    "awaiting_customer": (1, "act"),
    "in_arbitration": (1, "now"),
    "in_appeal": (1, "now"),
    "negotiating": (2, "now"),
    "approved": (3, "now"),
    "paying": (3, "now"),
    "rejected": (2, "no"),
    "closed": (2, "no"),
    "withdrawn": (1, "no"),
    "completed": (5, "now"),
}


def dots(card: Any, tx: Texts) -> str:
    """The line for anything with a case's `state` and, where known, `payouts`."""
    done, kind = _PLACES[card.state]
    if card.state == "negotiating" and card.waiting_for == "you":
        kind = "act"
    payouts = getattr(card, "payouts", ())
    if card.state == "paying" and payouts and all(p.state in ("accepted", "arrived") for p in payouts):
        done = 4
    names = (
        tx("track.dot.sent"),
        tx("track.dot.review"),
        tx("track.dot.refused") if card.state in ("rejected", "closed") else tx("track.dot.decided"),
        tx("track.dot.paying"),
        tx("track.dot.arrived"),
    )
    if card.state == "withdrawn":
        names = (names[0], tx("track.dot.withdrawn"), *names[2:])
    items = []
    for place, name in enumerate(names):
        css = "done" if place < done else kind if place == done else ""
        here = ' aria-current="step"' if place == done else ""
        items.append(f'<li class="{css}"{here}><i aria-hidden="true"></i><b>{esc(name)}</b></li>')
    reached = tx("track.dot.reached", step=min(done + 1, 5), name=names[min(done, 4)])
    return f'<ol class="dots" aria-label="{esc(reached)}">{"".join(items)}</ol>'
