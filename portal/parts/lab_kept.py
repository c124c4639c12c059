"""A text of rules that nobody asked for yet, kept in its author's tab: through a reload, and a sign-in again.

The page tells the tab what the text is and which version it is an edit of (`portal.js` keeps both), and a
session that begins anew is told them back through a field that nobody sees.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_base
from portal.parts.lab_base import Editing

IsVersion = Callable[[int], bool]  # whether a number is one of a published version


def told(tx: Texts, key: str, begun_with: str) -> None:
    """That what is shown is what the tab had kept."""
    if st.session_state.get(_came(key)) and st.session_state[key] != begun_with:
        st.html(f'<p class="note" role="status">{ms("history")}{esc(tx("lab.kept.back"))}</p>')


def kept(tx: Texts, editing: Editing, who: str, keeps: Callable[[str], bool], is_version: IsVersion) -> None:
    """Last on its side of the page: what the text is by now, for the tab; or, until something is changed in
    this session, the field through which the tab gives back what it has.
    """
    key, name = editing.key, f"lab-kept-{who}-{editing.base}"  # whatever was published since
    if editing.text != editing.begun_with:
        touch(key)
    with st.container(key="lab-kept"):
        if st.session_state.get(_touched(key)):
            text = editing.text if editing.text != editing.begun_with else ""
            now = json.dumps({"of": name, "from": editing.version, "text": text})
            st.html(f'<i hidden class="lab-now" data-text="{esc(now)}"></i>')
            return
        # The field says itself what it is of: of two that follow each other no one gets what the other has.
        typed = st.text_input(
            tx("lab.text"), key=f"lab-back-{key}", placeholder=name, label_visibility="collapsed"
        )
    version, text = _read(typed)
    if text and text != editing.begun_with and is_version(version) and keeps(text):
        again = lab_base.begin_again(editing.base, version, text)
        touch(again)
        st.session_state[_came(again)] = True
        st.rerun()


def touch(key: str) -> None:
    """What is in the session of this text is more than what the tab has."""
    st.session_state[_touched(key)] = True


def _read(typed: str | None) -> tuple[int, str]:
    """The version and the text of it as JSON writes them, on one line; a browser may send anything."""
    try:
        found = json.loads(typed or "{}")
    except (ValueError, RecursionError):
        return 0, ""
    if not isinstance(found, dict):
        return 0, ""
    version, text = found.get("from"), found.get("text")
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(text, str):
        return 0, ""
    return version, text


def _touched(key: str) -> str:
    return f"{key}-touched"


def _came(key: str) -> str:
    return f"{key}-came-back"
