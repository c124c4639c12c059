"""Finding an order by what its buyer knows: number, amount, time of payment (R2.1)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import streamlit as st

from core.domain.errors import AmountInvalid, NotFound, TooManyTries
from core.services import identity
from core.texts import Texts
from portal import answers, boundary, session
from portal.html import esc, ms
from portal.parts import typed

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def finder(tx: Texts, today: date) -> None:
    """The form; on success the browser goes on to the order as a guest."""
    with st.container(key="card-find"), st.form("find", border=False, enter_to_submit=True):
        number = st.text_input(tx("start.form.order"), key="find_order", max_chars=64, autocomplete="off")
        left, middle, right = st.columns(3, gap="small")
        amount = left.text_input(
            tx("start.form.amount"), key="find_amount", max_chars=16, placeholder="99.90", autocomplete="off"
        )
        day = middle.date_input(
            tx("start.form.date"), key="find_date", value=None, max_value=today, format="YYYY-MM-DD"
        )
        at = right.text_input(
            tx("start.form.time"), key="find_time", max_chars=5, placeholder="17:58", autocomplete="off"
        )
        # Above the button: below it a phone's bar would cover what went wrong.
        said = st.container(key="find-said")
        sent = st.form_submit_button(
            tx("start.form.submit"), type="primary", icon=":material/search:", key="find_go"
        )
        st.html(f'<p class="note">{esc(tx("start.form.says"))}</p>')
    if sent:
        with said:
            _find(tx, typed.number(number), typed.amount(amount), day, typed.plain(at))


def _find(tx: Texts, number: str, amount: str, day: Any, at: str) -> None:
    problem = _incomplete(tx, number, amount, day, at)
    if problem:
        _say(boundary.block(problem, css="", icon="edit"))
        return
    try:
        token = identity.prove_order(session.core(), number, amount, day, session.address(), paid_time=at)
    except NotFound:
        _say(
            boundary.block(
                tx("start.form.not_found_says"), title=tx("start.form.not_found"), css="", icon="search_off"
            )
        )
    except TooManyTries as refused:
        _say(boundary.block(tx.refusal(refused), title=tx("start.form.too_many"), icon="hourglass_top"))
    except AmountInvalid:
        _say(boundary.block(tx("start.form.need_amount"), css="", icon="edit"))
    else:
        session.keep(token, answers.local_path(st.query_params.get("to", "/")))


def _say(message: str) -> None:
    """A message, and the way to it: with the keyboard of a phone open it would stand out of sight."""
    tries = st.session_state["find_tries"] = st.session_state.get("find_tries", 0) + 1
    go = 'document.querySelector(".st-key-find-said .alert")?.scrollIntoView({block: "center"})'
    st.html(f"{message}<script>{go} /* {tries}: the same words once more are new */</script>",
            unsafe_allow_javascript=True)  # fmt: skip


def _incomplete(tx: Texts, number: str, amount: str, day: Any, at: str) -> str:
    if not number:
        return tx("start.form.need_order")
    if not amount:
        return tx("start.form.need_amount")
    if day is None:
        return tx("start.form.need_date")
    return tx("start.form.need_time") if at and not _TIME.fullmatch(at) else ""


def where(tx: Texts) -> str:
    """Where a buyer finds these three."""
    rows = (
        ("account_balance_wallet", tx("start.form.where_alipay")),
        ("chat", tx("start.form.where_wechat")),
        ("storefront", tx("start.form.where_shop")),
    )
    items = "".join(f"<li>{ms(icon)}<span>{esc(words)}</span></li>" for icon, words in rows)
    return (
        f'<section class="pane"><h2>{esc(tx("start.form.where"))}</h2><ul class="where">{items}'
        "</ul></section>"
    )
