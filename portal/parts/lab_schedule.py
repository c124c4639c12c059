"""What is published to begin later, calling it off, and what was called off."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core import policy_words
from core.adapters.world import App
from core.domain.actors import Actor
from core.services import policies, policy_schedule, staff
from core.services.policy_schedule import AHEAD, CalledOff, Coming
from core.texts import Texts
from portal import boundary
from portal.html import esc, href, ms
from portal.parts import lab_drafts


def shown(
    app: App, actor: Actor, tx: Texts, coming: tuple[Coming, ...], names: staff.Names, *, now: datetime
) -> None:
    """Every version that is to begin, the soonest first, and what can be called off."""
    with st.container(key="card-lab-schedule"):
        lines = "".join(_line(tx, each, names, now) for each in coming)
        beside = tx("lab.schedule.beside", version=coming[-1].version)
        st.html(
            f'<h2>{esc(tx("lab.schedule.title"))}</h2><ul class="drafts lab">{lines}</ul>'
            f'<p class="note">{esc(beside)}</p>'
        )
        with st.container(horizontal=True, key="lab-schedule-ways"):
            for each in coming:
                if each.followed_by is None:
                    call_off(app, actor, tx, each, now=now)
        rest = [_later(tx, each) for each in coming if each.followed_by is not None]
        if rest:
            st.html("".join(rest))


def call_off(app: App, actor: Actor, tx: Texts, each: Coming, *, now: datetime) -> None:
    """A reason and the button, behind one that opens them. Each version has its own: what was written about
    one is not said of the next.
    """
    if each.followed_by is not None:
        st.html(_later(tx, each))
        return
    if each.begins_at <= now + AHEAD:
        st.html(f'<p class="note">{esc(tx("lab.schedule.late", version=each.version))}</p>')
        return
    label, of = tx("lab.schedule.call_off", version=each.version), each.version
    with (
        st.popover(label, icon=":material/event_busy:", key=f"lab-call-off-{of}"),
        st.form(f"lab-schedule-{of}", border=False),
    ):
        st.html(f"<p>{esc(tx('lab.schedule.says', version=of))}</p>")
        why = st.text_input(tx("lab.schedule.why"), key=f"lab-off-why-{of}", max_chars=policies.LONGEST)
        off = st.form_submit_button(label, type="primary", icon=":material/event_busy:")
        if not off:
            return
        with boundary.refusals():
            left = policy_schedule.call_off(app, actor, of, why, f"policy-{of}-call-off-{actor.id}")
            st.session_state[lab_drafts.DONE] = policy_words.called_off(of, left.version, left.coming, tx)
            st.rerun()


def _later(tx: Texts, each: Coming) -> str:
    said = tx("lab.schedule.first", version=each.version, first=each.followed_by or 0)
    return f'<p class="note">{esc(said)}</p>'


def said(tx: Texts, each: CalledOff, names: staff.Names, *, now: datetime) -> str:
    """Who called a version off, when and why."""
    return (
        f'<p class="note">{esc(_was(tx, each, names, now))}</p>'
        f'<p class="quote"><bdi>{esc(each.because)}</bdi></p>'
    )


def history(tx: Texts, found: tuple[CalledOff, ...], names: staff.Names, *, now: datetime) -> str:
    """What was called off, with the reason; nothing where nothing was."""
    if not found:
        return ""
    return f"<h2>{esc(tx('lab.schedule.gone'))}</h2>" + "".join(
        said(tx, each, names, now=now) for each in found
    )


def _line(tx: Texts, each: Coming, names: staff.Names, now: datetime) -> str:
    when = tx("lab.schedule.line", version=each.version, when=tx.when(each.begins_at, now))
    people = (names.get(who, who) for who in (each.author, each.approved_by))
    by = tx("lab.schedule.by", **dict(zip(("author", "approver"), people, strict=True)))
    meant = f"<bdi>{esc(each.meant)}</bdi> · " if each.meant else ""
    inside = f'<b>{esc(when)}</b><span class="by">{meant}{esc(by)}</span>'
    if each.draft_id is None:
        return f'<li><div class="row">{inside}</div></li>'
    return f'<li><a href="{href("/lab", draft=str(each.draft_id))}">{inside}{ms("chevron_right")}</a></li>'


def _was(tx: Texts, each: CalledOff, names: staff.Names, now: datetime) -> str:
    return tx(
        "lab.schedule.was",
        version=each.version,
        day=tx.day_long(each.would_begin),
        who=names.get(each.by, each.by),
        when=tx.when(each.at, now),
    )
