"""Pictures: shown by the route that asks who may see; taken in one at a time, answered at once (R2.3)."""

from __future__ import annotations

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import evidence
from core.services.case_views import CaseView
from core.services.evidence import EvidenceView
from core.texts import Texts
from portal.html import esc
from portal.parts.wizard import bad

LARGEST_MB = 10
TYPES = ["jpg", "jpeg", "png", "webp"]
_REFUSED = "picture_refused"


def name(tx: Texts, item: EvidenceView, number: int) -> str:
    """`没到账的证明，第 1 张`."""
    return tx("request.evidence.alt", kind=tx(f"evidence_kind.{item.kind}"), n=number)


def image(tx: Texts, item: EvidenceView, number: int) -> str:
    """The picture from the route that asks again who may see it; never Streamlit's open media address."""
    return f'<img src="/files/evidence/{esc(item.id)}" alt="{esc(name(tx, item, number))}" loading="lazy">'


def shots(tx: Texts, items: tuple[EvidenceView, ...]) -> str:
    """All pictures in a row, each a link to its full size."""
    links = "".join(
        f'<a href="/files/evidence/{esc(item.id)}" target="_blank" rel="noopener">'
        f"{image(tx, item, number)}</a>"
        for number, item in enumerate(items, 1)
    )
    return f'<div class="shots gap">{links}</div>' if links else ""


def upload(app: App, actor: Actor, tx: Texts, view: CaseView, kind: str) -> None:
    """Where a picture of `kind` is added: stored re-encoded at once, or refused with advice."""
    case_no = view.case_no
    count = sum(item.kind == kind for item in view.evidence)
    tries = st.session_state.get(f"tries-{kind}-{case_no}", 0)
    pick = tx("request.evidence.add_more") if count else tx("request.evidence.add")
    with st.container(key=f"up-{kind}", gap=None):
        st.html(f'<style>.st-key-up-{kind}{{--pick:"{esc(pick)}"}}</style>')
        file = st.file_uploader(
            f"{tx(f'evidence_kind.{kind}')}: {pick}", key=f"file-{kind}-{case_no}-{count}-{tries}",
            type=TYPES, label_visibility="collapsed", max_upload_size=LARGEST_MB,
        )  # fmt: skip
    if file is not None:
        st.session_state[f"tries-{kind}-{case_no}"] = tries + 1  # a fresh, empty uploader afterwards
        with st.spinner(tx("request.evidence.checking")):
            try:
                evidence.add(app, actor, case_no, kind, file.getvalue())
                st.session_state.pop(_REFUSED, None)
            except Refusal as refused:
                st.session_state[_REFUSED] = (case_no, kind, refused)
        st.rerun()
    said = st.session_state.get(_REFUSED)
    if said and said[:2] == (case_no, kind):
        st.html(bad(tx.refusal(said[2])))
