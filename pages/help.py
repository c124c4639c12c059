"""Help: rules, times, fees and terms, written from the policy in force. Open to everybody."""

from __future__ import annotations

import streamlit as st

from core.services import applying
from portal import session
from portal.blocks import rules_text
from portal.html import Html, esc, hero

session.visitor()


def run() -> None:
    tx, app = session.texts(), session.core()
    holds = applying.now(app)
    version, policy = holds.version, holds.policy
    is_first = version == holds.timeline.versions[0]
    title = policy.titles["en" if tx.language == "en" else "zh"]
    head = hero(tx("help.title"), esc(tx("help.says", version=version, title=title)))
    support = app.support or (tx("help.contact.demo") if app.demo else "")
    st.html(Html(head + rules_text.page(tx.language, version, policy, support, is_first=is_first)))
    # The address may name a section; when the browser looked for it, it was not there yet.
    st.html(
        "<script>document.getElementById(location.hash.slice(1))?.scrollIntoView()</script>",
        unsafe_allow_javascript=True,
    )


run()
