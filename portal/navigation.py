"""The script of every rerun: find out who is here, draw the frame, run the page."""

from __future__ import annotations

import time

import streamlit as st

from core import logs
from portal import metrics, session, shell, turns, whose
from portal.places import PLACES


def run() -> None:
    whose.guard()
    pages = shell.pages()
    # The menu is part of our own frame: Streamlit's folds into a lone arrow on a phone.
    page = st.navigation(pages, position="hidden")
    place = PLACES[pages.index(page)]
    if place.name != "wallet":
        st.session_state.pop(session.SHOWN_ONCE, None)
    logs.begin(request=logs.new_id(), page=place.name)
    first = session.DRAWN not in st.session_state
    st.session_state[session.DRAWN] = True
    began = time.perf_counter()
    try:
        with turns.turn(session.address(), first):
            shell.frame(place, whose.begin())
            page.run()
    finally:
        metrics.reran(place.name, time.perf_counter() - began)


run()
