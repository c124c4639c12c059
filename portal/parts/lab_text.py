"""A policy in the lab: where it begins, what it is looked at through (form, table, text, as customers read
it), and what is wrong, line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import streamlit as st

from core import policy_words
from core.domain import policy_figures, spots
from core.domain.errors import PolicyInvalid
from core.domain.policy import SHIPPED, Policy, load, shipped
from core.services.policy_drafts import Draft
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_doc, lab_form, lab_kept, lab_read, lab_table

LAST: Final = "last"
DRAFT: Final = "draft"
VERSION: Final = "version-"
Earlier = Mapping[int, Callable[[], str]]  # versions that were published before the last: the text of each


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


def _remember_base(chooser: str) -> None:
    st.query_params["base"] = st.session_state[chooser]


def edited(
    tx: Texts,
    version: int,
    document: str,
    begun: Draft | None,
    earlier: Earlier,
    *,
    who: str,
    is_asked_for: Callable[[str], bool],
) -> str:
    """The document in the making, kept while one is elsewhere: the key of its text in the session."""
    key, begun_with = _begin(tx, version, document, begun, earlier)
    found = checked(st.session_state[key])
    problems = found.params["problems"] if isinstance(found, PolicyInvalid) else ()
    chosen = _choose_view(tx)
    lab_form.left_behind(tx, key, begun_with)
    if chosen == "form":
        with st.container(key="card-lab-form"):
            st.html(f"<h2>{esc(tx('lab.form'))}</h2>")
            lab_form.form(tx, key, document, version, problems)
    elif chosen == "table":
        lab_table.shown(tx, key, None if isinstance(found, PolicyInvalid) else found)
    elif chosen == "text":
        _text(tx, key)
    elif isinstance(found, PolicyInvalid):
        st.html(f'<p class="note amb" role="status">{ms("info")}{esc(tx("lab.read.broken"))}</p>')
    else:
        lab_read.shown(tx, found, version)
    text: str = st.session_state[key]
    lab_kept.told(tx, key, begun_with)
    if isinstance(found, PolicyInvalid):
        with st.container(key="card-lab-invalid"):
            st.html(invalid(tx, found, text, in_words=chosen == "form"))
    with st.container(horizontal=True, key="lab-ways"):
        if chosen == "text":
            st.button(tx("lab.try"), type="primary", key="lab-try", icon=":material/play_arrow:")
        st.download_button(
            tx("lab.download"), text, "policy.toml", "application/toml", key="lab-download",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    if text != begun_with:
        st.html(f'<p class="note">{esc(tx("lab.unsaved"))}</p>')
    lab_kept.kept(tx, key, begun_with, who, is_asked_for)
    return key


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


def _begin(tx: Texts, version: int, document: str, begun: Draft | None, earlier: Earlier) -> tuple[str, str]:
    """Where it begins: what was published last or before, one that ships, or a draft. The key of its text,
    and that text as it was at first.
    """
    names = {LAST: tx("lab.base.last", version=version)}
    names |= {f"{VERSION}{number}": tx("lab.base.version", version=number) for number in earlier}
    names |= {name: tx(f"lab.base.{name}") for name in SHIPPED}
    if begun is not None:
        names = {f"{DRAFT}-{begun.id}": tx("lab.base.draft", meant=begun.meant)} | names
    chooser = f"lab-base-{begun.id}" if begun else "lab-base"
    if (asked := st.query_params.get("base", "")) in names:  # after a reload the same as before
        st.session_state.setdefault(chooser, asked)
    base: str = st.selectbox(
        tx("lab.base"), list(names), format_func=names.__getitem__, key=chooser, persist_state="session",
        on_change=_remember_base, args=(chooser,),
    )  # fmt: skip
    if base in SHIPPED:
        st.html(f'<p class="note">{esc(tx(f"lab.base.{base}.who"))}</p>')
    is_draft = begun is not None and base.startswith(DRAFT)
    if begun is not None and is_draft and begun.based_on != version:
        older = tx("lab.base.older", based_on=begun.based_on, version=version)
        st.html(f'<p class="note amb">{ms("info")}{esc(older)}</p>')
    key = f"lab-doc-{base}-{version}"
    if base == LAST:
        begin = document
    elif begun is not None and is_draft:
        begin = begun.document
    elif base.startswith(VERSION):
        begin = earlier[int(base.removeprefix(VERSION))]()
    else:
        begin = shipped(base)
    st.session_state.setdefault(key, begin)
    return key, begin


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
