"""What support found: the order, at which step its refund stands and why, and the link to give away."""

from __future__ import annotations

from datetime import datetime

from core.domain.stuck import Stuck
from core.services.support import MOST, Found, Hit
from core.texts import Texts
from portal.html import esc, href, ms, section
from portal.parts.sent import copy_links


def how(tx: Texts) -> str:
    """What can be typed, before anything is."""
    rows = "".join(
        f"<li><b>{esc(tx(f'support.how.{name}'))}</b><span>{esc(tx(f'support.how.{name}_as'))}</span></li>"
        for name in ("number", "amount", "when", "who", "mixed")
    )
    return f'<ul class="how">{rows}</ul>'


def listing(tx: Texts, found: Found, page: int, *, now: datetime, to_desk: bool) -> str:
    """One page. How many there are in all is said only where all of them are here."""
    cards = "".join(_card(tx, hit, now, to_desk) for hit in found.hits)
    cut = f'<p class="note">{ms("filter_alt")}{esc(tx("support.cut"))}</p>' if found.is_cut else ""
    return f'{section(_count(tx, found, page))}{cut}<ul class="hits">{cards}</ul>{copy_links()}'


def _count(tx: Texts, found: Found, page: int) -> str:
    first, last = page * MOST + 1, page * MOST + len(found.hits)
    if not page and not found.has_more and not found.is_cut:
        return tx("support.found", n=len(found.hits))
    if not page and found.has_more:
        return tx("support.more_than", n=last)
    return tx("support.page", first=first, last=last)


def _card(tx: Texts, hit: Hit, now: datetime, to_desk: bool) -> str:
    tags = "".join(f'<span class="tag">{esc(tx(f"support.matched.{code}"))}</span>' for code in hit.matched)
    channels = tx.list([tx(f"channel.{channel}") for channel in hit.channels])
    who = f"<bdi>{esc(hit.customer_name)}</bdi>" if hit.customer_name else esc(tx("desk.guest"))
    paid = tx("support.paid", when=tx.when(hit.paid_at, now), channel=channels)
    return (
        f'<li><div class="top"><div><b><bdi>{esc(hit.product)}</bdi> · '
        f"{esc(tx.money(hit.amount_minor, hit.currency))}</b>"
        f"<small><bdi>{esc(hit.order_no)}</bdi> · {esc(paid)} · {who}</small></div><p>{tags}</p></div>"
        f"{_step(tx, hit, now)}{_ways(tx, hit, to_desk)}</li>"
    )


def _step(tx: Texts, hit: Hit, now: datetime) -> str:
    """Where it stands and why, in a sentence and its times."""
    if hit.at is None or hit.case_no is None:
        return f'<p class="at">{ms("radio_button_unchecked")}<span>{esc(tx("support.no_case"))}</span></p>'
    asked = tx.money(hit.requested_minor, hit.currency) if hit.requested_minor else ""
    number = tx("support.case", case_no=hit.case_no, asked=asked) if asked else hit.case_no
    if hit.approved_minor is not None:
        approved, arrives = (
            tx.money(minor or 0, hit.currency) for minor in (hit.approved_minor, hit.arrives_minor)
        )
        number += tx("list.next") + tx("support.approved", approved=approved, arrives=arrives)
    more = f" · {esc(tx('support.more_cases', n=hit.cases - 1))}" if hit.cases > 1 else ""
    times = " · ".join(filter(None, (_since(tx, hit.at, now), _by(tx, hit.at, now))))
    icon = {"customer": "person", "nobody": "check_circle", "channel": "account_balance"}.get(
        hit.at.waits_for, "storefront"
    )
    return (
        f'<p class="at">{ms(icon)}<span><b>{esc(says(tx, hit.at))}</b>'
        f"<small>{esc(number)}{more}{f' · {esc(times)}' if times else ''}</small></span></p>"
    )


def says(tx: Texts, at: Stuck) -> str:
    """The sentence of a step."""
    channel = at.params.get("channel")
    return tx(f"stuck.{at.code}", channel=tx(f"channel.{channel}") if channel else "")


def _since(tx: Texts, at: Stuck, now: datetime) -> str:
    return tx("support.since", when=tx.when(at.since, now)) if at.since else ""


def _by(tx: Texts, at: Stuck, now: datetime) -> str:
    if at.by is None or at.waits_for == "nobody":
        return ""
    key = "support.was_due" if at.by <= now else "support.by"
    return tx(key, when=tx.when(at.by, now))


def _ways(tx: Texts, hit: Hit, to_desk: bool) -> str:
    """The one link for the customer, and the ways on for whoever helps."""
    path = href("/track", case=hit.case_no) if hit.case_no else href("/request", order=hit.order_no)
    done = esc(tx("track.link.done"))
    link = (
        f'<span class="copy"><button type="button" data-path="{path}" data-done="{done}">'
        f'{ms("link")}<b aria-live="polite">{esc(tx("support.link"))}</b></button><output></output></span>'
    )
    desk = ""
    if to_desk and hit.case_no:
        to = href("/desk", case=hit.case_no)
        desk = f'<a href="{to}">{ms("inbox")}{esc(tx("support.open"))}</a>'
    act = f'<a href="{path}">{ms("support_agent")}{esc(tx("support.act"))}</a>'
    return f'<p class="ways">{link}{act}{desk}</p>'
