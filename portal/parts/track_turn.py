"""What the customer can do on Track: answer, appeal, apply again, go to arbitration, withdraw.

A command's id is the case and the length of its history: every click on one screen is one command.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import cases
from core.services.case_views import CaseView
from core.texts import Texts
from portal import places
from portal.html import esc, href, lines, ms
from portal.parts import talk
from portal.parts.pictures import upload
from portal.parts.wizard import bad

_REFUSED = "track_refused"


@dataclass(frozen=True)
class Turn:
    """One run of Track on one case."""

    app: App
    actor: Actor
    tx: Texts
    view: CaseView
    now: datetime


def is_turn(view: CaseView) -> bool:
    """Whether the customer is asked for something, or may still change the outcome."""
    return view.state == "draft" or bool({"answer", "appeal"} & set(view.allowed))


def show(t: Turn) -> None:
    """The amber block."""
    tx, view = t.tx, t.view
    with st.container(key="act-turn"):
        if view.state == "draft":
            to = href("/request", order=view.order.order_no)
            st.html(
                _head(t, tx("track.turn.draft"), tx("track.turn.draft_how", step=view.step))
                + f'<p><a class="btn" href="{to}">{esc(tx("track.turn.draft_go"))}</a></p>'
            )
        elif "answer" in view.allowed:
            st.html(_head(t, tx("track.turn.question"), "", quote=talk.last_question(view)))
            _say(t, "answer", tx("track.turn.answer_label"), tx("track.turn.answer"))
        else:
            st.html(_head(t, tx("track.turn.rejected"), tx("track.turn.rejected_how"), quote=_why(t)))
            _say(
                t,
                "appeal",
                tx("track.turn.appeal_label"),
                tx("track.turn.appeal"),
                or_reapply="reapply" in view.allowed,
            )


def _why(t: Turn) -> str:
    """The reviewer's words, or the rule's."""
    note = next(
        (event.note for event in reversed(t.view.events) if event.event == "reject" and event.note), ""
    )
    return note or t.view.says.get("en" if t.tx.language == "en" else "zh", "")


def _head(t: Turn, title: str, how: str, *, quote: str = "") -> str:
    tx, view = t.tx, t.view
    clock = ""
    if view.due_at and view.due_at > t.now:
        left, until = (
            tx("track.turn.left", left=tx.duration(view.due_at - t.now)),
            tx("track.turn.until", when=tx.until(view.due_at, t.now)),
        )
        clock = (
            f'<p class="dl">{ms("schedule")}<b>{esc(left)}</b> {esc(until)} {esc(tx("track.turn.else"))}</p>'
        )
    said = f'<p class="quote">{lines(quote)}</p>' if quote else ""
    below = f"<p>{esc(how)}</p>" if how else ""
    return (
        f'<div class="turn"><span class="tg">{ms("notifications_active")}{esc(tx("track.turn.tag"))}'
        f"</span><h2>{esc(title)}</h2>{below}{said}{clock}</div>"
    )


def _say(t: Turn, event: str, label: str, button: str, *, or_reapply: bool = False) -> None:
    """A text and its button; what was typed survives reruns and refusals."""
    key = f"{event}-{t.view.case_no}"
    st.text_area(label, key=key, height=110, persist_state="page")
    with st.expander(
        t.tx("track.turn.picture"), icon=":material/add_photo_alternate:", type="compact", key="picture"
    ):
        upload(t.app, t.actor, t.tx, t.view, "other")
    refused = refusal(t, event)
    if refused is not None:
        st.html(bad(t.tx("track.turn.empty") if refused.code == "text_required" else t.tx.refusal(refused)))
    with st.container(key="turnbtn", horizontal=True):
        st.button(button, key=f"do-{event}", type="primary", on_click=_send, args=(t, event, key))
        if or_reapply and st.button(t.tx("track.turn.reapply"), key="reapply"):
            _reapply(t)


def _send(t: Turn, event: str, key: str) -> None:
    act(t, event, st.session_state.get(key, ""))


def _reapply(t: Turn) -> None:
    if act(t, "reapply"):
        st.switch_page(places.REQUEST, query_params={"order": t.view.order.order_no, "step": "1"})
    st.rerun()


def act(t: Turn, event: str, note: str = "") -> bool:
    """Do it; a refusal is kept for the next run, beside the button it came from."""
    st.session_state.pop(_REFUSED, None)
    command_id = f"{event}-{t.view.case_no}-{len(t.view.events)}"
    try:
        cases.act(t.app, t.actor, t.view.case_no, event, command_id, note=note)
    except Refusal as refused:
        st.session_state[_REFUSED] = (t.view.case_no, event, refused)
        return False
    return True


def refusal(t: Turn, event: str) -> Refusal | None:
    """The refusal of the last `event` on this case, until the next one."""
    held: tuple[str, str, Refusal] | None = st.session_state.get(_REFUSED)
    return held[2] if held and held[:2] == (t.view.case_no, event) else None


def others(t: Turn) -> None:
    """Quiet ways out: arbitration and withdrawal, each behind a question."""
    tx, allowed = t.tx, t.view.allowed
    if "dispute" in allowed and st.button(
        tx("track.dispute"), key="dispute", type="tertiary", icon=":material/balance:"
    ):
        _ask(
            t,
            "dispute",
            tx("track.dispute.title"),
            tx("track.dispute.text"),
            tx("track.dispute.yes"),
            tx("track.dispute.label"),
        )
    if "withdraw" in allowed and st.button(
        tx("track.withdraw"), key="withdraw", type="tertiary", icon=":material/undo:"
    ):
        _ask(t, "withdraw", tx("track.withdraw.title"), tx("track.withdraw.text"), tx("track.withdraw.yes"))


def _ask(t: Turn, event: str, title: str, text: str, yes: str, label: str = "") -> None:
    """A question before something that cannot be taken back."""

    def body() -> None:
        st.html(f'<p class="ask-text">{esc(text)}</p>')
        note = st.text_area(label, key=f"{event}-{t.view.case_no}", height=96) if label else ""
        with st.container(horizontal=True, horizontal_alignment="right"):
            keep = st.button(t.tx("track.cancel"), key=f"no-{event}")
            go = st.button(yes, key=f"yes-{event}", type="primary")
        if keep or (go and act(t, event, note)):
            st.rerun()
        refused = refusal(t, event) if go else None
        if refused is not None:
            st.html(bad(t.tx.refusal(refused)))

    st.dialog(title)(body)()
