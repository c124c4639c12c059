"""Finance: the differences of one kind, and what two people do: one proposes, another one posts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from core.app import App
from core.domain.actors import Actor
from core.services import reconciliation, staff
from core.services.reconciliation import Listed
from core.texts import Texts
from portal import boundary, session
from portal.html import esc, href, lines, ms, spoken
from portal.parts import finance_words
from portal.parts.finance_money import DONE

STATES: Final = ("open", "proposed", "posted", "settled")
PAGE: Final = "finance_difference_page"


def show(app: App, actor: Actor, tx: Texts, kind: str, bill: int | None, *, now: datetime) -> None:
    """The list of one state with a tick for each, and the form below it."""
    with st.container(key="card-differences"):
        st.html(
            f"<h2>{esc(tx(f'difference.{kind}'))}</h2><p class=note>{esc(tx(f'difference_says.{kind}'))}</p>"
        )
        state = st.pills(
            tx("finance.state"),
            STATES,
            format_func=lambda name: tx(f"difference_state.{name}"),
            default="open",
            key=f"finance_state_{kind}",
            on_change=lambda: st.session_state.pop(PAGE, None),
        )
        state = state or "open"
        page = st.session_state.get(PAGE, 0)
        found, has_more = reconciliation.listing(app, actor, kind, state, page, bill)
        if not found:
            st.html(f'<p class="note">{esc(tx("finance.none_of_state"))}</p>')
            return
        names = staff.names(app)
        ticked = [each.id for each in found if _row(tx, each, names, now)]
        _turn(tx, page, has_more)
        if state == "open" and kind != "timing":
            _propose(app, actor, tx, kind, bill, found, ticked)
        elif state == "proposed":
            _decide(app, actor, tx, kind, bill, found, ticked)


def _row(tx: Texts, each: Listed, names: staff.Names, now: datetime) -> bool:
    """One difference: its tick where this person may do something, what it is, what would be booked."""
    number = each.found.refund_no or each.found.trade_no
    with st.container(key=f"diffrow-{each.id}", horizontal=True, gap="small"):
        ticked = False
        if each.allowed:
            key = f"diff-{each.state}-{each.id}"
            ticked = st.checkbox(
                tx("finance.tick", number=spoken(number)), key=key, label_visibility="collapsed"
            )
        st.html(line(tx, each, names, now))
    return ticked


def line(tx: Texts, each: Listed, names: staff.Names, now: datetime) -> str:
    found = each.found

    def money(minor: int | None) -> str:
        return "—" if minor is None else tx.money(minor, found.currency)

    sides = tx("finance.sides", ours=money(found.ours_minor), theirs=money(found.theirs_minor))
    if found.kind == "fee":
        sides = tx("finance.sides.fee", amount=money(found.theirs_minor))
    place = ""
    if found.case_no:
        place = f'<a href="{href("/desk", case=found.case_no)}">{esc(found.case_no)}</a>'
    elif found.order_no:
        place = f"<bdi>{esc(found.order_no)}</bdi>"
    when = esc(tx.when(found.at, now)) if found.at else ""
    number = f"<bdi>{esc(found.refund_no or found.trade_no)}</bdi>"
    about = " · ".join(filter(None, (number, place, when, _line(tx, each))))
    said, fix = _said(tx, each, names), esc(finance_words.correction(tx, each))
    return (
        f'<div class="diff"><p><b>{esc(finance_words.kind(tx, found))}</b> · {esc(sides)}</p>'
        f"<small>{about}</small>"
        f'<p class="fix">{ms("balance")}<span>{fix}</span></p>{_room(tx, each)}{said}</div>'
    )


def _room(tx: Texts, each: Listed) -> str:
    """More would have gone back than was paid, or the same sum is on its way: with the cases to look at."""
    said = finance_words.room(tx, each.room) if each.room else ""
    if not each.room or not said:
        return ""
    cases = " · ".join(
        f'<a href="{href("/desk", case=case_no)}">{esc(case_no)}</a> '
        f"{esc(tx.money(minor, each.room.currency))}"
        for case_no, minor in each.room.running
    )
    where = f"<p>{esc(tx('finance.room.running'))} {cases}</p>" if cases else ""
    css = "no" if each.room.is_beyond else ""
    return f'<div class="alert {css}">{ms("warning")}<div><p>{esc(said)}</p>{where}</div></div>'


def _told(tx: Texts, found: Sequence[Listed], chosen: Sequence[int]) -> tuple[list[int], bool]:
    """Those of the chosen that go beyond what was paid, and whether this person says to have seen it. Another
    set of them has to be seen anew.
    """
    beyond = [each.id for each in found if each.id in chosen and each.room and each.room.is_beyond]
    if not beyond:
        return [], True
    key = f"diff-beyond-{'-'.join(map(str, beyond))}"
    return beyond, st.checkbox(tx("finance.room.seen", n=len(beyond)), key=key)


def _line(tx: Texts, each: Listed) -> str:
    return esc(tx("finance.line", line=each.found.line)) if each.found.line else ""


def _said(tx: Texts, each: Listed, names: staff.Names) -> str:
    if each.state == "settled":
        key = f"settled_why.{each.note}"
        return f'<p class="note">{esc(tx(key) if key in tx else each.note)}</p>'
    who = staff.name(names, each.proposed_by) if each.proposed_by else ""
    by = f"<small>{esc(tx('finance.proposed_by', name=who))}</small>" if who else ""
    return f'{by}<p class="quote">{lines(each.note)}</p>' if each.note else by


def _turn(tx: Texts, page: int, has_more: bool) -> None:
    if not page and not has_more:
        return
    with st.container(key="difference-pages", horizontal=True):
        for key, to, is_there in (("newer", page - 1, page > 0), ("older", page + 1, has_more)):
            st.button(
                tx(f"finance.page.{key}"),
                key=f"diff-page-{key}",
                disabled=not is_there,
                on_click=_go,
                args=(to,),
            )


def _go(page: int) -> None:
    st.session_state[PAGE] = page


def _all_of(
    app: App, actor: Actor, tx: Texts, kind: str, state: str, bill: int | None, shown: int
) -> list[int] | None:
    """Every one of this kind and state, where that is more than is shown and somebody ticks for them all."""
    every = reconciliation.ids(app, actor, kind, state, bill)
    if len(every) <= 1:
        return None
    return every if st.checkbox(tx("finance.all", n=len(every)), key=f"diff-all-{kind}-{state}") else None


def _propose(
    app: App, actor: Actor, tx: Texts, kind: str, bill: int | None, found: Sequence[Listed], ticked: list[int]
) -> None:
    """A reason, then either the correction that stands there, or that nothing is to be booked."""
    has_correction = any(each.correction is not None for each in found)
    chosen = _all_of(app, actor, tx, kind, "open", bill, len(found)) or ticked
    note = st.text_area(
        tx("finance.why"), key=f"diff-why-{kind}", height=90, placeholder=tx("finance.why_example")
    )
    beyond, is_told = _told(tx, found, chosen) if has_correction else ([], True)
    with st.container(key="diff-acts", horizontal=True):
        for book in (True, False):
            if book and not has_correction:
                continue
            is_off = not chosen or (book and not is_told)
            label = tx("finance.propose" if book else "finance.explain", n=len(chosen))
            pressed = st.button(
                label, key=f"propose-{book}", type="primary" if book else "secondary", disabled=is_off
            )
            if pressed:

                def work(command: str, book: bool = book) -> int:
                    return reconciliation.propose(
                        app, actor, chosen, note, command, book=book, knowing=beyond
                    )

                _do(tx, "finance.proposed_done", len(chosen), work, f"propose-{book}", (tuple(chosen), note))
    st.html(f'<p class="note">{esc(tx("finance.propose_says"))}</p>')


def _decide(
    app: App, actor: Actor, tx: Texts, kind: str, bill: int | None, found: Sequence[Listed], ticked: list[int]
) -> None:
    """Another person posts; anybody of them sends back with a reason."""
    may_post = any("post" in each.allowed for each in found)
    if not may_post:
        st.html(f'<p class="note">{ms("group")} {esc(tx("finance.second_person"))}</p>')
    chosen = _all_of(app, actor, tx, kind, "proposed", bill, len(found)) or ticked
    note = st.text_input(tx("finance.back_why"), key=f"diff-back-{kind}")
    books = [each for each in found if each.correction and each.correction.lines]
    beyond, is_told = _told(tx, books, chosen) if may_post else ([], True)
    with st.container(key="diff-acts", horizontal=True):
        if may_post and st.button(
            tx("finance.post", n=len(chosen)), key="post", type="primary", disabled=not chosen or not is_told
        ):
            _do(
                tx, "finance.posted_done", len(chosen),
                lambda command: reconciliation.post(app, actor, chosen, command, knowing=beyond),
                "post", tuple(chosen),
            )  # fmt: skip
        if st.button(
            tx("finance.back", n=len(chosen)), key="send-back", disabled=not chosen or not note.strip()
        ):
            _do(
                tx, "finance.back_done", len(chosen),
                lambda command: reconciliation.send_back(app, actor, chosen, note, command),
                "send-back", (tuple(chosen), note),
            )  # fmt: skip


def _do(tx: Texts, done: str, n: int, work: Callable[[str], int], name: str, value: object) -> None:
    """Run a command once; what came of it is told on the fresh page."""
    with boundary.refusals():
        work(session.command_id(f"difference-{name}", value))
        st.session_state.pop(PAGE, None)
        st.session_state[DONE] = tx(done, n=n)
        st.rerun()
