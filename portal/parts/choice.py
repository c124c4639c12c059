"""The routes as cards of a radio group: the amount large, then where it goes, how fast, and the catch."""

from __future__ import annotations

from datetime import datetime

from core.domain.policy import Policy
from core.domain.routes import RouteOption
from core.services.orders import OrderView
from core.texts import Texts


def label(tx: Texts, option: RouteOption, order: OrderView) -> str:
    """Markdown: the amount that arrives, and where. Only words of ours, never user text."""
    return f"**{tx.money(option.breakdown.refund, order.currency)}** {place(tx, option, order)}"


def place(tx: Texts, option: RouteOption, order: OrderView) -> str:
    """`支付宝原路退回`, `平台余额`: where the money goes."""
    if option.route == "balance":
        return tx("request.route.balance")
    if option.route == "negotiated":
        return tx("request.route.negotiated")
    channels = dict.fromkeys(leg.channel for leg in option.legs)
    return tx("request.route.original", channel=tx.list([tx(f"channel.{channel}") for channel in channels]))


def caption(tx: Texts, option: RouteOption, policy: Policy, *, now: datetime) -> str:
    """How fast, the fee, and what to know, a line each (two spaces and a newline break a caption's line)."""
    if option.route == "balance":
        lines = [
            tx("request.route.both", one=speed(tx, option, policy, now=now), two=fee(tx, option)),
            tx("request.route.stays"),
        ]
        return "  \n".join(
            [*lines, tx("request.route.until", date=tx.day_long(option.expires_on))]
            if option.expires_on
            else lines
        )
    lines = [speed(tx, option, policy, now=now), fee(tx, option)]
    if option.route == "negotiated":
        lines.append(tx("request.route.two_people"))
    elif len(option.legs) > 1:
        lines.append(tx("request.route.split", n=len(option.legs)))
    return "  \n".join(lines)


def speed(tx: Texts, option: RouteOption, policy: Policy, *, now: datetime) -> str:
    """`1–2 个工作日，预计 12月1日（周二）`; at once where it is."""
    if option.route == "negotiated":
        return tx("request.route.by_people", date=tx.date(option.latest, now))
    etas = [policy.eta_working_days[leg.channel] for leg in option.legs]
    low, high = min(first for first, _ in etas), max(last for _, last in etas)
    if high == 0:
        return tx("request.route.at_once")
    days = f"{low}–{high}" if low != high else f"{high}"
    date = tx.date(option.latest, now)
    return (
        tx("request.route.days_provisional", days=days, date=date)
        if option.provisional
        else tx("request.route.days", days=days, date=date)
    )


def fee(tx: Texts, option: RouteOption) -> str:
    """Whether something is kept, in a few words."""
    if not option.breakdown.fee:
        return tx("request.route.no_fee")
    return tx("request.route.fee", rate=f"{option.breakdown.fee_basis_points / 100:g}")
