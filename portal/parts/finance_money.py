"""Finance: money under way, what is stuck on top with its reason, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from core.app import App
from core.domain.actors import Actor
from core.domain.missing import BY_HAND
from core.domain.workdays import local_date
from core.services import circuits, finance, hearing
from core.services.finance import Money, Pile
from core.texts import Texts
from portal import boundary, session
from portal.html import empty, esc, href, ms, section
from portal.parts import finance_channels, finance_words
from portal.parts.found import says

ALL: Final = ""
DONE: Final = "finance_done"
PAGE: Final = "finance_page"


def show(app: App, actor: Actor, tx: Texts, *, now: datetime) -> None:
    """Channels that do not answer, the piles, then the payouts one by one."""
    told = hearing.odd(app, actor, local_date(now) - timedelta(days=7))
    if lines := finance_channels.lines(tx, circuits.all_of(app), told, now=now):
        with st.container(key="card-channels"):
            st.html(lines)
    piles = finance.piles(app, actor)
    if not piles:
        nothing = empty("payments", tx("finance.money.none"), tx("finance.money.none_says"))
        st.html(f'<div class="tile">{nothing}</div>')
        return
    with st.container(key="card-piles"):
        st.html(f"<h2>{esc(tx('finance.money.piles'))}</h2>{_piles(tx, piles, now)}")
    st.html(section(tx("finance.money.each"), tx("finance.money.order")))
    channels = [ALL, *dict.fromkeys(pile.channel for pile in piles)]
    with st.container(key="filters", horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            tx("finance.money.channel"),
            channels,
            format_func=lambda name: finance_words.channel(tx, name) if name else tx("finance.money.all"),
            default=ALL,
            key="finance_channel",
            on_change=_first_page,
        )
        only = st.toggle(tx("finance.money.only_stuck"), key="finance_stuck", on_change=_first_page)
    page = st.session_state.get(PAGE, 0)
    found, has_more = finance.under_way(app, actor, page, channel=chosen or "", only_stuck=only)
    if not found:
        st.html(f'<p class="note">{esc(tx("finance.money.none_here"))}</p>')
    people = finance.colleagues(app, actor) if found else {}
    for money in found:
        _one(app, actor, tx, money, people, now)
    _turn(tx, page, has_more)


def _first_page() -> None:
    st.session_state.pop(PAGE, None)


def _turn(tx: Texts, page: int, has_more: bool) -> None:
    if not page and not has_more:
        return
    with st.container(key="finance-pages", horizontal=True):
        for key, to, is_there in (("newer", page - 1, page > 0), ("older", page + 1, has_more)):
            st.button(
                tx(f"finance.page.{key}"), key=f"page-{key}", disabled=not is_there, on_click=_go, args=(to,)
            )


def _go(page: int) -> None:
    st.session_state[PAGE] = page


def _piles(tx: Texts, piles: Sequence[Pile], now: datetime) -> str:
    heads = ("channel", "state", "count", "amount", "oldest")
    head = "".join(f'<th scope="col">{esc(tx(f"finance.col.{name}"))}</th>' for name in heads)
    rows = "".join(
        f"<tr><td class=p>{esc(finance_words.channel(tx, pile.channel))}</td>"
        f"<td>{esc(_state(tx, pile.channel, pile.state))}{_late(tx, pile.late)}</td>"
        f'<td class=n data-label="{esc(tx("finance.col.count"))}">{pile.count}</td>'
        f"<td class=n>{esc(tx.money(pile.amount_minor, pile.currency))}</td>"
        f"<td class=a>{esc(tx.duration(now - pile.oldest_at))}</td></tr>"
        for pile in piles
    )
    return f'<table class="fin"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _state(tx: Texts, channel: str, state: str) -> str:
    """A transfer by hand was accepted by nobody but us: finance has to make it."""
    is_to_make = channel == BY_HAND and state in ("planned", "sending", "accepted")
    return tx("finance.to_transfer" if is_to_make else f"payout_state.{state}")


def _says(tx: Texts, money: Money) -> str:
    """Where it stands, said to finance itself."""
    return tx("finance.transfer_late") if money.at.code == "by_hand_late" else says(tx, money.at)


def _late(tx: Texts, late: int) -> str:
    return f' <em class="late">{esc(tx("finance.money.late", n=late))}</em>' if late else ""


def _one(app: App, actor: Actor, tx: Texts, money: Money, people: Mapping[str, str], now: datetime) -> None:
    with st.container(key=f"{'act' if money.is_stuck else 'card'}-pay-{money.id}"):
        st.html(line(tx, money, people, now))
        with st.container(key=f"pay-acts-{money.id}", horizontal=True, vertical_alignment="bottom"):
            if money.now:
                label = tx(f"finance.now.{money.now}")
                if st.button(label, key=f"now-{money.id}", icon=":material/bolt:", disabled=money.is_asked):
                    _ask(app, actor, tx, money)
            options = ["", *people]
            given = st.selectbox(
                tx("finance.care"), options,
                index=options.index(money.care) if money.care in options else 0,
                format_func=lambda who: people.get(who, who) if who else tx("finance.care.nobody"),
                key=f"care-{money.id}-{money.care}",
            )  # fmt: skip
        if given != money.care:
            _give(app, actor, tx, money, given or "", people)


def line(tx: Texts, money: Money, people: Mapping[str, str], now: datetime) -> str:
    """How much over what, where it stands and why, since when, and whose it is."""
    stuck = f'<em class="late">{esc(tx("finance.money.stuck"))}</em>' if money.is_stuck else ""
    why = f"<p>{esc(finance_words.cause(tx, money.cause))}</p>" if money.cause else ""
    since = money.at.since or money.created_at
    age = tx("finance.money.age", age=tx.duration(now - since))
    tries = f" · {esc(tx('finance.money.tries', n=money.tries))}" if money.tries else ""
    due = ""
    if money.due_at and money.due_at > now:
        due = f" · {esc(tx('finance.money.next', when=tx.when(money.due_at, now)))}"
    elif money.is_asked:
        due = f" · {esc(tx('finance.money.asked'))}"
    to = href("/desk", case=money.case_no)
    return (
        f'<div class="pay"><div class="top"><b>{esc(tx.money(money.amount_minor, money.currency))}</b>'
        f'<span class="tag">{esc(_state(tx, money.channel, money.state))}</span>{stuck}'
        f'<span class="ch">{esc(finance_words.channel(tx, money.channel))}</span></div>'
        f"<p><b>{esc(_says(tx, money))}</b></p>{why}"
        f'<small>{ms("schedule")}{esc(age)}{tries}{due} · <a href="{to}">{esc(money.case_no)}</a></small>'
        "</div>"
    )


def _ask(app: App, actor: Actor, tx: Texts, money: Money) -> None:
    with boundary.refusals():
        command = session.command_id(f"now-{money.id}", (money.state, money.due_at))
        how = finance.ask_now(app, actor, money.id, command)
        st.session_state[DONE] = tx(f"finance.now.{how}_done")
        st.rerun()


def _give(app: App, actor: Actor, tx: Texts, money: Money, person: str, people: Mapping[str, str]) -> None:
    with boundary.refusals():
        finance.give(
            app, actor, money.id, person, session.command_id(f"give-{money.id}", (money.care, person))
        )
        name = people.get(person, person)
        st.session_state[DONE] = tx("finance.care.done", name=name) if person else tx("finance.care.none")
        st.rerun()
