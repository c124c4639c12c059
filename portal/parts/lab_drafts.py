"""Drafts of policies in the lab: asked for by one, put in force or sent back by another."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import uuid4

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor, same_person
from core.domain.errors import PolicyEntangled, PolicyInvalid
from core.domain.workdays import ZONE, local_date
from core.services import (
    policies,
    policy_drafts,
    policy_publishing,
    policy_schedule,
    policy_trials,
    staff,
)
from core.services.policy_drafts import Draft
from core.texts import Texts
from portal import boundary
from portal.html import esc, href, ms
from portal.parts.lab_base import Editing

_COMMAND: Final = "lab_command"
GO_ON: Final = "from"  # in the address: the draft that another one begins with
_DAYS: Final = 90  # so far ahead a policy may be put in force from here
_ENDS: Final = {"running": "lab.draft.ends_trial", "asked": "lab.draft.ends_trial_asked"}  # by a yes
_TOLD: Final = 3  # at the top; all of them stand in the list
DONE: Final = "lab_done"  # what to say after the rerun


def listing(tx: Texts, found: tuple[Draft, ...], names: staff.Names, *, now: datetime) -> str:
    """What waits for a second person, and what became of the others."""
    items = "".join(_line(tx, draft, names, now) for draft in found)
    return f'<h2>{esc(tx("lab.drafts"))}</h2><ul class="drafts lab">{items}</ul>'


def waiting(tx: Texts, found: tuple[Draft, ...], actor: Actor) -> str:
    """For the top of the lab: what this person is to decide, and what of theirs came back last."""
    mine = [draft for draft in found if same_person(actor.id, draft.author)]
    came_back = max((d for d in mine), key=lambda d: d.created_at, default=None)
    told = [("lab.draft.yours_to_decide", draft) for draft in found if draft.may_decide(actor)]
    if came_back is not None and came_back.state == "sent_back":
        told.append(("lab.draft.came_back", came_back))
    elif (
        came_back is not None
        and came_back.is_called_off
        and not same_person(actor.id, came_back.called_off_by or "")
    ):
        told.append(("lab.draft.yours_called_off", came_back))
    return "".join(
        f'<p class="note amb">{ms("how_to_reg")}<a href="{href("/lab", draft=str(draft.id))}">'
        f"{esc(tx(key, meant=draft.meant))}</a></p>"
        for key, draft in told[:_TOLD]
    )


def _line(tx: Texts, draft: Draft, names: staff.Names, now: datetime) -> str:
    by = tx("lab.draft.by", who=names.get(draft.author, draft.author), when=tx.when(draft.created_at, now))
    css = "" if draft.is_called_off else {"open": " act", "approved": " ok"}.get(draft.state, "")
    state = _state(tx, draft)
    return (
        f'<li><a href="{href("/lab", draft=str(draft.id))}"><b><bdi>{esc(draft.meant)}</bdi></b>'
        f'<span class="by">{esc(by)}</span><span class="tag{css}">{esc(state)}</span>'
        f"{ms('chevron_right')}</a></li>"
    )


def _state(tx: Texts, draft: Draft) -> str:
    return tx(f"lab.draft.{_became_of(draft)}", version=draft.version or 0)


def _became_of(draft: Draft) -> str:
    return "called_off" if draft.is_called_off else draft.state


def ask(app: App, actor: Actor, tx: Texts, document: str, editing: Editing, *, is_off: bool) -> None:
    """What is meant, and the button that asks a second person; none while the last version is not in it.
    `is_off`: because what it began from was called off.
    """
    with st.form("lab-ask", border=False):
        meant = st.text_input(
            tx("lab.meant"), key="lab-meant", max_chars=policies.LONGEST,
            placeholder=tx("lab.meant.such"), persist_state="session",
        )  # fmt: skip
        despite = accepting(tx, document, "ask")
        asked = st.form_submit_button(tx("lab.ask"), icon=":material/how_to_reg:", disabled=editing.is_behind)
    if editing.is_behind:
        key = "lab.newer.first.called_off" if is_off else "lab.newer.first"
        first = tx(key, version=editing.newest, began=editing.version)
        st.html(f'<p class="note amb">{esc(first)}</p>')
        return
    if not asked:
        return
    command = st.session_state.setdefault(_COMMAND, f"policy-{uuid4()}")
    with boundary.refusals():
        draft_id = policy_drafts.ask(
            app, actor, document, meant, command, based_on=editing.version, despite=despite
        )
        del st.session_state[_COMMAND]
        st.session_state[DONE] = tx("lab.asked")
        st.query_params["draft"] = str(draft_id)
        st.rerun()


def head(tx: Texts, draft: Draft, names: staff.Names, *, now: datetime) -> None:
    """Who asks for it and why, and what became of it."""
    by = tx("lab.draft.by", who=names.get(draft.author, draft.author), when=tx.when(draft.created_at, now))
    state = _state(tx, draft)
    st.html(
        f'<p class="crumb"><a href="{href("/lab")}">{ms("arrow_back")}{esc(tx("lab.draft.back"))}</a></p>'
        f"<h2><bdi>{esc(draft.meant)}</bdi></h2>"
        f'<p class="note">{esc(by)} · {esc(state)}</p>{_accepted(tx, draft)}{_became(tx, draft, names, now)}'
    )


def decide(
    app: App, actor: Actor, tx: Texts, draft: Draft, last: tuple[int, datetime], *, now: datetime
) -> None:
    """What this person may do about it. `last`: the last version and its beginning; one that is not in it is
    said.
    """
    newest, begins_at = last
    if is_behind := draft.is_behind(newest):
        gone = policy_schedule.one_called_off(app, actor, draft.based_on)
        key = "lab.draft.behind" if gone is None else "lab.draft.behind_called_off"
        said = tx(key, version=newest, based_on=draft.based_on)
        st.html(f'<p class="note amb" role="status">{ms("warning")}{esc(said)}</p>')
    if draft.may_decide(actor):
        if not is_behind:
            _approve(app, actor, tx, draft, begins_at, now)
        _send_back(app, actor, tx, draft)
    elif draft.state == "open" and same_person(actor.id, draft.author):
        if not is_behind:
            st.html(f'<p class="note">{esc(tx("lab.draft.waits"))}</p>')
        if st.button(tx("lab.draft.withdraw"), key="lab-withdraw", icon=":material/undo:"):
            with boundary.refusals():
                policy_drafts.withdraw(app, actor, draft.id, _once(draft, "withdraw"))
                _said(tx("lab.draft.withdrawn_said"))
    elif _became_of(draft) in ("sent_back", "withdrawn", "called_off") and st.button(
        tx("lab.draft.go_on"), type="primary", key="lab-go-on", icon=":material/edit:"
    ):
        del st.query_params["draft"]
        st.query_params[GO_ON] = str(draft.id)
        st.rerun()


def _accepted(tx: Texts, draft: Draft) -> str:
    """On record: faults that were accepted by who asked, and by who put it in force."""
    said = [
        tx(f"lab.despite.{who}", n=n)
        for who, n in (("asked", draft.despite), ("approved", draft.accepted))
        if n
    ]
    return "".join(f'<p class="note amb">{ms("warning")}{esc(line)}</p>' for line in said)


def _became(tx: Texts, draft: Draft, names: staff.Names, now: datetime) -> str:
    """Who decided it and when; from when it holds, or why it came back."""
    if draft.decided_at is None or draft.decided_by is None:
        return ""
    who, when = names.get(draft.decided_by, draft.decided_by), tx.when(draft.decided_at, now)
    begins = "" if draft.begins_at is None else tx.when(draft.begins_at, now)
    became = tx(f"lab.draft.{_became_of(draft)}_by", who=who, when=when, begins=begins)
    return f'<p class="note">{esc(became)}</p>' + (
        f'<p class="quote"><bdi>{esc(draft.says)}</bdi></p>' if draft.says else ""
    )


def _approve(app: App, actor: Actor, tx: Texts, draft: Draft, begins_at: datetime, now: datetime) -> None:
    """From a day on: none before the last version begins, which it was written on."""
    today = first = local_date(now)
    if begins_at > now:
        first = local_date(begins_at)
        first += timedelta(days=_midnight(first) < begins_at)
    ends = "".join(
        f'<p class="note amb">{ms("science")}{esc(tx(_ENDS[trial.state], percent=trial.percent))}</p>'
        for trial in policy_trials.of_draft(app, actor, draft.id)
        if trial.kind == "share" and trial.state in _ENDS
    )
    with st.form("lab-approve", border=False):
        days = [first + timedelta(days=ahead) for ahead in range(_DAYS + 1)]
        names = {day: tx("lab.draft.from_day", day=tx.day_long(day)) for day in days}
        names[today] = tx("lab.draft.at_once")
        day = st.selectbox(
            tx("lab.draft.from"), days, index=1, format_func=names.__getitem__, key="lab-from",
            help=tx("lab.draft.from_help"),
        )  # fmt: skip
        despite = accepting(tx, draft.document, f"approve-{draft.id}")
        if ends:
            st.html(ends)
        yes = st.form_submit_button(tx("lab.draft.approve"), type="primary", icon=":material/check:")
    if yes:
        start = None if day == today else _midnight(day)
        with boundary.refusals():
            version = policy_drafts.approve(
                app, actor, draft.id, _once(draft, "approve"), start, despite=despite
            )
            when = tx("lab.draft.now") if start is None else tx.day_long(start)
            _said(tx("lab.draft.approved_said", version=version, when=when))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def accepting(tx: Texts, document: str, what: str) -> int | None:
    """A tick beside the button where something is to be mended; how many faults are accepted by it."""
    try:
        found = policy_publishing.faults(document)
    except (PolicyInvalid, PolicyEntangled):  # what asks or approves says so
        return None
    if not found:
        return None
    is_so = st.checkbox(tx("lab.despite", n=found), key=f"lab-despite-{what}-{found}")
    return found if is_so else None


def _send_back(app: App, actor: Actor, tx: Texts, draft: Draft) -> None:
    with st.form("lab-back", border=False):
        why = st.text_input(tx("lab.draft.why"), key="lab-why", max_chars=policies.LONGEST)
        no = st.form_submit_button(tx("lab.draft.send_back"), icon=":material/undo:")
    if no:
        with boundary.refusals():
            policy_drafts.send_back(app, actor, draft.id, why, _once(draft, "back"))
            _said(tx("lab.draft.sent_back_said"))


def _once(draft: Draft, what: str) -> str:
    """Every click on one draft is one command."""
    return f"policy-draft-{draft.id}-{what}"


def _said(words: str) -> None:
    st.session_state[DONE] = words
    st.rerun()
