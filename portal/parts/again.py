"""Asking late, and asking again after a request has ended: what the rules say to the same claim today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core import wording
from core.services import asking
from core.services.applying import Applying
from core.services.case_views import Answer, CaseCard, CaseView
from core.services.orders import OrderView
from core.texts import Texts
from portal.html import esc, href, ms
from portal.parts.ask_wrong import reason_words

ENDED = ("withdrawn", "closed")


def is_over(
    order: OrderView, holds: Applying, rules: Answer | None, now: datetime, *, is_twice: bool = False
) -> bool:
    """Whether the time to ask is over and the rules make no exception for this claim (R1.3). Where it names
    none, `is_twice` is one: they still give back what was charged twice.
    """
    ends = holds.ask_until(order)
    if ends is None or ends >= now:
        return False
    return not is_twice if rules is None else rules.found.verdict == "reject"


def late_drafts(cards: Iterable[CaseCard]) -> dict[str, datetime]:
    """Order numbers of drafts that can no longer be sent with success, and since when."""
    return {
        card.order_no: card.ask_until
        for card in cards
        if card.locator.key == "locator.draft_late" and card.ask_until is not None
    }


def too_late(
    tx: Texts,
    view: CaseView,
    holds: Applying,
    rules: Answer | None,
    *,
    now: datetime,
    twice_minor: int = 0,
) -> str:
    """A draft past its window: since when, and what remains; first of all what was charged twice."""
    order = view.order
    ends = holds.ask_until(order)
    if ends is None:
        return ""
    ways = []
    if rules is not None and not rules.found.rule.startswith("law."):
        to = href("/request", order=order.order_no, step="5", anyway="1")
        ways.append(
            _way("gavel", to, tx("request.verdict.anyway"))
            + _note(tx("request.verdict.anyway_help", days=rules.policy.working_days.appeal))
        )
    elif rules is None:
        ways.append(_way("edit", href("/request", order=order.order_no), tx("track.late.look")))
    ways.append(_support(tx, order))
    since = tx("track.late.since", when=tx.until(ends, now), ago=tx.duration(now - ends))
    if twice_minor:
        to = href("/request", order=order.order_no, step="1")
        ways.insert(0, _way("edit", to, tx("track.late.twice_go")))
        said = f"{since} {_twice(tx, order, twice_minor)}"
        return _block("event_busy", tx("track.late.this"), said, "".join(ways))
    return _block("event_busy", tx("track.late.title"), since, "".join(ways))


def offer(
    tx: Texts,
    view: CaseView,
    holds: Applying,
    rules: Answer | None,
    *,
    now: datetime,
    is_first: bool = True,
    twice_minor: int = 0,
) -> str:
    """After the end: until when the same order can be asked for again, or why not; '' when nothing is left.

    `is_first`: whether this may be the page's one filled button. `twice_minor`: charged twice by our books,
    and the rules still give it back past the time to ask.
    """
    order = view.order
    if order.open_case and order.open_case != view.case_no and not order.is_begun:
        to = href("/track", case=order.open_case)
        return _block(
            "call_split", tx("track.again.other"), "", _button(to, tx("track.again.see"), first=is_first)
        )
    if view.settled_by:
        return _settled(tx, view)
    if order.refundable_minor <= 0:
        return "" if view.state == "completed" else _block("info", tx("track.again.nothing"), "", "")
    if is_over(order, holds, rules, now):
        if twice_minor:
            button = _button(href("/request", order=order.order_no), tx("track.again.go"), first=is_first)
            return _block("replay", tx("track.again.title"), _twice(tx, order, twice_minor), button)
        if view.state == "completed":
            return ""
        ends = holds.ask_until(order) or now
        since = tx("track.late.since", when=tx.until(ends, now), ago=tx.duration(now - ends))
        return _block("event_busy", tx("track.again.over"), since, _support(tx, order))
    said = [until(tx, order, holds, now=now)]
    if rules is not None and rules.found.verdict == "reject" and not rules.found.rule.startswith("law."):
        rule = wording.rule_sentence(tx, rules.policy, rules.found.rule, rules.facts)
        said.append(tx("track.again.refused", rule=rule))
    to = href("/request", order=order.order_no)
    button = _button(to, tx("track.again.go"), first=is_first and len(said) == 1)
    return _block("replay", tx("track.again.title"), " ".join(said), button)


def _twice(tx: Texts, order: OrderView, minor: int) -> str:
    reason = reason_words(tx, asking.TWICE, order.kind)
    return tx("track.late.twice", amount=tx.money(minor, order.currency), why=reason)


def _settled(tx: Texts, view: CaseView) -> str:
    """The last word on the order was spoken, here or in another request of it (R3.4, R3.6)."""
    if view.settled_by == view.case_no:
        return _block(
            "gavel", tx("track.again.final_title"), tx("track.again.final"), _support(tx, view.order)
        )
    see = _way("arrow_forward", href("/track", case=view.settled_by or ""), tx("track.again.settled_see"))
    return _block("gavel", tx("track.again.settled"), tx("track.again.final"), see)


def until(tx: Texts, order: OrderView, holds: Applying, *, now: datetime) -> str:
    """What is left of the order and until when it can be asked for."""
    left = tx.money(order.refundable_minor, order.currency)
    ends = holds.ask_until(order)
    if ends is None:
        return tx("track.again.open", amount=left)
    if ends < now:  # an exception of the rules
        return tx("track.again.exception", amount=left)
    return tx("track.again.until", amount=left, when=tx.until(ends, now))


def _block(icon: str, title: str, text: str, ways: str) -> str:
    below = f"<p>{esc(text)}</p>" if text else ""
    more = f'<div class="ways">{ways}</div>' if ways else ""
    return f'<div class="again"><h2>{ms(icon)}{esc(title)}</h2>{below}{more}</div>'


def _button(to: str, words: str, *, first: bool) -> str:
    return f'<a class="{"btn" if first else "button"}" href="{to}">{esc(words)}</a>'


def _way(icon: str, to: str, words: str) -> str:
    return f'<a href="{to}">{ms(icon)}{esc(words)}</a>'


def _note(words: str) -> str:
    return f'<p class="note">{esc(words)}</p>'


def _support(tx: Texts, order: OrderView) -> str:
    return _way("support_agent", href("/help"), tx("track.late.support")) + _note(
        tx("track.late.quote", order_no=order.order_no)
    )
