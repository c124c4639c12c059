"""Is this certificate genuine, and how does the refund stand today? Open to everybody (R5.7)."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import Refusal
from core.services import certificates
from portal import session
from portal.html import esc, hero
from portal.parts import certificate
from portal.parts.wizard import bad

LARGEST_MB = 10

session.visitor()
tx, app = session.texts(), session.core()


def run() -> None:
    scanned = st.query_params.get("c", "")
    st.html(hero(tx("verify.title"), esc(tx("verify.says"))))
    if scanned:
        st.html(certificate.checked(tx, certificates.check(app, scanned), now=app.now()))
    with st.container(key="card-verify"):
        st.text_area(tx("verify.text"), key="verify-text", height=110, max_chars=20_000)
        with st.container(key="up-verify", gap=None):
            st.html(f'<style>.st-key-up-verify{{--pick:"{esc(tx("verify.pick"))}"}}</style>')
            file = st.file_uploader(tx("verify.file"), key="verify-file", max_upload_size=LARGEST_MB)
        st.button(tx("verify.check"), key="verify-go", type="primary", on_click=_forget_scanned)
        text = st.session_state.get("verify-text", "").strip()
        if st.session_state.get("verify-go"):
            _answer(text, file.getvalue() if file else b"")
    st.html(certificate.offline(tx, app.public_url))


def _forget_scanned() -> None:
    st.query_params.pop("c", None)


def _answer(text: str, data: bytes) -> None:
    """What was pasted, else what the file holds."""
    if not text and data:
        with st.spinner(tx("request.evidence.checking")):
            try:
                text = certificates.text_in(data)
            except Refusal as refused:
                st.html(bad(tx("verify.file_refused", why=tx.refusal(refused))))
                return
    elif not text:
        st.html(bad(tx("verify.empty")))
        return
    st.html(certificate.checked(tx, certificates.check(app, text), now=app.now()))


run()
