"""Step 3: where the money goes: the routes side by side, the amount that sums line by line (R4.2, R4.6)."""

from __future__ import annotations

import streamlit as st

from core.domain.routes import RouteOption
from core.services.case_views import Answer
from portal.html import esc
from portal.parts import amounts, choice, verdict, wizard
from portal.parts.wizard import Wizard


def chosen(w: Wizard, answer: Answer) -> RouteOption:
    """The option of the draft's route, or the best one."""
    options = answer.found.options
    return next((option for option in options if option.route == w.view.route), options[0])


def show(w: Wizard, answer: Answer) -> None:
    tx, options = w.tx, answer.found.options
    by_route = {option.route: option for option in options}
    current, reviewed = chosen(w, answer), answer.found.verdict != "approve"
    st.html(f'<div class="ask"><h1 id="step" tabindex="-1">{esc(tx("request.route.title"))}</h1></div>')
    with st.container(key="cards-routes"):
        st.radio(
            tx("request.route.title"),
            list(by_route),
            index=list(by_route).index(current.route),
            format_func=lambda route: choice.label(tx, by_route[route], w.order),
            captions=[
                choice.caption(tx, option, w.policy, now=w.now, reviewed=reviewed) for option in options
            ],
            key=w.key("route"),
            label_visibility="collapsed",
            width="stretch",
            on_change=_keep_route,
            args=(w,),
        )
    current = by_route[st.session_state[w.key("route")]]
    after = tx("request.route.if_approved") if reviewed else ""
    with st.container(key="card-sum"):
        st.html(
            f'<div class="sec in"><h2>{esc(tx("request.route.sum"))}</h2><span>{esc(after)}</span></div>'
            + amounts.table(tx, current.breakdown, w.currency, cross_border=is_abroad(answer))
            + ("" if current.route == "balance" else choice.kept_here(tx, current, is_about=reviewed))
        )
    asks = wizard.needs_evidence(w) and not wizard.was_turned(w, answer)
    goes_on = wizard.EVIDENCE if asks else wizard.SEND
    label = tx("request.next.evidence") if goes_on == wizard.EVIDENCE else tx("request.next.send")
    wizard.buttons(w, wizard.ROUTE, label, on_click=_next, args=(w, goes_on))


def receives(w: Wizard, answer: Answer) -> str:
    """The amount that the verdict's card shows; '' where none can be had yet."""
    if not answer.found.options:
        return ""
    return verdict.receives(w.tx, answer.found, chosen(w, answer), w.currency)


def is_abroad(answer: Answer) -> bool:
    """Whether there is an exchange difference to bear: a rate has fallen since a payment."""
    return any(tender.fx_loss_bp > 0 for tender in answer.facts.tenders)


def _keep_route(w: Wizard) -> None:
    wizard.save(w, route=st.session_state[w.key("route")])


def _next(w: Wizard, step: int) -> None:
    wizard.go(w, step, route=st.session_state[w.key("route")])
