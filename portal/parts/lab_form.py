"""The figures of a policy as a form: each with its unit, the standard policy's value, and what is wrong.

The text is the document. A field shows what stands there; changing it rewrites that value in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from core import policy_words
from core.domain import policy_figures, spots
from core.domain.policy import shipped
from core.domain.policy_figures import Figure
from core.domain.slips import Slip
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import lab_doc

MONEY: Final = ("minor", "basis_points")  # shown as hundredths of what the document has
Problems = Sequence[Mapping[str, Any]]


def form(tx: Texts, text_key: str, last: str, version: int, problems: Problems) -> None:
    """A section of the document under `text_key` in the session; `last` is the version to compare with."""
    raw = readable(st.session_state[text_key])
    if raw is None:
        st.html(f'<p class="note amb" role="status">{ms("info")}{esc(tx("lab.form.unread"))}</p>')
        return
    sections = [*policy_figures.FIGURES, policy_figures.RULES]
    section = st.selectbox(
        tx("lab.form.section"), sections, format_func=lambda name: tx(f"policy_section.{name}"),
        key="lab-section", persist_state="session",
    )  # fmt: skip
    figures = policy_figures.FIGURES.get(section) or tuple(policy_figures.in_rules(raw))
    if not figures:
        st.html(f'<p class="note">{esc(tx("lab.form.nothing"))}</p>')
    others = (spots.read(shipped("standard")), spots.read(last))
    if section == "window_days":
        st.html(f'<p class="note">{esc(tx("lab.form.from_completion"))}</p>')
    with st.container(key="lab-figures"):
        for place, figure in enumerate(figures):
            with st.container(key=f"lab-figure-{place}", gap=None):
                _field(tx, text_key, figure, raw)
                st.html(_beside(tx, figure, raw, others, version, problems))


def readable(text: str) -> Mapping[str, Any] | None:
    """The document as plain values, if it is TOML at all."""
    try:
        return spots.read(text)
    except (ValueError, RecursionError):
        return None


def _field(tx: Texts, text_key: str, figure: Figure, raw: Mapping[str, Any]) -> None:
    """One figure; the document's value is put in first, so that the two never differ. A field is of one text:
    what a browser still had of another does not come in.
    """
    value, key = spots.value_at(raw, figure.path), f"lab-fig-{figure.place}-{text_key}"
    name = policy_words.figure_name(figure, raw, tx)
    if value is not None and not _fits(figure, value):
        st.html(f'<p class="note amb">{esc(name)}: {esc(tx("lab.form.unfit", value=str(value)[:40]))}</p>')
        return
    more: dict[str, Any] = {"key": key, "on_change": _write, "args": (text_key, figure, key)}
    if figure.unit == "choice":
        st.session_state[key] = value
        st.selectbox(
            name, figure.choices, format_func=lambda each: policy_words.figure_value(figure, each, tx), **more
        )
    elif figure.unit == "several":
        st.session_state[key] = list(value or ())
        st.multiselect(
            name, figure.choices, placeholder=tx("lab.form.pick"), select_all=False,
            format_func=lambda each: policy_words.figure_value(figure, [each], tx), **more,
        )  # fmt: skip
    elif figure.unit == "yes_no":
        st.session_state[key] = bool(value)
        st.toggle(name, **more)
    elif figure.unit == "span":
        _span(tx, text_key, figure, value, name)
    else:
        label = tx("lab.form.label", name=name, unit=tx(f"policy_unit.{figure.unit}"))
        is_money = figure.unit in MONEY
        st.session_state[key] = None if value is None else value / 100 if is_money else value
        step: float = 1 if not is_money else 10.0 if figure.unit == "minor" else 0.5
        st.number_input(label, value=None, step=step, format="%.2f" if is_money else "%d", **more)


def _span(tx: Texts, text_key: str, figure: Figure, value: Any, name: str) -> None:
    keys = [f"lab-fig-{figure.place}-{place}-{text_key}" for place in (0, 1)]
    for key, number in zip(keys, value or (None, None), strict=True):
        st.session_state[key] = number
    for column, key, end in zip(st.columns(2), keys, ("first", "last_day"), strict=True):
        label = tx("lab.form.label", name=name, unit=tx(f"lab.form.{end}"))
        column.number_input(
            label, value=None, step=1, format="%d", key=key, on_change=_write, args=(text_key, figure, *keys)
        )


def _write(text_key: str, figure: Figure, *keys: str) -> None:
    """What was chosen, into the text. An emptied field takes nothing out: the document's value comes back."""
    values = [st.session_state[key] for key in keys]
    if None in values:
        return
    value: Any = values if figure.unit == "span" else values[0]
    if figure.unit in MONEY:
        value = round(value * 100)
    put(text_key, figure.path, value)


def put(text_key: str, path: spots.Path, value: Any) -> None:
    """Rewrite one value of the document in the session, where that touches nothing else."""
    try:
        lab_doc.write(text_key, spots.put(st.session_state[text_key], path, value))
    except Slip:
        return  # the text was changed under the form: it shows what stands there now


def left_behind(tx: Texts, text_key: str, begun_with: str) -> None:
    """Two rules that met at one limit, of which one was moved: said, and the other moved at a click."""
    try:
        raw = spots.read(st.session_state[text_key])
        parted = policy_figures.parted(spots.read(begun_with), raw)
    except (ValueError, RecursionError):
        return
    for place, each in enumerate(parted):
        figure = policy_figures.find(raw, each.path)
        if figure is None:
            continue
        now, then = (
            policy_words.figure_value(figure, value, tx)
            for value in (spots.value_at(raw, each.path), each.value)
        )
        says = tx("lab.parted", rule=each.rule, other=each.other, column=tx(f"column.{each.column}"), now=now)
        with st.container(key=f"lab-parted-{place}", gap="small"):
            st.html(f'<p class="note amb" role="status">{ms("link_off")}{esc(says)}</p>')
            st.button(
                tx("lab.parted.move", rule=each.rule, then=then), key=f"lab-parted-move-{place}",
                icon=":material/link:", on_click=put, args=(text_key, each.path, each.value),
            )  # fmt: skip


def _fits(figure: Figure, value: Any) -> bool:
    """Whether a field can show it; whether it is right says the check of the document."""
    if figure.unit == "choice":
        return value in figure.choices
    if figure.unit == "several":
        return (
            isinstance(value, list)
            and len(set(map(str, value))) == len(value)
            and set(map(str, value)) <= set(figure.choices)
        )
    if figure.unit == "yes_no":
        return isinstance(value, bool)
    if figure.unit == "span":
        return isinstance(value, list) and len(value) == 2 and all(map(_is_whole, value))
    return _is_whole(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**12


def _beside(
    tx: Texts,
    figure: Figure,
    raw: Mapping[str, Any],
    others: tuple[Any, Any],
    version: int,
    problems: Problems,
) -> str:
    """The standard policy's value, the last version's where they differ, and the mistake if there is one."""
    value = spots.value_at(raw, figure.path)
    standard, last = (_same(other, raw, figure) for other in others)
    said = []
    if standard is not None:
        said.append(tx("lab.form.standard", value=policy_words.figure_value(figure, standard, tx)))
    if last is not None and last != standard:
        said.append(tx("lab.form.last", version=version, value=policy_words.figure_value(figure, last, tx)))
    is_changed = last is not None and value is not None and value != last
    mark = f'<em class="tag act">{esc(tx("lab.form.changed"))}</em> ' if is_changed else ""
    place = spots.place_of(raw, figure.path)
    slips = (policy_words.slip_said(slip, raw, figure, tx) for slip in problems if slip["place"] == place)
    wrong = "".join(f'<p class="bad" role="alert">{ms("error")}{esc(says)}</p>' for says in slips)
    meant = ""
    if figure.path[0] == policy_figures.RULES and isinstance(
        rule := spots.value_at(raw, figure.path[:2]), dict
    ):
        meant = f'<p class="beside">{esc(policy_words.rule_said(rule.get("verdict"), rule, tx))}</p>'
    return f'<p class="beside">{mark}{esc(" · ".join(said))}</p>{wrong}{meant}'


def _same(other: Mapping[str, Any], raw: Mapping[str, Any], figure: Figure) -> Any:
    """What another document has in this place; a rule is the same by its name."""
    return spots.value_at(other, spots.path_of(other, spots.place_of(raw, figure.path)))
