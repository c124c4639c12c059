"""The script of every rerun: find out who is here, draw the frame, run the page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from portal import session, shell
from portal.places import PLACES

_PAGES = Path(__file__).parents[1] / "pages"


def run() -> None:
    tx = session.texts()
    shop = tx("shell.name")
    pages = [
        st.Page(
            _PAGES / f"{place.name}.py",
            title=f"{tx(place.title)} · {shop}",
            url_path=place.name,
            default=place is PLACES[0],
        )
        for place in PLACES
    ]
    # The menu is part of our own frame: Streamlit's folds into a lone arrow on a phone.
    page = st.navigation(pages, position="hidden")
    shell.frame(PLACES[pages.index(page)], session.begin())
    page.run()


run()
