"""Is this certificate genuine, and how does the refund stand today? Open to everybody (R5.7)."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from core.domain.errors import Refusal
from core.services import certificates
from portal import session
from portal.html import esc, hero
from portal.parts import certificate
from portal.parts.wizard import bad

LARGEST_MB: Final = 10
_SAID: Final = "verify_said"
_FILE_CAME: Final = "verify_file_came"

actor = session.visitor()
tx, app = session.texts(), session.core()


def run() -> None:
    scanned = st.query_params.get("c", "")
    # A stranger's files are kept by nobody (portal.gate): they scan, or paste.
    says = tx("verify.says") if actor else tx("verify.says_stranger")
    st.html(hero(tx("verify.title"), esc(says)))
    if scanned:
        st.html(certificate.checked(tx, certificates.check(app, scanned), now=app.now()))
    with st.container(key="card-verify"):
        st.text_area(tx("verify.text"), key="verify-text", height=110, max_chars=20_000)
        file = _file() if actor else None
        pressed = st.button(tx("verify.check"), key="verify-go", type="primary", on_click=_forget_scanned)
        if pressed or st.session_state.pop(_FILE_CAME, False):
            text = st.session_state.get("verify-text", "").strip()
            st.session_state[_SAID] = _answer(text, file.getvalue() if file else b"")
        if said := st.session_state.get(_SAID):
            st.html(said)
    st.html(certificate.offline(tx, app.public_url))


def _file() -> Any:
    with st.container(key="plain-verify", gap=None):
        st.html(f'<style>.st-key-plain-verify{{--pick:"{esc(tx("verify.pick"))}"}}</style>')
        return st.file_uploader(
            tx("verify.file"), key="verify-file", max_upload_size=LARGEST_MB, on_change=_file_came
        )


def _file_came() -> None:
    """Who chooses a file asks about it: pressed earlier, the button would find nothing there."""
    st.session_state.pop(_SAID, None)
    if st.session_state.get("verify-file") is not None:
        st.session_state[_FILE_CAME] = True
        st.session_state["verify-text"] = ""
    _forget_scanned()


def _forget_scanned() -> None:
    st.query_params.pop("c", None)


def _answer(text: str, data: bytes) -> str:
    """Of what was pasted, else of what the file holds; it stays until something else is asked."""
    if not text and data:
        with st.spinner(tx("request.evidence.checking")):
            try:
                text = certificates.text_in(data)
            except Refusal as refused:
                return bad(tx("verify.file_refused", why=tx.refusal(refused)))
    elif not text:
        return bad(tx("verify.empty") if actor else tx("verify.empty_stranger"))
    return certificate.checked(tx, certificates.check(app, text), now=app.now())


run()
