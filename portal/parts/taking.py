"""Taking pictures in: chosen, photographed, pasted or dropped, several at once; each has its answer (R2.3).

All roads end in Streamlit's uploader. What a visitor sees is a row of our own words, which `static/takes.js`
works: files go one after the other, so that each is answered when it is there, with progress meanwhile.
Without that script the uploader itself is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

import streamlit as st

from core import wording
from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.lifecycle import CASE
from core.domain.policy import Limits
from core.services import evidence
from core.services.case_views import CaseView
from core.services.evidence import EvidenceView
from core.texts import Texts
from portal.html import esc, ms, sr
from portal.parts.wizard import bad

_LET_IN_MB: Final = 10  # what the server takes at most (.streamlit/config.toml, gate.UPLOAD_LIMIT)
_SAID: Final = "picture_said"
# The script marks what was chosen together: `3f9~~photo.jpg`.
_TOGETHER: Final = re.compile(r"([0-9a-z]{1,12})~~(.*)", re.DOTALL)
_ACCEPT: Final = "image/jpeg,image/png,image/webp,application/pdf"  # so told, an iPhone makes its HEIC a JPEG


@dataclass(frozen=True, slots=True)
class _Said:
    """Of one file: why it was refused or what to know of it; `slot`: the kind or the picture it was for."""

    slot: str
    name: str
    outcome: Refusal | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was said of the files that were chosen together."""

    case_no: str
    mark: str
    said: tuple[_Said, ...] = ()


def largest_mb(limits: Limits) -> int:
    """Megabytes that one file may have: the policy's figure, and never more than the server lets in."""
    return min(_LET_IN_MB, limits.evidence_megabytes)


def upload(app: App, actor: Actor, tx: Texts, view: CaseView, limits: Limits, kind: str) -> None:
    """Where pictures of `kind` are added: stored re-encoded at once, or refused with advice.

    Every format may come, so that a wrong one is answered by a sentence of ours. What the browser itself
    holds back, above the limit or on a broken line, starts no run here: the script says it.
    """
    most = limits.evidence_files
    with st.container(key=f"up-{kind}", gap=None):
        if len(view.evidence) >= most:
            said = f'<ul class="going"></ul><p class="note">{esc(_full(tx, view, most))}</p>'
            st.html(said + _answers(tx, view, kind))
            return
        count = sum(item.kind == kind for item in view.evidence)
        pick = tx("request.evidence.add_more") if count else tx("request.evidence.add")
        name = wording.evidence_name(tx, kind, view.reason, view.order.kind)
        files = _uploader(limits, tx, view, f"{kind}-{view.case_no}-{count}", name, pick, several=True)
        _take_in(app, actor, tx, view, kind, files)
        if said := _answers(tx, view, kind):
            st.html(said)


def swap(
    app: App, actor: Actor, tx: Texts, view: CaseView, limits: Limits, item: EvidenceView, name: str
) -> None:
    """Another file in the place of this picture, in one go."""
    with st.container(key=f"swap-{item.id}", gap=None, width="content"):
        pick = tx("request.evidence.replace")
        files = _uploader(limits, tx, view, f"swap-{item.id}", name, pick, several=False)
        _take_in(app, actor, tx, view, item.kind, files, instead=item.id)


def said_late(tx: Texts, view: CaseView) -> str:
    """What was said of files for which there is no place any more."""
    held: _Batch | None = st.session_state.get(_SAID)
    if held is None or held.case_no != view.case_no:
        return ""
    return "".join(_line(tx, said, named=True) for said in held.said if isinstance(said.outcome, Refusal))


def refused(tx: Texts, view: CaseView, item: EvidenceView) -> str:
    """What was wrong with a file that was to replace this picture."""
    return _answers(tx, view, item.id)


def forget_said() -> None:
    """What was said of the last files is over: others were chosen, or the visitor went on."""
    st.session_state.pop(_SAID, None)


def _full(tx: Texts, view: CaseView, most: int) -> str:
    if view.state == CASE.initial and not view.events:
        return tx("request.evidence.full_draft", n=most)
    return tx("request.evidence.full", n=most)


def _uploader(
    limits: Limits, tx: Texts, view: CaseView, key: str, name: str, pick: str, *, several: bool
) -> list[Any]:
    """The row of ways in, and the uploader behind them; its files."""
    largest, tries = largest_mb(limits), st.session_state.get(f"tries-{key}", 0)
    css = "" if several else " swap"
    words = (
        f'<div class="take{css}" data-case="{esc(view.case_no)}" data-name="{esc(name)}" '
        f'data-most="{largest}">'
        f"{_way('add_photo_alternate' if several else 'cached', pick, name, several=several)}"
    )
    if several:
        words += (
            f"{_way('photo_camera', tx('request.evidence.camera'), name, css=' cam')}"
            f'<button type="button" class="way paste">{ms("content_paste")}'
            f"<b>{esc(tx('request.evidence.paste'))}</b> {sr(name)}</button>"
        )
    st.html(f'{words}</div><ul class="going"></ul>')
    with st.container(key=f"raw-{key}", gap=None):
        st.html(f'<style>.st-key-raw-{key}{{--pick:"{esc(pick)}"}}</style>')
        found = st.file_uploader(
            f"{name}: {pick}", key=f"file-{key}-{tries}", label_visibility="collapsed",
            max_upload_size=largest, accept_multiple_files=several,
        )  # fmt: skip
        if several:
            st.html(
                f'<p class="on-its-way" role="status">{esc(tx("request.evidence.sending"))}</p>'
                f'<div class="held-back">{bad(tx("request.evidence.held_back", size=largest))}</div>'
            )
    files: list[Any] = found if isinstance(found, list) else [found] if found is not None else []
    if files:
        st.session_state[f"tries-{key}"] = tries + 1  # a fresh, empty uploader afterwards
    return files


def _way(icon: str, words: str, name: str, *, several: bool = False, css: str = "") -> str:
    """A button that is a file field: the browser opens its chooser, or with `cam` the camera, at once."""
    more = ' capture="environment" accept="image/*"' if css else f' accept="{_ACCEPT}"'
    many = " multiple" if several else ""
    field = f'<input type="file"{more}{many}>'
    return f'<label class="way{css}">{ms(icon)}<b>{esc(words)}</b> {sr(name)}{field}</label>'


def _take_in(
    app: App, actor: Actor, tx: Texts, view: CaseView, kind: str, files: list[Any], *, instead: str = ""
) -> None:
    """Each for itself: one that cannot be used does not stop the others."""
    if not files:
        return
    slot = instead or kind
    with st.spinner(tx("request.evidence.checking")):
        for file in files:
            mark, name = _parts(file.name)
            outcome: Refusal | tuple[str, ...]
            try:
                if instead:
                    outcome = evidence.replace(app, actor, instead, file.getvalue()).notes
                else:
                    outcome = evidence.add_file(app, actor, view.case_no, kind, file.getvalue()).notes
            except Refusal as reason:
                outcome = reason
            said = _Said(slot if isinstance(outcome, Refusal) else kind, name, outcome)
            _remember(view.case_no, mark or f"run-{files[0].file_id}", said)
    st.rerun()


def _parts(name: str) -> tuple[str, str]:
    found = _TOGETHER.fullmatch(name)
    return (found[1], found[2]) if found else ("", name)


def _remember(case_no: str, mark: str, said: _Said) -> None:
    held: _Batch | None = st.session_state.get(_SAID)
    if held is None or (held.case_no, held.mark) != (case_no, mark):
        held = _Batch(case_no, mark)
    st.session_state[_SAID] = replace(held, said=(*held.said, said))


def _answers(tx: Texts, view: CaseView, slot: str) -> str:
    """A line for each file of the last batch: a refusal with its reason, or what to know; the rest is with
    the picture, and here for who cannot see it.
    """
    held: _Batch | None = st.session_state.get(_SAID)
    if held is None or held.case_no != view.case_no:
        return ""
    several = len(held.said) > 1
    lines = [_line(tx, said, named=several) for said in held.said if said.slot == slot]
    return f'<div class="answered">{"".join(lines)}</div>' if lines else ""


def _line(tx: Texts, said: _Said, *, named: bool) -> str:
    """The file's name stands before the sentence where there are several."""
    if isinstance(said.outcome, Refusal):
        words = tx.refusal(said.outcome)
        return bad(tx("request.evidence.of_file", name=said.name, says=words) if named else words)
    if said.outcome:
        return "".join(
            f'<p class="note" role="status">{esc(tx(f"picture_note.{note}"))}</p>' for note in said.outcome
        )
    return f'<p class="sr" role="status">{esc(tx("request.evidence.arrived", name=said.name))}</p>'
