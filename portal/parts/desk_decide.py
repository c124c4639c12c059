"""Deciding at the desk: an action, its reason, what the customer will read, one key to send it.

An action is chosen by a key or a click; ready words fill in the reason; the preview is the decision itself,
taken and taken back (`desk.preview`). The button is there from the start: it sends what is typed by then, and
says what is missing only once it was tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain import proof
from core.domain.actors import Actor
from core.domain.errors import (
    OfferUnneeded,
    ProofNeeded,
    ReferenceRequired,
    Refusal,
    StaleForm,
    SuggestionUnneeded,
    TextRequired,
)
from core.domain.rights import APPROVING
from core.domain.routes import RouteOption
from core.services import cases, desk, weighing
from core.services.case_views import CaseView
from core.services.desk import File
from core.texts import Texts
from portal import boundary
from portal.html import esc, lines, ms
from portal.parts import amounts, choice, desk_terms, desk_view, locator, track_talks
from portal.parts.desk_terms import Action
from portal.parts.wizard import bad


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the desk in this run."""

    app: App
    actor: Actor
    tx: Texts
    now: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be done to a case, and its last event as the form had been drawn."""

    case_no: str
    seq: int
    words: str


PLACE: Final = "desk-decisions"  # where they begin, with what the rules say
ACTIONS: Final = (
    Action("approve", "a", "check"),
    Action("offer", "o", "local_offer"),
    Action("agree", "g", "handshake"),
    Action("counter", "w", "forum"),
    Action("transfer", "p", "payments"),
    Action("reject", "x", "close"),
    Action("ask", "q", "help"),
    Action("dispute", "t", "balance"),
    Action("negotiate", "n", "handshake"),
    Action("find_forgery", "f", "report"),
)
DONE: Final = "desk_done"
REFUSED: Final = "desk_refused"
# What is only not there yet: said calmly before the first try.
_MISSING: Final = (TextRequired, ReferenceRequired, OfferUnneeded, SuggestionUnneeded)


def chosen(file: File, held: Refusal | None) -> str | None:
    """The event whose form is open, if this person still has it."""
    event: str | None = st.session_state.get(_chosen_key(file.view))
    return event if event in [action.event for action in _open_to(file, held)] else None


def show(
    at: Seat, file: File, held: Refusal | None, then: str | None, option: RouteOption | None = None
) -> None:
    """The buttons this person has, then the form of the chosen one. `then`: the case that comes next;
    `option`: what a yes to what stands there would pay.
    """
    tx = at.tx
    open_to, event = _open_to(file, held), chosen(file, held)
    if not open_to:
        if held is None:
            st.html(f'<p class="note">{esc(tx("desk.nothing_to_do"))}</p>')
        return
    with st.container(key="desk-acts", horizontal=True):
        for action in open_to:
            st.button(
                tx(f"desk.act.{action.event}"), key=f"do-{action.event}",
                shortcut=action.key if event is None else None,  # else what one writes opens another form
                icon=f":material/{action.icon}:", type="primary" if action.event == event else "secondary",
                on_click=_choose, args=(file.view, action.event),
            )  # fmt: skip
    if event is not None:
        with st.container(key="card-decide"), boundary.accidents():
            _form(at, file, event, then, option)


def way_there(tx: Texts, file: File, held: Refusal | None) -> str:
    """On a phone the decisions stand below the whole file: a link to them, where there are any."""
    if not _open_to(file, held):
        return ""
    return f'<p class="todecide"><a href="#{PLACE}">{esc(tx("desk.decide"))}{ms("arrow_downward")}</a></p>'


def _open_to(file: File, held: Refusal | None) -> list[Action]:
    if held is not None:
        return []
    view = file.view
    # Without pictures there is nothing to find anything about.
    return [a for a in ACTIONS if a.event in view.allowed and (a.event != "find_forgery" or view.evidence)]


def _chosen_key(view: CaseView) -> str:
    return f"desk-act-{view.case_no}"


def _tried_key(view: CaseView) -> str:
    return f"desk-tried-{view.case_no}"


def _drawn_key(view: CaseView) -> str:
    return f"desk-drawn-{view.case_no}"


def _is_stale(view: CaseView) -> bool:
    """Whether the form was opened on what is no longer so; said until it is sent or another one is opened."""
    drawn: int = st.session_state.setdefault(_drawn_key(view), view.last_word)
    return drawn != view.last_word


def _choose(view: CaseView, event: str) -> None:
    st.session_state.pop(_drawn_key(view), None)
    st.session_state[_chosen_key(view)] = event
    st.session_state.pop(_tried_key(view), None)
    desk_view.opened()


def is_writing(case_no: str) -> bool:
    """Whether somebody has begun to write in a form of this case that is open: letters are words then."""
    event = st.session_state.get(f"desk-act-{case_no}")
    return event is not None and desk_terms.is_begun(case_no, event)


def _close(view: CaseView) -> None:
    """Nothing is open any more; what was written stays for the next time."""
    st.session_state.pop(_chosen_key(view), None)
    st.session_state.pop(_tried_key(view), None)


def _form(at: Seat, file: File, event: str, then: str | None, option: RouteOption | None) -> None:
    tx, view = at.tx, file.view
    st.html(f'<h2 id="decide" tabindex="-1">{esc(tx(f"desk.act.{event}"))}</h2>')
    if proof.is_due(at.actor, event, at.now):
        boundary.show(ProofNeeded())  # before anything is written: it would be lost on the way
        return
    desk_terms.draw(tx, file, event, option, now=at.now)
    if _is_stale(file.view):
        st.html(bad(tx.refusal(StaleForm())))
    # Above what it sends: nothing that changes while one types moves it from under the pointer. Another
    # button for each thing that it is about, so that a click on its way while it is drawn anew is none on it.
    key = f"desk-send-{file.view.last_word}"
    st.button(
        tx(f"desk.send.{event}"), key=key, shortcut="Ctrl+Enter", width="stretch",
        type="secondary" if event == "find_forgery" else "primary",  # it decides nothing
        icon=":material/report:" if event == "find_forgery" else None,
        on_click=_send, args=(at, file, event, then),
    )  # fmt: skip
    st.html(_outlook(at, file, event))
    st.button(
        tx("desk.close_form"), key="desk-close", type="tertiary", shortcut="Esc",
        on_click=_close, args=(view,),
    )  # fmt: skip


def _outlook(at: Seat, file: File, event: str) -> str:
    """What comes of it as the fields stand: what the customer will read, or why it cannot be sent."""
    tx, view = at.tx, file.view
    terms, problem = desk_terms.said(tx, file, event)
    if terms is None:
        return bad(problem)
    try:
        after = desk.preview(at.app, at.actor, view.case_no, event, terms)
    except Refusal as refused:
        says = tx("desk.needs_words") if isinstance(refused, TextRequired) else tx.refusal(refused)
        if isinstance(refused, _MISSING) and not st.session_state.get(_tried_key(view)):
            return f'<p class="note">{esc(says)}</p>'
        return bad(says)
    return _between(tx, file, event, after, terms.amount_minor) + reads(tx, after, _note(after), now=at.now)


def _between(tx: Texts, file: File, event: str, after: CaseView, amount: int | None) -> str:
    """Of the first of two: that a second one comes, and that the words are for that one until then."""
    if not _is_first(file.view, after, event):
        return ""
    first = weighing.first_approval(file.view)
    said = tx("desk.first.only")
    if first is not None and first.amount_minor not in (None, amount):
        said = tx("desk.first.again", amount=tx.money(first.amount_minor or 0, file.view.currency))
    return f'<p class="first">{ms("group")}<span>{esc(said)}</span></p>'


def _is_first(before: CaseView, after: CaseView, event: str) -> bool:
    """Whether it was only the first of two approvals."""
    return after.state == before.state and event in APPROVING


def _note(after: CaseView) -> str:
    """What the customer reads with the decision: the person's words, not what the system adds by itself."""
    return next((event.note for event in reversed(after.events) if event.role != "system"), "")


def reads(tx: Texts, after: CaseView, note: str, *, now: datetime) -> str:
    """The customer's side of the decision, in the words of their page."""
    title, below = locator.sentences(tx, after, now=now)
    offered = ""
    if after.offer:
        offered = amounts.table(tx, after.offer.breakdown, after.currency) + choice.kept_here(tx, after.offer)
    said = f'<p class="quote">{lines(note)}</p>' if note.strip() else ""
    counter = track_talks.suggestion(after)
    if counter is not None:
        said = f"<p>{esc(tx('track.turn.suggest', way=tx(f'track.suggest.{counter.way}')))}</p>{said}"
    return (
        f'<div class="reads"><span class="lab">{ms("visibility")}{esc(tx("desk.reads"))}</span>'
        f"<b>{esc(title)}</b><p>{esc(below)}</p>{said}{offered}</div>"
    )


def _said(tx: Texts, after: CaseView, done: str) -> str:
    """What was done, and of a part how much of what was asked for."""
    asked, approved = after.requested_minor or 0, after.approved_minor
    if done == "approve" and approved is not None and approved < asked:
        amount, of = tx.money(approved, after.currency), tx.money(asked, after.currency)
        return tx("desk.done.approve_part", case_no=after.case_no, amount=amount, asked=of)
    return tx(f"desk.done.{done}", case_no=after.case_no)


def _send(at: Seat, file: File, event: str, then: str | None) -> None:
    """Send what the fields say by now, also what was typed last."""
    tx, view, actor = at.tx, file.view, at.actor
    st.session_state[_tried_key(view)] = True
    terms, _ = desk_terms.said(tx, file, event)
    if terms is None:
        return  # the form says why
    command_id = f"{event}-{view.case_no}-{len(view.events)}-{actor.id}"
    try:
        after = cases.act(at.app, actor, view.case_no, event, command_id, terms, seen=view.last_seq)
    except StaleForm:
        return  # the form says so, with what it is now
    except Refusal as refused:
        if not isinstance(refused, _MISSING):
            st.session_state[REFUSED] = Refused(view.case_no, view.events[-1].seq, tx.refusal(refused))
            st.query_params["case"] = view.case_no  # also where it has left the queue
            desk_view.another()  # where it is said
        return
    st.session_state.pop(_drawn_key(view), None)
    st.session_state.pop(REFUSED, None)
    _close(view)
    desk_terms.forget(view, event)
    done = "endorse" if _is_first(view, after, event) else event
    st.session_state[DONE] = _said(tx, after, done)
    if event == "find_forgery":  # the case itself is still to be decided
        st.query_params["case"] = view.case_no
    elif then:
        st.query_params["case"] = then
    else:
        st.query_params.pop("case", None)
