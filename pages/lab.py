"""The policy lab: change a policy, see what it does before anybody meets it, ask a second person (R6.3)."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import NotFound, PolicyInvalid
from core.domain.regions import TooEntangled
from core.services import policies, policy_drafts, staff
from core.services import replay as past
from core.services.policy_drafts import Draft
from portal import session
from portal.html import esc, hero, ms
from portal.parts import lab as drawn
from portal.parts import lab_drafts, lab_seen, lab_text

actor = session.require(*past.ROLES)
tx, app = session.texts(), session.core()
now = app.now()


def run() -> None:
    version, document, begins_at = policies.last_document(app)
    draft = _asked_for()
    done = st.session_state.pop(lab_drafts.DONE, "")
    said = f'<p class="done" role="status">{ms("check_circle")}{esc(done)}</p>' if done else ""
    if begins_at > now:
        coming = tx("lab.coming", version=version, when=tx.day_long(begins_at))
        said += f'<p class="note amb">{ms("schedule")}{esc(coming)}</p>'
    if draft is None and "draft" in st.query_params:
        said += f'<p class="note amb" role="status">{ms("search_off")}{esc(tx("lab.draft.lost"))}</p>'
    st.html(hero(tx("lab.title"), esc(tx("lab.lead"))) + said)
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        text_key = _edited(version, document) if draft is None else None
        text = _read(draft) if draft is not None else st.session_state[str(text_key)]
    with right:
        _seen(text, document, version, text_key)
    if draft is None and (asked := policy_drafts.drafts(app, actor)):
        with st.container(key="card-lab-drafts"):
            st.html(lab_drafts.listing(tx, asked, staff.names(app), now=now))


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


def _read(draft: Draft) -> str:
    """A draft as it was asked for, and what can be done about it."""
    with st.container(key="card-lab-decide"):
        lab_drafts.decide(app, actor, tx, draft, staff.names(app), now=now)
    st.text_area(tx("lab.text"), draft.document, height=560, key=f"lab-text-draft-{draft.id}", disabled=True)
    return draft.document


def _edited(version: int, document: str) -> str:
    """A document in the making, and asking a second person for it; the key of its text in the session."""
    begun = None if (number := st.query_params.get(lab_drafts.GO_ON)) is None else _of(number)
    key = lab_text.edited(tx, version, document, begun)
    text: str = st.session_state[key]
    if text != document:
        with st.container(key="card-lab-ask"):
            lab_drafts.ask(app, actor, tx, text, version)
    st.html(f'<p class="note">{esc(tx("lab.publish"))}</p>')
    return key


def _seen(text: str, document: str, version: int, text_key: str | None) -> None:
    """What the shop's own requests would be told and what that costs, what changes, what is wrong with it."""
    policy = lab_text.checked(text)
    if isinstance(policy, PolicyInvalid):
        st.html(f'<p class="note">{esc(tx("lab.broken"))}</p>')
        return
    lab_seen.shown(app, actor, tx, document, text, policy, text_key)
    with st.spinner(tx("lab.working")):
        try:
            found, moved = drawn.compared(document, text)
        except TooEntangled:
            st.html(f'<p class="note amb">{esc(tx("lab.too_entangled"))}</p>')
            return
    untouched = f'<p class="note">{esc(tx("lab.untouched"))}</p>'
    what = drawn.changes(tx, moved) if text != document else untouched
    lab_seen.tile("changes", tx("lab.changes", version=version), what)
    lab_seen.tile("checks", tx("lab.checks"), drawn.findings(tx, found, policy))


run()
