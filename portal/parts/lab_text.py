"""A policy in the lab: what it is looked at through (form, table, text, as customers read
it), and what is wrong, line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

import streamlit as st

from core import policy_words
from core.domain import policy_figures, spots
from core.domain.errors import PolicyInvalid
from core.domain.policy import Policy, load
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_doc, lab_form, lab_kept, lab_read, lab_table
from portal.parts.lab_base import Editing
from portal.parts.lab_kept import IsVersion


@lru_cache(maxsize=8)
def checked(text: str) -> Policy | PolicyInvalid:
    """The policy of a text, or what is wrong with it. Kept by the text: there is nothing private in one."""
    try:
        return load(text)
    except PolicyInvalid as refused:
        return refused


VIEWS: Final = ("form", "table", "text", "read")
_VIEW: Final = "lab-view"


def view() -> str:
    """What the document is looked at through; the address says it too, so that a reload shows the same."""
    asked = st.query_params.get("view", "")
    st.session_state.setdefault(_VIEW, asked if asked in VIEWS else VIEWS[0])
    return str(st.session_state[_VIEW])


def _choose_view(tx: Texts) -> str:
    view()
    st.segmented_control(
        tx("lab.view"), VIEWS, format_func=lambda name: tx(f"lab.view.{name}"), key=_VIEW, required=True,
        on_change=_remember_view, persist_state="session", width="stretch", label_visibility="collapsed",
    )  # fmt: skip
    return view()


def _remember_view() -> None:
    st.query_params["view"] = st.session_state[_VIEW]


def edited(
    tx: Texts, editing: Editing, last: str, *, who: str, keeps: Callable[[str], bool], is_version: IsVersion
) -> None:
    """The document in the making, kept while one is elsewhere; figures are compared with the `last` version.
    `keeps`: whether a text that the tab still has is worth coming back.
    """
    key, version = editing.key, editing.newest
    found = checked(st.session_state[key])
    problems = found.params["problems"] if isinstance(found, PolicyInvalid) else ()
    chosen = _choose_view(tx)
    lab_form.left_behind(tx, key, editing.begun_with)
    if chosen == "form":
        with st.container(key="card-lab-form"):
            st.html(f"<h2>{esc(tx('lab.form'))}</h2>")
            lab_form.form(tx, key, last, version, problems)
    elif chosen == "table":
        lab_table.shown(tx, key, None if isinstance(found, PolicyInvalid) else found)
    elif chosen == "text":
        _text(tx, key)
    elif isinstance(found, PolicyInvalid):
        st.html(f'<p class="note amb" role="status">{ms("info")}{esc(tx("lab.read.broken"))}</p>')
    else:
        lab_read.shown(tx, found, version)
    text: str = st.session_state[key]
    lab_kept.told(tx, key, editing.begun_with)
    if isinstance(found, PolicyInvalid):
        with st.container(key="card-lab-invalid"):
            st.html(invalid(tx, found, text, in_words=chosen == "form"))
    with st.container(horizontal=True, key="lab-ways"):
        if chosen == "text":
            kind: Literal["primary", "secondary"] = "secondary" if editing.is_behind else "primary"
            st.button(tx("lab.try"), type=kind, key="lab-try", icon=":material/play_arrow:")
        st.download_button(
            tx("lab.download"), text, "policy.toml", "application/toml", key="lab-download",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    if text != editing.begun_with:
        st.html(f'<p class="note">{esc(tx("lab.unsaved"))}</p>')
    lab_kept.kept(tx, editing, who, keeps, is_version)


def _text(tx: Texts, key: str) -> None:
    text, field = st.session_state[key], f"lab-text-{key}"
    is_behind = st.session_state.get(field) != text  # at first, and when the form rewrote it
    if is_behind:
        st.session_state[field] = text
    # Its default is the text too: a run that is cut short may never have put the value in.
    default = "" if is_behind else text
    st.text_area(tx("lab.text"), default, height=480, key=field, on_change=_typed, args=(key, field))


def _typed(key: str, field: str) -> None:
    lab_doc.write(key, st.session_state[field])


def invalid(tx: Texts, refused: PolicyInvalid, text: str, *, in_words: bool = False) -> str:
    """Each place that is wrong, by its line, with what would be right; figures as their fields say them where
    it is asked for `in_words`.
    """
    raw = lab_form.readable(text) if in_words else None
    lines = text.split("\n")
    items = []
    places = [
        (slip.get("line") or spots.line_of(text, slip["place"]), slip) for slip in refused.params["problems"]
    ]
    for number, slip in sorted(places, key=lambda each: each[0] or 0):  # as one reads; of no line first
        figure = raw and policy_figures.find(raw, spots.path_of(raw, slip["place"]))
        if raw and figure:
            items.append(f"<li><span>{esc(policy_words.slip_said(slip, raw, figure, tx))}</span></li>")
            continue
        says = esc(tx(f"slip.{slip['code']}", **slip))
        if number and number <= len(lines):
            shown = esc(lines[number - 1].strip()[:120])
            says = f"<b>{esc(tx('lab.line', line=number))}</b> <code>{shown}</code><span>{says}</span>"
        items.append(f"<li>{says}</li>")
    title = esc(tx("lab.invalid", n=len(items)))
    listed = f'<ul class="plain places">{"".join(items)}</ul>'
    return f'<div class="alert no" role="alert">{ms("error")}<div><b>{title}</b>{listed}</div></div>'
