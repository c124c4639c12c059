"""Step 1: what went wrong, in the customer's words, and how much of it should come back."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import TextTooLong
from core.domain.facts import REASONS
from core.domain.money import plain
from core.texts import Texts
from portal.html import esc
from portal.parts import claim, goods, wizard
from portal.parts.wizard import Wizard

_TRIED = "request_tried"  # the button was pressed: from now on what is missing is said


def reason_words(tx: Texts, reason: str, kind: str) -> str:
    """A reason as the buyer of this kind of goods would say it: the same words on every screen."""
    own = f"request.reason.{reason}.{kind}"
    return tx(own) if own in tx else tx(f"reason_said.{reason}")


def show(w: Wizard) -> None:
    tx, view, order = w.tx, w.view, w.order
    below = f"{goods.paid_with(tx, order)} · {tx.when(order.paid_at, w.now)}"
    st.html(
        '<div class="phone">'
        f"{goods.line(order.kind, goods.title(order.product, order.quantity), below, tag='b')}</div>"
    )
    st.html(f'<div class="ask"><h1 id="step" tabindex="-1">{esc(tx("request.wrong.title"))}</h1></div>')
    with st.container(key="cards-reasons"):
        st.radio(
            tx("request.wrong.title"),
            REASONS,
            index=REASONS.index(view.reason) if view.reason else None,
            format_func=lambda reason: reason_words(tx, reason, order.kind),
            captions=[tx(f"request.hint.{reason}") for reason in REASONS],
            key=w.key("reason"),
            label_visibility="collapsed",
            width="stretch",
            on_change=_keep_reason,
            args=(w,),
        )
    tried = st.session_state.get(_TRIED) == view.case_no
    if tried and not view.reason:
        st.html(wizard.bad(tx("request.wrong.none")))
    minor, problem = _pieces(w) if claim.by_pieces(order) else _amount(w)
    if problem:
        st.html(wizard.bad(problem))
    elif minor is not None:
        st.html(f'<p class="asks">{esc(tx("request.wrong.asks"))}<b>{esc(w.money(minor))}</b></p>')
    _words(w)
    wizard.buttons(w, wizard.WRONG, tx("request.next.verdict"), on_click=_next, args=(w,))


def _pieces(w: Wizard) -> tuple[int | None, str]:
    tx, order = w.tx, w.order
    key = w.key("pieces")
    st.session_state.setdefault(key, str(w.view.quantity or order.quantity))
    price = tx("request.wrong.of", n=order.quantity, price=w.money(claim.for_pieces(order, 1)))
    st.html(f'<div class="ask"><h2>{esc(tx("request.wrong.how_many"))}</h2><p>{esc(price)}</p></div>')
    pieces, problem = claim.read_pieces(tx, order, st.session_state[key])
    with st.container(key="pieces", horizontal=True, wrap=False):
        st.button(
            tx("request.wrong.fewer"),
            key="fewer",
            icon=":material/remove:",
            on_click=_turn,
            args=(w, -1),
            disabled=pieces == 1,
        )
        st.text_input(
            tx("request.wrong.pieces_label"),
            key=key,
            label_visibility="collapsed",
            width=76,
            on_change=_keep_amount,
            args=(w,),
        )
        st.button(
            tx("request.wrong.more"),
            key="more",
            icon=":material/add:",
            on_click=_turn,
            args=(w, 1),
            disabled=pieces == order.quantity,
        )
    return (None, problem) if pieces is None else (claim.for_pieces(order, pieces), "")


def _amount(w: Wizard) -> tuple[int | None, str]:
    tx, order, view = w.tx, w.order, w.view
    part, typed = w.key("part"), w.key("amount")
    is_part = view.requested_minor is not None and view.requested_minor < order.refundable_minor
    st.session_state.setdefault(part, "part" if is_part else "all")
    st.html(f'<div class="ask"><h2>{esc(tx("request.wrong.how_much"))}</h2></div>')
    words = {
        "all": tx("request.wrong.all", amount=w.money(order.refundable_minor)),
        "part": tx("request.wrong.part"),
    }
    st.segmented_control(
        tx("request.wrong.how_much"), ("all", "part"), key=part, required=True, format_func=words.__getitem__,
        label_visibility="collapsed", on_change=_keep_amount, args=(w,),
    )  # fmt: skip
    if st.session_state[part] != "part":
        return order.refundable_minor, ""
    if is_part:
        st.session_state.setdefault(typed, plain(view.requested_minor or 0, order.currency))
    unit = tx("request.wrong.yuan") if order.currency == "CNY" else order.currency
    st.text_input(
        tx("request.wrong.amount_label", unit=unit), key=typed, persist_state="page", width=240,
        placeholder=plain(max(1, order.refundable_minor // 2)), on_change=_keep_amount, args=(w,),
    )  # fmt: skip
    text = st.session_state[typed] or ""
    if not text and st.session_state.get(_TRIED) != view.case_no:
        return None, ""
    return claim.read_amount(tx, order, text)


def _words(w: Wizard) -> None:
    key = w.key("words")
    st.session_state.setdefault(key, w.view.description)
    st.text_area(
        w.tx("request.wrong.words"), key=key, height=96, placeholder=w.tx("request.wrong.words_hint"),
        on_change=_keep_words, args=(w,), persist_state="page",
    )  # fmt: skip
    limit = w.in_force.limits.description_characters
    if len(st.session_state[key]) > limit:
        st.html(wizard.bad(w.tx("request.bad.long", length=len(st.session_state[key]), limit=limit)))
    else:
        st.html(f'<p class="note">{esc(w.tx("request.wrong.mask"))}</p>')


def read_amount(w: Wizard) -> tuple[int | None, int | None, str]:
    """(minor units, pieces, '') of what the widgets hold, or (None, None, what is wrong)."""
    state = st.session_state
    if claim.by_pieces(w.order):
        pieces, problem = claim.read_pieces(w.tx, w.order, state.get(w.key("pieces"), ""))
        return (None, None, problem) if pieces is None else (claim.for_pieces(w.order, pieces), pieces, "")
    if state.get(w.key("part")) != "part":
        return w.order.refundable_minor, None, ""
    minor, problem = claim.read_amount(w.tx, w.order, state.get(w.key("amount")) or "")
    return minor, None, problem


def _keep_reason(w: Wizard) -> None:
    """Who was charged twice wants the second payment back, not both: filled in, and open to change."""
    reason, beyond = st.session_state[w.key("reason")], claim.paid_beyond(w.order)
    if reason == "duplicate_charge" and beyond and st.session_state.get(w.key("part")) == "all":
        st.session_state[w.key("part")] = "part"
        st.session_state[w.key("amount")] = plain(beyond, w.currency)
        wizard.save(w, reason=reason, requested_minor=beyond)
    else:
        wizard.save(w, reason=reason)


def _keep_amount(w: Wizard) -> None:
    minor, pieces, _ = read_amount(w)
    if minor is not None:
        wizard.save(w, requested_minor=minor, quantity=pieces)


def _keep_words(w: Wizard) -> None:
    text = st.session_state[w.key("words")]
    if len(text) <= w.in_force.limits.description_characters:
        wizard.save(w, description=text)


def _turn(w: Wizard, by: int) -> None:
    key = w.key("pieces")
    pieces, _ = claim.read_pieces(w.tx, w.order, st.session_state[key])
    st.session_state[key] = str(min(max((pieces or w.order.quantity) + by, 1), w.order.quantity))
    _keep_amount(w)


def _next(w: Wizard) -> None:
    st.session_state[_TRIED] = w.view.case_no
    minor, pieces, problem = read_amount(w)
    reason, words = st.session_state.get(w.key("reason")), st.session_state.get(w.key("words"), "")
    limit = w.in_force.limits.description_characters
    if problem or minor is None or not reason:
        return
    if len(words) > limit:
        wizard.remember(TextTooLong(limit=limit, length=len(words)))
        return
    wizard.go(w, wizard.VERDICT, reason=reason, requested_minor=minor, quantity=pieces, description=words)
