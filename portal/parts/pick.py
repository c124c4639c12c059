"""The order to ask a refund for: those with something left, what is past its time last. One element."""

from __future__ import annotations

from datetime import datetime

from core.texts import Texts
from portal.blocks.order_list import Line
from portal.html import esc, href, ms
from portal.parts import goods

MOST = 30


def listing(tx: Texts, found: list[Line], *, now: datetime) -> str:
    """The list, or what to do when nothing is left to refund. What was finally decided is not asked again."""
    left = [line for line in found if line.order.refundable_minor > 0 and not line.settled_by]
    left.sort(key=lambda line: line.stand == "past")  # newest first within, as they came
    if not left:
        return (
            f'<div class="empty">{ms("receipt_long")}<h3>{esc(tx("request.pick.nothing"))}</h3>'
            f"<p>{esc(tx('request.pick.nothing_more'))}</p>"
            f'<p><a href="{href("/", find="1")}">{esc(tx("request.pick.find"))}</a></p></div>'
        )
    items = "".join(_item(tx, line, now) for line in left[:MOST])
    more = f'<p class="note">{esc(tx("request.pick.more", n=MOST))}</p>' if len(left) > MOST else ""
    return f'<ul class="picks">{items}</ul>{more}'


def _item(tx: Texts, line: Line, now: datetime) -> str:
    order = line.order
    delivery = tx(f"delivery.{order.delivery}") if order.delivery_known else tx("request.order.unknown")
    below = f"{tx.when(order.paid_at, now)} · {delivery}"
    is_open = line.stand == "open" and not line.is_draft and order.open_case is not None
    to = href("/track", case=order.open_case or "") if is_open else href("/request", order=order.order_no)
    left = tag = ""
    if line.stand == "past" and line.ends_at:
        left = f"<small>{esc(tx('start.orders.over', date=tx.date(line.ends_at, now)))}</small>"
    elif line.twice_minor:
        amount = tx.money(line.twice_minor, order.currency)
        left = f"<small>{esc(tx('start.orders.twice', amount=amount))}</small>"
    elif order.refundable_minor < order.amount_minor:
        amount = tx.money(order.refundable_minor, order.currency)
        says = tx("request.pick.later", amount=amount) if is_open else tx("request.pick.left", amount=amount)
        left = f"<small>{esc(says)}</small>"
    if line.is_draft:
        tag = f'<span class="tag">{esc(tx("status.not_sent"))}</span>'
    elif line.stand == "open":
        tag = f'<span class="tag ok">{esc(tx("request.pick.open"))}</span>'
    return (
        f'<li><a class="case pick" href="{to}">{goods.thumb(order.kind)}'
        f'<span class="nm"><b><bdi>{esc(goods.title(order.product, order.quantity))}</bdi></b><span>'
        f"{esc(below)}</span></span>"
        f'<span class="amt">{esc(tx.money(order.amount_minor, order.currency))}{left}{tag}</span></a></li>'
    )
