"""Drafts in a list: a quiet line each, below the refunds that were asked for. Until when, and the way on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core.services.case_views import CaseCard
from core.texts import Texts
from portal.html import esc, href, ms, section
from portal.parts.goods import name

IN_SIGHT: Final = 5  # lines; more open at a click


def listing(tx: Texts, found: Sequence[CaseCard], late: Mapping[str, datetime], *, now: datetime) -> str:
    """A section of its own; '' without drafts. `late`: orders whose draft can no longer succeed."""
    if not found:
        return ""
    ordered = sorted(found, key=lambda card: card.order_no in late)  # newest first within, as they came
    first, rest = ordered[:IN_SIGHT], ordered[IN_SIGHT:]
    more = ""
    if rest:
        label = f"{esc(tx('start.open.more', n=len(rest)))}{ms('expand_more')}"
        more = f'<details class="more"><summary>{label}</summary>{_lines(tx, rest, late, now)}</details>'
    head = section(tx("start.draft.title"), tx("start.draft.count", n=len(found)))
    return head + _lines(tx, first, late, now) + more


def _lines(tx: Texts, found: Sequence[CaseCard], late: Mapping[str, datetime], now: datetime) -> str:
    return f'<ul class="drafts">{"".join(_line(tx, card, card.order_no in late, now) for card in found)}</ul>'


def _line(tx: Texts, card: CaseCard, is_late: bool, now: datetime) -> str:
    to = href("/track", case=card.case_no) if is_late else href("/request", order=card.order_no)
    label = tx("start.case.late") if is_late else tx("start.case.go_on")
    return (
        f'<li><a href="{to}">{ms("edit_note")}<b><bdi>{esc(name(card))}</bdi></b>'
        f'<span class="by">{esc(until(tx, card, now))}</span>'
        f'<span class="go">{esc(label)}</span>{ms("chevron_right")}</a></li>'
    )


def until(tx: Texts, card: CaseCard, now: datetime) -> str:
    """Until when it can be sent, in few words: what ends first, as `domain.locator` says it in full."""
    ends, kept = card.ask_until, card.locator.by
    if kept is None:
        return tx("start.draft.late", by=tx.date(ends, now)) if ends is not None and ends < now else ""
    if ends == kept:
        return tx("start.draft.until", by=tx.date(ends, now))
    return tx("start.draft.kept", by=tx.date(kept, now, provisional=card.locator.provisional))
