"""The policy lab: change a policy, see what it does before anybody meets it, ask a second person (R6.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import streamlit as st

from core.domain.analysis import Analysis
from core.domain.errors import NotFound, PolicyEntangled, PolicyInvalid
from core.domain.policy import cached, load
from core.domain.policy_changes import Changes
from core.services import policies, policy_drafts, policy_schedule, staff
from core.services import replay as past
from core.services.policy_drafts import Draft
from core.texts import Texts
from portal import session
from portal.html import esc, hero, ms
from portal.parts import lab as drawn
from portal.parts import (
    lab_base,
    lab_drafts,
    lab_gist,
    lab_newer,
    lab_read,
    lab_schedule,
    lab_seen,
    lab_text,
    lab_trial,
)
from portal.parts.lab_base import Editing

actor = session.require(*past.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
_EARLIER: Final = 5  # versions before the last that one may begin with


def run() -> None:
    version, document, begins_at = policies.last_document(app)
    named = lab_gist.naming(tx, version, begins_at, now)
    draft, newest = _asked_for(), version
    if draft is not None and draft.state == "approved":  # what it changed once, not what is left to change
        version, document = draft.based_on, policies.document(app, draft.based_on)
        named = lab_gist.former(tx, version)
    done = st.session_state.pop(lab_drafts.DONE, "")
    said = f'<p class="done" role="status">{ms("check_circle")}{esc(done)}</p>' if done else ""
    if draft is None and "draft" in st.query_params:
        said += f'<p class="note amb" role="status">{ms("search_off")}{esc(tx("lab.draft.lost"))}</p>'
    asked = policy_drafts.drafts(app, actor) if draft is None else ()
    said += lab_drafts.waiting(tx, asked, actor)
    said += lab_trial.elsewhere(app, actor, tx) if draft is None else ""
    st.html(hero(tx("lab.title"), esc(tx("lab.lead"))) + said)
    if done:  # the button that led here may be far below what came of it
        st.html(
            '<script>document.querySelector(".stMain")?.scrollTo(0,0)</script>', unsafe_allow_javascript=True
        )
    if draft is None and (coming := policy_schedule.coming(app, actor)):
        lab_schedule.shown(app, actor, tx, coming, staff.names(app), now=now)
    is_wide = draft is None and lab_text.view() == "table"
    # A table takes the whole width: beside what comes of it half of its columns would be out of sight.
    left, right = (st.container(), st.container()) if is_wide else st.columns([1, 1.15], gap="large")
    with left:
        gist = st.container(key="lab-gist")
        editing = _edited(version, document) if draft is None else None
        text = editing.text if editing is not None else _read(draft, document, (newest, begins_at))
    if editing is not None:  # what one changes oneself, whatever was published meanwhile
        if editing.version != version:
            named = lab_gist.former(tx, editing.version)
        version, document = editing.version, editing.document
    with right:
        st.html('<span id="lab-results"></span>')
        key = editing.key if editing is not None else None
        compared = _seen(named, text, document, version, key, is_asked=draft is not None)
    is_read = not isinstance(lab_text.checked(text), PolicyInvalid)
    if is_read and text != document and (said := lab_gist.said(named, lab_seen.told(), compared)):
        gist.html(said)
    gone = policy_schedule.called_off(app, actor) if draft is None else ()
    if asked or gone:
        names = staff.names(app)
        with st.container(key="card-lab-drafts"):
            listed = lab_drafts.listing(tx, asked, names, now=now) if asked else ""
            st.html(listed + lab_schedule.history(tx, gone, names, now=now))


def _asked_for() -> Draft | None:
    """The draft that the address names, if there is one."""
    return _of(st.query_params.get("draft", ""))


def _of(asked: str) -> Draft | None:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 16):
        return None
    try:
        return policy_drafts.get(app, actor, int(asked))
    except NotFound:
        return None


def _read(draft: Draft | None, document: str, last: tuple[int, datetime]) -> str:
    """A draft as it was asked for: what it changes in `document`, what can be done about it; its words at a
    click. `last`: the last version, and from when.
    """
    assert draft is not None
    policy = lab_text.checked(draft.document)
    is_read = not isinstance(policy, PolicyInvalid)
    with st.container(key="card-lab-decide"):
        names = staff.names(app)
        lab_drafts.head(tx, draft, names, now=now)
        if draft.is_called_off and (off := policy_schedule.one_called_off(app, actor, draft.version or 0)):
            st.html(lab_schedule.said(tx, off, names, now=now))
        for coming in policy_schedule.coming(app, actor):
            if coming.version == draft.version:
                lab_schedule.call_off(app, actor, tx, coming, now=now)
        if is_read:
            _in_short(document, draft.document)
        lab_drafts.decide(app, actor, tx, draft, last, now=now)
    lab_trial.show(app, actor, tx, draft, last[0], names, now=now)
    with st.expander(tx("lab.text"), key="lab-draft-text"):
        st.text_area(
            tx("lab.text"), draft.document, height=560, key=f"lab-text-draft-{draft.id}", disabled=True,
            label_visibility="collapsed",
        )  # fmt: skip
    if not isinstance(policy, PolicyInvalid):
        with st.expander(tx("lab.read.title"), key="lab-draft-read"), st.container(key="card-lab-read"):
            lab_read.shown(tx, policy, last[0])
    return draft.document


def _in_short(document: str, text: str) -> None:
    """What is to be decided, before the button that decides it."""
    compared = _compared(document, text)
    if compared is None:
        return
    before, after = cached(document), load(text)
    looked = lab_seen.replayed(app, actor, document, text, after)
    st.html(drawn.in_short(tx, *compared, (before, after), (looked.sent, looked.told)))


def _compared(document: str, text: str) -> tuple[Analysis, Changes] | None:
    """What is wrong with `text` and what it changes; None when it is too entangled to tell."""

    def work() -> tuple[Analysis, Changes] | None:
        with st.spinner(tx("lab.working")):
            try:
                return drawn.compared(document, text)
            except PolicyEntangled:
                return None

    found: tuple[Analysis, Changes] | None = lab_seen.kept("compared", (document, text), work)
    return found


def _edited(version: int, document: str) -> Editing:
    """A document in the making, and asking a second person for it."""
    begun = None if (number := st.query_params.get(lab_drafts.GO_ON)) is None else _of(number)

    def text_of(number: int) -> str:
        return document if number == version else policies.document(app, number)

    def is_version(number: int) -> bool:
        return number == version or policies.is_published(app, number)

    above = st.container()
    editing = lab_base.chosen(tx, version, begun, policies.earlier(app, _EARLIER), text_of)
    off = policy_schedule.one_called_off(app, actor, editing.version) if editing.is_behind else None
    with above:
        why = "" if off is None else lab_schedule.said(tx, off, staff.names(app), now=now)
        lab_newer.shown(tx, editing, document, why)
    keeps = lambda text: not _is_asked_for(text)  # noqa: E731
    lab_text.edited(tx, editing, document, who=actor.id, keeps=keeps, is_version=is_version)
    text = editing.text
    if text != editing.document and not isinstance(lab_text.checked(text), PolicyInvalid):
        with st.container(key="card-lab-ask"):
            lab_drafts.ask(app, actor, tx, text, editing, is_off=off is not None)
    st.html(f'<p class="note">{esc(tx("lab.publish"))}</p>')
    return editing


def _is_asked_for(text: str) -> bool:
    """Whether somebody was asked to approve this very text."""
    return any(draft.document == text for draft in policy_drafts.drafts(app, actor))


def _seen(
    tx: Texts, text: str, document: str, version: int, text_key: str | None, *, is_asked: bool
) -> tuple[Analysis, Changes] | None:
    """What the shop's own requests would be told and what that costs, what changes, what is wrong with it;
    who reads a draft that `is_asked` for sees first who wins and who loses.
    """
    policy = lab_text.checked(text)
    if isinstance(policy, PolicyInvalid):
        st.html(f'<p class="note">{esc(tx("lab.broken"))}</p>')
        return None
    lab_seen.shown(app, actor, tx, document, text, policy, text_key, who_first=is_asked)
    compared = _compared(document, text)
    if compared is None:
        st.html(f'<p class="note amb">{esc(tx("lab.too_entangled"))}</p>')
        return None
    found, moved = compared
    untouched = f'<p class="note">{esc(tx("lab.untouched"))}</p>'
    what = '<span id="lab-changes"></span>' + (drawn.changes(tx, moved) if text != document else untouched)
    lab_seen.tile("changes", tx("lab.changes", version=version), what)
    checks = lab_seen.kept("checks", (text, tx.language), lambda: drawn.findings(tx, found, policy))
    lab_seen.tile("checks", tx("lab.checks"), checks)
    return compared


run()
