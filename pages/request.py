"""Asking for a refund: choose an order, then five steps to a case (R1, R2). Each step is a part."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import CaseAlreadyOpen, NotFound, NothingLeft, Refusal
from core.services import applying, asking, cases, orders, policies
from core.services.case_views import Look
from portal import boundary, session
from portal.blocks import order_list
from portal.html import esc, hero, href, ms
from portal.parts import (
    again,
    ask_proof,
    ask_route,
    ask_send,
    ask_verdict,
    ask_wrong,
    draft,
    pick,
    sent,
    stepper,
    wizard,
)
from portal.parts.wizard import Wizard

actor = session.require("customer", "guest", "support")
tx, app = session.texts(), session.core()


def mine(limit: int) -> list[order_list.Line]:
    """The newest orders, and where each stands."""
    holds = applying.now(app)
    cards, found = (
        cases.list_for(app, actor, states=order_list.TELLING),
        orders.list_for(app, actor, limit=limit),
    )
    late, twice = again.late_drafts(cards), asking.charged_twice(app, found, holds)
    return order_list.lines(found, cards, late, twice, holds, app.now())


def choose() -> None:
    """No order in the address: the customer's own, with something left to refund."""
    st.html(hero(tx("request.title"), esc(tx("request.lead"))))
    with st.container(key="card-picks"):
        st.html(
            f'<h2 class="ask">{esc(tx("request.pick.title"))}</h2>'
            + pick.listing(tx, mine(60), now=app.now())
        )


def was_sent(case_no: str, *, before: bool = False) -> None:
    """The case as it stands right after sending, or the one that is in the way."""
    try:
        view = cases.view(app, actor, case_no)
    except NotFound:
        lost()
        return
    if view.state == "draft":  # an old link: it was never sent, or is being changed
        begin(view.order.order_no)
        return
    if before:
        st.html(wizard.notice(tx("request.open.title"), tx("request.open.text")))
    with st.container(key="card-sent"):
        st.html(
            sent.card(
                tx,
                view,
                policies.of_version(app, view.policy_version),
                applying.now(app),
                app.calendar,
                now=app.now(),
                is_guest=actor.role == "guest",
            )
        )
        st.html(sent.ways(tx, view), unsafe_allow_javascript=True)
    wizard.at_top(0, case_no)


def lost() -> None:
    """Somebody else's order and one that does not exist look the same (invariant 12)."""
    st.html(
        f'<div class="empty">{ms("search_off")}<h1>{esc(tx("request.lost.title"))}</h1><p>'
        f"{esc(tx('request.lost.text'))}</p>"
        f'<p><a href="{href("/request")}">{esc(tx("request.lost.pick"))}</a></p></div>'
    )


def steps(found: Look) -> None:
    """The wizard on a draft."""
    if found.view.order.refundable_minor <= 0:
        boundary.show(NothingLeft(), way_on=(tx("request.left.records"), "/records"))
        return
    view, answer = found.view, found.answer
    w = Wizard(app, actor, tx, view, found.policy, found.in_force, found.now, answer)
    step, notice = draft.place(w, answer)
    done, skipped = wizard.progress(w, step, answer)
    beside = draft.beside(w, step)
    st.html(
        f'<h1 class="sr">{esc(tx("request.title"))}</h1>'
        + stepper.stepper(tx, step, steps=wizard.sequence(w), done=done, skipped=skipped)
    )
    main, aside = st.columns([1.95, 1], gap="large")
    with main:
        if notice:
            st.html(notice)
        if step == wizard.WRONG or answer is None:
            ask_wrong.show(w)
        elif step == wizard.VERDICT:
            ask_verdict.show(w, answer)
        elif step == wizard.ROUTE:
            ask_route.show(w, answer)
        elif step == wizard.EVIDENCE:
            ask_proof.show(w, answer)
        else:
            ask_send.show(w, answer, found.version)
        st.html(f'<p class="note c">{esc(tx("request.saved"))}</p>')
    with aside, st.container(key="aside"):
        st.html(beside)
    wizard.at_top(step, view.case_no)


def begin(order_no: str) -> None:
    try:
        found = draft.resume(app, actor, order_no)
    except CaseAlreadyOpen as refused:
        was_sent(str(refused.params["case_no"]), before=True)
    except NotFound:
        lost()
    except Refusal as refused:
        boundary.show(refused, way_on=(tx("request.lost.pick"), "/request"))
    else:
        steps(found)


if done := st.query_params.get("sent"):
    was_sent(done)
elif order_no := st.query_params.get("order"):
    begin(order_no)
else:
    choose()
