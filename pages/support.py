"""Support: one field for whatever the customer can tell, and what to tell them (R5.6)."""

from __future__ import annotations

import streamlit as st

from core.services import queues, support
from portal import session
from portal.html import empty, esc, hero
from portal.parts import found

actor = session.require(*support.ROLES)
tx, app = session.texts(), session.core()
now = app.now()

st.html(hero(tx("support.title"), esc(tx("support.says"))))
asked = st.text_input(
    tx("support.field"), key="support-asked", placeholder=tx("support.example"), icon=":material/search:"
)
hits = support.search(app, actor, asked or "")
if not asked:
    st.html(found.how(tx))
elif not hits:
    st.html(f'<div class="tile">{empty("search_off", tx("support.none"), tx("support.none_says"))}</div>')
else:
    st.html(
        found.listing(tx, hits, now=now, to_desk=actor.role in queues.ROLES), unsafe_allow_javascript=True
    )
