"""Answering an appeal against a loss of credit: who may, in what words, and what the customer will read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import CreditAppealClosed, OwnCase, Refusal
from core.services import credit
from core.services.credit import Entry
from core.texts import Texts
from portal import session
from portal.html import esc, href, lines, ms
from portal.parts.wizard import bad

_REFUSED: Final = "credit_answer_refused"
_DONE: Final = "credit_answer_done"


@dataclass(frozen=True, slots=True)
class _Refused:
    """What was not sent, and why: kept until something else is done."""

    entry: Entry
    words: str
    refused: Refusal


def about(tx: Texts, entry: Entry) -> str:
    """Whose appeal it is: the name, the points now, and the picture itself."""
    to = href("/credit", customer=entry.customer_id)
    who = f'<p class="who"><a href="{to}"><bdi>{esc(entry.customer_name)}</bdi></a> · '
    who += f"{esc(tx('desk.credit', points=entry.balance))}</p>"
    if not entry.picture:
        return who
    if not entry.is_kept:
        return f'{who}<p class="note">{ms("hide_image")}{esc(tx("credit.picture_gone"))}</p>'
    at = esc(session.picture(entry.picture))
    image = f'<img src="{at}" alt="{esc(tx("credit.picture_alt"))}" loading="lazy">'
    return f'{who}<div class="shots accused"><a href="{at}" target="_blank" rel="noopener">{image}</a></div>'


def form(app: App, actor: Actor, tx: Texts, entry: Entry) -> None:
    """The verdict, the words, the preview, one button; whoever found it reads who answers instead."""
    refusal = credit.may_answer(actor, entry)
    if refusal is not None:
        key = "credit.answer.own" if isinstance(refusal, OwnCase) else "credit.answer.yours"
        st.html(f'<div class="notice" role="status">{ms("visibility")}<p>{esc(tx(key))}</p></div>')
        return
    key = f"credit-answer-{entry.id}"
    verdict = st.radio(
        tx("credit.answer.verdict"), ("granted", "refused"), key=f"{key}-verdict",
        index=None, horizontal=True, format_func=lambda name: tx(f"credit.answer.{name}"),
    )  # fmt: skip
    words = st.text_area(tx("credit.answer.words"), key=key, height=96).strip()
    held: _Refused | None = st.session_state.get(_REFUSED)
    if held and held.entry.id == entry.id:
        st.html(bad(tx.refusal(held.refused)))
    if verdict is None or not words:
        st.html(f'<p class="note">{esc(tx("credit.answer.first"))}</p>')
        return
    st.html(_reads(tx, entry, verdict, words, credit.would_give_back(app, actor, entry.id)))
    st.button(
        tx("credit.answer.send"), key=f"{key}-send", type="primary",
        on_click=_answer, args=(app, actor, entry, verdict, words),
    )  # fmt: skip


def _reads(tx: Texts, entry: Entry, verdict: str, words: str, points: int) -> str:
    """The customer's side of it, and what their account comes to."""
    after = entry.balance + (points if verdict == "granted" else 0)
    sums = tx("credit.answer.points", before=entry.balance, after=after)
    return (
        f'<div class="reads"><span class="lab">{ms("visibility")}{esc(tx("desk.reads"))}</span>'
        f"<b>{esc(tx(f'credit.appeal.{verdict}'))}</b>"
        f'<p class="quote">{lines(words)}</p><p>{esc(sums)}</p></div>'
    )


def _answer(app: App, actor: Actor, entry: Entry, verdict: str, words: str) -> None:
    st.session_state.pop(_REFUSED, None)
    command_id = f"credit-answer-{entry.id}-{actor.id}"
    try:
        credit.answer(app, actor, entry.id, verdict == "granted", words, command_id)
    except Refusal as refused:
        st.session_state[_REFUSED] = _Refused(entry, words, refused)
    else:
        st.session_state[_DONE] = entry


def said(tx: Texts) -> None:
    """What came of the last answer: sent, or a colleague was quicker, with the words that were not sent."""
    done: Entry | None = st.session_state.pop(_DONE, None)
    if done is not None:
        text = tx("credit.answer.done", name=done.customer_name)
        st.html(f'<div class="notice ok" role="status">{ms("check_circle")}<p>{esc(text)}</p></div>')
    held: _Refused | None = st.session_state.get(_REFUSED)
    if held is not None and isinstance(held.refused, CreditAppealClosed):
        del st.session_state[_REFUSED]
        text = tx("credit.answer.overtaken", name=held.entry.customer_name)
        to = href("/credit", customer=held.entry.customer_id)
        st.html(
            f'<div class="notice" role="status">{ms("info")}<div><p>{esc(text)} '
            f'<a href="{to}">{esc(tx("credit.answer.see"))}</a></p>'
            f'<p class="quote">{lines(held.words)}</p></div></div>'
        )
