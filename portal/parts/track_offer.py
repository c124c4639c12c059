"""An offer that waits for the customer: what they would get, how it sums, until when; take it or not."""

from __future__ import annotations

import streamlit as st

from core.domain.routes import RouteOption
from core.domain.terms import Terms
from core.services import policies
from portal.html import esc, ms
from portal.parts import amounts, choice
from portal.parts.turn import Turn, act, button_key, clock_of, head, refusal
from portal.parts.wizard import bad


def show(t: Turn, option: RouteOption) -> None:
    tx, view = t.tx, t.view
    policy = policies.of_version(t.app, view.policy_version)
    how = tx(
        "track.turn.offer_how",
        asked=tx.money(view.requested_minor or 0, view.currency),
        amount=tx.money(option.breakdown.refund, view.currency),
    )
    said = next((event.note for event in reversed(view.events) if event.event == "offer"), "")
    clock = clock_of(t, view.due_at, tx("track.turn.offer_else"))
    where = choice.place(tx, option, view.order)
    fast = choice.speed(tx, option, policy, now=t.now, reviewed=False)
    st.html(
        head(t, tx("track.turn.offer"), how, quote=said, clock=clock)
        + f'<p class="goes">{ms("arrow_forward")}<span><b>{esc(where)}</b> {esc(fast)}</span></p>'
        + choice.kept_here(tx, option)
        + amounts.table(tx, option.breakdown, view.currency)
    )
    for event in ("accept", "decline"):
        if refused := refusal(t, event):
            st.html(bad(tx.refusal(refused)))
    key = f"decline-{view.case_no}"
    with st.container(key="turnbtn", horizontal=True):
        st.button(
            tx("track.turn.accept"), key=button_key(t, "accept"), type="primary", on_click=_accept, args=(t,)
        )
        with st.popover(tx("track.turn.decline"), key="decline"):
            st.text_area(tx("track.turn.decline_label"), key=key, height=96)
            st.button(
                tx("track.turn.decline"), key=button_key(t, "decline"), on_click=_decline, args=(t, key)
            )


def _accept(t: Turn) -> None:
    act(t, "accept")


def _decline(t: Turn, key: str) -> None:
    act(t, "decline", terms=Terms(st.session_state.get(key, "")))
