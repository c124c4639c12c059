"""How long requests would wait for people under a draft, beside what is in force and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.domain import waiting
from core.domain.effects import EVIDENCE
from core.domain.policy import Policy
from core.domain.simulation import Ints
from core.domain.waiting import CURVE, Expected, Staff
from core.domain.workdays import Calendar
from core.services.handling import Handling
from core.services.replay import Replay, Sent
from core.texts import Texts
from portal.blocks import charts
from portal.html import esc, ms
from portal.parts.lab_costs import table

Keep = Callable[[str, Any, Callable[[], Any]], Any]
Ends = tuple[
    Ints, Expected, Expected
]  # when each is decided; if asking for evidence makes no work, and if it does


def expected(
    tx: Texts,
    sent: Sent,
    told: Replay,
    texts: tuple[str, str],
    policies: tuple[Policy, Policy],
    minutes: int,
    handling: Handling,
    calendar: Calendar,
    keep: Keep,
) -> tuple[Ints, Ints]:
    """The tile, and when each request would be decided before and after."""
    at = sent.history.at
    st.html(f'<h2>{esc(tx("lab.waiting"))}</h2><p class="note">{esc(tx("lab.waiting.lead"))}</p>')
    hours = (handling.opens, handling.closes)
    given = handling.people or waiting.enough(
        at, told.was.people, handling.staff(1, minutes, *hours), calendar
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="lab-waiting-staff"):
        people = st.number_input(
            tx("lab.waiting.people"), value=given, min_value=1, max_value=500, step=1,
            key="lab-people", width=160, persist_state="session",
        )  # fmt: skip
        opens, closes = st.slider(
            tx("lab.waiting.hours"), 0, 24, hours, format="%d:00", key="lab-hours", width=320,
            persist_state="session",
        )  # fmt: skip
    staff = handling.staff(people, minutes, opens, max(closes, opens + 1))

    def ends(name: str, which: int) -> Ends:
        effect, policy = (told.was, told.will)[which], policies[which]

        def work() -> Ends:
            promised = policy.working_days.review_most
            done = waiting.ends(at, effect.people, staff, calendar)
            least = waiting.expected(at, effect.people, done, staff, calendar, promised)
            if not (effect.verdict == EVIDENCE).any():
                return done, least, least
            most = waiting.ends(at, effect.people_most, staff, calendar)
            return done, least, waiting.expected(at, effect.people_most, most, staff, calendar, promised)

        found: Ends = keep(f"waiting-{name}", (texts[which], staff), work)
        return found

    was, will = ends("was", 0), ends("will", 1)
    days = tuple(policy.working_days.review_most for policy in policies)
    st.html(_table(tx, was, will, days) + _notes(tx, sent, told, will, staff, handling, calendar))
    if will[1].jobs or was[1].jobs:
        with st.expander(tx("lab.waiting.curve")):
            charts.show(_chart(tx, was[1], will[1]), "lab-waiting-chart", tx("lab.waiting.curve"))
    return was[0], will[0]


def _table(tx: Texts, was: Ends, will: Ends, days: tuple[int, ...]) -> str:
    def span(found: Ends, say: Callable[[Expected], str]) -> str:
        low, high = say(found[1]), say(found[2])
        return low if low == high else tx("lab.costs.span", low=low, high=high)

    def late(found: Expected) -> str:
        return tx("lab.waiting.of", n=found.late, of=found.jobs)

    rows: tuple[tuple[str, Callable[[Expected], str]], ...] = (
        (tx("lab.waiting.jobs"), lambda found: str(found.jobs)),
        (tx("lab.waiting.half"), lambda found: tx.duration(found.half)),
        (tx("lab.waiting.most"), lambda found: tx.duration(found.most)),
        (tx("lab.waiting.late", n="/".join(dict.fromkeys(map(str, days)))), late),
        (tx("lab.waiting.busy"), lambda found: f"{found.busy:.0%}"),
    )
    return table(
        tx, ("what", "before", "after"), [(name, span(was, say), span(will, say)) for name, say in rows]
    )


def _notes(
    tx: Texts, sent: Sent, told: Replay, will: Ends, staff: Staff, handling: Handling, calendar: Calendar
) -> str:
    said = ""
    most = will[2]
    if most.busy > 1:
        needed = waiting.enough(sent.history.at, told.will.people_most, staff, calendar)
        warning = tx("lab.waiting.too_few", people=staff.people, left=most.left, needed=needed)
        said += f'<p class="note amb">{ms("hourglass_bottom")}{esc(warning)}</p>'
    notes = [
        tx(
            "lab.waiting.was",
            half=tx.duration(handling.waited[0]),
            most=tx.duration(handling.waited[1]),
            beside=tx("lab.col.before"),
        )
        if handling.waited
        else tx("lab.waiting.not_measured"),
        tx("lab.waiting.model"),
    ]
    if np.any(told.will.verdict == EVIDENCE):
        notes.append(tx("lab.waiting.evidence"))
    return said + "".join(f'<p class="note">{esc(note)}</p>' for note in notes)


def _chart(tx: Texts, was: Expected, will: Expected) -> dict[str, Any]:
    """The share that is decided after so many hours, before and after."""
    names = (tx("lab.col.before"), tx("lab.col.after"))
    rows = [
        {"hours": hour, "share": round(share, 4), "which": name}
        for name, found in zip(names, (was, will), strict=True)
        for hour, share in zip(CURVE, found.within, strict=True)
    ]
    hours, share = tx("lab.waiting.after"), tx("lab.waiting.share")
    x = {
        "field": "hours", "type": "quantitative", "title": hours, "scale": {"type": "sqrt"},
        "axis": {"values": [1, 4, 12, 24, 48, 96, 168, 336], "labelOverlap": True},
    }  # fmt: skip
    y = {
        "field": "share", "type": "quantitative", "title": share, "scale": {"domain": [0, 1]},
        "axis": {"format": ".0%", "tickCount": 4},
    }  # fmt: skip
    which = {
        "field": "which", "type": "nominal", "title": None, "sort": None,
        "legend": {"orient": "bottom", "symbolType": "stroke", "symbolSize": 300, "symbolStrokeWidth": 3},
        "scale": {"domain": list(names), "range": ["#8FA09A", "#12897E"]},
    }  # fmt: skip
    dash = {"field": "which", "type": "nominal", "scale": {"domain": list(names), "range": [[5, 4], [1, 0]]}}
    return {
        "data": {"values": rows},
        "background": "transparent",
        "height": 260,
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {
            "x": x,
            "y": y,
            "color": which,
            "strokeDash": {**dash, "legend": None},
            "tooltip": [
                {"field": "which", "title": tx("lab.waiting.rules")},
                {"field": "hours", "title": hours},
                {"field": "share", "title": share, "format": ".0%"},
            ],
        },
    }
