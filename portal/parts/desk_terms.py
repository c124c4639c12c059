"""What is said with a decision at the desk: an amount, a route, a way, a reference; words by template."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.domain.money import plain
from core.domain.settlement import WAYS
from core.domain.terms import Terms
from core.services import desk
from core.services.case_views import CaseView
from core.services.desk import File
from core.texts import Texts
from portal.html import esc
from portal.parts import claim
from portal.parts.pictures import name


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: its key, its icon, and the templates of what is said with it."""

    event: str
    key: str
    icon: str
    notes: tuple[str, ...] = ()


def ask(tx: Texts, file: File, action: Action) -> tuple[Terms | None, str]:
    """The fields of this action; what they say, or what is wrong with it."""
    view, event = file.view, action.event
    amount: int | None = None
    route = way = None
    reference, picture, problem = "", "", ""
    if event in ("approve", "offer"):
        amount, problem = _amount(tx, file, event)
    if event == "offer":
        route = _route(tx, file)
    elif event == "agree":
        way = _way(tx, file)
    elif event == "transfer":
        _payee(tx, file)
        reference = st.text_input(tx("desk.reference"), key=f"desk-reference-{view.case_no}", max_chars=64)
    elif event == "find_forgery":
        picture = _picture(tx, view)
    note = _note(tx, view, action)
    if problem or (event == "transfer" and not reference):
        return None, problem
    return Terms(
        note=note, amount_minor=amount, route=route, way=way, reference=reference, picture=picture
    ), ""


def _amount(tx: Texts, file: File, event: str) -> tuple[int | None, str]:
    view = file.view
    first = desk.first_approval(view)
    # Whoever confirms sees what was approved: another amount would be another first approval.
    wanted = view.requested_minor if first is None else first.amount_minor
    key = f"desk-amount-{event}-{view.case_no}-{first.seq if first else 0}"
    st.session_state.setdefault(key, plain(wanted or 0, view.currency))
    typed = st.text_input(tx("desk.amount", currency=view.currency), key=key)
    minor, problem = claim.read_amount(tx, view.order, typed)
    return minor, problem


def _route(tx: Texts, file: File) -> str | None:
    """Where the offered money would go; of a first approval the route that was offered."""
    view, first = file.view, desk.first_approval(file.view)
    key = f"desk-route-{view.case_no}"
    wanted = (first.route if first else None) or view.route
    if file.routes:
        st.session_state.setdefault(key, wanted if wanted in file.routes else file.routes[0])
    return st.radio(
        tx("desk.route"), file.routes, key=key, format_func=lambda name: tx(f"route.{name}"), horizontal=True
    )


def _way(tx: Texts, file: File) -> str | None:
    """How it is paid; what the customer proposed, or the first of two agreed on, stands there already."""
    view = file.view
    said = next((event.way for event in reversed(view.events) if event.way), None)
    key = f"desk-way-{view.case_no}-{len(view.events)}"
    st.session_state.setdefault(key, said or WAYS[0])
    way = st.radio(tx("desk.way"), WAYS, key=key, format_func=lambda name: tx(f"way.{name}"))
    if way == "transfer":
        _payee(tx, file)
    return way


def _payee(tx: Texts, file: File) -> None:
    """Whom to transfer to, in full, for those who do it."""
    if file.payee is None:
        st.html(f'<p class="note">{esc(tx("desk.payee.none"))}</p>')
        return
    payee = file.payee
    where = f"{tx(f'channel.{payee.channel}')} · {payee.holder} · {payee.account}"
    label = f'<span class="lab">{esc(tx("desk.payee"))}</span>'
    st.html(f'<div class="payee">{label}<b><bdi>{esc(where)}</bdi></b></div>')


def _picture(tx: Texts, view: CaseView) -> str:
    """Which of the pictures a finding is about."""
    names = {item.id: name(tx, item, number) for number, item in enumerate(view.evidence, 1)}
    key = f"desk-picture-{view.case_no}"
    return st.radio(tx("desk.picture"), list(names), key=key, format_func=names.__getitem__) or ""


def _note(tx: Texts, view: CaseView, action: Action) -> str:
    key = f"desk-note-{view.case_no}-{action.event}"
    words = {name: tx(f"desk.note.{action.event}.{name}") for name in action.notes}

    def fill() -> None:
        st.session_state[key] = words.get(st.session_state.get(f"{key}-pick") or "", "")

    if words:
        st.pills(
            tx("desk.note.pick"), list(words), key=f"{key}-pick", on_change=fill,
            format_func=lambda name: tx(f"desk.note.{action.event}.{name}.short"),
        )  # fmt: skip
    st.session_state.setdefault(key, "")
    return st.text_area(tx(f"desk.note.label.{action.event}"), key=key, height=96)
