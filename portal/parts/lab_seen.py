"""What a draft does to the shop's own requests: costs, moves, parts, people, what if; each worked out once.

What was worked out stays with the session of who looks, by everything that it follows from: texts and the
state of the shop's cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

import streamlit as st

from core.adapters.world import App
from core.domain import effects
from core.domain.actors import Actor
from core.domain.policy import Policy, cached
from core.domain.simulation import Ints
from core.domain.workdays import ZONE, local_date
from core.services import replay as past
from core.services.handling import Handling, measured
from core.texts import Texts
from portal.html import esc
from portal.parts import lab as drawn
from portal.parts import lab_costs, lab_people, lab_sent, lab_sweep, lab_waiting

YEAR: Final = timedelta(days=365)
_KEPT: Final = "lab_kept"


@dataclass(frozen=True, slots=True)
class Replayed:
    """`stamp`: all that what is worked out from them follows from, beside the texts."""

    sent: past.Sent
    told: past.Replay
    since: datetime
    stamp: Any


def since(now: datetime) -> datetime:
    """The beginning of the day a year ago, so that a day's reruns look at the same requests."""
    return datetime.combine(local_date(now) - YEAR, time(), ZONE)


def shown(
    app: App,
    actor: Actor,
    tx: Texts,
    document: str,
    text: str,
    policy: Policy,
    text_key: str | None,
    *,
    who_first: bool = False,
) -> None:
    """Tiles for `text` beside `document`; `text_key`: where a point of the curve may be written; `who_first`:
    who wins and who loses stands before what it costs.
    """
    looked, before = replayed(app, actor, document, text, policy), cached(document)
    sent, told, first = looked.sent, looked.told, looked.since

    def keep(name: str, key: Any, work: Callable[[], Any]) -> Any:
        return kept(name, (looked.stamp, key), work)

    if not len(sent.history):
        tile("replay", tx("lab.replay"), drawn.replay(tx, told, first))
        return
    handling: Handling = keep("handling", (), lambda: measured(app, actor, first))
    found: effects.Compared = keep(
        "costs", (document, text), lambda: effects.compare(sent.history, told.was, told.will)
    )
    if text != document and who_first:
        _people(app, tx, sent, told, (before, policy))
    with st.container(key="card-lab-costs"):
        st.html(f"<h2>{esc(tx('lab.costs'))}</h2>")
        minutes = st.number_input(
            tx("lab.costs.minutes"), value=handling.minutes, min_value=1, max_value=600, step=1,
            key="lab-minutes", width=240, persist_state="session",
        )  # fmt: skip
        st.html(lab_costs.costs(tx, found, minutes, handling))
    with st.container(key="card-lab-replay"):
        st.html(f"<h2>{esc(tx('lab.replay'))}</h2>")
        if told.moves:
            flows = effects.flows(told.was, told.will)
            st.echarts_chart(
                lab_costs.flow(tx, flows),
                height=260,
                key="lab-flow",
                renderer="svg",
                alt=lab_costs.flow_said(tx, flows),
            )
            st.html(f'<p class="note">{esc(tx("lab.flow.read", beside=tx("lab.col.before")))}</p>')
        st.html(drawn.replay(tx, told, first))
    with st.container(key="card-lab-waiting"):
        done = lab_waiting.expected(
            tx, sent, told, (document, text), (before, policy), minutes, handling, app.calendar, keep
        )
    if text != document:
        if not who_first:
            _people(app, tx, sent, told, (before, policy))
        _groups(tx, sent, told, done)
    if text_key is not None:
        with st.container(key="card-lab-sweep"):
            st.html(f'<h2>{esc(tx("lab.sweep"))}</h2><p class="note">{esc(tx("lab.sweep.lead"))}</p>')
            lab_sweep.what_if(tx, sent, text_key, text, minutes, keep)


def replayed(app: App, actor: Actor, document: str, text: str, policy: Policy) -> Replayed:
    """The shop's own requests since a year ago, and what `document` and `text` tell them."""
    first, before = since(app.now()), cached(document)
    known = lab_sent.sent_since(app, actor, first)
    sent, stamp = known.sent, (actor.id, first, known.stamp)
    kept("sent", (stamp, ()), lambda: sent)
    was: past.Told = kept("was", (stamp, document), lambda: past.told(sent, before))
    told: past.Replay = kept(
        "told",
        (stamp, (document, text)),
        lambda: past.beside(sent, was, past.told(sent, policy) if text != document else was),
    )
    return Replayed(sent, told, first, stamp)


def _people(app: App, tx: Texts, sent: past.Sent, told: past.Replay, policies: tuple[Policy, Policy]) -> None:
    won, lost = effects.gainers(sent.history, told.was, told.will)
    if not len(won) and not len(lost):
        return
    beside = tx("lab.beside")
    parts = "".join(
        f"<h3>{esc(tx(f'lab.who.{side}', n=len(rows), beside=beside))}</h3>"
        + lab_people.listed(tx, sent, told, rows, policies, app.calendar)
        for side, rows in (("lost", lost), ("won", won))
        if len(rows)
    )
    tile("who", tx("lab.who"), parts)


def _groups(tx: Texts, sent: past.Sent, told: past.Replay, done: tuple[Ints, Ints]) -> None:
    with st.container(key="card-lab-groups"):
        st.html(f"<h2>{esc(tx('lab.groups'))}</h2>")
        by = st.selectbox(
            tx("lab.groups.by"), effects.BREAKDOWNS, format_func=lambda name: tx(f"lab.by.{name}"),
            key="lab-by", width=240, persist_state="session",
        )  # fmt: skip
        currencies = effects.currencies(sent.history)
        found = effects.groups(sent.history, told.was, told.will, by, done)
        table = lab_costs.groups(tx, by, found, currencies[0])
        only = f'<p class="note">{esc(tx("lab.groups.only", currency=currencies[0]))}</p>'
        st.html(table + (only if len(currencies) > 1 else ""))


def kept(name: str, key: Any, work: Callable[[], Any]) -> Any:
    """What `work` answered for this key in this session, the last one of each name."""
    known = st.session_state.setdefault(_KEPT, {})
    if name not in known or known[name][0] != key:
        known[name] = (key, work())
    return known[name][1]


def told() -> tuple[past.Sent, past.Replay] | None:
    """The requests and their replay that were looked at last in this session."""
    known = st.session_state.get(_KEPT, {})
    return (known["sent"][1], known["told"][1]) if "told" in known else None


def tile(name: str, title: str, body: str) -> None:
    """A card with its heading."""
    with st.container(key=f"card-lab-{name}"):
        st.html(f"<h2>{esc(title)}</h2>{body}")
