"""Covering parts of a picture before it is sent (R2.6): the button at its line, and the dialog behind it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import EvidenceBusy, EvidenceRefused, Refusal
from core.domain.masking import MARGINS, MOST_BOXES, boxes_of
from core.services import evidence, masking, reading
from core.services.case_views import CaseView
from core.services.evidence import EvidenceView
from core.texts import Texts
from portal import components, session
from portal.html import esc, ms
from portal.parts.wizard import bad

_TRIES: Final = "cover_tries"  # refused so often: the browser's side hears that it may go on
_REFUSED: Final = "cover_refused"
_OPEN: Final = "cover_open"  # the picture whose dialog stands there


def button(app: App, actor: Actor, tx: Texts, view: CaseView, item: EvidenceView, name: str) -> None:
    """How much of it is covered, and the way to cover more, while it is its sender's. `name`: of the picture,
    for those who do not see it.
    """
    if item.masks:
        st.html(f'<p class="note masked">{ms("ink_eraser")}{esc(tx("cover.done", n=item.masks))}</p>')
    if not evidence.is_theirs(view.state, view.events[-1].at if view.events else None, item):
        return
    label = tx("cover.more") if item.masks else tx("cover.open")
    if st.button(label, key=f"cover-{item.id}", type="tertiary", icon=":material/ink_eraser:"):
        st.session_state.pop(_REFUSED, None)
        st.session_state[_OPEN] = item.id
        _open(app, actor, tx, item, name)
    elif st.session_state.get(_OPEN) == item.id:
        _close()  # the page was drawn without it


def redraw() -> None:
    """Draw the page anew by itself, unless somebody is covering: what they drew would be gone."""
    if _OPEN not in st.session_state:
        st.rerun()


def _close() -> None:
    st.session_state.pop(_OPEN, None)


def _open(app: App, actor: Actor, tx: Texts, item: EvidenceView, name: str) -> None:
    def body() -> None:
        st.html(f'<p class="ask-text">{esc(tx("cover.lead"))}</p>')
        try:
            data = _data(app, actor, tx, item, name)
        except Refusal as gone:
            st.html(bad(tx.refusal(gone)))
            return
        done = components.mask(key=_key(item), data=data, on_cover_change=_nothing, on_cancel_change=_nothing)
        if done.cancel or (done.cover and _is_covered(app, actor, item, done.cover)):
            _close()
            st.rerun()

    st.dialog(tx("cover.title"), width="medium", on_dismiss=_close)(body)()


def _key(item: EvidenceView) -> str:
    """Streamlit refuses two underlines in the key of a component, and one picture in two hundred has them in
    its number.
    """
    return f"mask-{item.id.encode().hex()}"


def _nothing() -> None:
    """A component tells only what it has a callback for; the answer is read where it is mounted."""


def _is_covered(app: App, actor: Actor, item: EvidenceView, told: Any) -> bool:
    """Do it; a refusal is said in the dialog, where what was drawn stays."""
    st.session_state.pop(_REFUSED, None)
    try:
        masking.mask(app, actor, item.id, boxes_of(told), session.command_id("mask", item.id))
    except Refusal as refused:
        st.session_state[_REFUSED] = refused
        st.session_state[_TRIES] = st.session_state.get(_TRIES, 0) + 1
        st.rerun(scope="fragment")
    return True


def _data(app: App, actor: Actor, tx: Texts, item: EvidenceView, name: str) -> dict[str, Any]:
    """What the browser's side needs. `boxes`: what the reading would cover, `keep`: what it would not."""
    read, refused = reading.read_from(app, actor, item.id), st.session_state.get(_REFUSED)
    return {
        "id": item.id,
        "try": st.session_state.get(_TRIES, 0),
        "problem": _problem(tx, refused),
        "src": session.picture(item.id),
        "name": name,
        "width": item.width,
        "height": item.height,
        "margin": list(asdict(MARGINS[item.media_type]).values()),
        "most": MOST_BOXES,
        "boxes": [list(each.box) for each in read.covered[:MOST_BOXES]] if read else [],
        "keep": [[each.kind, *each.box] for each in read.shown] if read else [],
        "words": _words(tx, is_proposed=bool(read and read.covered)),
    }


def _problem(tx: Texts, refused: Refusal | None) -> str:
    """What the intake says of a file is not to be said of a picture that it took."""
    if isinstance(refused, EvidenceRefused | EvidenceBusy):
        return tx("cover.not_now")
    return tx.refusal(refused) if refused is not None else ""


def _words(tx: Texts, *, is_proposed: bool) -> dict[str, str]:
    """Figures are filled in where they are known: in the browser."""
    count, at = "{count}", {name: "{" + name + "}" for name in ("x", "y", "w", "h")}
    return {
        "how": tx("cover.how.proposed") if is_proposed else tx("cover.how"),
        "add": tx("cover.add"),
        "drop": tx("cover.drop"),
        "smaller": tx("cover.smaller"),
        "larger": tx("cover.larger"),
        "sheet": tx("cover.sheet"),
        "role": tx("cover.role"),
        "keys": tx("cover.keys"),
        "box": tx("cover.box", number="{n}", **at),
        "none": tx("cover.none"),
        "count": tx("cover.count", count=count),
        "dropped": tx("cover.dropped", count=count),
        "most": tx("cover.most", limit=MOST_BOXES),
        "hides_order": tx("cover.hides.order"),
        "hides_amount": tx("cover.hides.amount"),
        "failed": tx("cover.failed"),
        "cancel": tx("cover.cancel"),
        "cover": tx("cover.cover", count=count),
        "cover_none": tx("cover.cover_none"),
        "busy": tx("cover.busy"),
    }
