"""The routes as cards of a radio group: the amount large, then where it goes, how fast, and the catch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import reduce

from core.domain.facts import Facts, Tender
from core.domain.policy import Policy
from core.domain.routes import RouteOption, can_return
from core.services.orders import OrderView
from core.texts import Texts
from portal.html import bound, esc, ms


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


def caption(tx: Texts, option: RouteOption, policy: Policy, *, now: datetime, reviewed: bool) -> str:
    """How fast, the fee, and what to know, a line each (two spaces and a newline break a caption's line)."""
    fast = speed(tx, option, policy, now=now, reviewed=reviewed)
    if option.route == "balance":
        lines = [
            tx("request.route.both", one=fast, two=fee(tx, option)),
            tx("request.route.stays"),
        ]
        if option.expires_on:
            lines.append(_good_until(tx, option.expires_on, policy, reviewed=reviewed))
        return bound("  \n".join(lines))
    lines = [fast, fee(tx, option)]
    if option.route == "negotiated":
        lines.append(tx("request.route.two_people"))
    elif len(option.legs) > 1:
        lines.append(tx("request.route.split", n=len(option.legs)))
    return bound("  \n".join(lines))


def kept_here(tx: Texts, option: RouteOption, *, is_about: bool = False) -> str:
    """HTML: of what becomes balance, that it can be spent only here, and until when (R4.4); '' of others.
    `is_about`: it is decided first, so nobody knows the day yet.
    """
    if option.expires_on is None:
        return ""
    last = tx.day_long(option.expires_on)
    words = tx("request.route.kept_about", date=last) if is_about else tx("request.route.kept", date=last)
    return _stays(tx, option, words)


def only_here(tx: Texts, option: RouteOption) -> str:
    """HTML: the same where the date stands beside it already."""
    return "" if option.expires_on is None else _stays(tx, option, tx("request.route.stays"))


def _stays(tx: Texts, option: RouteOption, words: str) -> str:
    if option.route != "balance":
        words = tx("request.route.leg", channel=tx("channel.balance"), speed=words)
    return f'<p class="stays">{ms("event_busy")}<b>{esc(words)}</b></p>'


def _good_until(tx: Texts, last: date, policy: Policy, *, reviewed: bool) -> str:
    """After a review nobody knows the day of arrival yet: the days, and about which date that is."""
    day = tx.day_long(last)
    if reviewed:
        return tx("request.route.until_about", days=policy.balance.expires_after_days, date=day)
    return tx("request.route.until", date=day)


def lost_accounts(tx: Texts, facts: Facts, policy: Policy, order: OrderView) -> tuple[str, ...]:
    """Why the money cannot go back to an account that paid: a sentence for those that are closed, and one
    for those whose channel no longer takes it back.
    """
    lost = [t for t in facts.tenders if t.refundable_minor > 0 and not can_return(t, facts, policy)]
    found = []
    closed, expired = (
        _accounts(tx, [t for t in lost if t.channel != "balance" and t.is_open is is_open], order)
        for is_open in (False, True)
    )
    if closed:
        found.append(tx("request.route.closed", accounts=closed))
    if expired:
        found.append(tx("request.route.expired", accounts=expired))
    return tuple(found)


def _accounts(tx: Texts, tenders: Sequence[Tender], order: OrderView) -> str:
    accounts = {payment.id: payment.account for payment in order.payments}
    return tx.list(
        [f"{tx(f'channel.{t.channel}')} {accounts.get(t.payment_id, '')}".strip() for t in tenders]
    )


def speed(tx: Texts, option: RouteOption, policy: Policy, *, now: datetime, reviewed: bool) -> str:
    """`1–2 个工作日，预计 12月1日（周二）`; at once where it is.

    `reviewed`: a person decides first. The days then count from the approval, and the option's date has the
    review in it.
    """
    if option.route == "negotiated":
        return tx("request.route.by_people", n=policy.working_days.arbitration)
    etas = {leg.channel: policy.eta_working_days[leg.channel] for leg in option.legs}
    words = days(tx, etas)
    waits = any(last for _, last in etas.values())
    if reviewed:
        words = tx("request.route.reviewed", speed=words) if waits else tx("request.route.reviewed_at_once")
    if reviewed or waits:
        date = tx.date(option.latest, now)
        words = (
            tx("request.route.by_provisional", speed=words, date=date)
            if option.provisional
            else tx("request.route.by", speed=words, date=date)
        )
    return words[:1].upper() + words[1:]


def days(tx: Texts, etas: Mapping[str, tuple[int, int]]) -> str:
    """How long it takes, by channel: `支付宝：1–2 个工作日，平台余额：立即到账`; once where all are alike."""
    spans = set(etas.values())
    if len(spans) == 1:
        return _span(tx, spans.pop())
    legs = [
        tx("request.route.leg", channel=tx(f"channel.{channel}"), speed=_span(tx, span))
        for channel, span in etas.items()
    ]
    return reduce(lambda one, two: tx("request.route.both", one=one, two=two), legs)


def _span(tx: Texts, span: tuple[int, int]) -> str:
    first, last = span
    if not last:
        return tx("request.route.at_once")
    if not first:
        return tx("request.route.up_to", days=last)
    return tx("request.route.days", days=last if first == last else f"{first}–{last}")


def fee(tx: Texts, option: RouteOption) -> str:
    """Whether something is kept, in a few words."""
    if not option.breakdown.fee:
        return tx("request.route.no_fee")
    sums = option.breakdown
    key = "request.route.fee" if sums.fee_of == sums.approved else "request.route.fee_part"
    return tx(key, rate=f"{sums.fee_basis_points / 100:g}")
