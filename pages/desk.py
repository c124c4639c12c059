"""The desk: a queue on the left, one case's file in the middle, the decision beside what the rules say."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import NotAllowed, NotFound, Refusal
from core.services import desk, policy_drafts, queues, staff, support, weighing
from core.services.desk import File
from core.services.queues import DeskCard, Waiting
from portal import boundary, session
from portal.html import literal
from portal.parts import desk_decide, desk_file, desk_many, desk_notice, desk_queue, desk_terms, desk_view
from portal.parts.desk_decide import DONE, REFUSED, Seat

actor = session.require(*queues.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
seat = Seat(app, actor, tx, now)
HELD = "desk_case"  # what this visitor has in hand
RESTING = "desk_resting"  # it was put back: nothing is taken before the next is asked for


def run() -> None:
    waiting = queues.waiting(app, actor)
    name = _queue(waiting)
    cards = queues.queue(app, actor, name)
    here = _here(cards)
    names = staff.names(app)
    if said := st.session_state.pop(DONE, None):
        st.toast(literal(said), icon=":material/check_circle:")
    left, middle, right = st.columns([1.0, 1.75, 1.1], gap="medium")
    with left, st.container(key="desk-queue"):
        desk_many.outcome(seat)
        st.html(
            desk_queue.head(tx, waiting, name)
            + desk_queue.drafts(tx, policy_drafts.for_them(app, actor))
            + desk_queue.listing(tx, cards, name, here, actor.id, names, now=now)
        )
        if len(cards) > 1:
            _moves(cards, name, here)
        desk_many.many(seat, name)
    if here is None:
        with middle:
            st.html(desk_queue.nothing(tx, waiting, name, cards, actor.id, names))
            if st.session_state.get(RESTING) and _free(cards):
                st.button(tx("queue.open_next"), key="open-next", on_click=_open_next)
        return
    if st.session_state.get("desk_case") not in (None, here):
        desk_view.another()
    try:
        file = desk.open_file(app, actor, here)
        held = _hold(file)
    except (NotFound, NotAllowed) as refused:
        with middle:
            boundary.show(refused, way_on=(tx("desk.back"), "/desk"))
        return
    with middle:
        at = support.state_of(app, actor, here) if isinstance(held, NotAllowed) else None
        _refused(file)
        way = desk_decide.way_there(tx, file, held)
        st.html(desk_file.head(tx, file, now=now) + way + desk_notice.reading_only(tx, file, actor, held, at))
        _file(file)
    with right, st.container(key="desk-side"):
        minor, route = desk_terms.in_hand(tx, file, desk_decide.chosen(file, held))
        option = weighing.pays(app, file.view, file.answer, file.policy, minor, route)
        st.html(f'<span id="{desk_decide.PLACE}"></span>' + desk_file.rules(tx, file, minor, option, now=now))
        if file.view.approved_minor is None:  # else the rules have nothing to say any more
            with st.expander(tx("desk.rules.all"), icon=":material/gavel:", type="compact", key="rule"):
                st.html(desk_file.table(tx, file))
        desk_decide.show(seat, file, held, _next(cards, here), option)
        if held is None:
            st.button(
                tx("queue.put_back"), key="put-back", type="tertiary", icon=":material/undo:",
                shortcut=None if desk_decide.chosen(file, held) else "b",
                help=tx("queue.put_back_help"), on_click=_put_back, args=(name, here),
            )  # fmt: skip
    desk_view.show()


def _refused(file: File) -> None:
    """What could not be done, until another case is opened or something was done."""
    refused = st.session_state.get(REFUSED)
    if refused is not None and refused.case_no == file.view.case_no:
        st.html(desk_notice.meanwhile(tx, file, refused.seq, refused.words, now=now))
    else:
        st.session_state.pop(REFUSED, None)


def _queue(waiting: list[Waiting]) -> str:
    """The queue of the address; else the first in which something waits."""
    asked = st.query_params.get("queue", "")
    names = [queue.name for queue in waiting]
    return asked if asked in names else next((q.name for q in waiting if q.cases), names[0])


def _here(cards: list[DeskCard]) -> str | None:
    """The case of the address; else the first that no colleague has in hand, unless one was put back."""
    asked = st.query_params.get("case")
    if asked:
        st.session_state.pop(RESTING, None)
        return asked
    if st.session_state.get(RESTING):
        return None
    return next(iter(_free(cards)), None)


def _free(cards: list[DeskCard]) -> list[str]:
    return [card.case_no for card in cards if card.held_by in (None, actor.id)]


def _next(cards: list[DeskCard], here: str) -> str | None:
    """The one after this one that is free."""
    free = set(_free(cards)) | {here}
    numbers = [card.case_no for card in cards if card.case_no in free]
    place = numbers.index(here) if here in numbers else -1
    rest = numbers[place + 1 :] + numbers[: max(place, 0)]
    return rest[0] if rest else None


def _hold(file: File) -> Refusal | None:
    """Take the case in hand and let the one before go; answers why not, where there is nothing to decide or
    a colleague is at it.
    """
    case_no = file.view.case_no
    before = st.session_state.pop(HELD, None)
    if before is not None and before != case_no:
        desk.give_back(app, actor, before)
    if file.view.state == "awaiting_customer":  # nobody here decides anything now
        return NotAllowed(role=actor.role)
    try:
        desk.take(app, actor, case_no)
    except NotFound:
        raise
    except Refusal as refused:
        return refused
    st.session_state[HELD] = case_no
    return None


def _put_back(name: str, case_no: str) -> None:
    """Let it go at once, for a colleague; nothing else is taken by itself."""
    desk.give_back(app, actor, case_no)
    st.session_state.pop(HELD, None)
    st.session_state[RESTING] = True
    st.query_params.from_dict({"queue": name})


def _open_next() -> None:
    """Whichever is free by then."""
    st.session_state.pop(RESTING, None)


def _moves(cards: list[DeskCard], name: str, here: str | None) -> None:
    """J and K, also for the mouse; the hints say what other keys do."""
    numbers = [card.case_no for card in cards]
    place = numbers.index(here) if here in numbers else 0
    is_writing = here is not None and desk_decide.is_writing(here)
    with st.container(key="desk-moves", horizontal=True):
        for key, label, to in (("j", "desk.move.next", place + 1), ("k", "desk.move.previous", place - 1)):
            st.button(
                tx(label), key=f"move-{key}", shortcut=None if is_writing else key, type="tertiary",
                disabled=not 0 <= to < len(numbers), on_click=_go, args=(name, numbers[to % len(numbers)]),
            )  # fmt: skip


def _go(name: str, case_no: str) -> None:
    st.query_params.from_dict({"queue": name, "case": case_no})


def _file(file: File) -> None:
    if news := desk_file.news(tx, file, now=now):
        with st.container(key="card-news"):
            st.html(news)
    with st.container(key="card-facts"):
        st.html(desk_file.facts(tx, file, now=now))
    with st.container(key="card-proof"):
        st.html(desk_file.proof(tx, file, now=now))
    with st.container(key="card-tl"):
        st.html(desk_file.story(tx, file, now=now))
    with st.container(key="card-others"):
        st.html(desk_file.others(tx, file, now=now))


run()
