"""The left side of the desk: which queues there are and what waits in one, late ones on top. Values in, HTML
out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.services.queues import MANY, DeskCard, Waiting
from core.services.staff import name as name_of
from core.texts import Texts
from portal.html import empty, esc, href, ms
from portal.parts.ask_wrong import reason_words

SOON = timedelta(hours=24)  # from then on the time left is amber


def number(count: int) -> str:
    """`18`, `99+`."""
    return f"{MANY - 1}+" if count >= MANY else str(count)


def head(tx: Texts, waiting: list[Waiting], name: str) -> str:
    """The queues as tabs, with how much waits and how much of it is late."""
    here = next(queue for queue in waiting if queue.name == name)
    late = (
        f' · <span class="red">{esc(tx("desk.queue.late", n=number(here.late)))}</span>' if here.late else ""
    )
    tabs = "".join(
        f'<li><a href="{href("/desk", queue=queue.name)}"{" aria-current=page" if queue is here else ""}>'
        f"{esc(tx(f'desk.queue.{queue.name}'))}<b>{number(queue.cases)}</b>{_tab_late(tx, queue)}</a></li>"
        for queue in waiting
    )
    return (
        f'<div class="dq"><h1>{esc(tx(f"desk.queue.{name}"))}</h1>'
        f"<p>{esc(tx('desk.queue.count', n=number(here.cases)))}{late}</p>"
        f'<nav aria-label="{esc(tx("desk.queues"))}"><ul>{tabs}</ul></nav></div>'
    )


def drafts(tx: Texts, count: int) -> str:
    """The way to the lab for whoever is to decide on rules there, too."""
    if not count:
        return ""
    told = tx("queue.drafts", n=count)
    return f'<p class="note drafts"><a href="{href("/lab")}">{ms("how_to_reg")}{esc(told)}</a></p>'


def _tab_late(tx: Texts, queue: Waiting) -> str:
    if not queue.late:
        return ""
    return f'<span class="red">{esc(tx("desk.queue.late", n=number(queue.late)))}</span>'


def listing(
    tx: Texts,
    cards: list[DeskCard],
    name: str,
    here: str | None,
    me: str,
    names: Mapping[str, str],
    *,
    now: datetime,
) -> str:
    """One line a case: amount and reason, then who, what, and the clock; who has it in hand."""
    items = "".join(_item(tx, card, name, here, me, names, now) for card in cards)
    return f'<ol class="dl-list">{items}</ol>' if items else ""


def _item(
    tx: Texts, card: DeskCard, name: str, here: str | None, me: str, names: Mapping[str, str], now: datetime
) -> str:
    on = ' aria-current="true"' if card.case_no == here else ""
    who = card.customer_name or tx("desk.guest")
    away = (
        f'<span class="hands">{ms("pan_tool")}'
        f"{esc(tx('desk.held', person=name_of(names, card.held_by)))}</span>"
        if card.held_by not in (None, me)
        else ""
    )
    to = href("/desk", queue=name, case=card.case_no)
    left = "" if name == "transfers" else clock(tx, card.due_at, now)
    if card.late_since is not None and name != "transfers":  # by when a lead answers, not time that is left
        left = esc(tx("queue.lead_by", by=tx.until(card.due_at, now))) if card.due_at else ""
    if card.is_theirs:
        left = esc(tx("queue.theirs"))
    times = " · ".join(filter(None, (late(tx, card.late_since, now), left)))
    what = f"<bdi>{esc(who)}</bdi> · <bdi>{esc(card.product)}</bdi>{f' · {times}' if times else ''}"
    amount, first = tx.money(card.requested_minor, card.currency), ""
    if card.approved_minor is not None:  # by the first of two: that is what the second decides about
        first = f"<small>{esc(tx('desk.first.of', asked=amount))}</small>"
        amount = tx.money(card.approved_minor, card.currency)
    found = forged(tx, card.forgery_by, names)
    return (
        f'<li><a href="{to}"{on}><b>{esc(amount)}</b> '
        f"<span class=why>{esc(reason_words(tx, card.reason, card.kind))}</span>"
        f"{first}<small>{what}</small>{found}"
        f"{away}</a></li>"
    )


def forged(tx: Texts, by: str | None, names: Mapping[str, str]) -> str:
    """The mark of a case in which somebody found a picture forged: it is still to be decided."""
    return f'<em class="late forged">{esc(tx("queue.forged", who=name_of(names, by)))}</em>' if by else ""


def late(tx: Texts, since: datetime | None, now: datetime) -> str:
    """The mark of what was not done in time: it stays until somebody decides."""
    if since is None:
        return ""
    return f'<em class="late">{esc(tx("queue.late", span=tx.duration(now - since)))}</em>'


def clock(tx: Texts, due_at: datetime | None, now: datetime) -> str:
    """How long is left, amber in the last day, red when it is over."""
    if due_at is None:
        return esc(tx("desk.clock.none"))
    left = due_at - now
    if left <= timedelta():
        return f'<span class="red">{esc(tx("desk.clock.late", span=tx.duration(-left)))}</span>'
    css = "amb" if left < SOON else ""
    return f'<span class="{css}">{esc(tx("desk.clock.left", span=tx.duration(left)))}</span>'


def nothing(
    tx: Texts, waiting: list[Waiting], name: str, cards: list[DeskCard], me: str, names: Mapping[str, str]
) -> str:
    """No case is open: the queue is empty, or colleagues have the rest, or it was put back."""
    other = next((queue for queue in waiting if queue.cases and queue.name != name), None)
    link = (
        f'<p><a class="btn" href="{href("/desk", queue=other.name)}">'
        f"{esc(tx('desk.empty.other', queue=tx(f'desk.queue.{other.name}'), n=number(other.cases)))}</a></p>"
        if other and not cards
        else ""
    )
    held = Counter(card.held_by for card in cards if card.held_by not in (None, me))
    if not cards:
        said = empty("task_alt", tx("desk.empty.title"), tx("desk.empty.says"))
    elif sum(held.values()) == len(cards):
        people = tx.list(
            tx("queue.has", person=name_of(names, person or ""), n=count) for person, count in held.items()
        )
        said = empty("groups", tx("queue.all_held"), tx("queue.all_held_says", people=people))
    else:
        said = empty("inbox", tx("queue.none_open"), tx("queue.none_open_says"))
    return f'{said}<div class="mid">{link}</div>'
