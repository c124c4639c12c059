"""Cells between the screen and the document: what a field or the grid shows, and what was typed."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from core.domain import number_cells, rule_cells, spots
from core.domain.errors import CellRefused
from core.domain.rule_cells import CELLS
from core.domain.slips import Slip
from core.domain.table import COLUMNS, VERDICTS
from core.texts import Texts
from portal.parts import lab_doc

YES_NO: Final = {"yes": True, "no": False, "either": [False, True]}
REFUSED: Final = "lab_refused"  # by where it was typed: the cells that were refused since the last run


def options(column: str) -> tuple[str, ...]:
    """The codes that a cell of this column is chosen from; none where it is typed."""
    if CELLS[column] == "verdict":
        return VERDICTS
    if CELLS[column] == "yes_no":
        return tuple(YES_NO)
    values = COLUMNS[column].values if CELLS[column] == "words" else None
    return tuple(map(str, values or ()))


def option_name(tx: Texts, column: str, code: str) -> str:
    """One of `options` in words; a code that is none, as it is."""
    if code not in options(column):
        return code
    if CELLS[column] == "verdict":
        return tx(f"verdict.{code}")
    return tx(f"lab.cell.{code}") if CELLS[column] == "yes_no" else tx.value(column, code)


def screen(column: str, value: Any) -> Any:
    """What the document has, as the screen takes it: a list of codes, a code, a text, a percentage."""
    kind = CELLS[column]
    if kind == "words":
        return (
            []
            if value is None
            else [str(each) for each in value]
            if isinstance(value, list)
            else [str(value)]
        )
    if kind == "yes_no":
        flags = value if isinstance(value, list) else [value]
        return {(True,): "yes", (False,): "no"}.get(tuple(flags), None if value is None else "either")
    if kind in ("number", "money"):
        return number_cells.shown(value, hundredths=kind == "money")
    if kind == "fee":
        return value / 100 if isinstance(value, int) and not isinstance(value, bool) else None
    return None if value is None else str(value)


def document(rule: str, column: str, typed: Any) -> Any:
    """What was typed or chosen, as the document has it; `CellRefused` for numbers that are none."""
    kind = CELLS[column]
    if kind == "words":
        codes = list(typed or ())
        return None if not codes else codes[0] if len(codes) == 1 else codes
    if typed is None or kind == "yes_no":
        return YES_NO.get(typed)
    if kind in ("number", "money"):
        try:
            return number_cells.read(str(typed), hundredths=kind == "money")
        except number_cells.Unreadable:
            raise CellRefused(rule=rule, cell=column, value=str(typed)[:60], may=kind) from None
    return round(float(typed) * 100) if kind == "fee" else str(typed)


def refuse(where: str, refused: CellRefused) -> None:
    """To be told in the next run, `where` it was typed: in the grid, in a field or at a button."""
    st.session_state.setdefault(REFUSED, {}).setdefault(where, []).append(refused)


def refused(where: str) -> list[CellRefused]:
    """What was refused there since the last run."""
    found: list[CellRefused] = st.session_state.get(REFUSED, {}).pop(where, [])
    return found


def write(text_key: str, rule: int, named: Any, column: str, typed: Any, where: str) -> bool:
    """This cell into the text; what is refused is told in the next run. Whether all went in. `named`: what
    the rule at this place was called where it was typed; another one that stands there now is left alone.
    """
    text: str = st.session_state[text_key]
    try:
        rows = rule_cells.rows(spots.read(text))
        if rule >= len(rows) or rows[rule]["id"] != named:
            [rule] = [place for place, each in enumerate(rows) if each["id"] == named]
        row = rows[rule]
        value = document(str(row["id"]), column, typed)
        after = rule_cells.with_cell(text, rule, column, value)
    except CellRefused as told:
        refuse(where, told)
        return False
    except (Slip, ValueError, IndexError):
        return False  # the text was changed under it: the screen shows what stands there now
    if after != text:
        lab_doc.write(text_key, after)
    return True
