"""Support's list of refunds that did not arrive: what is known of each, and the answer its customer reads."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.missing import may_answer
from core.services import missing
from core.services.missing import TicketView
from core.texts import Texts
from portal.html import esc, href, lines, ms, section
from portal.parts.wizard import bad
from portal.parts.words import capped

_REFUSED: Final = "ticket_refused"
_DONE: Final = "ticket_done"


def show(app: App, actor: Actor, tx: Texts, *, now: datetime) -> None:
    """The oldest first; nothing where nothing waits."""
    if actor.role not in missing.ANSWERERS:
        return
    if st.session_state.pop(_DONE, False):
        done = f"{ms('check_circle')}<p>{esc(tx('support.ticket.done'))}</p>"
        st.html(f'<div class="notice ok" role="status">{done}</div>')
    waiting = missing.open_tickets(app, actor)
    _say_overtaken(tx, waiting)
    if not waiting:
        return
    st.html(
        section(tx("support.tickets"), tx("support.ticket.n", n=len(waiting)))
        + f'<p class="note">{esc(tx("support.tickets_says"))}</p>'
    )
    for ticket in waiting:
        with st.container(key=f"card-ticket-{ticket.id}"):
            st.html(about(tx, ticket, now=now))
            _form(app, actor, tx, ticket)


def about(tx: Texts, ticket: TicketView, *, now: datetime) -> str:
    """Whose money, how it stood and stands, what the bill said: nothing to be asked for again."""
    due = _due(tx, ticket, now)
    who = f"<bdi>{esc(ticket.customer_name)}</bdi>" if ticket.customer_name else esc(tx("desk.guest"))
    amount = tx.money(ticket.amount_minor, ticket.currency)
    to = href("/track", case=ticket.case_no)
    head = (
        f'<div class="top"><div><b>{esc(amount)} · {esc(tx(f"channel.{ticket.channel}"))}</b>'
        f'<small><a href="{to}">{esc(ticket.case_no)}</a> · <bdi>{esc(ticket.product)}</bdi> · {who}</small>'
        f"</div><p>{due}</p></div>"
    )
    own = (
        f'<p class="lab">{esc(tx("support.ticket.says"))}</p>{capped(tx, ticket.words, "quote")}'
        if ticket.words
        else ""
    )
    rows = "".join(
        f"<div><dt>{esc(label)}</dt><dd><bdi>{esc(value)}</bdi></dd></div>"
        for label, value in _facts(tx, ticket, now)
        if value
    )
    return f'<div class="missed">{head}{own}<dl class="kv">{rows}</dl>{_before(tx, ticket, now)}</div>'


def _due(tx: Texts, ticket: TicketView, now: datetime) -> str:
    since = esc(tx("support.ticket.since", at=tx.when(ticket.at, now)))
    if ticket.owner:
        return f'{since}<b class="late">{esc(tx("support.ticket.late"))}</b>'
    if ticket.due_at is None or ticket.due_at <= now:
        return f'{since}<b class="late">{esc(tx("support.ticket.overdue"))}</b>'
    return f"{since}<b>{esc(tx('support.ticket.by', by=tx.until(ticket.due_at, now)))}</b>"


def _facts(tx: Texts, ticket: TicketView, now: datetime) -> list[tuple[str, str]]:
    def when(at: datetime | None) -> str:
        return tx.when(at, now) if at else ""

    return [
        (tx("support.ticket.to"), f"{tx(f'channel.{ticket.channel}')} {ticket.account}".strip()),
        (tx("support.ticket.sent"), when(ticket.sent_at)),
        (tx("support.ticket.taken"), when(ticket.accepted_at)),
        (tx("support.ticket.promised"), tx.date(ticket.eta_at, now) if ticket.eta_at else ""),
        (tx("support.ticket.arrived"), when(ticket.arrived_at)),
        (tx("support.ticket.heard"), _heard(tx, ticket, now)),
        (tx("support.ticket.refund_no"), ticket.reference or ""),
        (tx("support.ticket.key"), ticket.key),
        (tx("support.ticket.trade_no"), ticket.trade_no),
        (tx("support.ticket.bill"), _bill(tx, ticket, now)),
    ]


def _heard(tx: Texts, ticket: TicketView, now: datetime) -> str:
    words = ""
    if ticket.heard and ticket.heard_at:
        at = tx.when(ticket.heard_at, now)
        words = tx("support.ticket.heard_at", heard=tx(f"heard.{ticket.heard}"), at=at)
    if ticket.asks_at is None and not words:
        return tx("support.ticket.nobody")
    is_fresh = ticket.heard_at is not None and ticket.heard_at >= ticket.at
    if ticket.asks_at is not None and not is_fresh:
        return " · ".join(filter(None, (words, tx("support.ticket.silent"))))
    return words


def _bill(tx: Texts, ticket: TicketView, now: datetime) -> str:
    if ticket.row is not None:
        at, amount = tx.when(ticket.row.at, now), tx.money(ticket.row.amount_minor, ticket.currency)
        return tx("support.ticket.bill_row", line=ticket.row.line, at=at, amount=amount)
    if not ticket.bill:
        return tx("support.ticket.bill_none")
    words = [tx(f"bill_kind.{ticket.bill['kind']}"), tx(f"support.ticket.bill_{ticket.bill['said']}")]
    if "begins" in ticket.bill and "ends" in ticket.bill:
        begins, ends = (
            tx.date(datetime.fromisoformat(ticket.bill[name]), now) for name in ("begins", "ends")
        )
        words.insert(1, tx("support.ticket.bill_period", begins=begins, ends=ends))
    return " · ".join(words)


def _before(tx: Texts, ticket: TicketView, now: datetime) -> str:
    items = "".join(
        f"{capped(tx, answer.words, 'quote')}<small>{esc(tx(f'role.{answer.role}'))} · "
        f"{esc(tx.when(answer.at, now))}</small>"
        for answer in ticket.answers
    )
    return f'<p class="lab">{esc(tx("support.ticket.before"))}</p>{items}' if items else ""


def _form(app: App, actor: Actor, tx: Texts, ticket: TicketView) -> None:
    """Words first; both ways of answering send them."""
    if may_answer(actor, ticket.customer_id) is not None:
        st.html(f'<p class="note">{esc(tx("support.ticket.yours"))}</p>')
        return
    key = f"answer-{ticket.id}-{len(ticket.answers)}"
    st.text_area(tx("support.ticket.words"), key=key, height=96)
    held: tuple[int, str, Refusal] | None = st.session_state.get(_REFUSED)
    if held and held[0] == ticket.id:
        st.html(bad(tx.refusal(held[2])))
    with st.container(key=f"turnbtn-{ticket.id}", horizontal=True):
        for name, closes in (("close", True), ("keep", False)):
            st.button(
                tx(f"support.ticket.{name}"), key=f"{name}-{ticket.id}",
                type="primary" if closes else "secondary", on_click=_answer,
                args=(app, actor, ticket, key, closes),
            )  # fmt: skip


def _answer(app: App, actor: Actor, ticket: TicketView, key: str, closes: bool) -> None:
    st.session_state.pop(_REFUSED, None)
    words = str(st.session_state.get(key, ""))
    command_id = f"ticket-answer-{ticket.id}-{len(ticket.answers)}-{actor}-{'close' if closes else 'keep'}"
    try:
        missing.answer(app, actor, ticket.id, words, closes, command_id)
    except Refusal as refused:
        st.session_state[_REFUSED] = (ticket.id, words, refused)
    else:
        st.session_state[_DONE] = True


def _say_overtaken(tx: Texts, waiting: list[TicketView]) -> None:
    """A colleague closed it meanwhile: the words that were not sent are not lost."""
    held: tuple[int, str, Refusal] | None = st.session_state.get(_REFUSED)
    if held is None or held[0] in {ticket.id for ticket in waiting}:
        return
    del st.session_state[_REFUSED]
    st.html(
        f'<div class="notice" role="status">{ms("info")}<div><p>{esc(tx.refusal(held[2]))}</p>'
        f'<p class="quote">{lines(held[1])}</p></div></div>'
    )
