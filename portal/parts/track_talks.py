"""How the customer would like to have a negotiated refund: to the balance, as a voucher, or by hand to
another account of theirs, with proof that the old one is closed (R4.5).
"""

from __future__ import annotations

import streamlit as st

from core.domain import settlement
from core.domain.errors import Refusal
from core.domain.settlement import PAYEE_CHANNELS, PROOF, WAYS, read_payee
from core.domain.terms import Terms
from core.domain.vouchers import KINDS as VOUCHERS
from core.services.case_views import CaseView
from portal.html import esc
from portal.parts.turn import Turn, act, head, pictures, refusal, remember, take
from portal.parts.wizard import bad


def has_proposed(view: CaseView) -> bool:
    """Whether the customer said so since the money last had no way to go."""
    return settlement.has_proposed(event.event for event in view.events)


def show(t: Turn) -> None:
    """The amber block, until they have said how."""
    order = t.view.order
    any_closed = any(not payment.is_open for payment in order.payments)
    why = settlement.why_not_back(escrow=order.escrow, any_closed=any_closed)
    st.html(head(t, t.tx("track.turn.talks"), t.tx(f"track.turn.talks_{why}"), clock=""))
    _form(t)


def change(t: Turn) -> None:
    """Said already: what it was, and a quiet way to change it."""
    tx, view = t.tx, t.view
    way = next((event.way for event in reversed(view.events) if event.event == "propose"), None)
    st.html(f'<p class="note">{esc(tx("track.turn.talks_said", way=tx(f"track.turn.way.{way}")))}</p>')
    with st.expander(tx("track.turn.talks_change"), icon=":material/edit:", type="compact", key="rule"):
        _form(t)


def _form(t: Turn) -> None:
    tx, view = t.tx, t.view
    said = next((event.way for event in reversed(view.events) if event.event == "propose"), None)
    open_to = [way for way in WAYS if _can(t, way)]
    way = st.radio(
        tx("track.turn.way"), open_to, key=f"way-{view.case_no}-{len(view.events)}", persist_state="page",
        index=open_to.index(said) if said in open_to else 0,
        format_func=lambda name: tx(f"track.turn.way.{name}"),
    )  # fmt: skip
    if way == "transfer":
        _account(t)
    elif way in VOUCHERS:
        _voucher(t, str(way))
    if refused := refusal(t, "propose"):
        st.html(bad(tx.refusal(refused)))
    with st.container(key="turnbtn", horizontal=True):
        st.button(
            tx("track.turn.propose"), key="do-propose", type="primary", on_click=_propose, args=(t, way)
        )


def _can(t: Turn, way: str) -> bool:
    """What can be offered before anybody checks it."""
    if way == "balance":
        return bool(t.view.customer_id)
    return way != "account" or _all_open(t)


def _all_open(t: Turn) -> bool:
    return all(payment.is_open for payment in t.view.order.payments)


def _voucher(t: Turn, way: str) -> None:
    """What one gets, and the proof where an account is closed."""
    st.html(f'<p class="note">{esc(t.tx(f"track.turn.way_note.{way}"))}</p>')
    if not _all_open(t):
        _proof(t)


def _account(t: Turn) -> None:
    tx, case_no = t.tx, t.view.case_no
    st.radio(
        tx("track.turn.payee_channel"), PAYEE_CHANNELS, key=f"payee-channel-{case_no}", horizontal=True,
        format_func=lambda name: tx(f"channel.{name}"), persist_state="page",
    )  # fmt: skip
    st.text_input(
        tx("track.turn.payee_holder"), key=f"payee-holder-{case_no}", max_chars=40, persist_state="page"
    )
    st.text_input(
        tx("track.turn.payee_account"), key=f"payee-account-{case_no}", max_chars=64, persist_state="page"
    )
    st.html(f'<p class="note">{esc(tx("track.turn.payee_note"))}</p>')
    _proof(t)


def _proof(t: Turn) -> None:
    tx = t.tx
    st.html(
        f'<div class="proof"><div><h3>{esc(tx(f"evidence_kind.{PROOF}"))}</h3>'
        f"<p>{esc(tx(f'evidence_hint.{PROOF}'))}</p></div></div>"
    )
    pictures(t, tuple(item for item in t.view.evidence if item.kind == PROOF))
    take(t, PROOF)


def _propose(t: Turn, way: str | None) -> None:
    payee = None
    if way == "transfer":
        typed = (
            str(st.session_state.get(f"payee-{part}-{t.view.case_no}") or "")
            for part in ("channel", "holder", "account")
        )
        try:
            payee = read_payee(*typed)
        except Refusal as refused:
            remember(t, "propose", refused)
            return
    act(t, "propose", terms=Terms(way=way, payee=payee))
