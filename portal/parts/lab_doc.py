"""The document in the making: one text in the session, whatever it is changed through."""

from __future__ import annotations

import tomllib
from typing import Final

import streamlit as st

from core.domain import policy_figures, spots

MOVED: Final = "lab_moved"  # the place of the figure that was changed last


def write(text_key: str, text: str) -> None:
    """The text as it is now; what number differs from before is remembered for the curve."""
    before: str = st.session_state[text_key]
    st.session_state[text_key] = text
    try:
        figure = policy_figures.moved(spots.read(before), spots.read(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    if figure is not None:
        st.session_state[MOVED] = figure.place
