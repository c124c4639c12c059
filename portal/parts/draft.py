"""From the address to a place in the wizard: which draft, which step, what the rules say by now."""

from __future__ import annotations

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import NotFound, Refusal, VerdictChanged
from core.domain.why_nots import RANK
from core.services import cases
from core.services.case_views import Answer, Look
from portal.html import esc, href
from portal.parts import goods, taking, verdict, wizard
from portal.parts.ask_wrong import reason_words
from portal.parts.wizard import EVIDENCE, ROUTE, SEND, VERDICT, WRONG, Wizard


def look(app: App, actor: Actor, case_no: str) -> Look:
    """Read the draft and, beyond step 1, assess it; `NotFound` when it is not this actor's."""
    return cases.look(app, actor, case_no, assessed=st.query_params.get("step") != str(WRONG))


def resume(app: App, actor: Actor, order_no: str) -> Look:
    """The order's draft: found again without writing once this browser session has opened it."""
    known = f"draft-{order_no}"
    case_no = st.session_state.get(known)
    if case_no is not None:
        try:
            found = look(app, actor, case_no)
            if found.view.state == "draft":
                return found
        except NotFound:
            pass
        del st.session_state[known]
    opened = cases.open_draft(app, actor, order_no)
    st.session_state[known] = opened.case_no
    return look(app, actor, opened.case_no)


def place(w: Wizard, answer: Answer | None) -> tuple[int, str]:
    """(step, a notice as HTML): where the address leads, unless the rules say otherwise by now."""
    refused = wizard.noticed()
    wanted = wizard.wanted(w.view)
    if answer is None or wanted == WRONG:
        return WRONG, _words(w, refused)
    step = _open_step(wanted, answer)
    # The evidence step shows the verdict itself: a picture taken back is no surprise there.
    if wanted > VERDICT and step != EVIDENCE and _has_changed(w, answer):
        step = VERDICT
        refused = refused or VerdictChanged(verdict=answer.found.verdict, rule=answer.found.rule)
    if step in (VERDICT, EVIDENCE):
        st.session_state[w.key("seen")] = answer.found.verdict
    if step != EVIDENCE:
        taking.forget_said()
    return step, _words(w, refused)


def _open_step(step: int, answer: Answer) -> int:
    """The step that this verdict allows: a refusal has no route, and is sent only by who says so."""
    found = answer.found
    if found.verdict == "reject":
        proves = bool(verdict.asks_for(found))
        anyway = st.query_params.get("anyway") == "1" and not found.rule.startswith("law.")
        return step if (step == EVIDENCE and proves) or (step == SEND and anyway) else VERDICT
    return EVIDENCE if step == SEND and found.verdict == "needs_evidence" else step


def _has_changed(w: Wizard, answer: Answer) -> bool:
    """Whether the verdict is worse than the one that this visitor saw last."""
    seen = st.session_state.get(w.key("seen"))
    return seen is not None and RANK[answer.found.verdict] < RANK[seen]


def _words(w: Wizard, refused: Refusal | None) -> str:
    if refused is None:
        return ""
    if isinstance(refused, VerdictChanged):
        return wizard.notice(w.tx("request.changed.title"), w.tx("request.changed.text"), icon="update")
    return wizard.notice(w.tx("request.stopped.title"), w.tx.refusal(refused))


def beside(w: Wizard, step: int) -> str:
    """The right column: the order and what was filled in so far, then where help is. One element."""
    tx, view = w.tx, w.view
    more: tuple[tuple[str, str], ...] = ()
    if step > WRONG and view.reason:
        more = (
            (tx("request.order.reason"), reason_words(tx, view.reason, w.order.kind)),
            (tx("request.order.amount"), w.money(view.requested_minor or 0)),
        )
    name = goods.title(w.order.product, w.order.quantity)
    change = (
        f'<p class="alone"><a href="{w.address(WRONG)}">{esc(tx("request.verdict.change"))}</a></p>'
        if step in (ROUTE, EVIDENCE, SEND)
        else ""
    )
    return (
        '<section class="pane">'
        f"{goods.line(w.order.kind, name, tx('request.send.order', order_no=w.order.order_no))}"
        f"{goods.facts(tx, w.order, now=w.now, more=more)}{change}</section>"
        f'<section class="pane"><h2>{esc(tx("request.help.title"))}</h2><p>{esc(tx("request.help.text"))}</p>'
        f'<p class="alone"><a href="{href("/help")}#contact">{esc(tx("request.help.link"))}</a></p></section>'
    )
