"""Deciding at the desk: an action, its reason, what the customer will read, one key to send it.

An action is chosen by a key or a click; a template fills in the reason; the preview is the decision itself,
taken and taken back (`desk.preview`). Nothing is decided before it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.money import plain
from core.services import cases, desk
from core.services.case_views import CaseView
from core.services.desk import File, Group
from core.texts import Texts
from portal.html import esc, lines, ms
from portal.parts import claim, locator
from portal.parts.ask_wrong import reason_words
from portal.parts.wizard import bad


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: its key, its icon, and the templates of what is said with it."""

    event: str
    key: str
    icon: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the desk in this run."""

    app: App
    actor: Actor
    tx: Texts
    now: datetime


ACTIONS: Final = (
    Action("approve", "a", "check", ("checked", "goodwill")),
    Action("agree", "g", "handshake", ("checked",)),
    Action("reject", "x", "close", ("used", "works", "late", "unclear")),
    Action("ask", "q", "help", ("when", "picture", "tried", "account")),
    Action("dispute", "t", "balance", ("second_view",)),
    Action("negotiate", "n", "handshake"),
)
DONE: Final = "desk_done"
MANY: Final = "desk_many_command"


def show(at: Seat, file: File, held: Refusal | None, then: str | None) -> None:
    """The buttons this person has, then the form of the chosen one. `then`: the case that comes next."""
    tx = at.tx
    view = file.view
    open_to = [action for action in ACTIONS if action.event in view.allowed] if held is None else []
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
    amount, problem = _amount(tx, file) if event == "approve" else (None, "")
    note = _note(tx, view, action)
    if problem:
        st.html(bad(problem))
        return
    try:
        after = desk.preview(at.app, at.actor, view.case_no, event, note=note, amount_minor=amount)
    except Refusal as refused:
        says = tx("desk.needs_words") if refused.code == "text_required" else tx.refusal(refused)
        st.html(bad(says))
        return
    st.html(reads(tx, after, note, now=at.now))
    st.button(
        tx(f"desk.send.{event}"), key="desk-send", type="primary", shortcut="Ctrl+Enter", width="stretch",
        on_click=_send, args=(at, view, event, note, amount, then),
    )  # fmt: skip


def _amount(tx: Texts, file: File) -> tuple[int | None, str]:
    view = file.view
    first = desk.first_approval(view)
    # Whoever confirms sees what was approved: another amount would be another first approval.
    wanted = view.requested_minor if first is None else first.amount_minor
    key = f"desk-amount-{view.case_no}-{first.seq if first else 0}"
    st.session_state.setdefault(key, plain(wanted or 0, view.currency))
    typed = st.text_input(tx("desk.amount", currency=view.currency), key=key)
    minor, problem = claim.read_amount(tx, view.order, typed)
    return minor, problem


def _note(tx: Texts, view: CaseView, action: Action) -> str:
    key = f"desk-note-{view.case_no}-{action.event}"
    words = {name: tx(f"desk.note.{action.event}.{name}") for name in action.notes}

    def fill() -> None:
        st.session_state[key] = words.get(st.session_state.get(f"{key}-pick") or "", "")

    if words:
        st.pills(
            tx("desk.note.pick"), list(words), key=f"{key}-pick", on_change=fill,
            format_func=lambda name: tx(f"desk.note.{action.event}.{name}.short"),
        )  # fmt: skip
    st.session_state.setdefault(key, "")
    return st.text_area(tx(f"desk.note.label.{action.event}"), key=key, height=96)


def reads(tx: Texts, after: CaseView, note: str, *, now: datetime) -> str:
    """The customer's side of the decision, in the words of their page."""
    title, below = locator.sentences(tx, after, now=now)
    said = f'<p class="quote">{lines(note)}</p>' if note.strip() else ""
    return (
        f'<div class="reads"><span class="lab">{ms("visibility")}{esc(tx("desk.reads"))}</span>'
        f"<b>{esc(title)}</b><p>{esc(below)}</p>{said}</div>"
    )


def _send(at: Seat, view: CaseView, event: str, note: str, amount: int | None, then: str | None) -> None:
    tx, actor = at.tx, at.actor
    command_id = f"{event}-{view.case_no}-{len(view.events)}-{actor.id}"
    try:
        after = cases.act(at.app, actor, view.case_no, event, command_id, note=note, amount_minor=amount)
    except Refusal as refused:
        st.session_state[DONE] = tx.refusal(refused)
        return
    said = "endorse" if after.state == view.state and event in ("approve", "agree") else event
    st.session_state[DONE] = tx(f"desk.done.{said}", case_no=view.case_no)
    if then:
        st.query_params["case"] = then
    else:
        st.query_params.pop("case", None)


def many(at: Seat, name: str) -> None:
    """Groups of look-alike cases, each settled after one look at the list."""
    if name != "review":
        return
    tx, groups = at.tx, desk.alike(at.app, at.actor, name)
    if not groups:
        return
    with st.container(key="desk-many"):
        st.html(f'<div class="sec"><h2>{esc(tx("desk.many"))}</h2></div>')
        for place, group in enumerate(groups[:3]):
            if st.button(_name(tx, group), key=f"many-{place}", width="stretch"):
                st.session_state[MANY] = f"many-{uuid4()}"  # born with the question: pressed twice, once done
                _ask_many(at, group)


def _name(tx: Texts, group: Group) -> str:
    reason = reason_words(tx, group.reason, group.kind)
    return tx(
        "desk.many.group",
        n=len(group.case_nos),
        reason=reason,
        amount=tx.money(group.total_minor, group.currency),
    )


def _ask_many(at: Seat, group: Group) -> None:
    """The list, what each customer will read, and one button."""
    tx, app, actor = at.tx, at.app, at.actor

    def body() -> None:
        cards = [
            card
            for card in desk.queue(app, actor, "review", limit=desk.MANY)
            if card.case_no in group.case_nos
        ]
        rows = "".join(
            f"<li><b>{esc(tx.money(card.requested_minor, card.currency))}</b> "
            f"<bdi>{esc(card.customer_name or tx('desk.guest'))}</bdi> · <bdi>{esc(card.product)}</bdi> · "
            f"{esc(tx('desk.credit', points=card.credit))}</li>"
            for card in cards
        )
        st.html(f'<ol class="many">{rows}</ol>')
        note = tx("desk.note.approve.checked")
        try:
            after = desk.preview(app, actor, group.case_nos[0], "approve", note=note)
        except Refusal as refused:
            st.html(bad(tx.refusal(refused)))
            return
        st.html(reads(tx, after, note, now=at.now))
        if st.button(tx("desk.many.send", n=len(cards)), type="primary", key="many-send", width="stretch"):
            outcome = desk.approve_all(app, actor, group.case_nos, st.session_state[MANY], note=note)
            refused_ones = [case_no for case_no, refused in outcome if refused is not None]
            st.session_state[DONE] = tx("desk.many.done", n=len(outcome) - len(refused_ones)) + (
                " " + tx("desk.many.left", cases=tx.list(refused_ones)) if refused_ones else ""
            )
            st.rerun()

    st.dialog(tx("desk.many.title", n=len(group.case_nos)), width="medium")(body)()
