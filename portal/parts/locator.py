"""Where the money is: one sentence, one date, three stations on a line: the shop, the channel, you (R5.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core import wording
from core.domain.locator import DISPUTED, OWN, Located
from core.domain.settlement import HERE
from core.domain.vouchers import KINDS as VOUCHERS
from core.services.case_views import CaseView, PayoutView
from core.texts import Texts
from portal.html import esc, ms

_HOLDERS: Final = {"shop": 0, "channel": 1, "you": 2}
_GOES_NOWHERE: Final = ("draft", "rejected", "withdrawn", "closed")


def card(tx: Texts, view: CaseView, *, now: datetime, beside: str = "") -> str:
    """The top of Track; `beside`: HTML about how long it takes. Without a way for the money (refused,
    withdrawn) the line of stations is left out.

    Of a draft and of what was withdrawn the block below says what next, with its dates.
    """
    found = view.locator
    title, below = sentences(tx, view, now=now)
    stations = (
        _stations(tx, view, now=now) if found.holder in _HOLDERS and view.state not in _GOES_NOWHERE else ""
    )
    lead = esc(tx("track.locator.title"))
    is_said_below = view.state in ("draft", "withdrawn")
    note = f'<p class="sub">{esc(below)}</p>' if below and not is_said_below else ""
    late = f'<p class="note prov">{esc(tx("track.locator.provisional"))}</p>' if found.provisional else ""
    return (
        f'<section class="loc"><span class="lab">{lead}</span><h1>{esc(title)}</h1>'
        f"{note}{stations}{_sure(tx, view, now)}{beside}{late}</section>"
    )


def _sure(tx: Texts, view: CaseView, now: datetime) -> str:
    """On what it rests, once money has left the shop: our own books need no saying."""
    found = view.locator
    if found.sure == OWN:
        return ""
    icon = "help" if found.sure == DISPUTED else "verified"
    return f'<p class="note sure">{ms(icon)}{esc(wording.sure_sentence(tx, found, now))}</p>'


def sentences(tx: Texts, view: CaseView, *, now: datetime) -> tuple[str, str]:
    """The locator's sentence and what comes next, in words."""
    found = view.locator
    return wording.sentence(tx, found, now), wording.next_sentence(tx, found, now)


def _stations(tx: Texts, view: CaseView, *, now: datetime) -> str:
    moving = [payout for payout in view.payouts if payout.state not in ("replanned", "arrived")]
    live = moving or [payout for payout in view.payouts if payout.state != "replanned"]
    here = _HOLDERS[view.locator.holder]
    amount = view.locator.params.get("amount_minor") or view.refund_minor or view.requested_minor or 0
    at_place = tx("track.locator.here", amount=tx.money(amount, view.currency))
    if view.locator.holder == "you":
        at_place = _came(tx, view.locator, amount=tx.money(amount, view.currency), now=now)
    if view.locator.sure == DISPUTED:
        at_place = tx("track.locator.unsure")
    to_balance = (live and all(p.channel in HERE for p in live)) or (not live and view.route == "balance")
    by_people = not live and view.route == "negotiated"
    channels = list(dict.fromkeys(p.channel for p in live)) or _expected(view)
    middle = tx("track.locator.books") if to_balance else tx.list([tx(f"channel.{c}") for c in channels])
    yours = _yours(tx, live, to_balance, channels)
    if by_people:
        middle, yours = tx("route.negotiated"), tx("track.locator.agreed")
    nodes = (
        ("storefront", tx("track.locator.shop"), ""),
        ("account_tree" if to_balance else "sync_alt", middle, ""),
        ("account_balance_wallet", yours, _arrival(tx, live, now)),
    )
    items = []
    for place, (icon, name, below) in enumerate(nodes):
        css = "here" if place == here else "past" if place < here else ""
        said = at_place if place == here else below if place > here else ""
        mark = "check" if place < here or (place == here == 2) else icon
        current = ' aria-current="true"' if place == here else ""
        items.append(
            f'<li class="{css}"{current}><i aria-hidden="true">{ms(mark)}</i><b>{esc(name)}</b>'
            f"<span>{_narrow(said)}</span></li>"
        )
    return (
        f'<ol class="map{" moving" if here == 1 else ""}" aria-label="{esc(tx("track.locator.line"))}">'
        f"{''.join(items)}</ol>"
    )


def _came(tx: Texts, found: Located, *, amount: str, now: datetime) -> str:
    """What was done, not what lies there: it may be spent by now. Of a voucher also what became of it."""
    if found.key == "locator.arrived_voucher_used":
        return tx("track.locator.used", date=tx.date(found.params["used_at"], now))
    if found.key == "locator.arrived_voucher_ended":
        return tx("track.locator.ended")
    if found.params.get("channel") == "balance":
        return tx("track.locator.credited", date=tx.date(found.params["arrived_at"], now))
    return tx("track.locator.came", amount=amount)


def _narrow(text: str) -> str:
    """Under a station there is room for half a date: it may break before its weekday."""
    return esc(text).replace("\u2060（", "<wbr>（")


def _expected(view: CaseView) -> list[str]:
    """The channels that will carry it, before there are payouts: the order's own."""
    return list(dict.fromkeys(payment.channel for payment in view.order.payments))


def _yours(tx: Texts, live: list[PayoutView], to_balance: bool, channels: list[str]) -> str:
    if channels and all(channel in VOUCHERS for channel in channels):
        return tx.list([tx(f"channel.{channel}") for channel in channels])
    if to_balance or channels == ["balance"]:
        return tx("track.locator.your_balance")
    if len(channels) > 1:
        return tx("track.locator.your_accounts")
    account = next((p.account for p in live if p.account), "")
    theirs = next((p.payee_channel for p in live if p.payee_channel), channels[0])  # not the way it goes
    return tx("track.locator.your_account", channel=tx(f"channel.{theirs}"), account=account).strip()


def _arrival(tx: Texts, live: list[PayoutView], now: datetime) -> str:
    etas = [p.eta_at for p in live if p.eta_at and p.state not in ("arrived", "replanned")]
    return tx("track.locator.by", date=tx.date(max(etas), now)) if etas else ""
