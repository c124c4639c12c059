"""One rule of the table as a form: its conditions, what it answers, its sentences; where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from core import policy_words, texts
from core.domain import rule_blocks, rule_cells, spots
from core.domain.errors import CellRefused
from core.domain.rule_cells import CELLS, FEE
from core.domain.slips import Slip
from core.domain.table import COLUMNS, LANGUAGES
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_cells, lab_doc

_PICKED: Final = "lab-rule"
_GONE: Final = "lab_rule_gone"  # its text's key, the text before and after, its name
AT: Final = "lab_rule_at"  # its place; a name may be another's by now
Place = tuple[int, Any]  # of a rule in the text, and its name there


def one(
    tx: Texts,
    text_key: str,
    raw: Mapping[str, Any],
    rows: list[dict[str, Any]],
    more: Sequence[str],
    marks: Mapping[str, list[tuple[str, str]]],
) -> None:
    """The rule that was picked, field by field, and what can be done with it as a whole."""
    names = [f"{place}. {row['id']}" for place, row in enumerate(rows, 1)]
    at = min(int(st.session_state.get(AT, 0)), len(rows) - 1)
    st.session_state[_PICKED] = names[at]
    said = {
        name: f"{name} · {policy_words.rule_said(row['verdict'], row, tx)}"
        for name, row in zip(names, rows, strict=True)
    }
    st.selectbox(tx("lab.rule"), names, key=_PICKED, format_func=said.__getitem__, on_change=_pick)
    row = rows[at]
    found = "".join(f"<li>{esc(says)}</li>" for _, says in marks.get(str(row["id"]), ()))
    if found:
        st.html(
            f'<p class="note amb">{ms("warning")}{esc(tx("lab.unsound"))}</p><ul class="plain">{found}</ul>'
        )
    refused = lab_cells.refused("field")
    with st.container(key="lab-rule-fields"):
        tested = [name for name in COLUMNS if row[name] is not None or name in more]
        for name in ("id", "verdict", *tested, FEE):
            _field(tx, text_key, (at, row["id"]), name, row[name], refused)
    if not tested:
        st.html(f'<p class="note">{esc(tx("lab.rule.always"))}</p>')
    for name in LANGUAGES if tx.language != "en" else LANGUAGES[::-1]:
        _field(tx, text_key, (at, row["id"]), name, row[name], refused)
    with st.container(horizontal=True, key="lab-rule-ways"):
        for name, icon, to, is_off in (
            ("up", "arrow_upward", at - 1, at == 0),
            ("down", "arrow_downward", at + 1, at == len(rows) - 1),
        ):
            st.button(
                tx(f"lab.rule.{name}"), key=f"lab-rule-{name}", icon=f":material/{icon}:", disabled=is_off,
                on_click=_move, args=(text_key, at, to),
            )  # fmt: skip
        st.button(
            tx("lab.rule.add"), key="lab-rule-add", icon=":material/add:", on_click=_add,
            args=(text_key, at), help=tx("lab.rule.add.help"),
        )  # fmt: skip
        st.button(
            tx("lab.rule.remove"), key="lab-rule-remove", icon=":material/delete:", on_click=_remove,
            args=(text_key, at), disabled=len(rows) == 1,
        )  # fmt: skip
    if refused := lab_cells.refused("button"):
        st.html("".join(_bad(tx, each) for each in refused))
    _back(tx, text_key)


def _bad(tx: Texts, refused: CellRefused) -> str:
    return f'<p class="bad" role="alert">{ms("error")}{esc(tx.refusal(refused))}</p>'


def _back(tx: Texts, text_key: str) -> None:
    """The rule that was taken out last comes back at a click, while nothing else was changed."""
    key, before, after, name = st.session_state.get(_GONE, ("", "", "", ""))
    if key != text_key or st.session_state[text_key] != after:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="lab-rule-gone"):
        st.html(f'<p class="note" role="status">{esc(tx("lab.rule.removed", rule=name))}</p>')
        st.button(
            tx("lab.rule.put_back"), key="lab-rule-back", icon=":material/undo:",
            on_click=lab_doc.write, args=(text_key, before),
        )  # fmt: skip


def _pick() -> None:
    st.session_state[AT] = int(st.session_state[_PICKED].split(".")[0]) - 1


def _field(
    tx: Texts, text_key: str, at: Place, name: str, value: Any, refused: Sequence[CellRefused]
) -> None:
    """One cell, and under it what was refused there, or how a number without a sign is read."""
    with st.container(key=f"lab-rule-{name}-box", gap=None):
        _input(tx, text_key, at, name, value)
        said = "".join(_bad(tx, each) for each in refused if each.params["cell"] == name)
        if not said and CELLS[name] in ("number", "money") and isinstance(value, int):
            only = tx("lab.cell.exactly", value=lab_cells.screen(name, value))
            said += f'<p class="beside">{esc(only)}</p>'
        if said:
            st.html(said)


def _input(tx: Texts, text_key: str, at: Place, name: str, value: Any) -> None:
    """The document's value is put in first, so that the two never differ. A field is of one text: what a
    browser still had of another does not come in.
    """
    key = f"lab-cell-{name}-{text_key}"
    kind, label = CELLS[name], tx(f"rule_cell.{name}")
    st.session_state[key] = now = lab_cells.screen(name, value)
    more: dict[str, Any] = {
        "key": key, "help": tx(f"cell_help.{kind}"), "on_change": _written, "args": (text_key, at, name, key),
    }  # fmt: skip
    codes = lab_cells.options(name)
    if kind == "words":
        codes = tuple(dict.fromkeys((*codes, *now)))
        st.multiselect(
            label, codes, format_func=lambda code: lab_cells.option_name(tx, name, code), select_all=False,
            placeholder=tx("lab.cell.untested"), **more,
        )  # fmt: skip
    elif codes:
        if kind == "yes_no" and now != "either":
            codes = codes[:2]
        if now is not None and now not in codes:
            codes = (*codes, now)
        st.selectbox(
            label, codes, format_func=lambda code: lab_cells.option_name(tx, name, code), index=None,
            placeholder=tx("lab.cell.untested"), **more,
        )  # fmt: skip
    elif kind == "fee":
        st.number_input(
            label, value=None, step=0.5, format="%.2f", placeholder=tx("lab.cell.of_reason"), **more
        )
    elif kind == "sentence":
        st.text_area(label, height=96, **more)
    else:
        st.text_input(label, placeholder="" if kind == "name" else tx("lab.cell.untested"), **more)


def _written(text_key: str, at: Place, name: str, key: str) -> None:
    lab_cells.write(text_key, *at, name, st.session_state[key], "field")


def _move(text_key: str, at: int, to: int) -> None:
    if _changed(text_key, lambda text: rule_blocks.moved(text, at, to)):
        st.session_state[AT] = to


def _add(text_key: str, at: int) -> None:
    """A rule before this one, with its conditions, and a sentence in both languages that is true of it."""
    words = {"zh": texts.of("zh_CN")("lab.rule.fresh"), "en": texts.of("en")("lab.rule.fresh")}

    def more(text: str) -> str:
        return rule_blocks.with_rule(text, at, rule_blocks.fresh(spots.read(text), at, words))

    _changed(text_key, more)


def _remove(text_key: str, at: int) -> None:
    before: str = st.session_state[text_key]
    name = str(rule_cells.rows(spots.read(before))[at]["id"])
    if _changed(text_key, lambda text: rule_blocks.without_rule(text, at)):
        st.session_state[_GONE] = (text_key, before, st.session_state[text_key], name)


def _changed(text_key: str, change: Any) -> bool:
    try:
        lab_doc.write(text_key, change(st.session_state[text_key]))
    except CellRefused as refused:
        told = refused
    except Slip as slip:  # the rules are no [[rules]]
        told = CellRefused(rule=slip.place.removeprefix("rules."), cell="id", value="", may="in_text")
    else:
        return True
    lab_cells.refuse("button", told)
    return False
