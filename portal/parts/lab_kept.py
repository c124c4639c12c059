"""A text of rules that nobody asked for yet, kept in its author's tab: through a reload, and a sign-in again.

The page tells the tab what the text is (`portal.js` keeps it), and a session that begins anew is told it back
through a field that nobody sees.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from core.texts import Texts
from portal.html import esc, ms


def told(tx: Texts, key: str, begun_with: str) -> None:
    """That what is shown is what the tab had kept."""
    if st.session_state.get(_came(key)) and st.session_state[key] != begun_with:
        st.html(f'<p class="note" role="status">{ms("history")}{esc(tx("lab.kept.back"))}</p>')


def kept(tx: Texts, key: str, begun_with: str, who: str, is_asked_for: Callable[[str], bool]) -> None:
    """Last on its side of the page: what the text is by now, for the tab; or, until something is changed in
    this session, the field through which the tab gives back what it has.
    """
    if st.session_state[key] != begun_with:
        st.session_state[_touched(key)] = True
    with st.container(key=f"lab-kept-{who}-{key.rpartition('-')[0]}"):  # whatever was published since
        if st.session_state.get(_touched(key)):
            text = st.session_state[key]
            now = json.dumps(text if text != begun_with else "")
            st.html(f'<i hidden class="lab-now" data-text="{esc(now)}"></i>')
            return
        found = _text(st.text_input(tx("lab.text"), key=f"lab-back-{key}", label_visibility="collapsed"))
    if found and found != begun_with and not is_asked_for(found):
        st.session_state[key] = found
        st.session_state[_touched(key)] = st.session_state[_came(key)] = True
        st.rerun()


def _text(typed: str) -> str:
    """A text as JSON writes it, on one line; a browser may send anything."""
    try:
        found = json.loads(typed or '""')
    except ValueError:
        return ""
    return found if isinstance(found, str) else ""


def _touched(key: str) -> str:
    return f"{key}-touched"


def _came(key: str) -> str:
    return f"{key}-came-back"
