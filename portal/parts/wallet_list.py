"""A wallet in HTML: the total, lots in the order in which they are spent, what came and went."""

from __future__ import annotations

from datetime import datetime

from core.domain.actors import Actor
from core.services.wallet import LotView, Movement, VoucherView, Wallet
from core.texts import MINUS, Texts
from portal.html import empty, esc, href, ms, section

_ICONS = {"credited": "add", "redeemed": "redeem", "spent": "shopping_bag", "expired": "event_busy"}


def head(tx: Texts, found: Wallet, *, now: datetime, for_staff: bool = False) -> str:
    """What there is, what it is good for, and what ends next."""
    who = f'<span class="lab"><bdi>{esc(found.name)}</bdi></span>' if for_staff else ""
    sums = "".join(
        f'<p class="fig"><b>{esc(tx.money(minor, currency))}</b></p>'
        for currency, minor in (found.totals or {"CNY": 0}).items()
    )
    says = esc(tx("wallet.rules"))
    nearest = ""
    if found.lots:
        first, day = found.lots[0], tx.day_long(found.lots[0].expires_at)
        with_it = (
            lot.remaining_minor
            for lot in found.lots
            if lot.currency == first.currency and tx.day_long(lot.expires_at) == day
        )
        words = tx("wallet.next_end", amount=tx.money(sum(with_it), first.currency), date=day)
        css = "soon" if (first.expires_at - now).days < 30 else ""
        nearest = f'<p class="end {css}">{ms("schedule")}{esc(words)}</p>'
    return (
        f'<section class="purse">{who}<h1>{esc(tx("wallet.title"))}</h1>'
        f'<span class="lab">{esc(tx("wallet.total"))}</span>{sums}{nearest}'
        f'<p class="note">{says}</p></section>'
    )


def lots(tx: Texts, found: tuple[LotView, ...], *, track: str) -> str:
    """Each lot, what is spent first on top. `track`: the page that its refund is linked to."""
    if not found:
        return ""
    lines = "".join(_lot(tx, lot, place == 0, track) for place, lot in enumerate(found))
    return section(tx("wallet.lots"), tx("wallet.lots_says")) + f'<ul class="held">{lines}</ul>'


def _lot(tx: Texts, lot: LotView, is_first: bool, track: str) -> str:
    part = ""
    if lot.remaining_minor < lot.amount_minor:
        part = f"<small>{esc(tx('wallet.lot_of', amount=tx.money(lot.amount_minor, lot.currency)))}</small>"
    first = f'<span class="tag">{esc(tx("wallet.first"))}</span>' if is_first else ""
    name = tx("wallet.from_code" if lot.is_code else "wallet.from_refund")
    return (
        f"<li><div><b>{esc(tx('wallet.lot_until', date=tx.day_long(lot.expires_at)))}</b>{first}"
        f"<small>{esc(name)}{_case(lot.case_no, track)}</small></div>"
        f'<div class="sum"><b>{esc(tx.money(lot.remaining_minor, lot.currency))}</b>{part}</div></li>'
    )


def _case(case_no: str, track: str) -> str:
    return f' · <a href="{href(track, case=case_no)}">{esc(case_no)}</a>' if case_no and track else ""


def history(tx: Texts, found: tuple[Movement, ...], *, now: datetime, track: str) -> str:
    """What came in and what went, newest first."""
    if not found:
        nothing = empty("account_balance_wallet", tx("wallet.none"), tx("wallet.none_says"))
        return f'<div class="tile">{nothing}</div>'
    lines = "".join(_movement(tx, each, now, track) for each in found)
    return section(tx("wallet.history")) + f'<ul class="held">{lines}</ul>'


def _movement(tx: Texts, each: Movement, now: datetime, track: str) -> str:
    sign = f"+{tx.money(each.amount_minor, each.currency)}"
    if each.amount_minor < 0:
        sign = f"{MINUS}{tx.money(-each.amount_minor, each.currency)}"
    about = f" · <bdi>{esc(each.what or each.key)}</bdi>" if each.kind == "spent" else ""
    linked = track if each.kind != "redeemed" else ""  # a code may have come from somebody else's refund
    return (
        f"<li>{ms(_ICONS[each.kind], 'mut')}<div class=grow><b>{esc(tx(f'wallet.did.{each.kind}'))}</b>"
        f"<small>{esc(tx.when(each.at, now))}{about}{_case(each.case_no, linked)}</small></div>"
        f'<div class="sum {"up" if each.amount_minor > 0 else ""}"><b>{esc(sign)}</b></div></li>'
    )


def voucher(tx: Texts, each: VoucherView, actor: Actor, *, now: datetime) -> str:
    """What it is worth, for what, until when, and how its code stands; never the code."""
    state = tx(f"voucher_state.{each.state}")
    dated = tx("wallet.until", date=tx.day_long(each.expires_at))
    if each.state == "redeemed" and each.closed_at:
        dated = tx.when(each.closed_at, now)
    css = {"open": " ok"}.get(each.state, "")
    tail = ""
    if each.codes:
        tail = f"<small>{esc(tx('wallet.code.tail', tail=each.code_tail))}</small>"
    elif each.state == "open":
        tail = f"<small>{esc(tx('wallet.code.unseen'))}</small>"
    to = "/desk" if actor.is_staff else "/track"
    return (
        f'<div class="coupon {each.state}"><div class="top"><b class="big">'
        f"{esc(tx.money(each.amount_minor, each.currency))}</b>"
        f'<span class="tag{css}">{esc(state)}</span></div>'
        f"<p><b>{esc(tx(f'channel.{each.kind}'))}</b> · {esc(dated)}</p>"
        f"<p class=note>{esc(tx(f'wallet.voucher_for.{each.kind}'))}</p>{tail}"
        f'<small><a href="{href(to, case=each.case_no)}">{esc(each.case_no)}</a></small></div>'
    )
