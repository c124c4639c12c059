"""What the five steps share: the draft, saving it, moving between them, and what to say after a refusal.

The draft lives in the database and the step in the address: a reload, the back button or a dead server lose
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.eligibility import verdict_of
from core.domain.errors import Refusal
from core.domain.policy import Policy
from core.services import cases
from core.services.case_views import Answer, CaseView
from core.services.orders import OrderView
from core.texts import Texts
from portal.html import esc, href, ms
from portal.parts import verdict

WRONG, VERDICT, ROUTE, EVIDENCE, SEND = range(1, 6)  # as addresses and drafts name them
_PROOF_FIRST = (WRONG, VERDICT, EVIDENCE, ROUTE, SEND)
_NOTICE = "request_notice"
_SCROLLED = "request_shown"


@dataclass(frozen=True)
class Wizard:
    """One run of the wizard on one draft."""

    app: App
    actor: Actor
    tx: Texts
    view: CaseView
    policy: Policy  # that applies to what is asked for
    in_force: Policy  # whose limits say how much may be written
    now: datetime
    answer: Answer | None = None  # what the rules say to the claim; None: it names nothing yet

    @property
    def order(self) -> OrderView:
        return self.view.order

    @property
    def currency(self) -> str:
        return self.view.order.currency

    def key(self, name: str) -> str:
        """A widget's key: one case's widgets never show another's values."""
        return f"{name}-{self.view.case_no}"

    def money(self, minor: int) -> str:
        return self.tx.money(minor, self.currency)

    def address(self, step: int) -> str:
        """The step's own address, for links."""
        return href("/request", order=self.order.order_no, step=str(step))


def save(w: Wizard, **fields: Any) -> bool:
    """Keep what was filled in; a refusal is shown on the next run and nothing is lost."""
    try:
        cases.save_draft(w.app, w.actor, w.view.case_no, **fields)
    except Refusal as refused:
        st.session_state[_NOTICE] = refused
        return False
    return True


def go(w: Wizard, step: int, **fields: Any) -> None:
    """Save and move to `step`. The address moves with it, so the browser's back button goes step by step."""
    if save(w, step=step, **fields):
        st.query_params["step"] = str(step)


def furthest(view: CaseView) -> int:
    """The last step that what was filled in so far allows."""
    return WRONG if view.reason is None or view.requested_minor is None else SEND


def wanted(view: CaseView) -> int:
    """The step of the address; without one, where the draft was left, or the first when going back to it.

    Never beyond what is filled in. The step that was left is written into the address, so that it stays.
    """
    asked, opened = st.query_params.get("step", ""), f"opened-{view.case_no}"
    if asked.isascii() and asked.isdigit() and len(asked) == 1:
        step = int(asked)
    elif st.session_state.get(opened) or view.step == WRONG:
        step = WRONG
    else:
        step = min(view.step, furthest(view))
        st.query_params["step"] = str(step)
    st.session_state[opened] = True
    return min(max(step, WRONG), furthest(view))


def remember(refused: Refusal) -> None:
    """Say it on the next run."""
    st.session_state[_NOTICE] = refused


def noticed() -> Refusal | None:
    """The refusal of the command that led to this run, once."""
    found: Refusal | None = st.session_state.pop(_NOTICE, None)
    return found


def bad(sentence: str) -> str:
    """One sentence beside the field that it is about; announced at once."""
    return f'<p class="bad" role="alert">{ms("error")}<span>{esc(sentence)}</span></p>'


def notice(title: str, text: str, *links: tuple[str, str], icon: str = "info") -> str:
    """Something that changed or stands in the way, and the way on as (words, address)."""
    ways = "".join(f'<p class="alone"><a href="{to}">{esc(words)}</a></p>' for words, to in links)
    return (
        f'<div class="notice" role="alert">{ms(icon)}<div><h2>{esc(title)}</h2><p>{esc(text)}</p>{ways}'
        "</div></div>"
    )


def buttons(w: Wizard, step: int, label: str, **press: Any) -> None:
    """Back on the left, the one filled button on the right."""
    with st.container(
        key="steps", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        if step > WRONG:
            st.html(
                f'<a class="prev" href="{w.address(previous(w, step))}">'
                f"{ms('chevron_left')}{esc(w.tx('request.back'))}</a>"
            )
        else:
            st.html(
                f'<a class="prev" href="{href("/request")}">'
                f"{ms('chevron_left')}{esc(w.tx('request.order.other'))}</a>"
            )
        st.button(label, key="next", type="primary", **press)


def sequence(w: Wizard) -> tuple[int, ...]:
    """The steps in the order in which this request goes through them: what turns a refusal comes before the
    route, as a refusal has none.
    """
    answer = w.answer
    if answer is None:
        return tuple(range(WRONG, SEND + 1))
    if answer.found.verdict == "reject":
        is_first = bool(w.view.evidence or verdict.asks_for(answer.found))
    else:
        is_first = was_turned(w, answer)
    return _PROOF_FIRST if is_first else tuple(range(WRONG, SEND + 1))


def was_turned(w: Wizard, answer: Answer) -> bool:
    """Whether the pictures have turned a refusal: then the evidence came before the route."""
    if not w.view.evidence or answer.found.verdict == "reject":
        return False
    return verdict_of(replace(answer.facts, evidence=frozenset()), w.policy)[0] == "reject"


def previous(w: Wizard, step: int) -> int:
    """The step before, leaving out the evidence where none is asked for and none is there, and the route
    where there is none to choose.
    """
    steps = sequence(w)
    is_refused = w.answer is not None and w.answer.found.verdict == "reject"
    before = [
        number
        for number in steps[: steps.index(step)]
        if not (number == EVIDENCE and not needs_evidence(w)) and not (number == ROUTE and is_refused)
    ]
    return before[-1]


def needs_evidence(w: Wizard) -> bool:
    """Whether the evidence step has something to do by the policy's checklist, or already has pictures."""
    return bool(w.view.evidence) or bool(w.view.reason and w.policy.evidence[w.view.reason])


def progress(w: Wizard, step: int, answer: Answer | None) -> tuple[set[int], set[int]]:
    """(steps really done, steps left out) as seen from `step`; a refusal needs its evidence first."""
    said = answer.found.verdict if answer is not None else None
    has_proof = bool(w.view.evidence) and said not in (None, "needs_evidence", "reject")
    done = {number for number in (WRONG, VERDICT) if number < step}
    left_out = set()
    if step > ROUTE and w.view.route is not None and said != "reject":
        done.add(ROUTE)
    elif step == SEND:
        left_out.add(ROUTE)
    if step not in (WRONG, EVIDENCE) and has_proof:
        done.add(EVIDENCE)
    elif step == SEND or (step != EVIDENCE and not needs_evidence(w)):
        left_out.add(EVIDENCE)
    return done, left_out


def at_top(step: int, case_no: str) -> None:
    """After a change of step, begin at the top of the page: the button that led here was at its end."""
    if st.session_state.get(_SCROLLED) != (case_no, step):
        first = _SCROLLED not in st.session_state
        st.session_state[_SCROLLED] = (case_no, step)
        if not first:
            st.html(
                '<script>document.querySelector(".stMain")?.scrollTo(0,0);document.getElementById("step")?.focus()</script>',
                unsafe_allow_javascript=True,
            )
