"""What if: one figure through a range, refunds against people's work; a point is written into the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st

from core import policy_words
from core.domain import policy_figures, spots, sweep
from core.domain.policy_figures import Figure
from core.domain.sweep import Point
from core.services.replay import Sent
from core.texts import Texts
from portal import boundary
from portal.blocks import charts
from portal.html import esc, ms
from portal.parts import lab_doc, lab_form

POINTS: Final = 12  # about so many to begin with
_NICE: Final = (1, 2, 5)

Kept = Callable[..., Any]


def what_if(tx: Texts, sent: Sent, text_key: str, text: str, minutes: int, keep: Kept) -> None:
    """Choose a figure and a range; look; take a point over."""
    raw = spots.read(text)
    figures = {figure.place: figure for figure in _figures(raw)}
    if (moved := st.session_state.pop(lab_doc.MOVED, None)) in figures:
        st.session_state["lab-sweep-figure"] = moved  # what was changed last is what one wonders about
    place = st.selectbox(
        tx("lab.sweep.figure"), list(figures),
        format_func=lambda name: policy_words.figure_title(figures[name], raw, tx),
        key="lab-sweep-figure", index=_first(list(figures)), persist_state="session",
    )  # fmt: skip
    figure = figures[place]
    current = spots.value_at(raw, figure.path)
    chosen = _range(tx, figure, current)
    if chosen is None:
        return
    with boundary.refusals():
        points: tuple[Point, ...] = keep(
            "sweep",
            (text, place, chosen),
            lambda: sweep.sweep(sent.history, sent.seen, text, figure.path, sweep.values(*chosen)),
        )
        _shown(tx, figure, _named(tx, figure, raw), points, minutes)
        _taken(tx, figure, points, text_key)


def _figures(raw: Any) -> list[Figure]:
    """Those that are one number: of the rules first, because limits are what is asked about most."""
    every = [*policy_figures.FIGURES["window_days"], *policy_figures.in_rules(raw)]
    every += [f for name, of in policy_figures.FIGURES.items() if name != "window_days" for f in of]
    return [
        figure
        for figure in every
        if figure.unit in policy_figures.NUMBERS and isinstance(spots.value_at(raw, figure.path), int)
    ]


def _first(places: Sequence[str]) -> int:
    return places.index("window_days.membership") if "window_days.membership" in places else 0


def _range(tx: Texts, figure: Figure, current: int) -> tuple[int, int, int] | None:
    """From, to and step, as the form says them; None before it was sent with numbers that are some."""
    hundredths = figure.unit in lab_form.MONEY
    step = _nice(max(1, round(current * 1.5 / POINTS)))
    low = max(0, current - step * (POINTS // 3))
    begin = (low, low + step * POINTS, step)
    key = f"lab-sweep-{figure.place}"
    with st.form(key, border=False):
        values = []
        for column, name, value in zip(st.columns(3), ("from", "to", "step"), begin, strict=True):
            shown: float = value / 100 if hundredths else value
            values.append(
                column.number_input(
                    tx(f"lab.sweep.{name}"), value=shown, key=f"{key}-{name}",
                    format="%.2f" if hundredths else "%d", step=1.0 if hundredths else 1,
                )
            )  # fmt: skip
        if st.form_submit_button(tx("lab.sweep.draw"), icon=":material/show_chart:"):
            st.session_state["lab-sweep-asked"] = figure.place
    if st.session_state.get("lab-sweep-asked") != figure.place or None in values:
        return None
    start, stop, by = (round(value * 100) if hundredths else int(value) for value in values)
    return start, stop, by


def _nice(step: int) -> int:
    """The next of 1, 2, 5, 10, 20 …"""
    ten = 1
    while True:
        for one in _NICE:
            if one * ten >= step:
                return one * ten
        ten *= 10


def _named(tx: Texts, figure: Figure, raw: Any) -> str:
    """The name with its unit, for an axis."""
    return tx(
        "lab.form.label",
        name=policy_words.figure_title(figure, raw, tx),
        unit=tx(f"policy_unit.{figure.unit}"),
    )


def _shown(tx: Texts, figure: Figure, name: str, points: tuple[Point, ...], minutes: int) -> None:
    """Refunds against work; against the figure itself where that moves no work; no chart of nothing."""
    currency = next(iter(points[0].refund), "CNY")
    hundredths = figure.unit in lab_form.MONEY
    rows = []
    for point in points:
        least, most = point.refund.get(currency, (0, 0))
        said = policy_words.figure_value(figure, point.value, tx)
        rows.append(
            {
                "order": point.value / 100 if hundredths else point.value,
                "value": said,
                "hours": round(point.people[0] * minutes / 60, 2),
                "least": least / 100,
                "most": most / 100,
                "state": tx("lab.sweep.now") if point.is_current else tx("lab.sweep.other"),
                "label": said if point.is_current else "",
            }
        )
    moves = {field for field in ("hours", "least", "most") if len({row[field] for row in rows}) > 1}
    sums = "most" if moves == {"most"} else "least"
    y = (sums, tx(f"lab.sweep.{'money' if sums == 'least' else 'money_most'}", currency=currency))
    if moves:
        x = ("hours", tx("lab.costs.hours")) if "hours" in moves else ("order", name)
        charts.show(_chart(tx, rows, x, y), "lab-sweep-chart", tx("lab.sweep"))
    read = "lab.sweep.read" if "hours" in moves else "lab.sweep.only_money" if moves else "lab.sweep.flat"
    st.html(f'<p class="note">{esc(tx(read))}</p>{_table(tx, figure, points, currency, minutes)}')


def _chart(
    tx: Texts, rows: list[dict[str, Any]], across: tuple[str, str], up: tuple[str, str]
) -> dict[str, Any]:
    """`across` and `up`: the field of a row on each axis, and its title."""
    plain = {"type": "quantitative", "scale": {"zero": False, "padding": 24}}
    x = {"field": across[0], "title": across[1], "axis": {"tickCount": 5, "format": "~g"}, **plain}
    y = {"field": up[0], "title": up[1], "axis": {"tickCount": 4, "format": ",.2~f"}, **plain}
    tooltip = [
        {"field": "value", "title": tx("lab.sweep.value")},
        {"field": up[0], "title": up[1]},
        {"field": "hours", "title": tx("lab.costs.hours")},
    ]
    colour = {
        "field": "state", "type": "nominal", "title": None, "legend": {"orient": "bottom"},
        "scale": {"domain": [tx("lab.sweep.now"), tx("lab.sweep.other")], "range": ["#B23A25", "#12897E"]},
    }  # fmt: skip
    order = {"field": "order", "type": "quantitative"}
    return {
        "data": {"values": rows},
        "background": "transparent",
        "height": 320,
        "layer": [
            {"mark": {"type": "line", "color": "#7CCDC1"}, "encoding": {"x": x, "y": y, "order": order}},
            {
                "mark": {"type": "point", "filled": True, "size": 90},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": tooltip},
            },
            {
                "mark": {"type": "text", "dy": -14, "fontSize": 13, "color": "#C4533C"},
                "encoding": {"x": x, "y": y, "text": {"field": "label", "type": "nominal"}},
            },
        ],
    }


def _table(tx: Texts, figure: Figure, points: tuple[Point, ...], currency: str, minutes: int) -> str:
    heads = ("value", "refund", "hours", "moved")
    cells = "".join(f'<th scope="col">{esc(tx(f"lab.sweep.col.{name}"))}</th>' for name in heads)
    rows = []
    for point in points:
        least, most = (tx.money(minor, currency) for minor in point.refund.get(currency, (0, 0)))
        money = least if least == most else tx("lab.costs.span", low=least, high=most)
        mark = f' <em class="tag act">{esc(tx("lab.sweep.now"))}</em>' if point.is_current else ""
        says = (money, f"{point.people[0] * minutes / 60:.1f}", str(point.moved))
        rest = "".join(
            f'<td class=n data-label="{esc(tx(f"lab.sweep.col.{name}"))}">{esc(say)}</td>'
            for name, say in zip(heads[1:], says, strict=True)
        )
        name = esc(policy_words.figure_value(figure, point.value, tx))
        rows.append(f"<tr><td class=p>{name}{mark}</td>{rest}</tr>")
    head, body = f"<thead><tr>{cells}</tr></thead>", f"<tbody>{''.join(rows)}</tbody>"
    table = f'<table class="fin figs lab">{head}{body}</table>'
    label = tx("lab.sweep.table", n=len(points))
    return f'<details class="more"><summary>{esc(label)}{ms("expand_more")}</summary>{table}</details>'


def _taken(tx: Texts, figure: Figure, points: tuple[Point, ...], text_key: str) -> None:
    others = [point.value for point in points if not point.is_current]
    if not others:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="lab-sweep-take"):
        key = f"lab-sweep-value-{figure.place}"
        st.selectbox(
            tx("lab.sweep.choose"), others, key=key,
            format_func=lambda each: policy_words.figure_value(figure, each, tx), width=240,
        )  # fmt: skip
        st.button(
            tx("lab.sweep.take"), key="lab-sweep-write", icon=":material/edit:",
            on_click=_take, args=(text_key, figure, key),
        )  # fmt: skip


def _take(text_key: str, figure: Figure, key: str) -> None:
    """What is chosen by now: a click may come with a choice that no run has drawn yet."""
    lab_form.put(text_key, figure.path, st.session_state[key])
