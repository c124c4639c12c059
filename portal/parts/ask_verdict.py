"""Step 2: can it be refunded: the verdict, its rule, the time left, and what would change it (R1.4)."""

from __future__ import annotations

import streamlit as st

from core import wording
from core.services.case_views import Answer
from portal import places
from portal.html import esc, href, ms
from portal.parts import ask_route, choice, claim, verdict, versions, why, wizard
from portal.parts.wizard import Wizard


def show(w: Wizard, answer: Answer) -> None:
    tx, found = w.tx, answer.found
    says = wording.rule_sentence(tx, w.policy, found.rule, answer.facts)
    lost = () if found.verdict == "reject" else choice.lost_accounts(tx, answer.facts, w.policy, w.order)
    with st.container(key="card-verdict"):
        st.html(
            verdict.card(tx, found, says, now=w.now, tag="h1", gets=ask_route.receives(w, answer), also=lost)
            + versions.note(tx, answer)
            + verdict.window(tx, found, w.view.ask_until, now=w.now)
            + verdict.flip(tx, found, facts=answer.facts, currency=w.currency, now=w.now)
        )
        with st.expander(tx("request.verdict.which"), icon=":material/gavel:", type="compact", key="rule"):
            st.html(why.rules(tx, found, w.policy, currency=w.currency) + versions.other(tx, answer))
    if found.verdict == "reject":
        _refused(w, answer)
        return
    wizard.buttons(w, wizard.VERDICT, tx("request.next.route"), on_click=wizard.go, args=(w, wizard.ROUTE))


def _refused(w: Wizard, answer: Answer) -> None:
    """What is left after a no: the change in the customer's hand, to leave it, or to send it and appeal."""
    tx, found = w.tx, answer.found
    lesser, kinds = verdict.lesser_amount(found), verdict.asks_for(found)
    proves = bool(kinds) and kinds != (verdict.CONTESTS,)
    # Nobody is led to say 'it was not me' but who says that it never came; giving up leads only alone.
    leads = proves or (bool(kinds) and answer.facts.reason == "not_delivered")
    main = "less" if lesser is not None else "proof" if leads else "" if kinds else "leave"
    with st.container(key="no-ways", horizontal=True, vertical_alignment="center"):
        if lesser is not None:
            st.button(
                tx("request.verdict.less", amount=w.money(lesser)), key="next", type="primary",
                on_click=_ask_less, args=(w, lesser),
            )  # fmt: skip
        if kinds:
            st.button(
                tx("request.verdict.add") if proves else tx("request.verdict.contest"),
                key="add-proof", type="primary" if main == "proof" else "secondary",
                on_click=wizard.go, args=(w, wizard.EVIDENCE),
            )  # fmt: skip
        if st.button(
            tx("request.verdict.leave"), key="leave", type="primary" if main == "leave" else "secondary"
        ):
            st.switch_page(places.REQUEST)
    ways = [f'<a href="{w.address(wizard.WRONG)}">{ms("edit")}{esc(tx("request.verdict.change"))}</a>']
    if not found.rule.startswith("law."):
        anyway = href("/request", order=w.order.order_no, step=str(wizard.SEND), anyway="1")
        days = w.policy.working_days.appeal
        ways.append(f'<a href="{anyway}">{ms("gavel")}{esc(tx("request.verdict.anyway"))}</a>')
        ways.append(f'<p class="note">{esc(tx("request.verdict.anyway_help", days=days))}</p>')
    st.html(f'<div class="ways">{"".join(ways)}</div>')


def _ask_less(w: Wizard, minor: int) -> None:
    pieces = None
    if claim.by_pieces(w.order):
        pieces = max(1, minor * w.order.quantity // w.order.amount_minor)
        minor = claim.for_pieces(w.order, pieces)
    wizard.go(w, wizard.VERDICT, requested_minor=minor, quantity=pieces)
