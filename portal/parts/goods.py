"""The goods on screen: a kind's icon, an order in one line, its facts as a list. Values in, HTML out."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.services.case_views import CaseCard
from core.services.orders import OrderView
from core.texts import Texts
from portal.html import esc, ms

ICONS: Final = {
    "game_card": "sports_esports",
    "top_up": "smartphone",
    "membership": "smart_display",
    "software_key": "vpn_key",
    "other": "shopping_bag",
}


def thumb(kind: str) -> str:
    """The rounded square with the icon of a kind of goods."""
    return f'<span class="thumb">{ms(ICONS.get(kind, ICONS["other"]))}</span>'


def title(product: str, quantity: int) -> str:
    """`点卡 100 元 × 2`: the product, and how many where there is more than one."""
    return f"{product} × {quantity}" if quantity > 1 else product


def name(card: CaseCard) -> str:
    """The goods of a request in a list."""
    return title(card.product, card.bought)


def line(kind: str, name: str, below: str, amount: str = "", tag: str = "h2") -> str:
    """One thing in one line: icon, name over a quieter line, amount on the right."""
    money = f'<span class="amt">{esc(amount)}</span>' if amount else ""
    wide = "" if amount else " sm"
    return (
        f'<div class="case{wide}">{thumb(kind)}<div class="nm"><{tag} class="n"><bdi>{esc(name)}'
        f"</bdi></{tag}>"
        f"<span>{esc(below)}</span></div>{money}</div>"
    )


def paid_with(tx: Texts, order: OrderView) -> str:
    """`支付宝 ¥60.00、平台余额 ¥40.00`: every payment of the order."""
    return tx.list(
        [f"{tx(f'channel.{p.channel}')} {tx.money(p.paid_minor, order.currency)}" for p in order.payments]
    )


def facts(
    tx: Texts,
    order: OrderView,
    *,
    now: datetime,
    more: tuple[tuple[str, str], ...] = (),
    with_already: bool = True,
) -> str:
    """What is known of an order, as a list; `more` are pairs of the caller, below."""
    delivered = tx(f"delivery.{order.delivery}") if order.delivery_known else tx("request.order.unknown")
    if order.delivery_known and order.delivery_at and order.delivery != "pending":
        delivered = f"{delivered} · {tx.when(order.delivery_at, now)}"
    rows = [
        (tx("request.order.paid"), paid_with(tx, order)),
        (tx("request.order.paid_at"), tx.when(order.paid_at, now)),
        (tx("request.order.delivery"), delivered),
    ]
    if order.completed_at:
        rows.append((tx("request.order.completed"), tx.when(order.completed_at, now)))
    if with_already:
        gone = (
            (tx("request.order.already"), order.refunded_minor),
            (tx("request.order.held"), order.held_minor),
        )
        rows += [(words, tx.money(minor, order.currency)) for words, minor in gone if minor]
    return pairs(tuple(rows) + more)


def pairs(rows: tuple[tuple[str, str], ...], css: str = "kv") -> str:
    """A list of terms and their values."""
    inside = "".join(
        f"<div><dt>{esc(term)}</dt><dd><bdi>{esc(value)}</bdi></dd></div>" for term, value in rows
    )
    return f'<dl class="{css}">{inside}</dl>'
