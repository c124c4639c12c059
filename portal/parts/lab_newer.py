"""A version that was published while somebody edits an older one: said, with what it changed, and the edits
carried over onto it. Until then nobody is asked to approve them.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from core import policy_words
from core.domain import carry as merging
from core.domain import policy_figures, rule_cells, spots
from core.domain.carry import BOTH, MINE, ORDER, THEIRS, Carried, Clash
from core.domain.errors import PolicyInvalid
from core.domain.policy import load
from core.domain.policy_changes import as_written
from core.domain.rules_apart import apart
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_base, lab_form, lab_kept, lab_rule
from portal.parts.lab_base import Editing

IN_SIGHT: Final = 8  # of what the newer version changed; more open at a click
_CARRIED: Final = (
    "lab_carried"  # the key of a text that was carried over, and which rules got other names, the text before
)
_SIDES: Final = {MINE: "mine", THEIRS: "theirs", BOTH: "both_stay"}
_LONGEST: Final = 400  # characters of a place that both changed


def shown(tx: Texts, editing: Editing, last: str, off_because: str) -> None:
    """Above the text. `last`: the document of the newest version; `off_because`: who called off what it began
    from and why, in HTML; '' where nobody did.
    """
    if not editing.is_behind:
        _was_carried(tx, editing)
        return
    with st.container(key="card-lab-newer"):
        version = editing.newest
        off = ".called_off" if off_because else ""
        title = tx(f"lab.newer{off}", version=version, began=editing.version)
        kept = f"lab.newer.kept{off}"
        moved = tx(f"lab.newer.changed{off}", version=version, began=editing.version)
        st.html(
            f'<div class="alert act" role="alert">{ms("warning")}<div><b>{esc(title)}</b>'
            f"{esc(tx(kept, version=version, began=editing.version))}</div></div>{off_because}"
            f"<h3>{esc(moved)}</h3>{_changed(tx, editing.document, last)}"
        )
        found = merging.carry(editing.document, editing.text, last)
        chosen = {clash.key: _asked(tx, editing, clash) for clash in found.clashes}
        is_open = None in chosen.values()
        if is_open and st.session_state.get(f"lab-carry-{version}"):
            st.html(f'<p class="bad" role="alert">{ms("error")}{esc(tx("lab.newer.choose"))}</p>')
        is_asked = st.button(
            tx("lab.newer.carry", version=version), type="primary", key=f"lab-carry-{version}",
            icon=":material/move_up:",
        )  # fmt: skip
    if is_asked and not is_open:
        choices = {key: choice for key, choice in chosen.items() if choice}
        _carry(editing, merging.carry(editing.document, editing.text, last, choices))


def _changed(tx: Texts, before: str, after: str) -> str:
    try:
        old, new = (load(text, was_published=True) for text in (before, after))
    except PolicyInvalid:
        return ""
    lines = policy_words.figures_moved(as_written(old, new), tx)
    lines += policy_words.rules_apart(apart(old.rules, new.rules), tx)
    items = [f"<li>{esc(line)}</li>" for line in lines]
    html = f'<ul class="plain">{"".join(items[:IN_SIGHT])}</ul>'
    if rest := items[IN_SIGHT:]:
        label = f"{esc(tx('lab.more', n=len(rest)))}{ms('expand_more')}"
        more = f'<ul class="plain">{"".join(rest)}</ul>'
        html += f'<details class="more"><summary>{label}</summary>{more}</details>'
    return html if lines else f'<p class="note">{esc(tx("policy_change.none"))}</p>'


def _asked(tx: Texts, editing: Editing, clash: Clash) -> str | None:
    """Whose it shall be where both changed the same place; None: nothing is chosen yet."""
    place = _place(tx, editing, clash.place)
    sides = {MINE: clash.mine, THEIRS: clash.theirs}
    says = "".join(
        f"<dt>{esc(tx(f'lab.newer.{_SIDES[side]}', version=editing.newest))}</dt>"
        f"<dd>{_written(tx, text)}</dd>"
        for side, text in sides.items()
    )
    st.html(f'<p class="note amb">{ms("call_split")}{esc(tx("lab.newer.both", place=place))}</p>')
    st.html(f'<dl class="sides">{says}</dl>')
    choice: str | None = st.radio(
        tx("lab.newer.whose", place=place), clash.may, index=None, horizontal=True, persist_state="session",
        key=f"lab-clash-{editing.key}-{editing.newest}-{clash.key}", label_visibility="collapsed",
        format_func=lambda side: tx(f"lab.newer.{_SIDES[side]}", version=editing.newest),
    )  # fmt: skip
    return choice


def _written(tx: Texts, text: str) -> str:
    if not text:
        return f"<em>{esc(tx('lab.newer.gone'))}</em>"
    return f"<code>{esc(text[:_LONGEST])}{'…' if len(text) > _LONGEST else ''}</code>"


def _place(tx: Texts, editing: Editing, place: str) -> str:
    """Where it is, as the form and the table name it."""
    if place == ORDER:
        return tx("lab.newer.order")
    if place.startswith("rules."):
        return tx("lab.newer.rule", rule=place.removeprefix("rules."))
    raw = lab_form.readable(editing.document) or {}
    figure = policy_figures.find(raw, tuple(place.split("."))) if place else None
    if figure is not None:
        return policy_words.figure_title(figure, raw, tx)
    return place or tx("lab.newer.text")


def _carry(editing: Editing, carried: Carried) -> None:
    before = editing.text
    key = lab_base.begin_again(editing.base, editing.newest, carried.text)
    lab_kept.touch(key)
    st.session_state[_CARRIED] = (key, dict(carried.renamed), before)
    _follow(before, carried)
    st.rerun()


def _follow(before: str, carried: Carried) -> None:
    """The rule that was looked at is looked at on, wherever it stands now."""
    try:
        was, now = (rule_cells.rows(spots.read(text)) for text in (before, carried.text))
        name = was[int(st.session_state.get(lab_rule.AT, 0))]["id"]
        names = [row["id"] for row in now]
        st.session_state[lab_rule.AT] = names.index(carried.renamed.get(name, name))
    except (ValueError, IndexError, RecursionError):
        return


def _was_carried(tx: Texts, editing: Editing) -> None:
    key, renamed, before = st.session_state.get(_CARRIED, ("", {}, ""))
    if key != editing.key:
        return
    said = tx("lab.newer.carried", version=editing.version)
    names = "".join(
        f"<p>{esc(tx('lab.newer.renamed', rule=was, now=now))}</p>" for was, now in renamed.items()
    )
    st.html(
        f'<div class="alert ok" role="status">{ms("check_circle")}<div><b>{esc(said)}</b>{names}</div></div>'
    )
    st.download_button(
        tx("lab.newer.before"), before, "policy-before.toml", "application/toml", key="lab-carried-before",
        icon=":material/download:", on_click="ignore", type="tertiary",
    )  # fmt: skip
