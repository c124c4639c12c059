"""Where the browser looks at the desk: at a form that has opened or grown, or at the top of another case."""

from __future__ import annotations

from typing import Final

import streamlit as st

_CALL: Final = "desk_view_call"  # what to do in the browser, once
_COUNT: Final = "desk_view_count"


def opened() -> None:
    """A form has opened: it comes into view and has the focus."""
    st.session_state[_CALL] = "bringUp(true)"


def grown() -> None:
    """The form's end has moved: it comes into view, the focus stays."""
    st.session_state[_CALL] = "bringUp(false)"


def another() -> None:
    """Another case is open: it is read from its top, whatever the one before was left at."""
    st.session_state[_CALL] = "toTop()"


def show() -> None:
    """Tell the browser. Each time in other words, for the same script would not be run again."""
    call = st.session_state.pop(_CALL, "")
    if call:
        count = st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
        st.html(f"<script>window.desk?.{call} // {count}</script>", unsafe_allow_javascript=True)
