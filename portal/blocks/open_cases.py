"""Open refund requests as cards, and the finished ones in a line: how far, one sentence, one way on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from core.domain.lifecycle import CASE
from core.services.case_views import CaseCard
from core.texts import Texts
from core.wording import next_sentence, sentence
from portal.html import esc, href, ms, section
from portal.parts.ask_wrong import reason_words
from portal.parts.dots import dots
from portal.parts.goods import name, thumb

_MAY: Final = ("draft", "rejected")  # theirs to go on with, and nothing waits for it
RECENT: Final = 3
IN_SIGHT: Final = 4  # cards; more open at a click


def must_act(card: CaseCard) -> bool:
    """Whether the refund waits for the customer: amber and the one filled button are for these only."""
    return card.waiting_for == "you" and card.state not in _MAY


def is_open(card: CaseCard) -> bool:
    """Sent and not finished: a refund under way, which a draft is not."""
    return card.state != "draft" and not CASE.is_final(card.state)


def is_begun(card: CaseCard) -> bool:
    """Looking at an order makes a draft; with a reason it is a request that the customer began. A draft that
    was deleted or ran out was never one.
    """
    if card.state == "draft":
        return card.reason is not None
    return card.was_sent


def begun(found: Iterable[CaseCard]) -> list[CaseCard]:
    return [card for card in found if is_begun(card)]


def amount(tx: Texts, card: CaseCard) -> str:
    """What arrives or is asked for; the order's amount while nothing is."""
    minor = card.refund_minor if card.refund_minor is not None else card.requested_minor
    return tx.money(card.amount_minor if minor is None else minor, card.currency)


def link(card: CaseCard) -> str:
    """Where the customer goes on with this request."""
    if card.state == "draft":
        return href("/request", order=card.order_no)
    return href("/track", case=card.case_no)


def cards(tx: Texts, found: Sequence[CaseCard], *, now: datetime) -> str:
    """All open requests, those that wait for the customer first; '' where there are none."""
    if not found:
        return ""
    # Newest first within, as they came.
    ordered = sorted(found, key=lambda card: 0 if must_act(card) else 1 if card.state == "rejected" else 2)
    first, rest = ordered[:IN_SIGHT], ordered[IN_SIGHT:]
    more = ""
    if rest:
        label = f"{esc(tx('start.open.more', n=len(rest)))}{ms('expand_more')}"
        more = f'<details class="more"><summary>{label}</summary>{_tiles(tx, rest, now)}</details>'
    head = section(tx("start.open.title"), tx("start.open.count", n=len(found)))
    return head + _tiles(tx, first, now) + more


def _tiles(tx: Texts, found: Sequence[CaseCard], now: datetime) -> str:
    return f'<ul class="cases">{"".join(_card(tx, card, now) for card in found)}</ul>'


def _card(tx: Texts, card: CaseCard, now: datetime) -> str:
    act = must_act(card)
    reason = reason_words(tx, card.reason, card.kind) if card.reason else ""
    label = {
        "rejected": tx("start.case.why"),
    }.get(card.state, tx("start.case.answer") if act else tx("start.case.follow"))
    says, after, to = sentence(tx, card.locator, now), next_sentence(tx, card.locator, now), link(card)
    small = f"<small>{esc(after)}</small>" if after else ""
    arrow = "" if act else ms("chevron_right")
    beside = ""
    if act:
        words = f'{esc(tx("start.case.pictures"))} <span class="sr">{esc(name(card))}</span>'
        beside = f'<a class="too" href="{href("/evidence", case=card.case_no)}">{words}</a>'
    return (
        f'<li class="tile{" act" if act else ""}"><div class="case">{thumb(card.kind)}'
        f'<div class="nm"><h3 class="n"><bdi>{esc(name(card))}</bdi></h3><span>{esc(reason)}</span></div>'
        f'<span class="amt">{esc(amount(tx, card))}</span></div>{dots(card, tx)}'
        '<div class="foot">'
        f'<div class="says"><p class="say{" act" if act else ""}">{esc(says)}{small}</p>{beside}</div>'
        f'<a class="button{" fill" if act else " bare"}" href="{to}">{esc(label)}{arrow}'
        f'<span class="sr">{esc(name(card))}</span></a></div></li>'
    )


def finished(tx: Texts, found: Iterable[CaseCard], askable: Mapping[str, datetime], *, now: datetime) -> str:
    """The last few that are over, as links; '' where there are none. `askable`: orders, until when."""
    over = sorted((c for c in found if c.finished_at), key=lambda card: card.finished_at or now, reverse=True)
    if not over:
        return ""
    items = "".join(_line(tx, card, askable.get(card.order_no), now) for card in over[:RECENT])
    return (
        f'<section class="pane"><h2>{esc(tx("start.done.title"))}</h2><ul>{items}</ul>'
        f'<a class="button bare" href="/records">{esc(tx("start.done.all"))}{ms("chevron_right")}'
        "</a></section>"
    )


def _line(tx: Texts, card: CaseCard, again_until: datetime | None, now: datetime) -> str:
    when = tx.when(card.arrived_at or card.finished_at or now, now)
    if card.is_sought:
        icon, head, below = ms("search", "mut"), amount(tx, card), tx("start.done.sought")
    elif card.state == "completed":
        icon, head, below = ms("check_circle", "ok"), amount(tx, card), tx("start.done.completed", when=when)
    else:
        icon, head, below = ms("cancel", "mut"), tx(f"state.{card.state}"), tx("start.done.ended", when=when)
        if again_until:
            below = tx("start.done.again", when=tx.until(again_until, now))
    return (
        f'<li><a class="mini" href="{link(card)}">{icon}<span class="tx"><b><bdi>{esc(name(card))}'
        f"</bdi> · {esc(head)}</b>"
        f"<span>{esc(below)}</span></span></a></li>"
    )
