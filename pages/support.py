"""Support: one field for whatever the customer can tell, and what to tell them (R5.6); below it the refunds
that did not arrive, to be answered (R5.4).
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.services import queues, support
from core.services.support import Found
from portal import session
from portal.html import empty, esc, hero
from portal.parts import found, tickets

actor = session.require(*support.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
PAGE: Final = "support_page"


def run() -> None:
    st.html(hero(tx("support.title"), esc(tx("support.says"))))
    asked = st.text_input(
        tx("support.field"), key="support-asked", placeholder=tx("support.example"),
        icon=":material/search:", on_change=lambda: st.session_state.pop(PAGE, None),
    )  # fmt: skip
    if not asked:
        tickets.show(app, actor, tx, now=now)
        st.html(found.how(tx))
        return
    page = st.session_state.get(PAGE, 0)
    result = support.search(app, actor, asked, page)
    if not result.hits and not page:
        st.html(f'<div class="tile">{empty("search_off", tx("support.none"), tx("support.none_says"))}</div>')
        return
    st.html(
        found.listing(tx, result, page, now=now, to_desk=actor.role in queues.ROLES),
        unsafe_allow_javascript=True,
    )
    _turn(result, page)


def _turn(result: Found, page: int) -> None:
    """Older ones, and back."""
    if not page and not result.has_more:
        return
    with st.container(key="support-pages", horizontal=True):
        for key, to, is_there in (("newer", page - 1, page > 0), ("older", page + 1, result.has_more)):
            st.button(
                tx(f"support.{key}"), key=f"page-{key}", disabled=not is_there, on_click=_go, args=(to,)
            )


def _go(page: int) -> None:
    st.session_state[PAGE] = page


run()
