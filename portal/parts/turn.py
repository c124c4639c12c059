"""What the customer's turns share: the block's head and clock, words with a picture, and doing it.

A command's id is the case and the length of its history: every click on one screen is one command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal, StaleForm, TransitionRefused
from core.domain.terms import Terms
from core.services import cases, policies
from core.services import reading as readings
from core.services.case_views import CaseView
from core.services.evidence import EvidenceView
from core.texts import Texts
from portal.html import esc, href, ms
from portal.parts import reading, shot
from portal.parts.shot import Album
from portal.parts.taking import upload
from portal.parts.wizard import bad
from portal.parts.words import capped

_REFUSED = "track_refused"


@dataclass(frozen=True)
class Turn:
    """One run of Track on one case."""

    app: App
    actor: Actor
    tx: Texts
    view: CaseView
    now: datetime


def clock_of(t: Turn, at: datetime | None, otherwise: str) -> str:
    """How long is left, until when, and what happens then; '' where there is no time or it has passed."""
    if at is None or at <= t.now:
        return ""
    left = t.tx("track.turn.left", left=t.tx.duration(at - t.now))
    until = t.tx("track.turn.until", when=t.tx.until(at, t.now))
    return f'<p class="dl">{ms("schedule")}<b>{esc(left)}</b> {esc(until)} {esc(otherwise)}</p>'


def head(t: Turn, title: str, how: str, *, quote: str = "", clock: str | None = None) -> str:
    tx, view = t.tx, t.view
    if clock is None:
        clock = clock_of(t, view.due_at, tx("track.turn.else"))
    said = capped(t.tx, quote, "quote") if quote else ""
    below = f"<p>{esc(how)}</p>" if how else ""
    return (
        f'<div class="turn"><span class="tg">{ms("notifications_active")}{esc(tx("track.turn.tag"))}'
        f"</span><h2>{esc(title)}</h2>{below}{said}{clock}</div>"
    )


def say(
    t: Turn,
    event: str,
    label: str,
    button: str,
    *,
    kind: str = "other",
    needs_picture: bool = False,
    more: Callable[[], None] | None = None,
) -> None:
    """A text, pictures of `kind` and the button, `more` buttons beside it; what was typed survives reruns and
    refusals.
    """
    key = f"{event}-{t.view.case_no}"
    st.text_area(label, key=key, height=110, persist_state="page", on_change=_forget_refusal)
    st.html(f'<p class="note">{esc(t.tx("request.wrong.mask"))}</p>')
    with st.expander(
        t.tx("track.turn.picture_must") if needs_picture else t.tx("track.turn.picture"),
        icon=":material/add_photo_alternate:", type="compact", key="picture", expanded=needs_picture,
    ):  # fmt: skip
        take(t, kind)
        to = href("/evidence", case=t.view.case_no)
        st.html(f'<p class="note alone"><a href="{to}">{esc(t.tx("track.turn.all_pictures"))}</a></p>')
    if added := added_since(t):
        st.html(f'<p class="note">{esc(t.tx("track.turn.attached"))}</p>')
        pictures(t, added)
    refused = refusal(t, event)
    if refused is not None:
        st.html(bad(t.tx("track.turn.empty") if refused.code == "text_required" else t.tx.refusal(refused)))
    with st.container(key="turnbtn", horizontal=True):
        st.button(button, key=f"do-{event}", type="primary", on_click=_send, args=(t, event, key))
        if more is not None:
            more()


def take(t: Turn, kind: str) -> None:
    """Where pictures of `kind` are added."""
    upload(t.app, t.actor, t.tx, t.view, policies.current(t.app)[1].limits, kind)


def pictures(t: Turn, items: tuple[EvidenceView, ...]) -> None:
    """What was added, each with its result, and with what was read from it once it is."""
    album = Album(
        t.app,
        t.actor,
        t.tx,
        t.view,
        readings.said(t.app, t.actor, t.view.case_no),
        policies.current(t.app)[1].limits,
        t.now,
    )
    shot.lines(album, items)
    reading.watch(t.app, t.view.case_no, album.read)


def added_since(t: Turn) -> tuple[EvidenceView, ...]:
    """The pictures added while it is the customer's turn."""
    began = t.view.events[-1].at
    return tuple(item for item in t.view.evidence if item.added_at >= began)


def _forget_refusal() -> None:
    """What was wrong with the last text is not said of the next one."""
    st.session_state.pop(_REFUSED, None)


def _send(t: Turn, event: str, key: str) -> None:
    act(t, event, st.session_state.get(key, ""))


def act(t: Turn, event: str, note: str = "", terms: Terms | None = None) -> bool:
    """Do it; a refusal is kept for the next run, beside the button it came from."""
    st.session_state.pop(_REFUSED, None)
    command_id = f"{event}-{t.view.case_no}-{len(t.view.events)}"
    try:
        cases.act(
            t.app, t.actor, t.view.case_no, event, command_id, terms or Terms(note), seen=t.view.last_seq
        )  # fmt: skip
    except Refusal as refused:
        remember(t, event, refused)
        return False
    return True


def button_key(t: Turn, event: str) -> str:
    """Of the button that does it, another one for each thing that it is about: a click on what has been drawn
    anew meanwhile, or the second of two quick ones, is not taken for a click on what stands there now.
    """
    return f"do-{event}-{t.view.last_word}"


def too_late(t: Turn) -> Refusal | None:
    """Why the last click did nothing, where its button is no longer there to say so."""
    held: tuple[str, str, Refusal] | None = st.session_state.get(_REFUSED)
    if held is None or held[0] != t.view.case_no or held[1] in t.view.allowed:
        return None
    del st.session_state[_REFUSED]
    return held[2] if isinstance(held[2], StaleForm | TransitionRefused) else None


def remember(t: Turn, event: str, refused: Refusal) -> None:
    """Say it beside the button in the next run."""
    st.session_state[_REFUSED] = (t.view.case_no, event, refused)


def refusal(t: Turn, event: str) -> Refusal | None:
    """The refusal of the last `event` on this case, until the next one."""
    held: tuple[str, str, Refusal] | None = st.session_state.get(_REFUSED)
    return held[2] if held and held[:2] == (t.view.case_no, event) else None
