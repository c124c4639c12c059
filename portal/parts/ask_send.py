"""Step 5: everything on one page, the terms in force, one button; and what has become of it once sent."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import EvidenceMissing, Refusal, VerdictChanged
from core.domain.policy import Policy
from core.services import cases
from core.services.case_views import Answer
from core.texts import Texts
from portal.html import esc, lines, ms
from portal.parts import amounts, ask_route, choice, goods, legs, pictures, wizard
from portal.parts.ask_wrong import reason_words
from portal.parts.wizard import Wizard


def show(w: Wizard, answer: Answer, version: int) -> None:
    tx, found = w.tx, answer.found
    option = ask_route.chosen(w, answer) if found.options else None
    st.html(f'<div class="ask"><h1 id="step" tabindex="-1">{esc(tx("request.send.title"))}</h1></div>')
    with st.container(key="card-check"):
        st.html(_claim(w) + (_money(w, answer) if option else "") + pictures.shots(tx, w.view.evidence))
        with st.expander(
            tx("request.send.terms", version=version),
            icon=":material/description:",
            type="compact",
            key="rule",
        ):
            st.html(terms(tx, w.policy, answer.facts.reason, w.order.kind))
    st.html(
        f'<p class="then">{ms("info")}<span>{esc(_next(w, answer))} {esc(tx("request.send.agree"))}'
        "</span></p>"
    )
    if option is None:
        label = tx("request.send.button_anyway")
    elif found.verdict == "approve":
        label = tx("request.send.button", amount=w.money(option.breakdown.refund))
    else:
        label = tx("request.send.button_review")
    wizard.buttons(
        w,
        wizard.SEND,
        label,
        on_click=_send,
        args=(w, found.verdict, option and option.breakdown.refund, _legs(w, answer) if option else ()),
    )


def _claim(w: Wizard) -> str:
    tx, view = w.tx, w.view
    asked = w.money(view.requested_minor or 0)
    if view.quantity and w.order.quantity > 1:
        asked = tx("request.send.pieces", n=view.quantity, of=w.order.quantity, amount=asked)
    rows = (
        (tx("request.order.reason"), reason_words(tx, view.reason or "other", w.order.kind)),
        (tx("request.order.amount"), asked),
    )
    words = (
        f'<h3 class="gap">{esc(tx("request.send.words"))}</h3><p class="said">{lines(view.description)}</p>'
        if view.description
        else ""
    )
    name = goods.title(w.order.product, w.order.quantity)
    return (
        goods.line(w.order.kind, name, tx("request.send.order", order_no=w.order.order_no))
        + goods.pairs(rows)
        + words
    )


def _money(w: Wizard, answer: Answer) -> str:
    tx, option = w.tx, ask_route.chosen(w, answer)
    reviewed = answer.found.verdict != "approve"
    speed = choice.speed(tx, option, w.policy, now=w.now, reviewed=reviewed)
    parts = _legs(w, answer)
    place, expires = choice.place(tx, option, w.order), ""
    if len(parts) == 1:
        place = f"{place} {parts[0].account}".strip()
        if parts[0].expires:
            expires = f" · {legs.good_until(tx, parts[0])}"
    return (
        amounts.table(
            tx,
            option.breakdown,
            w.currency,
            received=tx("request.verdict.would_receive") if reviewed else "",
            cross_border=ask_route.is_abroad(answer),
        )
        + f'<p class="goes">{ms("arrow_forward")}<span><b>{esc(place)}</b>'
        + (f"<small>{esc(speed)}{esc(expires)}</small>" if len(parts) == 1 else "")
        + "</span></p>"
        + (legs.listed(tx, parts, w.currency, now=w.now) if len(parts) > 1 else "")
        + choice.only_here(tx, option)
    )


def _legs(w: Wizard, answer: Answer) -> tuple[legs.Line, ...]:
    """Each movement that sending it now would lead to."""
    option = ask_route.chosen(w, answer)
    first = answer.found.verdict != "approve"
    return legs.planned(option, w.order, w.policy, w.app.calendar, now=w.now, is_reviewed_first=first)


def _next(w: Wizard, answer: Answer) -> str:
    tx, found = w.tx, answer.found
    if found.verdict == "approve":
        return tx("request.send.next_approve")
    if found.verdict == "review" and found.review_due:
        due = found.review_due
        return tx("request.send.next_review", date=tx.date(due.at, w.now, provisional=due.provisional))
    return tx("request.send.next_reject", days=w.policy.working_days.appeal)


def terms(tx: Texts, policy: Policy, reason: str, kind: str) -> str:
    """The refund terms from the policy in force, as far as they concern this request (R4.6, R6.6)."""
    days, fee = policy.working_days, policy.fee_basis_points[reason]
    if not fee:
        fee_words = tx("request.terms.no_fee")
    elif policy.balance.fee_waived:
        fee_words = tx("request.terms.fee", rate=f"{fee / 100:g}")
    else:
        fee_words = tx("request.terms.fee_all", rate=f"{fee / 100:g}")
    items = (
        tx("request.terms.window", days=policy.window_days[kind]),
        tx("request.terms.review", least=days.review_least, most=days.review_most),
        fee_words,
        tx("request.terms.route", days=policy.balance.expires_after_days),
        tx("request.terms.withdraw"),
        tx("request.terms.appeal", days=days.appeal),
        tx("request.terms.once"),
    )
    return f'<ul class="terms">{"".join(f"<li>{esc(item)}</li>" for item in items)}</ul>'


def command_id(w: Wizard) -> str:
    """Born with the draft: one for every click, tab and restart; another after 'change and apply again'."""
    return f"submit-{w.view.case_no}-{len(w.view.events)}"


def _send(w: Wizard, seen: str, amount: int | None, parts: tuple[legs.Line, ...]) -> None:
    """The one command. Another verdict or amount than the one seen is a refusal, not a surprise (R1.5)."""
    try:
        cases.submit(
            w.app,
            w.actor,
            w.view.case_no,
            command_id(w),
            expected_verdict=seen,
            expected_refund_minor=amount,
        )
    except (VerdictChanged, EvidenceMissing) as refused:
        wizard.remember(refused)
        st.query_params["step"] = str(wizard.VERDICT)
        return
    except Refusal as refused:
        wizard.remember(refused)
        return
    legs.keep(w.view.case_no, parts)
    st.query_params.from_dict({"sent": w.view.case_no})
