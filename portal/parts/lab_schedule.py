"""What is published to begin later, calling it off, and what was called off."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.services import policies, policy_schedule, staff
from core.services.policy_schedule import AHEAD, CalledOff, Coming
from core.texts import Texts
from portal import boundary
from portal.html import esc, href, ms
from portal.parts import lab_drafts

KEY: Final = "card-lab-schedule"


def shown(
    app: App, actor: Actor, tx: Texts, coming: tuple[Coming, ...], names: staff.Names, *, now: datetime
) -> None:
    """Every version that is to begin, the soonest first; the last of them can be called off."""
    with st.container(key=KEY):
        lines = "".join(_line(tx, each, names, now) for each in coming)
        last = coming[-1]
        beside = tx("lab.schedule.beside", version=last.version)
        st.html(
            f'<h2>{esc(tx("lab.schedule.title"))}</h2><ul class="drafts lab">{lines}</ul>'
            f'<p class="note">{esc(beside)}</p>'
        )
        call_off(app, actor, tx, last, now=now)


def call_off(app: App, actor: Actor, tx: Texts, last: Coming, *, now: datetime) -> None:
    """A reason and the button, behind one that opens them."""
    if last.begins_at <= now + AHEAD:
        st.html(f'<p class="note">{esc(tx("lab.schedule.late"))}</p>')
        return
    label = tx("lab.schedule.call_off", version=last.version)
    with (
        st.popover(label, icon=":material/event_busy:", key="lab-call-off"),
        st.form("lab-schedule", border=False),
    ):
        st.html(f"<p>{esc(tx('lab.schedule.says', version=last.version))}</p>")
        why = st.text_input(tx("lab.schedule.why"), key="lab-off-why", max_chars=policies.LONGEST)
        off = st.form_submit_button(label, type="primary", icon=":material/event_busy:")
        if not off:
            return
        with boundary.refusals():
            command = f"policy-{last.version}-call-off-{actor.id}"
            holds = policy_schedule.call_off(app, actor, last.version, why, command)
            st.session_state[lab_drafts.DONE] = tx("policy.called_off", version=last.version, holds=holds)
            st.rerun()


def history(tx: Texts, found: tuple[CalledOff, ...], names: staff.Names, *, now: datetime) -> str:
    """What was called off, with the reason; nothing where nothing was."""
    if not found:
        return ""
    return f"<h2>{esc(tx('lab.schedule.gone'))}</h2>" + "".join(
        f'<p class="note">{esc(_was(tx, each, names, now))}</p>'
        f'<p class="quote"><bdi>{esc(each.because)}</bdi></p>'
        for each in found
    )


def _line(tx: Texts, each: Coming, names: staff.Names, now: datetime) -> str:
    when = tx("lab.schedule.line", version=each.version, when=tx.when(each.begins_at, now))
    people = (names.get(who, who) for who in (each.author, each.approved_by))
    by = tx("lab.schedule.by", **dict(zip(("author", "approver"), people, strict=True)))
    meant = f"<bdi>{esc(each.meant)}</bdi> · " if each.meant else ""
    inside = f'<b>{esc(when)}</b><span class="by">{meant}{esc(by)}</span>'
    if each.draft_id is None:
        return f"<li>{inside}</li>"
    return f'<li><a href="{href("/lab", draft=str(each.draft_id))}">{inside}{ms("chevron_right")}</a></li>'


def _was(tx: Texts, each: CalledOff, names: staff.Names, now: datetime) -> str:
    return tx(
        "lab.schedule.was",
        version=each.version,
        day=tx.day_long(each.would_begin),
        who=names.get(each.by, each.by),
        when=tx.when(each.at, now),
    )
