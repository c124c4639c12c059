"""Deciding at the desk: an action, its reason, what the customer will read, one key to send it.

An action is chosen by a key or a click; a template fills in the reason; the preview is the decision itself,
taken and taken back (`desk.preview`). Nothing is decided before it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.rights import APPROVING
from core.domain.terms import Terms
from core.services import cases, desk
from core.services.case_views import CaseView
from core.services.desk import File
from core.texts import Texts
from portal.html import esc, lines, ms
from portal.parts import amounts, desk_terms, locator
from portal.parts.desk_terms import Action
from portal.parts.wizard import bad


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the desk in this run."""

    app: App
    actor: Actor
    tx: Texts
    now: datetime


ACTIONS: Final = (
    Action("approve", "a", "check", ("checked", "goodwill")),
    Action("offer", "o", "local_offer", ("part", "balance")),
    Action("agree", "g", "handshake", ("checked",)),
    Action("transfer", "p", "payments"),
    Action("reject", "x", "close", ("used", "works", "late", "unclear")),
    Action("ask", "q", "help", ("when", "picture", "tried", "account")),
    Action("dispute", "t", "balance", ("second_view",)),
    Action("negotiate", "n", "handshake"),
    Action("find_forgery", "f", "report"),
)
DONE: Final = "desk_done"


def show(at: Seat, file: File, held: Refusal | None, then: str | None) -> None:
    """The buttons this person has, then the form of the chosen one. `then`: the case that comes next."""
    tx = at.tx
    view = file.view
    open_to = [action for action in ACTIONS if action.event in view.allowed] if held is None else []
    if not view.evidence:  # nothing to find anything about
        open_to = [action for action in open_to if action.event != "find_forgery"]
    if not open_to:
        if held is None:
            st.html(f'<p class="note">{esc(tx("desk.nothing_to_do"))}</p>')
        return
    chosen_key = f"desk-act-{view.case_no}"
    chosen = st.session_state.get(chosen_key)
    with st.container(key="desk-acts", horizontal=True):
        for action in open_to:
            st.button(
                tx(f"desk.act.{action.event}"), key=f"do-{action.event}", shortcut=action.key,
                icon=f":material/{action.icon}:", type="primary" if action.event == chosen else "secondary",
                on_click=_choose, args=(chosen_key, action.event),
            )  # fmt: skip
    for action in open_to:
        if action.event == chosen:
            with st.container(key="card-decide"):
                _form(at, file, action, then)


def _choose(key: str, event: str) -> None:
    st.session_state[key] = event


def _form(at: Seat, file: File, action: Action, then: str | None) -> None:
    tx, view, event = at.tx, file.view, action.event
    terms, problem = desk_terms.ask(tx, file, action)
    if terms is None:
        if problem:
            st.html(bad(problem))
        return
    try:
        after = desk.preview(at.app, at.actor, view.case_no, event, terms)
    except Refusal as refused:
        says = tx("desk.needs_words") if refused.code == "text_required" else tx.refusal(refused)
        st.html(bad(says))
        return
    st.html(reads(tx, after, terms.note, now=at.now))
    st.button(
        tx(f"desk.send.{event}"), key="desk-send", type="primary", shortcut="Ctrl+Enter", width="stretch",
        on_click=_send, args=(at, view, event, terms, then),
    )  # fmt: skip


def reads(tx: Texts, after: CaseView, note: str, *, now: datetime) -> str:
    """The customer's side of the decision, in the words of their page."""
    title, below = locator.sentences(tx, after, now=now)
    offered = amounts.table(tx, after.offer.breakdown, after.currency) if after.offer else ""
    said = f'<p class="quote">{lines(note)}</p>' if note.strip() else ""
    return (
        f'<div class="reads"><span class="lab">{ms("visibility")}{esc(tx("desk.reads"))}</span>'
        f"<b>{esc(title)}</b><p>{esc(below)}</p>{said}{offered}</div>"
    )


def _send(at: Seat, view: CaseView, event: str, terms: Terms, then: str | None) -> None:
    tx, actor = at.tx, at.actor
    command_id = f"{event}-{view.case_no}-{len(view.events)}-{actor.id}"
    try:
        after = cases.act(at.app, actor, view.case_no, event, command_id, terms)
    except Refusal as refused:
        st.session_state[DONE] = tx.refusal(refused)
        return
    said = "endorse" if after.state == view.state and event in APPROVING else event
    st.session_state[DONE] = tx(f"desk.done.{said}", case_no=view.case_no)
    if then:
        st.query_params["case"] = then
    else:
        st.query_params.pop("case", None)
