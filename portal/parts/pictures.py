"""Pictures: shown by the route that asks who may see; taken in one at a time, answered at once (R2.3)."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import evidence, policies
from core.services.case_views import CaseView
from core.services.evidence import EvidenceView
from core.texts import Texts
from portal import session
from portal.html import esc, ms
from portal.parts.wizard import bad

_LET_IN_MB: Final = 10  # what the server takes at most (.streamlit/config.toml, gate.UPLOAD_LIMIT)
_SAID: Final = "picture_said"  # of the last file: (case, kind, why it was refused or what to know of it)


def name(tx: Texts, item: EvidenceView, number: int) -> str:
    """`没到账的证明，第 1 张`."""
    return tx("request.evidence.alt", kind=tx(f"evidence_kind.{item.kind}"), n=number)


def image(tx: Texts, item: EvidenceView, number: int) -> str:
    """The picture from the route that asks again who may see it; never Streamlit's open media address."""
    if item.expired_at is not None:
        words = tx("evidence.expired", date=tx.date(item.expired_at))
        return f'<span class="gone">{ms("hide_image")}{esc(words)}</span>'
    return f'<img src="{esc(session.picture(item.id))}" alt="{esc(name(tx, item, number))}" loading="lazy">'


def shots(tx: Texts, items: tuple[EvidenceView, ...]) -> str:
    """All pictures in a row, each a link to its full size."""
    links = "".join(_shot(tx, item, number) for number, item in enumerate(items, 1))
    return f'<div class="shots gap">{links}</div>' if links else ""


def _shot(tx: Texts, item: EvidenceView, number: int) -> str:
    shown = image(tx, item, number)
    if item.expired_at is not None:
        return shown
    return f'<a href="{esc(session.picture(item.id))}" target="_blank" rel="noopener">{shown}</a>'


def largest_mb(app: App, view: CaseView) -> int:
    """Megabytes that one file may have: the policy's figure, and never more than the server lets in."""
    return min(_LET_IN_MB, policies.of_version(app, view.policy_version).limits.evidence_megabytes)


def upload(app: App, actor: Actor, tx: Texts, view: CaseView, kind: str) -> None:
    """Where a picture of `kind` is added: stored re-encoded at once, or refused with advice.

    Every format may come, so that a wrong one is answered by a sentence of ours. What the browser itself
    holds back, above the limit or on a broken line, starts no run here: the sentence for that stands ready
    and the styles show it, and hide what was said of the file before.
    """
    case_no, largest = view.case_no, largest_mb(app, view)
    count = sum(item.kind == kind for item in view.evidence)
    tries = st.session_state.get(f"tries-{kind}-{case_no}", 0)
    pick = tx("request.evidence.add_more") if count else tx("request.evidence.add")
    with st.container(key=f"up-{kind}", gap=None):
        st.html(f'<style>.st-key-up-{kind}{{--pick:"{esc(pick)}"}}</style>')
        file = st.file_uploader(
            f"{tx(f'evidence_kind.{kind}')}: {pick}", key=f"file-{kind}-{case_no}-{count}-{tries}",
            label_visibility="collapsed", max_upload_size=largest,
        )  # fmt: skip
        st.html(
            f'<p class="on-its-way" role="status">{esc(tx("request.evidence.sending"))}</p>'
            f'<div class="held-back">{bad(tx("request.evidence.held_back", size=largest))}</div>'
        )
        if file is not None:
            st.session_state[f"tries-{kind}-{case_no}"] = tries + 1  # a fresh, empty uploader afterwards
            _take_in(app, actor, tx, case_no, kind, file.getvalue())
            st.rerun()
        said = st.session_state.get(_SAID)
        if said and said[:2] == (case_no, kind):
            st.html(f'<div class="answered">{_words(tx, said[2])}</div>')


def _take_in(app: App, actor: Actor, tx: Texts, case_no: str, kind: str, data: bytes) -> None:
    with st.spinner(tx("request.evidence.checking")):
        try:
            notes = evidence.add_file(app, actor, case_no, kind, data).notes
        except Refusal as refused:
            st.session_state[_SAID] = (case_no, kind, refused)
        else:
            st.session_state[_SAID] = (case_no, kind, notes)


def _words(tx: Texts, said: Refusal | tuple[str, ...]) -> str:
    if isinstance(said, Refusal):
        return bad(tx.refusal(said))
    return "".join(f'<p class="note" role="status">{esc(tx(f"picture_note.{note}"))}</p>' for note in said)


def forget_said() -> None:
    """What was said of the last file is over: another one was chosen, or the visitor went on."""
    st.session_state.pop(_SAID, None)
