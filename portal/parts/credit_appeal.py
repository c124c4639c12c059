"""What its owner says against a loss of credit."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import credit
from core.services.credit import Entry
from core.texts import Texts
from portal.html import esc
from portal.parts.wizard import bad

_REFUSED = "credit_refused"


def say(app: App, actor: Actor, tx: Texts, entry: Entry) -> None:
    """The owner's words, while an appeal is possible."""
    if actor.role != "customer" or entry.appeal_until is None:
        return
    until = tx.until(entry.appeal_until, app.now())
    key = f"credit-words-{entry.id}"
    with st.expander(
        tx("credit.appeal.say", until=until),
        icon=":material/forum:",
        type="compact",
        key=f"appeal-{entry.id}",
    ):
        st.html(f'<p class="note">{esc(tx("credit.appeal.how"))}</p>')
        st.text_area(tx("credit.appeal.words"), key=key, height=96, persist_state="page")
        _say_refused(tx, entry)
        st.button(
            tx("credit.appeal.send"), key=f"credit-send-{entry.id}", type="primary",
            on_click=_appeal, args=(app, actor, entry, key),
        )  # fmt: skip


def _appeal(app: App, actor: Actor, entry: Entry, key: str) -> None:
    words = str(st.session_state.get(key, ""))
    _try(entry, lambda: credit.appeal(app, actor, entry.id, words, f"credit-appeal-{entry.id}-{actor.id}"))


def _try(entry: Entry, command: Callable[[], None]) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        command()
    except Refusal as refused:
        st.session_state[_REFUSED] = (entry.id, refused)


def _say_refused(tx: Texts, entry: Entry) -> None:
    held = st.session_state.get(_REFUSED)
    if held and held[0] == entry.id:
        st.html(bad(tx.refusal(held[1])))
