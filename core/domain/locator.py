"""The money locator: where the money is now, who holds it, what happens next, by when, and how sure that is.
Total over every state.

The answer is a key and raw parameters; `core.wording` makes the sentence of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.domain.arrived import in_balance, names, surely, whole
from core.domain.deadlines import ESCALATED_TO, SECOND
from core.domain.lifecycle import CASE
from core.domain.located import (
    BEHIND,
    BY_A_DATE,
    BY_HAND,
    DISPUTED,
    KEYS,
    LATE,
    MISSING,
    OPEN,
    OVERDUE,
    OWN,
    WITH_SHOP,
    BillRow,
    Holder,
    Kept,
    Located,
    Piece,
    Talks,
    Ticket,
)
from core.domain.vouchers import KINDS as VOUCHERS

__all__ = ["DISPUTED", "KEYS", "OWN", "BillRow", "Kept", "Located", "Piece", "Talks", "Ticket", "locate"]


def locate(
    state: str,
    *,
    amount_minor: int | None,
    currency: str,
    due_at: datetime | None,
    pieces: Sequence[Piece],
    now: datetime,
    published_through: int,
    channels: Sequence[str] = (),
    owner: str | None = None,
    ask_until: datetime | None = None,
    asked_minor: int | None = None,
    was_sent: bool = True,
    is_offered: bool = False,
    talks: Talks | None = None,
    balance_minor: int | None = None,
) -> Located:
    """Where the money of a case in `state` is. `channels`: where an approved refund will go. `owner`: who has
    it since it is late, or since one of two has approved. `ask_until`: the end of the window to ask, None
    while it has not begun. `asked_minor`: what was asked for, where less was granted. `was_sent`: False for
    what ended as a draft. `is_offered`: what waits for the customer is an offer.
    `balance_minor`: what the customer's balance holds now, where money went there; None: not for the reader.
    """
    if state not in CASE.states:
        raise ValueError(f"unknown state {state!r}")
    if state == "draft":
        return _draft(due_at, ask_until, now, published_through)
    if not was_sent:
        return Located("locator.never_sent", "shop", "locator.next.apply_again")
    found = _of_sent(
        state, amount_minor, currency, due_at, pieces, now, published_through, channels, owner, talks
    )
    if balance_minor is not None and found.next_key == "locator.next.done":
        found = in_balance(found, balance_minor)
    if is_offered and found.by is not None:
        return replace(found, key="locator.offered", next_key="locator.next.offer")
    if asked_minor is not None:
        return replace(found, params=found.params | {"asked_minor": asked_minor, "currency": currency})
    if state == "rejected" and ask_until is not None:
        return _rejected(found, ask_until, now)
    return found


def _draft(
    due_at: datetime | None, ask_until: datetime | None, now: datetime, published_through: int
) -> Located:
    """What ends first is said: the window to ask, or the time for which the draft is kept."""
    key, next_key = WITH_SHOP["draft"]
    if ask_until is not None and ask_until < now:
        return Located("locator.draft_late", "shop", next_key, params={"ended_at": ask_until})
    if ask_until is not None and (due_at is None or ask_until <= due_at):
        return Located("locator.draft_until", "shop", next_key, ask_until)
    if due_at is None or due_at <= now:
        return Located("locator.draft_open", "shop", next_key)
    return Located(key, "shop", next_key, due_at, due_at.year > published_through)


def _rejected(found: Located, ask_until: datetime, now: datetime) -> Located:
    """An appeal has its own time; what is asked for anew counts from then, so the window bounds it."""
    if ask_until < now:
        key = found.key if found.by is None else "locator.rejected_appeal"
        return replace(found, key=key, next_key="locator.next.appeal_only")
    if found.by is not None and ask_until < found.by:
        return replace(found, key="locator.rejected_both", params=found.params | {"again_at": ask_until})
    return found


def _of_sent(
    state: str,
    amount_minor: int | None,
    currency: str,
    due_at: datetime | None,
    pieces: Sequence[Piece],
    now: datetime,
    published_through: int,
    channels: Sequence[str],
    owner: str | None,
    talks: Talks | None,
) -> Located:
    live = [piece for piece in pieces if piece.state != "replanned"]
    arrived = [piece for piece in live if piece.state == "arrived"]
    waiting = [piece for piece in live if piece.state in OPEN]
    if state == "negotiating":
        found = _talks(arrived, pieces, amount_minor, currency, talks)
        return _by_date(found, due_at, now, published_through, is_late=owner == ESCALATED_TO)
    if state in ("paying", "completed"):
        # What finance has not transferred yet is here, whoever looks for it.
        lost = next((p for p in live if p.ticket and (p.state == "arrived" or not p.by_hand)), None)
        if lost is not None:
            return _missing(lost, currency, now, published_through)
        if state == "completed" or (arrived and not waiting):
            return whole(arrived, currency)
        found = _on_its_way(arrived, waiting, amount_minor, currency, now, published_through)
        return surely(found, waiting)
    key, next_key = WITH_SHOP[state]
    params: dict[str, Any] = {"amount_minor": amount_minor, "currency": currency}
    if due_at is not None and due_at <= now:
        due_at = None
    if state in OVERDUE and owner == ESCALATED_TO:
        key = OVERDUE[state] if due_at is None else f"{OVERDUE[state]}_by"
    elif state in OVERDUE and due_at is None:
        key = LATE
    elif state in OVERDUE and owner == SECOND:
        key = "locator.endorsed"
    elif due_at is None and state in BY_A_DATE:
        key = "locator.with_shop"
    if state == "approved":
        params["channels"] = names(channels)
        due_at = None
    provisional = due_at is not None and due_at.year > published_through
    return Located(key, "shop", next_key, due_at, provisional, params)


def _on_its_way(
    arrived: Sequence[Piece],
    waiting: Sequence[Piece],
    amount_minor: int | None,
    currency: str,
    now: datetime,
    published_through: int,
) -> Located:
    if not waiting:  # between two lines of one transaction; said as carefully as a loss
        params: dict[str, Any] = {"amount_minor": amount_minor, "currency": currency, "channels": ()}
        return Located("locator.handing", "shop", "locator.next.accept", None, False, params)
    behind = min(waiting, key=lambda piece: OPEN.index(piece.state)).state
    key, next_key = BEHIND[behind]
    by = None
    if all(piece.channel in VOUCHERS for piece in waiting):  # nobody else has a part in it
        behind, key, next_key = "planned", "locator.issuing", "locator.next.issue"
    hands = [piece for piece in waiting if piece.by_hand]
    if hands:
        return _by_hand(hands, waiting, arrived, currency, now, published_through)
    if behind == "accepted":
        by = max((piece.eta_at for piece in waiting if piece.eta_at is not None), default=None)
        if by is None:  # never without a date; said as carefully as a loss
            key, next_key = BEHIND["unknown"]
        elif now >= by:
            key, next_key = "locator.with_channel_late", "locator.next.late"
    params = {
        "amount_minor": sum(piece.amount_minor for piece in waiting),
        "currency": currency,
        "channels": names(piece.channel for piece in waiting),
    }
    away = [piece for piece in waiting if piece.is_away and piece.state != "accepted"]
    if away:
        next_key = "locator.next.away"
        params["away"] = names(piece.channel for piece in away)
    if arrived:
        key += "_rest"
        params["arrived_minor"] = sum(piece.amount_minor for piece in arrived)
    holder: Holder = "shop" if behind == "planned" else "channel"
    return Located(key, holder, next_key, by, by is not None and by.year > published_through, params)


def _by_hand(
    hands: Sequence[Piece],
    waiting: Sequence[Piece],
    arrived: Sequence[Piece],
    currency: str,
    now: datetime,
    published_through: int,
) -> Located:
    """It is still here: somebody of finance transfers it, and what a channel has comes beside it."""
    by = max((piece.eta_at for piece in hands if piece.eta_at is not None), default=None)
    key = "locator.by_hand_soon" if by is None else BY_HAND[now >= by]
    params: dict[str, Any] = {
        "amount_minor": sum(piece.amount_minor for piece in waiting),
        "currency": currency,
        "channel": hands[0].channel,
        "account": hands[0].account,
    }
    if arrived:
        key += "_rest"
        params["arrived_minor"] = sum(piece.amount_minor for piece in arrived)
    by_then = None if by is None or now >= by else by
    is_provisional = by_then is not None and by_then.year > published_through
    return Located(key, "shop", "locator.next.transfer", by_then, is_provisional, params)


def _missing(lost: Piece, currency: str, now: datetime, published_through: int) -> Located:
    """One record against what the customer sees: nobody knows yet, people look, and answer by a date."""
    assert lost.ticket is not None
    due_at = lost.ticket.due_at
    is_late = lost.ticket.is_late or due_at <= now
    by = due_at if due_at > now else None
    told, open_, by_hand = MISSING
    key = open_ if lost.state != "arrived" else by_hand if lost.by_hand else told
    params: dict[str, Any] = {
        "amount_minor": lost.amount_minor,
        "currency": currency,
        "channel": lost.channel,
        "account": lost.account,
        "arrived_at": lost.arrived_at,
    }
    return Located(
        key if not is_late else f"{key}_late" if by is None else f"{key}_late_by",
        "channel",
        "locator.next.ticket",
        by,
        by is not None and by.year > published_through,
        params,
        DISPUTED,
    )


def _talks(
    arrived: Sequence[Piece],
    pieces: Sequence[Piece],
    amount_minor: int | None,
    currency: str,
    talks: Talks | None,
) -> Located:
    """Whose turn it is: the customer's until they have said how to have it, then finance's."""
    if pieces:
        found = _bounced(arrived, pieces, currency)
        return _yours(found, f"{found.key}_yours", talks) if talks is not None and talks.is_theirs else found
    key, next_key = WITH_SHOP["negotiating"]
    params = {"amount_minor": amount_minor, "currency": currency}
    found = Located(key, "shop", next_key, params=params)
    if talks is None or not talks.is_theirs:
        return found
    return _yours(found, f"locator.your_way_{talks.why}", talks)


def _yours(found: Located, key: str, talks: Talks) -> Located:
    next_key = "locator.next.suggested" if talks.is_suggested else "locator.next.your_way"
    return replace(found, key=key, next_key=next_key, turn=True)


def _by_date(
    found: Located, due_at: datetime | None, now: datetime, published_through: int, *, is_late: bool
) -> Located:
    """Until when people settle it; a date that has passed is not repeated."""
    next_key = "locator.next.talks_late" if is_late and not found.turn else found.next_key
    if due_at is None or due_at <= now:
        return replace(found, next_key=next_key)
    is_provisional = due_at.year > published_through
    return replace(found, key=f"{found.key}_by", next_key=next_key, by=due_at, provisional=is_provisional)


def _bounced(arrived: Sequence[Piece], pieces: Sequence[Piece], currency: str) -> Located:
    back = [piece for piece in pieces if piece.state == "replanned"]
    params: dict[str, Any] = {
        "amount_minor": sum(piece.amount_minor for piece in back),
        "currency": currency,
        "channels": names(piece.channel for piece in back),
    }
    if arrived:
        params["arrived_minor"] = sum(piece.amount_minor for piece in arrived)
    key = "locator.bounced_rest" if arrived else "locator.bounced"
    return Located(key, "shop", "locator.next.agree", None, False, params)
