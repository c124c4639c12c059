"""The decision table as a grid, a row for each rule in order; on a phone the same, one rule at a time.

The text is the document. A cell shows what stands there; changing it rewrites that value in the text.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from core import policy_words
from core.domain import rule_cells, spots
from core.domain.errors import PolicyEntangled
from core.domain.policy import Policy
from core.domain.rule_cells import CELLS, FEE
from core.domain.table import COLUMNS
from core.services import policy_publishing
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_cells, lab_rule

_EDITION: Final = "lab_grid_edition"  # counts up when the text was changed elsewhere: the grid begins anew
_KNOWN: Final = "lab_grid_text"  # the text that the grid has
_MORE: Final = "lab-columns"
_MARK: Final = "mark"
Marks = dict[str, list[tuple[str, str]]]


def shown(tx: Texts, text_key: str, policy: Policy | None) -> None:
    """The grid, the rule that is looked at closely, and what is wrong by rule."""
    text: str = st.session_state[text_key]
    try:
        raw = spots.read(text)
        rows = rule_cells.rows(raw)
    except (ValueError, RecursionError):
        st.html(f'<p class="note amb" role="status">{ms("info")}{esc(tx("lab.form.unread"))}</p>')
        return
    marks = _marks(tx, text, policy)
    with st.container(key="card-lab-table"):
        st.html(f'<h2>{esc(tx("lab.table"))}</h2><p class="note">{esc(tx("lab.table.lead"))}</p>')
        _refused(tx)
        used = rule_cells.used(rows)
        more = st.multiselect(
            tx("lab.table.more"), [name for name in COLUMNS if name not in used], key=_MORE, select_all=False,
            format_func=lambda name: tx(f"rule_cell.{name}"), placeholder=tx("lab.table.more.pick"),
            help=tx("lab.table.more.help"), persist_state="session",
        )  # fmt: skip
        columns = [name for name in COLUMNS if name in used or name in more]
        with st.container(key="lab-grid"):
            _grid(tx, text_key, rows, columns, marks)
        if marks:
            st.html(_found(tx, marks))
    with st.container(key="card-lab-rule"):
        lab_rule.one(tx, text_key, raw, rows, more, marks)


def _marks(tx: Texts, text: str, policy: Policy | None) -> Marks:
    if policy is None:
        return {}
    try:
        return policy_words.of_rules(policy_publishing.analysed(text), policy, tx)
    except PolicyEntangled:
        return {}


def _found(tx: Texts, marks: Marks) -> str:
    items = "".join(
        f"<li><b>{esc(rule)}</b> {esc(' '.join(says for _, says in found))}</li>"
        for rule, found in marks.items()
    )
    return (
        f'<p class="note amb">{ms("warning")}{esc(tx("lab.table.found"))}</p><ul class="plain">{items}</ul>'
    )


def _refused(tx: Texts) -> None:
    if refused := lab_cells.refused("grid"):
        says = "".join(f"<p>{esc(tx.refusal(each))}</p>" for each in refused)
        st.html(f'<div class="alert no" role="alert">{ms("error")}<div>{says}</div></div>')


def _grid(tx: Texts, text_key: str, rows: list[dict[str, Any]], columns: list[str], marks: Marks) -> None:
    text = st.session_state[text_key]
    if st.session_state.get(_KNOWN) != (text_key, text):
        st.session_state[_KNOWN] = (text_key, text)
        st.session_state[_EDITION] = st.session_state.get(_EDITION, 0) + 1
    key = f"lab-grid-{tx.language}-{st.session_state[_EDITION]}"
    said = ("zh", "en") if tx.language != "en" else ("en", "zh")
    order = ["id", _MARK, "verdict", *columns, FEE, *said]
    st.data_editor(
        _frame(tx, rows, marks), key=key, hide_index=True, column_order=order, num_rows="fixed",
        column_config={name: _column(tx, name, rows) for name in (_MARK, *CELLS)}, row_height=40,
        height=min(40 * len(rows) + 42, 640), placeholder="", alt=tx("lab.table"),
        on_change=_changed, args=(text_key, key, [row["id"] for row in rows]),
    )  # fmt: skip


def _frame(tx: Texts, rows: list[dict[str, Any]], marks: Marks) -> pd.DataFrame:
    def says(row: dict[str, Any]) -> str:
        found = marks.get(str(row["id"]), ())
        return " ".join(
            dict.fromkeys(tx("lab.mark.dead" if code == "dead" else "lab.mark.law") for code, _ in found)
        )

    cells: dict[str, Any] = {_MARK: pd.Series(map(says, rows), dtype="str")}
    for name, kind in CELLS.items():
        values = [lab_cells.screen(name, row[name]) for row in rows]
        kinds = {"words": "object", "fee": "Float64"}
        cells[name] = pd.Series(values, dtype=kinds.get(kind, "str"))
    return pd.DataFrame(cells)


def _column(tx: Texts, name: str, rows: list[dict[str, Any]]) -> Any:
    if name == _MARK:
        return st.column_config.TextColumn(tx("lab.mark"), help=tx("lab.mark.help"), disabled=True, width=88)
    label, kind = tx(f"rule_cell.{name}"), CELLS[name]
    more: dict[str, Any] = {"label": label, "help": tx(f"cell_help.{kind}")}
    codes = lab_cells.options(name)
    if kind == "yes_no" and not any(isinstance(row[name], list) for row in rows):
        codes = codes[:2]
    if codes:
        more |= {"options": codes, "format_func": lambda code: lab_cells.option_name(tx, name, code)}
    if kind == "words":
        return st.column_config.MultiselectColumn(**more, width=168)
    if codes:
        return st.column_config.SelectboxColumn(**more, width=132, required=kind == "verdict")
    if kind == "fee":
        return st.column_config.NumberColumn(
            **more, min_value=0, max_value=100, step=0.01, format="%.2f%%", width=88
        )
    if kind == "name":
        return st.column_config.TextColumn(**more, pinned=True, width=170, required=True)
    return st.column_config.TextColumn(**more, width="large" if kind == "sentence" else 128)


def _changed(text_key: str, key: str, shown: list[Any]) -> None:
    """What was typed, cell by cell, into the text; after a refusal the grid shows what stands there. `shown`:
    the names of the rules as the grid had them.
    """
    is_well = True
    for place, cells in st.session_state[key]["edited_rows"].items():
        for name in sorted(cells.keys() & CELLS.keys(), key=lambda name: name == "id"):  # its name at last
            named, typed = shown[int(place)], cells[name]
            is_well = lab_cells.write(text_key, int(place), named, name, typed, "grid") and is_well
    st.session_state[_KNOWN] = (text_key, st.session_state[text_key]) if is_well else None
