"""The customer's cases as cards that are links: open ones first, each with its dots and one sentence."""

from __future__ import annotations

from datetime import datetime

from core import wording
from core.domain.lifecycle import CASE
from core.services.case_views import CaseCard
from core.texts import Texts
from portal.html import esc, href, ms, section
from portal.parts import goods
from portal.parts.dots import dots


def listing(tx: Texts, found: list[CaseCard], *, now: datetime) -> str:
    """Everything in one element; an empty list says how the first one comes about."""
    if not found:
        return (
            f'<div class="empty">{ms("local_shipping")}<h2>{esc(tx("track.pick.none"))}</h2><p>'
            f"{esc(tx('track.pick.none_more'))}</p>"
            f'<p><a class="btn" href="{href("/request")}">{esc(tx("track.pick.start"))}</a></p></div>'
        )
    open_ones = [card for card in found if not CASE.is_final(card.state)]
    ended = [card for card in found if CASE.is_final(card.state)]
    html = "".join(_card(tx, card, now) for card in open_ones)
    if ended:
        html += section(tx("track.pick.finished")) + "".join(_card(tx, card, now) for card in ended)
    return f'<div class="tracks">{html}</div>'


def _card(tx: Texts, card: CaseCard, now: datetime) -> str:
    yours = card.waiting_for == "you" and card.state != "rejected"
    amount = card.refund_minor if card.refund_minor is not None else card.requested_minor
    line = goods.line(
        card.kind, card.product, card.case_no, tx.money(amount, card.currency) if amount else "", tag="b"
    )
    says = f'<p class="say{" act" if yours else ""}">{esc(wording.sentence(tx, card.locator, now))}</p>'
    steps = "" if CASE.is_final(card.state) else dots(card, tx)
    return (
        f'<a class="track{" act" if yours else ""}" href="{href("/track", case=card.case_no)}">'
        f"{line}{steps}{says}</a>"
    )
