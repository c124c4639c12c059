"""The desk: a queue on the left, one case's file in the middle, the decision beside what the rules say."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import NotAllowed, NotFound, Refusal
from core.services import desk, weighing
from core.services.desk import DeskCard, File
from portal import boundary, session
from portal.parts import desk_decide, desk_file, desk_many, desk_queue, desk_terms, desk_view
from portal.parts.desk_decide import DONE, Seat

actor = session.require(*desk.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
seat = Seat(app, actor, tx, now)


def run() -> None:
    waiting = desk.waiting(app, actor)
    name = _queue(waiting)
    cards = desk.queue(app, actor, name)
    here = _here(cards)
    if said := st.session_state.pop(DONE, None):
        st.toast(said, icon=":material/check_circle:")
    left, middle, right = st.columns([1.0, 1.75, 1.1], gap="medium")
    with left, st.container(key="desk-queue"):
        st.html(
            desk_queue.head(tx, waiting, name) + desk_queue.listing(tx, cards, name, here, actor.id, now=now)
        )
        if len(cards) > 1:
            _moves(cards, name, here)
        desk_many.many(seat, name)
    if here is None:
        with middle:
            st.html(desk_queue.nothing(tx, waiting, name))
        return
    if st.session_state.get("desk_case") not in (None, here):
        desk_view.another()
    try:
        held = _hold(here)
        file = desk.open_file(app, actor, here)
    except (NotFound, NotAllowed) as refused:
        with middle:
            boundary.show(refused, way_on=(tx("desk.back"), "/desk"))
        return
    with middle:
        st.html(desk_file.head(tx, file, now=now) + desk_file.held(tx, held))
        _file(file)
    with right, st.container(key="desk-side"):
        minor, route = desk_terms.in_hand(tx, file, desk_decide.chosen(file, held))
        option = weighing.pays(app, file.view, file.answer, file.policy, minor, route)
        st.html(desk_file.rules(tx, file, minor, option, now=now))
        if file.view.approved_minor is None:  # else the rules have nothing to say any more
            with st.expander(tx("desk.rules.all"), icon=":material/gavel:", type="compact", key="rule"):
                st.html(desk_file.table(tx, file))
        desk_decide.show(seat, file, held, _next(cards, here))
    desk_view.show()


def _queue(waiting: list[desk.Waiting]) -> str:
    """The queue of the address; else the first in which something waits."""
    asked = st.query_params.get("queue", "")
    names = [queue.name for queue in waiting]
    return asked if asked in names else next((q.name for q in waiting if q.cases), names[0])


def _here(cards: list[DeskCard]) -> str | None:
    """The case of the address; else the first that no colleague has in hand."""
    asked = st.query_params.get("case")
    if asked:
        return asked
    return next((card.case_no for card in cards if card.held_by in (None, actor.id)), None)


def _next(cards: list[DeskCard], here: str) -> str | None:
    """The one after this one that is free."""
    order = [card for card in cards if card.case_no == here or card.held_by in (None, actor.id)]
    numbers = [card.case_no for card in order]
    place = numbers.index(here) if here in numbers else -1
    rest = numbers[place + 1 :] + numbers[: max(place, 0)]
    return rest[0] if rest else None


def _hold(case_no: str) -> Refusal | None:
    """Take the case in hand and let the one before go; answers why not, where a colleague is at it."""
    before = st.session_state.get("desk_case")
    if before is not None and before != case_no:
        desk.give_back(app, actor, before)
    st.session_state["desk_case"] = case_no
    try:
        desk.take(app, actor, case_no)
    except NotFound:
        raise
    except Refusal as refused:
        return refused
    return None


def _moves(cards: list[DeskCard], name: str, here: str | None) -> None:
    """J and K, also for the mouse; the hints say what other keys do."""
    numbers = [card.case_no for card in cards]
    place = numbers.index(here) if here in numbers else 0
    with st.container(key="desk-moves", horizontal=True):
        for key, label, to in (("j", "desk.move.next", place + 1), ("k", "desk.move.previous", place - 1)):
            st.button(
                tx(label), key=f"move-{key}", shortcut=key, type="tertiary",
                disabled=not 0 <= to < len(numbers), on_click=_go, args=(name, numbers[to % len(numbers)]),
            )  # fmt: skip


def _go(name: str, case_no: str) -> None:
    st.query_params.from_dict({"queue": name, "case": case_no})


def _file(file: File) -> None:
    with st.container(key="card-facts"):
        st.html(desk_file.facts(tx, file, now=now))
    with st.container(key="card-proof"):
        st.html(desk_file.proof(tx, file, now=now))
    with st.container(key="card-tl"):
        st.html(desk_file.story(tx, file, now=now))
    with st.container(key="card-others"):
        st.html(desk_file.others(tx, file, now=now))


run()
