"""The parcel-style timeline, newest first: what happened, what is happening, what will (R5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from core.domain import settlement
from core.domain.deadlines import ESCALATED_TO, REMIND
from core.domain.lifecycle import GRANTING
from core.domain.settlement import HERE
from core.services.case_views import CaseView, EventView, PayoutView
from core.texts import Texts
from portal.html import esc
from portal.parts import choice, talk, ways
from portal.parts.words import capped


@dataclass(frozen=True, slots=True)
class Step:
    """One line. `css`: '' past · fut · now · act · no. `note` is somebody's text and is shown as such."""

    when: str
    who: str
    what: str
    more: str = ""
    css: str = ""
    note: str = ""
    at: datetime | None = None


def timeline(tx: Texts, view: CaseView, etas: Mapping[str, tuple[int, int]], *, now: datetime) -> str:
    """The whole list as HTML. `etas`: the policy's working days to arrive, by channel."""
    return (
        f'<ol class="tl" aria-label="{esc(tx("track.timeline"))}">'
        + "".join(_item(tx, step) for step in steps(tx, view, etas, now=now))
        + "</ol>"
    )


def _item(tx: Texts, step: Step) -> str:
    note = capped(tx, step.note, "quote") if step.note else ""
    more = f"<p>{esc(step.more)}</p>" if step.more else ""
    here = ' aria-current="step"' if step.css in ("now", "act") else ""
    when = f"<span>{esc(step.when)}</span>"
    if step.css == "fut":  # what is to come stands on top: nobody is to take it for done
        to_come = f'<span class="to-come">{esc(tx("track.next.to_come"))}</span>'
        when = to_come if step.when == tx("track.next.then") else to_come + when
    return (
        f'<li class="{step.css}"{here}><i aria-hidden="true"></i><div class="w">{when}'
        f"<span>{esc(step.who)}</span></div>"
        f"<b>{esc(step.what)}</b>{more}{note}</li>"
    )


def steps(tx: Texts, view: CaseView, etas: Mapping[str, tuple[int, int]], *, now: datetime) -> list[Step]:
    """Future steps first (latest date on top), then the present, then the past."""
    past = [_event(tx, view, event, now) for event in _worth_telling(view.events)]
    moves = [moment for payout in view.payouts for moment in _moments(tx, payout, now)]
    # Of one instant: the decision before the money; what is done, after all.
    done = tx("track.did.complete")
    past = sorted([*past, *moves], key=lambda step: (step.what == done, step.at or now, step in moves))
    return _ahead(tx, view, etas, now) + past[::-1]


def _worth_telling(events: Sequence[EventView]) -> list[EventView]:
    """Without the system's inner steps. Every promise that was missed stands: a history forgets none; of one
    reminder after the other the latest stands for all.
    """
    told = [event for event in events if event.event not in ("pay", "screen")]
    again = {one.seq for one, other in pairwise(told) if one.event == other.event == REMIND}
    return [event for event in told if event.seq not in again]


def _event(tx: Texts, view: CaseView, event: EventView, now: datetime) -> Step:
    who = talk.speaker(tx, event)
    more = ""
    if (
        event.event in ("reject", "approve", "refer")
        and event.role == "system"
        and view.says
        and event.from_state == "screening"
    ):
        more = view.says.get("en" if tx.language == "en" else "zh", "")
    if event.event in GRANTING and view.approved_minor is not None:
        more = more or tx("track.said.amount", amount=tx.money(view.refund_minor or 0, view.currency))
    if event.way and (event.event == "agree" or (event.event == "propose" and event.role == "support")):
        more = " · ".join(filter(None, (ways.theirs(tx, event), ways.account(tx, event))))
    if event.event == "counter" and event.way:
        more = tx(f"track.suggest.{event.way}")
    css = "no" if event.event in ("reject", "lapse", "withdraw") else ""
    note = "" if event.event in talk.SPOKEN else event.note  # what was said stands in the conversation
    # A refund is complete when the money is there, not when we heard of it.
    at = _there(view, event.at) if event.event == "complete" else event.at
    return Step(tx.when(at, now), who, event_words(tx, event, view.events), more, css, note, at)


def _there(view: CaseView, heard_at: datetime) -> datetime:
    """When the last of the money arrived: who looks for it now has not moved that moment."""
    arrived = [payout.arrived_at for payout in view.payouts if payout.state == "arrived"]
    return max((at for at in arrived if at is not None), default=heard_at)


def event_words(tx: Texts, event: EventView, events: Sequence[EventView]) -> str:
    """What happened, as the customer would say it. `events`: the whole story."""
    if event.event == "approve":
        return tx("track.did.approve_auto") if event.role == "system" else tx("track.did.approve")
    if event.event == "reject":
        if event.to_state != "closed":
            return tx("track.did.reject")
        before = any(other.event == "reject" and other.seq < event.seq for other in events)
        return tx("track.did.reject_final") if before else tx("track.did.reject_ruled")
    if event.event == "withdraw" and event.seq == 1:
        return tx("track.did.delete")
    if event.event == "lapse":
        return (
            tx("track.did.lapse_reply") if event.from_state == "awaiting_customer" else tx("track.did.lapse")
        )
    return {
        "submit": tx("track.did.submit"),
        "refer": tx("track.did.refer"),
        "endorse": tx("track.did.endorse"),
        "offer": tx("track.did.offer"),
        "accept": tx("track.did.accept"),
        "decline": tx("track.did.decline"),
        "expire": tx("track.did.expire"),
        "propose": tx("track.did.propose"),
        "counter": tx("track.did.counter"),
        "remind": tx("track.did.remind"),
        "transfer": tx("track.did.transfer"),
        "find_forgery": tx("track.did.find_forgery"),
        "ask": tx("track.did.ask"),
        "answer": tx("track.did.answer"),
        "dispute": tx("track.did.dispute"),
        "escalate": tx("track.did.escalate"),
        "withdraw": tx("track.did.withdraw"),
        "negotiate": tx("track.did.negotiate"),
        "agree": tx("track.did.agree"),
        "complete": tx("track.did.complete"),
        "reapply": tx("track.did.reapply"),
        "appeal": tx("track.did.appeal"),
        "pay": tx("track.did.pay"),
    }.get(event.event, tx("track.did.open"))


def _moments(tx: Texts, payout: PayoutView, now: datetime) -> list[Step]:
    amount = tx.money(payout.amount_minor, payout.currency)
    channel = tx(f"channel.{payout.channel}")
    found = []
    if payout.channel in HERE:
        if payout.arrived_at:
            expires = (
                tx("track.paid.expires", date=tx.day_long(payout.expires_at)) if payout.expires_at else ""
            )
            found.append(
                _moment(
                    tx,
                    payout.arrived_at,
                    tx("track.who.shop"),
                    tx("track.paid.balance", amount=amount)
                    if payout.channel == "balance"
                    else tx("track.paid.voucher", amount=amount, channel=channel),
                    expires,
                    now,
                )
            )
        return found
    if payout.payee_channel:
        channel = tx(f"channel.{payout.payee_channel}")
    elif payout.accepted_at:
        reference = tx("track.paid.reference", reference=payout.reference) if payout.reference else ""
        found.append(
            _moment(
                tx,
                payout.accepted_at,
                channel,
                tx("track.paid.accepted", channel=channel, amount=amount),
                reference,
                now,
            )
        )
    elif payout.sent_at:
        found.append(
            _moment(
                tx,
                payout.sent_at,
                tx("track.who.shop"),
                tx("track.paid.sent", channel=channel, amount=amount),
                "",
                now,
            )
        )
    if payout.arrived_at:
        account = tx("track.paid.account", channel=channel, account=payout.account).strip()
        if payout.in_wallet:
            account = tx("track.paid.wallet", channel=channel)
        found.append(
            _moment(tx, payout.arrived_at, channel, tx("track.paid.arrived", amount=amount), account, now)
        )
    return found


def _moment(tx: Texts, at: datetime, who: str, what: str, more: str, now: datetime) -> Step:
    return Step(tx.when(at, now), who, what, more, "", "", at)


def _ahead(tx: Texts, view: CaseView, etas: Mapping[str, tuple[int, int]], now: datetime) -> list[Step]:
    """The present and what follows it, the furthest first."""
    due = (
        tx("track.next.by", date=tx.date(view.due_at, now, provisional=view.provisional))
        if view.due_at
        else ""
    )
    us = tx("track.who.reviewer")
    you = tx("track.who.other_customer") if view.is_from_outside else tx("track.who.customer")
    is_late = view.due_at is not None and view.due_at <= now
    if is_late:
        due = tx("track.next.past")
    arrive = Step(_eta(tx, view, etas, now), _carrier(tx, view), tx("track.next.arrive"), "", "fut")
    pay = Step(tx("track.next.then"), tx("track.who.shop"), _paying(tx, view), "", "fut")
    current = tx("track.next.now")
    if view.state in ("screening", "in_review", "in_appeal", "in_arbitration"):
        if view.owner:  # it was late once: a lead has it, or presses for the ruling
            us = tx("track.who.lead")
        who = tx("track.who.arbiter") if view.state == "in_arbitration" else us
        return [arrive, pay, Step(current, who, tx("track.next.review"), due, "now")]
    if view.state == "awaiting_customer":
        mine = tx("track.next.answer") if view.offer is None else tx("track.next.offer")
        return [
            arrive,
            Step(tx("track.next.then"), us, tx("track.next.resume"), "", "fut"),
            Step(current, you, mine, due, "act"),
        ]
    if view.state == "negotiating":
        if view.locator.turn:
            is_asked = settlement.is_suggested(event.event for event in view.events)
            mine = tx("track.next.suggestion") if is_asked else tx("track.next.your_way")
            return [arrive, Step(current, you, mine, due, "act")]
        who = tx("track.who.lead") if view.owner == ESCALATED_TO else tx("track.who.finance")
        return [arrive, Step(current, who, tx("track.next.negotiate"), due, "now")]
    if view.state == "approved":
        return [arrive, Step(current, tx("track.who.shop"), tx("track.next.paying"), "", "now")]
    if view.state == "paying":
        asked = any(payout.state == "unknown" for payout in view.payouts)
        words = tx("track.next.asking") if asked else tx("track.next.channel")
        if view.locator.next_key == "locator.next.transfer":
            us, words = tx("track.who.finance"), tx("track.next.transfer")
            return [arrive, Step(current, us, words, "", "now")]
        return [arrive, Step(current, _carrier(tx, view), words, "", "now")]
    if view.state == "rejected":
        over = view.ask_until is not None and view.ask_until < now
        words = tx("track.next.appeal_only") if over else tx("track.next.appeal")
        if view.ask_until and view.due_at and now <= view.ask_until < view.due_at:
            sooner = tx("track.next.by", date=tx.date(view.ask_until, now))
            return [
                Step(due, you, tx("track.next.appeal_until"), tx("track.next.else_closed"), "fut"),
                Step(sooner, you, tx("track.next.reapply_until"), "", "fut"),
            ]
        return [Step(due, you, words, tx("track.next.else_closed"), "fut")]
    if view.state == "draft":
        return [Step(current, you, tx("track.next.send"), _to_send(tx, view, now), "now")]
    return []


def _paying(tx: Texts, view: CaseView) -> str:
    """What comes after the approval: talks only where they were chosen, or nothing else is open."""
    return tx("track.next.settle" if view.route == "negotiated" else "track.next.pay")


def _to_send(tx: Texts, view: CaseView, now: datetime) -> str:
    """Until when a draft can be sent: what ends first, as the sentence above says it."""
    by = view.locator.by
    if by is None:
        return ""
    key = "track.next.by" if by == view.ask_until else "track.next.kept"
    return tx(key, date=tx.date(by, now))


def _eta(tx: Texts, view: CaseView, etas: Mapping[str, tuple[int, int]], now: datetime) -> str:
    """The date promised by the payouts, or how long it takes from paying."""
    waiting = [payout for payout in view.payouts if payout.state not in ("arrived", "replanned")]
    promised = [(payout.eta_at, payout.provisional) for payout in waiting if payout.eta_at]
    if promised:
        last, provisional = max(promised)
        return tx("track.next.expected", date=tx.date(last, now, provisional=provisional))
    if view.route == "negotiated":
        return tx("track.next.afterwards")
    found = {channel: etas[channel] for channel in _channels(view) if channel in etas}
    if not found:  # by hand
        return tx("track.next.afterwards")
    if not any(last for _, last in found.values()):
        return tx("track.next.at_once")
    return tx("track.next.after_paying", speed=choice.days(tx, found))


def _channels(view: CaseView) -> list[str]:
    """The channels that carry the money, or will."""
    moving = [payout.channel for payout in view.payouts if payout.state not in ("replanned", "arrived")]
    if moving:
        return list(dict.fromkeys(moving))
    return (
        ["balance"]
        if view.route == "balance"
        else list(dict.fromkeys(p.channel for p in view.order.payments))
    )


def _carrier(tx: Texts, view: CaseView) -> str:
    if view.route == "negotiated" and not view.payouts:
        return tx("track.who.shop")
    return tx.list([tx(f"channel.{channel}") for channel in _channels(view)])
