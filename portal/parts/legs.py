"""Each movement of a refund on its own line: to which account, how much, by when. Planned, or as it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from core.domain.located import Kept
from core.domain.missing import BY_HAND
from core.domain.policy import Policy
from core.domain.routes import RouteOption
from core.domain.workdays import Calendar
from core.services.case_views import CaseView
from core.services.orders import OrderView
from core.texts import Texts
from portal.html import esc


@dataclass(frozen=True, slots=True)
class Line:
    """One movement. `by`: the date promised, None where there is none; `expires`: of a balance, `is_about` an
    estimate. Without a channel people settle first where it goes.
    """

    channel: str
    account: str
    amount_minor: int
    state: str = ""  # of the payout; none while it is only planned
    by: datetime | None = None
    is_provisional: bool = False
    expires: date | datetime | None = None
    is_about: bool = False
    kept: Kept | None = None  # what became of what stays here


def planned(
    option: RouteOption,
    order: OrderView,
    policy: Policy,
    calendar: Calendar,
    *,
    now: datetime,
    is_reviewed_first: bool,
) -> tuple[Line, ...]:
    """What sending it now would lead to; on a negotiated route the account is not known yet, only until when
    it is settled.
    """
    wait = policy.working_days.review_most if is_reviewed_first else 0
    if option.route == "negotiated":
        end = calendar.deadline(now, policy.working_days.arbitration + wait)
        amount = sum(leg.amount_minor for leg in option.legs)
        return (Line("", "", amount, by=end.at, is_provisional=end.provisional),)
    accounts = {payment.id: payment.account for payment in order.payments}
    lines = []
    for leg in option.legs:
        days = policy.eta_working_days[leg.channel][1] + wait
        by = calendar.deadline(now, days) if days else None
        is_here = leg.channel == "balance"
        lines.append(
            Line(
                leg.channel,
                "" if is_here else accounts.get(leg.payment_id, ""),
                leg.amount_minor,
                by=by.at if by is not None else None,
                is_provisional=by is not None and by.provisional,
                expires=option.expires_on if is_here else None,
                is_about=is_reviewed_first,
            )
        )
    return tuple(lines)


def of(view: CaseView) -> tuple[Line, ...]:
    """The payouts of a case, those that were replaced left out."""
    return tuple(
        Line(
            p.channel, p.account, p.amount_minor, p.state, p.eta_at, p.provisional, p.expires_at, kept=p.kept
        )
        for p in view.payouts
        if p.state != "replanned"
    )


def listed(tx: Texts, lines: tuple[Line, ...], currency: str, *, now: datetime) -> str:
    """`支付宝 138****2972 · 预计最晚 12月1日` on the left, the amount on the right."""
    items = "".join(
        f"<div><dt><bdi>{esc(account(tx, line))}</bdi><small>{esc(when(tx, line, now=now))}</small></dt>"
        f"<dd>{esc(tx.money(line.amount_minor, currency))}</dd></div>"
        for line in lines
    )
    return f'<dl class="legs">{items}</dl>'


def account(tx: Texts, line: Line) -> str:
    if not line.channel:
        return tx("track.locator.agreed")
    return f"{tx(f'channel.{line.channel}')} {line.account}".strip()


def when(tx: Texts, line: Line, *, now: datetime) -> str:
    """How far it is or by when it arrives, and until when a balance is good."""
    if not line.channel:
        if line.by is None or line.by <= now:
            return tx("request.route.settled_first")
        date = tx.date(line.by, now, provisional=line.is_provisional)
        return tx("request.route.settled_by", date=date)
    said = []
    if line.state:
        is_to_transfer = line.channel == BY_HAND and line.state in ("planned", "sending", "accepted")
        said.append(tx("track.next.transfer" if is_to_transfer else f"payout_state.{line.state}"))
    if line.state != "arrived" and line.by and line.by > now:
        said.append(tx("track.next.expected", date=tx.date(line.by, now, provisional=line.is_provisional)))
    elif not line.state and line.channel == "balance":
        said.append(tx("request.route.at_once"))
    said.append(_became(tx, line, now) or good_until(tx, line))
    return " · ".join(filter(None, said))


def _became(tx: Texts, line: Line, now: datetime) -> str:
    """Of a credit or a voucher of which nothing is good any more; '' else."""
    if line.kept is None or line.kept.left_minor:
        return ""
    if line.kept.used_at is not None:
        return tx("track.locator.used", date=tx.date(line.kept.used_at, now))
    return tx("track.locator.ended" if line.kept.ended_minor else "track.balance.used")


def good_until(tx: Texts, line: Line) -> str:
    """Until when a balance can be used; '' for what goes elsewhere."""
    if not line.expires:
        return ""
    last = tx.day_long(line.expires)
    return (
        tx("track.balance.until_about", date=last) if line.is_about else tx("track.balance.until", date=last)
    )


def keep(case_no: str, lines: tuple[Line, ...]) -> None:
    """What was agreed to on the last step, for the screen after it; within a second there are payouts."""
    st.session_state[f"legs-{case_no}"] = lines


def latest(view: CaseView) -> tuple[Line, ...]:
    """The payouts; before there are any, what this visitor agreed to."""
    return of(view) or st.session_state.get(f"legs-{view.case_no}", ())
