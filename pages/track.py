"""Following a refund: where the money is, whose turn it is, what happened and what comes next (R5.1–R5.3)."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.errors import NotFound
from core.domain.workdays import ZONE
from core.services import applying, cases, missing, notices, policies, support
from core.services.case_views import CaseView
from portal import session
from portal.blocks import open_cases
from portal.html import esc, hero, href, ms, section
from portal.parts import (
    add_proof,
    again,
    behalf,
    case_list,
    cover,
    eta,
    goods,
    held,
    locator,
    sent,
    talk,
    ticket,
    timeline,
    track_side,
    track_turn,
)
from portal.parts import missing as not_received
from portal.parts.turn import Turn, too_late
from portal.parts.wizard import bad

SOON, SLOWLY, UNTIL_ACCEPTED = 10, 20, 3  # seconds until it looks again: more often where money moves

actor = session.require("customer", "guest", "support")
tx, app = session.texts(), session.core()


def choose() -> None:
    """No case in the address: one's own, what is open first."""
    st.html(hero(tx("track.title")))
    found = open_cases.begun(cases.list_for(app, actor, limit=50))
    st.html(case_list.listing(tx, found, again.late_drafts(found), now=app.now()))


def lost() -> None:
    st.html(
        f'<div class="empty">{ms("search_off")}<h1>{esc(tx("track.lost.title"))}</h1><p>'
        f"{esc(tx('track.lost.text'))}</p>"
        f'<p><a href="{href("/track")}">{esc(tx("track.lost.mine"))}</a></p></div>'
    )


def mark(view: CaseView) -> tuple[Any, ...]:
    """What the screen depends on: when this changes, everything is drawn anew."""
    return (
        view.state,
        len(view.events),
        len(view.evidence),
        view.due_at,
        tuple((p.id, p.state, p.heard_at, p.row, p.ticket) for p in view.payouts),
    )


def follow(view: CaseView) -> None:
    """One case."""
    now = app.now()
    turn = Turn(app, actor, tx, view, now)
    if session.unread():
        notices.mark_case(app, actor, view.case_no)
    watch(view)
    if actor.role == "support":
        whom = support.called(app, actor, view.customer_id)
        behalf.banner(tx, view.customer_id, whom, view.order.order_no)
    days = policies.of_version(app, view.policy_version).eta_working_days
    with st.container(key="card-loc"):
        beside = eta.beside(app, tx, view, days) + held.of_case(tx, view, actor)
        st.html(locator.card(tx, view, now=now, beside=beside))
    may_ask = not view.is_from_outside
    seeks = may_ask and not_received.may_be_missing(view, now=now)
    lost = missing.look(app, actor, view.case_no) if seeks else None
    main, aside = st.columns([1.95, 1], gap="large")
    with main:
        if refused := too_late(turn):
            st.html(bad(tx.refusal(refused)))
        if lost and lost.tickets:
            with st.container(key="card-ticket"):
                st.html(ticket.told(turn, lost.tickets[0]))
        if lost is not None:  # near the top, below the sentence that it doubts
            with st.expander(
                tx("track.missing.title"), icon=":material/help:", type="compact", key="rule",
                expanded=not_received.is_urgent(lost, now=now),
            ):  # fmt: skip
                not_received.show(turn, lost)
        if not may_ask:
            with st.container(key="card-again"):
                st.html(track_side.from_outside(tx))
        elif track_turn.is_turn(view):
            track_turn.show(turn)
        st.html(section(tx("track.timeline")))
        with st.container(key="card-tl"):
            st.html(timeline.timeline(tx, view, days, now=now))
        if said := talk.talk(tx, view, now=now):
            st.html(section(tx("track.talk")))
            with st.container(key="card-talk"):
                st.html(said)
    with aside, st.container(key="aside"):
        holds, may_add = applying.now(app), may_ask and view.state in add_proof.OPEN
        st.html(track_side.column(tx, view, holds, now=now, may_add=may_add))
        with st.container(key="others", gap="xsmall"):
            st.html(sent.copy_link(tx, href("/track", case=view.case_no)), unsafe_allow_javascript=True)
            track_turn.others(turn)


def watch(view: CaseView) -> None:
    """The line above everything, which looks again by itself and says when it last did."""
    fresh = [view]

    def look() -> None:
        if fresh:
            current = fresh.pop()
        else:
            current = cases.view(app, session.require("customer", "guest", "support"), view.case_no)
            if mark(current) != mark(view):
                cover.redraw()
        name = goods.title(view.order.product, view.order.quantity)
        # A form that was never sent is no request with a number.
        is_form = view.state == "draft" and not view.events
        crumb = tx("track.crumb_begun") if is_form else tx("track.crumb", case_no=view.case_no)
        at = tx("track.updated", time=f"{app.now().astimezone(ZONE):%H:%M}")
        st.html(
            f'<div class="crumb"><span>{esc(crumb)}</span>'
            '<span class="opt">·</span>'
            f'<bdi class="opt">{esc(name)}</bdi><span class="upd">{ms("sync")}{esc(at)}</span></div>'
        )

    st.fragment(look, run_every=interval(view))()


def interval(view: CaseView) -> int | None:
    """How long until the page looks again; never once the case is finished and nobody looks for its money."""
    if view.finished_at:
        return SLOWLY if any(payout.ticket for payout in view.payouts) else None
    handed_over = all(payout.state in ("accepted", "arrived", "replanned") for payout in view.payouts)
    if view.state == "approved" or (view.state == "paying" and not handed_over):
        return UNTIL_ACCEPTED
    return SOON if view.state == "paying" else SLOWLY


if case_no := st.query_params.get("case"):
    try:
        found = cases.view(app, actor, case_no.strip().upper())  # typed by hand as well
    except NotFound:
        lost()
    else:
        follow(found)
else:
    choose()
