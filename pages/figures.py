"""How the shop does: cases by day, reasons, rules, how long decisions and the money took, late money (R6)."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.policy import Policy
from core.services import policies
from core.services.figures import PERIODS, ROLES, figures
from portal import session
from portal.blocks import charts
from portal.html import empty, esc, hero, href
from portal.parts import figures as drawn

actor = session.require(*ROLES)
tx, app = session.texts(), session.core()
now = app.now()
EARLIER: Final = 20  # versions that are looked through for a rule's words


def run() -> None:
    asked = st.query_params.get("days", "")
    period = int(asked) if asked in map(str, PERIODS) else PERIODS[1]
    with st.spinner(tx("figures.adding")):
        found = figures(app, actor, period)
    title = tx("figures.title")
    tabs = "".join(
        f'<li><a href="{href("/figures", days=str(days))}"{" aria-current=page" if days == period else ""}>'
        f"{esc(tx('figures.period', n=days))}</a></li>"
        for days in PERIODS
    )
    head = hero(title, esc(drawn.sentence(tx, found)))
    st.html(f'{head}<nav class="fin-tabs" aria-label="{esc(title)}"><ul>{tabs}</ul></nav>')
    if not any(found.total.values()):
        st.html(f'<div class="tile">{empty("monitoring", tx("figures.none"), tx("figures.none_says"))}</div>')
    else:
        with st.container(key="card-figures-days"):
            st.html(f"<h2>{esc(tx('figures.by_day'))}</h2>{drawn.totals(tx, found)}")
            charts.show(drawn.chart(tx, found), f"chart-days-{period}", drawn.sentence(tx, found))
        _tile("reasons", drawn.reasons(tx, found.reasons))
    _tile("times", drawn.times(tx, found))
    _tile("undecided", drawn.undecided(tx, found))
    _tile("late", drawn.late(tx, found.late, now))
    if found.rules:
        _tile("rules", drawn.rules(tx, found.rules, _policies()))


def _policies() -> list[Policy]:
    """The one in force, then those before: a rule may have gone since it decided."""
    before = (policies.of_version(app, version) for version in policies.earlier(app, EARLIER))
    return [policies.current(app)[1], *before]


def _tile(name: str, body: str) -> None:
    with st.container(key=f"card-figures-{name}"):
        st.html(f"<h2>{esc(tx(f'figures.{name}'))}</h2>{body}")


run()
