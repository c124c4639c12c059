"""How the customer would like to have a negotiated refund: to the balance, as a voucher, or by hand to
another account of theirs, with proof that the old one is closed; and what they say to a suggestion (R4.5).
"""

from __future__ import annotations

import streamlit as st

from core.domain import settlement
from core.domain.errors import Refusal
from core.domain.rights import one_agrees
from core.domain.settlement import PAYEE_CHANNELS, PROOF, WAYS, read_payee
from core.domain.terms import Terms
from core.domain.vouchers import KINDS as VOUCHERS
from core.services.case_views import CaseView, EventView
from portal.html import esc, ms
from portal.parts import ways
from portal.parts.turn import Turn, act, button_key, clock_of, head, pictures, refusal, remember, take
from portal.parts.wizard import bad


def proposal(view: CaseView) -> EventView | None:
    """What they said since the money last had no way to go; a suggestion leaves it standing."""
    last = next((event for event in reversed(view.events) if event.event in ("negotiate", "propose")), None)
    return last if last is not None and last.event == "propose" else None


def suggestion(view: CaseView) -> EventView | None:
    """What was suggested to them and waits for their answer."""
    if view.state != "negotiating" or not settlement.is_suggested(event.event for event in view.events):
        return None
    return next((event for event in reversed(view.events) if event.event == "counter"), None)


def show(t: Turn) -> None:
    """The amber block, until they have said how."""
    counter = suggestion(t.view)
    if counter is not None and counter.way is not None:
        _suggested(t, counter.way, counter.note)
        return
    order = t.view.order
    any_closed = any(not payment.is_open for payment in order.payments)
    why = settlement.why_not_back(escrow=order.escrow, any_closed=any_closed)
    clock = clock_of(t, t.view.due_at, t.tx("track.turn.talks_else"))
    st.html(head(t, t.tx("track.turn.talks"), t.tx(f"track.turn.talks_{why}"), clock=clock))
    _form(t)


def _suggested(t: Turn, way: str, why: str) -> None:
    """What we suggest and why. One button takes it; beside it theirs, where they said one, and all others."""
    tx, view, own = t.tx, t.view, proposal(t.view)
    clock = clock_of(t, view.due_at, tx("track.turn.talks_else"))
    title = tx("track.turn.suggest", way=tx(f"track.suggest.{way}"))
    st.html(head(t, title, tx("track.turn.suggest_how"), quote=why, clock=clock))
    other = f"other-way-{view.case_no}-{len(view.events)}"
    if st.session_state.get(other):
        _form(t)
        return
    if way == "transfer":
        _account(t)
    elif way in VOUCHERS:
        _voucher(t, way)
    _refused(t)
    with st.container(key="turnbtn", horizontal=True):
        st.button(
            tx("track.turn.suggest_take"), key=button_key(t, "propose"), type="primary",
            on_click=_propose, args=(t, way),
        )  # fmt: skip
        if own is not None and own.way is not None:
            kept = tx("track.turn.suggest_keep", way=tx(f"track.suggest.{own.way}"))
            st.button(kept, key=f"keep-way-{view.last_word}", on_click=_keep, args=(t, own.way))
        st.button(tx("track.turn.suggest_other"), key="other-way", on_click=_set, args=(other,))


def _keep(t: Turn, way: str) -> None:
    """Theirs still; of a transfer with the account that they gave."""
    act(t, "propose", terms=Terms(way=way))


def _set(flag: str) -> None:
    st.session_state[flag] = True


def _refused(t: Turn) -> None:
    if refused := refusal(t, "propose"):
        st.html(bad(t.tx.refusal(refused)))


def change(t: Turn) -> None:
    """Said already: what it was, and a quiet way to change it."""
    tx, view = t.tx, t.view
    own = proposal(view)
    if own is None:  # the first of two has agreed that it goes back the way it came
        said = tx("track.turn.talks_back")
    else:
        history = [(event.event, event.role, event.actor_id) for event in view.events]
        way = " · ".join(filter(None, (ways.theirs(tx, own), ways.account(tx, own))))
        if ways.is_for_them(own):
            key = "track.turn.talks_for_you" if own.role == "support" else "track.turn.talks_kept"
        else:
            key = (
                "track.turn.talks_said_one" if one_agrees(history, own.given_by) else "track.turn.talks_said"
            )
        said = tx(key, way=way)
    st.html(f'<p class="note">{esc(said)}</p>')
    if own is not None and own.is_other_name:
        st.html(f'<p class="amb" role="status">{ms("warning")}{esc(tx("track.turn.other_name"))}</p>')
    with st.expander(tx("track.turn.talks_change"), icon=":material/edit:", type="compact", key="rule"):
        _form(t)


def _form(t: Turn) -> None:
    tx, view = t.tx, t.view
    own = proposal(view)
    said = own.way if own is not None else None
    open_to = [way for way in WAYS if is_possible(view, way)]
    way = st.radio(
        tx("track.turn.way"), open_to, key=f"way-{view.case_no}-{len(view.events)}", persist_state="page",
        index=open_to.index(said) if said in open_to else 0,
        format_func=lambda name: tx(f"track.turn.way.{name}"),
    )  # fmt: skip
    if way == "transfer":
        _account(t)
    elif way in VOUCHERS:
        _voucher(t, str(way))
    _refused(t)
    with st.container(key="turnbtn", horizontal=True):
        st.button(
            tx("track.turn.propose"), key=button_key(t, "propose"), type="primary",
            on_click=_propose, args=(t, way),
        )  # fmt: skip


def is_possible(view: CaseView, way: str) -> bool:
    """What can be offered before anybody checks it."""
    if way == "balance":
        return bool(view.customer_id)
    return way != "account" or _all_open(view)


def _all_open(view: CaseView) -> bool:
    return all(payment.is_open for payment in view.order.payments)


def _voucher(t: Turn, way: str) -> None:
    """What one gets, and the proof where an account is closed."""
    st.html(f'<p class="note">{esc(t.tx(f"track.turn.way_note.{way}"))}</p>')
    if not _all_open(t.view):
        _proof(t)


def _account(t: Turn) -> None:
    tx, case_no = t.tx, t.view.case_no
    channel = st.radio(
        tx("track.turn.payee_channel"), PAYEE_CHANNELS, key=f"payee-channel-{case_no}", horizontal=True,
        format_func=lambda name: tx(f"channel.{name}"), persist_state="page",
    )  # fmt: skip
    st.text_input(
        tx("track.turn.payee_holder"), key=f"payee-holder-{case_no}", max_chars=40, persist_state="page"
    )
    # A card's number is digits only (static/keypad.js); elsewhere an account may be a mail address.
    with st.container(key="payee-card" if channel == "card" else "payee-other"):
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
