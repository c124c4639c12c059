"""A ticket of 'not received' as its customer reads it: what was told, by when we answer, our answers."""

from __future__ import annotations

from core.services.missing import TicketView
from portal.html import esc, ms
from portal.parts.turn import Turn
from portal.parts.words import capped


def told(t: Turn, ticket: TicketView) -> str:
    """Near the top, for it is what one comes for."""
    tx, now = t.tx, t.now
    at, channel = tx.when(ticket.at, now), tx(f"channel.{ticket.channel}")
    amount = tx.money(ticket.amount_minor, ticket.currency)
    if ticket.due_at is None:
        closed = tx.when(ticket.closed_at, now) if ticket.closed_at else ""
        title, says = tx("track.ticket.closed"), tx("track.ticket.closed_says", at=at, closed=closed)
    else:
        title = tx("track.ticket.open")
        is_provisional = ticket.due_at.year > t.app.calendar.published_through
        by = tx.date(ticket.due_at, now, provisional=is_provisional)
        if ticket.due_at <= now:
            says = tx("track.ticket.open_late", at=at, amount=amount, channel=channel)
        elif ticket.owner:
            says = tx("track.ticket.open_late_by", at=at, amount=amount, channel=channel, by=by)
        else:
            says = tx("track.ticket.open_says", at=at, amount=amount, channel=channel, by=by)
    own = capped(tx, ticket.words, "quote") if ticket.words else ""
    again = f'<p class="note">{esc(tx("track.ticket.again"))}</p>' if ticket.due_at is None else ""
    return (
        f'<div class="ticket"><h2>{esc(title)}</h2><p>{esc(says)}</p>{own}'
        f"{_asked(t, ticket, channel)}{_answers(t, ticket)}{again}</div>"
    )


def _asked(t: Turn, ticket: TicketView, channel: str) -> str:
    """What the channel said since; only while people look."""
    if ticket.due_at is None:
        return ""
    if ticket.heard and ticket.heard_at and ticket.heard_at >= ticket.at:
        said_at, heard = t.tx.when(ticket.heard_at, t.now), t.tx(f"heard.{ticket.heard}")
        words = t.tx("track.ticket.asked", at=said_at, channel=channel, heard=heard)
    elif ticket.asks_at is not None and ticket.payout_state != "sending":
        words = t.tx("track.ticket.asking", channel=channel)
    else:
        return ""
    return f'<p class="note">{ms("sync")}{esc(words)}</p>'


def _answers(t: Turn, ticket: TicketView) -> str:
    items = "".join(
        f'<div class="in">{capped(t.tx, answer.words)}<time>{esc(t.tx(f"track.who.{answer.role}"))} · '
        f"{esc(t.tx.when(answer.at, t.now))}</time></div>"
        for answer in ticket.answers
    )
    return f'<div class="chat">{items}</div>' if items else ""
