"""Notices: what changed about the customer's refunds, newest first. Opening them is reading them."""

from __future__ import annotations

import streamlit as st

from core.services import notices
from portal import session
from portal.html import esc, hero
from portal.parts import inbox

LIMIT = 100
here = session.require()


def run() -> None:
    tx, app = session.texts(), session.core()
    found = notices.inbox(app, here, LIMIT)
    older = f'<p class="note">{esc(tx("notices.older"))}</p>' if len(found) == LIMIT else ""
    listing = inbox.listing(tx, found, now=app.now(), published_through=app.calendar.published_through)
    st.html(hero(tx("notices.title"), esc(tx("notices.says"))) + listing + older)
    if any(not notice.is_read for notice in found):
        notices.mark_read(app, here, found[0].id)


run()
