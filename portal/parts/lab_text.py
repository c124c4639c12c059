"""The text of a policy in the lab: where it begins, the form beside it, and what is wrong, line by line."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import streamlit as st

from core.domain import spots
from core.domain.errors import PolicyInvalid
from core.domain.policy import SHIPPED, Policy, load, shipped
from core.services.policy_drafts import Draft
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_form

LAST: Final = "last"
DRAFT: Final = "draft"


@lru_cache(maxsize=8)
def checked(text: str) -> Policy | PolicyInvalid:
    """The policy of a text, or what is wrong with it. Kept by the text: there is nothing private in one."""
    try:
        return load(text)
    except PolicyInvalid as refused:
        return refused


def edited(tx: Texts, version: int, document: str, begun: Draft | None) -> str:
    """The document in the making, kept while one is elsewhere: the key of its text in the session."""
    key = _begin(tx, version, document, begun)
    found = checked(st.session_state[key])
    problems = found.params["problems"] if isinstance(found, PolicyInvalid) else ()
    with st.container(key="card-lab-form"):
        st.html(f"<h2>{esc(tx('lab.form'))}</h2>")
        lab_form.form(tx, key, document, version, problems)
    text: str = st.session_state[key]
    field = f"lab-text-{key}"
    is_behind = st.session_state.get(field) != text  # at first, and when the form rewrote it
    if is_behind:
        st.session_state[field] = text
    # Its default is the text too: a run that is cut short may never have put the value in.
    default = "" if is_behind else text
    st.text_area(tx("lab.text"), default, height=480, key=field, on_change=_typed, args=(key, field))
    if isinstance(found, PolicyInvalid):
        with st.container(key="card-lab-invalid"):
            st.html(invalid(tx, found, text))
    with st.container(horizontal=True, key="lab-ways"):
        st.button(tx("lab.try"), type="primary", key="lab-try", icon=":material/play_arrow:")
        st.download_button(
            tx("lab.download"), text, "policy.toml", "application/toml", key="lab-download",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    return key


def _typed(key: str, field: str) -> None:
    st.session_state[key] = st.session_state[field]


def _begin(tx: Texts, version: int, document: str, begun: Draft | None) -> str:
    """Where it begins: what was published last, one that ships, or a draft. The key of its text."""
    names = {LAST: tx("lab.base.last", version=version)}
    names |= {name: tx(f"lab.base.{name}") for name in SHIPPED}
    if begun is not None:
        names = {f"{DRAFT}-{begun.id}": tx("lab.base.draft", meant=begun.meant)} | names
    base: str = st.selectbox(
        tx("lab.base"), list(names), format_func=names.__getitem__,
        key=f"lab-base-{begun.id}" if begun else "lab-base", persist_state="session",
    )  # fmt: skip
    if base in SHIPPED:
        st.html(f'<p class="note">{esc(tx(f"lab.base.{base}.who"))}</p>')
    is_draft = begun is not None and base.startswith(DRAFT)
    if begun is not None and is_draft and begun.based_on != version:
        older = tx("lab.base.older", based_on=begun.based_on, version=version)
        st.html(f'<p class="note amb">{ms("info")}{esc(older)}</p>')
    key = f"lab-doc-{base}-{version}"
    begin = document if base == LAST else begun.document if begun is not None and is_draft else shipped(base)
    st.session_state.setdefault(key, begin)
    return key


def invalid(tx: Texts, refused: PolicyInvalid, text: str) -> str:
    """Each place that is wrong, by its line, with what would be right."""
    lines = text.split("\n")
    items = []
    for slip in refused.params["problems"]:
        number = slip.get("line") or spots.line_of(text, slip["place"])
        says = esc(tx(f"slip.{slip['code']}", **slip))
        if number and number <= len(lines):
            shown = esc(lines[number - 1].strip()[:120])
            says = f"<b>{esc(tx('lab.line', line=number))}</b> <code>{shown}</code><span>{says}</span>"
        items.append(f"<li>{says}</li>")
    title = esc(tx("lab.invalid", n=len(items)))
    places = f'<ul class="plain places">{"".join(items)}</ul>'
    return f'<div class="alert no" role="alert">{ms("error")}<div><b>{title}</b>{places}</div></div>'
