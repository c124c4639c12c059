"""Codes of vouchers: shown once to their owner, and entered to become balance.

A code that was just made stands in this visitor's session until they say that they have it, or leave the
page.
"""

from __future__ import annotations

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import wallet
from core.services.wallet import VoucherView
from core.texts import Texts
from portal import session
from portal.html import esc, ms
from portal.parts.wizard import bad

_SHOWN, _REFUSED, _DONE = session.SHOWN_ONCE, "voucher_refused", "voucher_done"
ENTRY = "voucher-entry"


def is_shown() -> bool:
    """Whether a code is on the screen: then keeping it is what matters."""
    return _SHOWN in st.session_state


def code(app: App, actor: Actor, tx: Texts, each: VoucherView, *, leads: bool) -> None:
    """The code, where it was asked for just now; else the button that makes one. `leads`: it is the page's
    first button.
    """
    held = st.session_state.get(_SHOWN)
    if held and held[0] == each.id:
        st.html(f'<p class="once">{ms("visibility")}<b>{esc(tx("wallet.code.once"))}</b></p>')
        st.code(held[1], language=None, wrap_lines=True)
        st.button(tx("wallet.code.have"), key=f"code-have-{each.id}", type="primary", on_click=_forget)
        return
    _refusal(tx, each.id)
    if not each.may_show:
        return
    if not each.codes:
        st.button(
            tx("wallet.code.show"), key=f"code-show-{each.id}", type="primary" if leads else "secondary",
            on_click=_show, args=(app, actor, each),
        )  # fmt: skip
        return
    with st.expander(tx("wallet.code.lost"), icon=":material/key:", type="compact", key=f"lost-{each.id}"):
        st.html(f'<p class="note">{esc(tx("wallet.code.renew_says", tail=each.code_tail))}</p>')
        st.button(
            tx("wallet.code.renew"), key=f"code-renew-{each.id}", on_click=_show, args=(app, actor, each)
        )


def _show(app: App, actor: Actor, each: VoucherView) -> None:
    held = st.session_state.get(_SHOWN)
    if held and held[0] == each.id:  # the second click of two: it is there
        return
    forget()
    try:
        st.session_state[_SHOWN] = (each.id, wallet.show_code(app, actor, each.id, each.codes))
    except Refusal as refused:
        st.session_state[_REFUSED] = (each.id, refused)


def _forget() -> None:
    st.session_state.pop(_SHOWN, None)


def forget() -> None:
    """What was said of codes before is no longer the question."""
    for name in (_SHOWN, _REFUSED, _DONE):
        st.session_state.pop(name, None)


def entry(app: App, actor: Actor, tx: Texts) -> None:
    """Where a code is typed in."""
    with st.container(key="card-code"):
        st.html(f"<h2>{esc(tx('wallet.enter'))}</h2><p class=note>{esc(tx('wallet.enter_says'))}</p>")
        with st.form("redeem", border=False, enter_to_submit=True):
            st.text_input(tx("wallet.enter_label"), key=ENTRY, max_chars=60, autocomplete="off")
            st.form_submit_button(tx("wallet.enter_do"), on_click=_redeem, args=(app, actor, tx))
        _refusal(tx, 0)
        if done := st.session_state.get(_DONE):
            st.html(f'<p class="did" role="status">{ms("check_circle", "ok")}{esc(done)}</p>')


def _redeem(app: App, actor: Actor, tx: Texts) -> None:
    typed = str(st.session_state.get(ENTRY) or "")
    if not typed.strip() and _DONE in st.session_state:  # the second click of two: it is done
        return
    forget()
    try:
        found = wallet.redeem(app, actor, typed, actor.id, session.command_id("redeem", typed))
    except Refusal as refused:
        st.session_state[_REFUSED] = (0, refused)
        return
    st.session_state[ENTRY] = ""
    st.session_state[_DONE] = tx("wallet.entered", amount=tx.money(found.amount_minor, found.currency))


def _refusal(tx: Texts, number: int) -> None:
    held = st.session_state.get(_REFUSED)
    if held and held[0] == number:
        st.html(bad(tx.refusal(held[1])))
