"""The customer's cases as cards that are links: open ones first, each with its dots and one sentence; drafts
and what is over in a line each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core import wording
from core.domain.lifecycle import CASE
from core.services.case_views import CaseCard
from core.texts import Texts
from portal.html import esc, href, ms, section
from portal.parts import goods, unsent
from portal.parts.dots import dots

_ASKED: Final = "awaiting_customer"  # amber is for what waits for an answer


def listing(tx: Texts, found: list[CaseCard], late: Mapping[str, datetime], *, now: datetime) -> str:
    """Everything in one element; an empty list says how the first one comes about. `late`: as in `unsent`."""
    if not found:
        return (
            f'<div class="empty">{ms("local_shipping")}<h2>{esc(tx("track.pick.none"))}</h2><p>'
            f"{esc(tx('track.pick.none_more'))}</p>"
            f'<p><a class="btn" href="{href("/request")}">{esc(tx("track.pick.start"))}</a></p></div>'
        )
    drafts = [card for card in found if card.state == CASE.initial]
    open_ones = [card for card in found if card.state != CASE.initial and not CASE.is_final(card.state)]
    ended = [card for card in found if CASE.is_final(card.state)]
    open_ones.sort(key=lambda card: card.state != _ASKED)  # newest first within, as they came
    html = "".join(_card(tx, card, now) for card in open_ones) + unsent.listing(tx, drafts, late, now=now)
    if ended:
        lines = "".join(_line(tx, card, now) for card in ended)
        html += f'{section(tx("track.pick.finished"))}<ul class="over">{lines}</ul>'
    return f'<div class="tracks">{html}</div>'


def _card(tx: Texts, card: CaseCard, now: datetime) -> str:
    yours = card.state == _ASKED
    line = goods.line(card.kind, goods.name(card), card.case_no, _amount(tx, card), tag="b")
    says = f'<p class="say{" act" if yours else ""}">{esc(wording.sentence(tx, card.locator, now))}</p>'
    return (
        f'<a class="track{" act" if yours else ""}" href="{href("/track", case=card.case_no)}">'
        f"{line}{dots(card, tx)}{says}</a>"
    )


def _line(tx: Texts, card: CaseCard, now: datetime) -> str:
    """One that is over: what became of it, in one quiet line."""
    icon = ms("check_circle", "ok") if card.state == "completed" else ms("cancel", "mut")
    icon = ms("search", "mut") if card.is_sought else icon
    amount = _amount(tx, card)
    return (
        f'<li><a class="mini" href="{href("/track", case=card.case_no)}">{icon}<span class="tx"><b><bdi>'
        f"{esc(goods.name(card))}</bdi>{' · ' if amount else ''}{esc(amount)}</b>"
        f"<span>{esc(wording.sentence(tx, card.locator, now))}</span></span></a></li>"
    )


def _amount(tx: Texts, card: CaseCard) -> str:
    minor = card.refund_minor if card.refund_minor is not None else card.requested_minor
    return tx.money(minor, card.currency) if minor else ""
