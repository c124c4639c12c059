"""Orders in a list: what, how paid, how much time is left to ask, and the way to ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.services.applying import Applying
from core.services.case_views import CaseCard
from core.services.orders import OrderView
from core.texts import Texts
from portal.blocks.open_cases import is_begun
from portal.html import esc, href
from portal.parts.goods import thumb, title

SHOWS: Final = ("all", "can", "open", "past")
TELLING: Final = ("draft", "completed", "closed")  # states of the cases that `lines` has to know


@dataclass(frozen=True, slots=True)
class Line:
    """An order and where it stands: `can` be asked for · `open` request, or one begun · `past` its time, all
    refunded, or finally decided.
    """

    order: OrderView
    stand: str
    ends_at: datetime | None
    is_draft: bool = False
    settled_by: str | None = None  # the case whose decision was the last word
    twice_minor: int = 0  # charged twice: it can be asked for past the time


def lines(
    found: Sequence[OrderView],
    cards: Sequence[CaseCard],
    late: Collection[str],
    twice: Mapping[str, int],
    holds: Applying,
    now: datetime,
) -> list[Line]:
    """`cards`: the same customer's, at least those in a state of `TELLING`. `late`: orders whose draft came
    too late; it counts as little as one that says nothing. `twice`: as `asking.charged_twice` found it.
    """
    drafts, settled = set(), {}
    for card in cards:
        if card.state == "draft" and is_begun(card) and card.order_no not in late:
            drafts.add(card.order_no)
        elif card.is_settled:
            settled[card.order_no] = card.case_no
    unsent = {card.order_no for card in cards if card.state == "draft"}
    return [
        _line(order, drafts, unsent, settled, twice.get(order.order_no, 0), holds, now) for order in found
    ]


def askable(found: Sequence[Line]) -> dict[str, datetime]:
    """Order numbers that can be asked for, and until when, where the time has begun."""
    return {
        line.order.order_no: line.ends_at
        for line in found
        if line.stand == "can" and line.ends_at and not line.twice_minor
    }


def _line(
    order: OrderView,
    drafts: Collection[str],
    unsent: Collection[str],
    settled: Mapping[str, str],
    twice_minor: int,
    holds: Applying,
    now: datetime,
) -> Line:
    ends = holds.ask_until(order)
    is_draft = order.order_no in drafts
    if is_draft or (order.open_case and order.order_no not in unsent):
        return Line(order, "open", ends, is_draft)
    if order.order_no in settled:
        return Line(order, "past", ends, settled_by=settled[order.order_no])
    if twice_minor:
        return Line(order, "can", ends, twice_minor=twice_minor)
    over = order.refundable_minor <= 0 or (ends is not None and ends < now)
    return Line(order, "past" if over else "can", ends)


def table(tx: Texts, found: Sequence[Line], *, now: datetime) -> str:
    """The rows."""
    return f'<ul class="orders">{"".join(_row(tx, line, now) for line in found)}</ul>'


def _row(tx: Texts, line: Line, now: datetime) -> str:
    order = line.order
    ask = href("/request", order=order.order_no)
    if line.stand == "open":
        to = ask if line.is_draft else href("/track", case=order.open_case or "")
        label, css = (tx("start.case.go_on") if line.is_draft else tx("start.orders.follow")), ""
    elif line.stand == "can":
        to, label, css = ask, tx("start.orders.apply"), ""
    elif order.refundable_minor <= 0:
        to, label, css = "/records", tx("start.orders.records"), " bare"
    elif line.settled_by:
        to, label, css = href("/track", case=line.settled_by), tx("start.orders.result"), " bare"
    else:
        to, label, css = ask, tx("start.orders.look"), " bare"
    name = title(order.product, order.quantity)
    channels = tx.list(dict.fromkeys(tx(f"channel.{p.channel}") for p in order.payments))
    paid = tx("start.orders.paid", channels=channels, when=tx.when(order.paid_at, now))
    return (
        f'<li>{thumb(order.kind)}<div class="nm"><b><bdi>{esc(name)}</bdi></b><span>{esc(paid)}</span></div>'
        f'<div class="st"><b class="amt">{esc(tx.money(order.amount_minor, order.currency))}</b>'
        f"<span>{esc(_left(tx, line, now))}</span></div>"
        f'<a class="button{css}" href="{to}">{esc(label)}<span class="sr">{esc(name)}</span></a></li>'
    )


def _left(tx: Texts, line: Line, now: datetime) -> str:
    order, ends = line.order, line.ends_at
    delivery = tx(f"delivery.{order.delivery}")
    if order.refundable_minor <= 0 and line.stand != "open":
        return tx("start.orders.all_back")
    if line.settled_by:
        return tx("start.orders.settled")
    if line.stand == "open" and not line.is_draft:
        return delivery
    if ends is None:
        return tx("start.orders.not_begun")
    if line.twice_minor:
        return tx("start.orders.twice", amount=tx.money(line.twice_minor, order.currency))
    if ends < now:
        return tx("start.orders.over", date=tx.date(ends, now))
    if order.refundable_minor < order.amount_minor:
        rest = tx("start.orders.part_left", amount=tx.money(order.refundable_minor, order.currency))
        delivery = f"{delivery} · {rest}"
    if ends - now < timedelta(days=1):
        return f"{delivery} · {tx('start.orders.last_day')}"
    return f"{delivery} · {tx('start.orders.left', span=tx.duration(ends - now))}"


def matching(found: Sequence[Line], show: str, words: str) -> list[Line]:
    """Lines of the wanted stand whose product or number contains every word."""
    wanted = words.casefold().split()
    return [
        line
        for line in found
        if (show == "all" or line.stand == show)
        and all(word in f"{line.order.product} {line.order.order_no}".casefold() for word in wanted)
    ]
