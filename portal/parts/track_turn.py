"""What the customer can do on Track: answer, take an offer, say how to be paid, appeal, ask again, go to
arbitration, withdraw.
"""

from __future__ import annotations

import streamlit as st

from core.services import applying, asking, policies
from core.services.case_views import CaseView
from portal import places
from portal.html import esc, href, ms
from portal.parts import again, stepper, talk, track_offer, track_talks
from portal.parts.turn import Turn, act, clock_of, head, refusal, say
from portal.parts.wizard import bad


def is_turn(view: CaseView) -> bool:
    """Whether the customer is asked for something, may still change the outcome, or may ask once more."""
    return view.state in ("draft", "completed", *again.ENDED) or bool(
        {"answer", "accept", "propose", "appeal"} & set(view.allowed)
    )


def show(t: Turn) -> None:
    """The amber block; a quiet one where nothing waits for the customer."""
    tx, view = t.tx, t.view
    if "propose" in view.allowed and not view.locator.turn:
        track_talks.change(t)
        return
    quiet = _quiet(t)
    if quiet is not None:
        if quiet:
            with st.container(key="card-again"):
                st.html(quiet)
        return
    if view.state == "draft":
        with st.container(key="card-again"):
            st.html(_begun(t))
        return
    with st.container(key="act-turn"):
        if view.offer is not None:
            track_offer.show(t, view.offer)
        elif "propose" in view.allowed:
            track_talks.show(t)
        elif "answer" in view.allowed:
            st.html(head(t, tx("track.turn.question"), "", quote=talk.last_question(view)))
            say(t, "answer", tx("track.turn.answer_label"), tx("track.turn.answer"))
        else:
            late = _is_over(t)  # an appeal has its own time; what is applied for anew counts from then
            how = tx("track.turn.rejected_late") if late else tx("track.turn.rejected_how")
            clock = _time_to_contest(t) if "reapply" in view.allowed and not late else None
            st.html(head(t, tx("track.turn.rejected"), how, quote=_why(t), clock=clock))
            say(
                t,
                "appeal",
                tx("track.turn.appeal_label"),
                tx("track.turn.appeal"),
                needs_picture=policies.of_version(t.app, view.policy_version).limits.appeal_needs_evidence,
                more=(lambda: _or_reapply(t)) if "reapply" in view.allowed and not late else None,
            )


def _begun(t: Turn) -> str:
    """A form that was not sent: no alarm, the way back to where it stopped."""
    tx, view = t.tx, t.view
    to = href("/request", order=view.order.order_no)
    how = tx("track.turn.draft_how", step=stepper.names(tx)[view.step - 1])
    return (
        f'<div class="again"><h2>{ms("edit_note")}{esc(tx("track.turn.draft"))}</h2><p>{esc(how)}</p>'
        f'{_time_to_send(t)}<div class="ways"><a class="btn" href="{to}">{esc(tx("track.turn.draft_go"))}</a>'
        "</div></div>"
    )


def _is_over(t: Turn) -> bool:
    """Whether asking now would be too late."""
    return again.is_over(t.view.order, applying.now(t.app), asking.rules_say(t.app, t.view), t.now)


def _quiet(t: Turn) -> str | None:
    """What to say of a request that ended or came too late; None when it is the customer's turn."""
    view = t.view
    if view.state == "completed" and view.order.refundable_minor <= 0:
        return ""
    if view.state not in ("draft", "completed", *again.ENDED):
        return None
    holds, rules = applying.now(t.app), asking.rules_say(t.app, view)
    twice = asking.charged_twice(t.app, [view.order], holds).get(view.order.order_no, 0)
    if view.state != "draft":
        return again.offer(t.tx, view, holds, rules, now=t.now, twice_minor=twice)
    if again.is_over(view.order, holds, rules, t.now, is_twice=bool(twice)):
        return again.too_late(t.tx, view, holds, rules, now=t.now, twice_minor=twice)
    return None


def _why(t: Turn) -> str:
    """The reviewer's words, or the rule's."""
    note = next(
        (event.note for event in reversed(t.view.events) if event.event == "reject" and event.note), ""
    )
    return note or t.view.says.get("en" if t.tx.language == "en" else "zh", "")


def _time_to_send(t: Turn) -> str:
    """Until when a draft can be sent: the end of the window, or of the draft where that comes first."""
    tx, view = t.tx, t.view
    ends = applying.now(t.app).ask_until(view.order)
    if ends is not None and ends > t.now and (view.due_at is None or ends <= view.due_at):
        return clock_of(t, ends, tx("track.turn.else_late"))
    return clock_of(t, view.due_at, tx("track.turn.else_gone"))


def _time_to_contest(t: Turn) -> str | None:
    """An appeal has its own time; what is applied for anew may have less: then each is said by itself."""
    tx, again_at, due_at = t.tx, t.view.ask_until, t.view.due_at
    if again_at is None or due_at is None or again_at >= due_at:
        return None
    return clock_of(t, again_at, tx("track.turn.to_reapply")) + clock_of(
        t, due_at, tx("track.turn.to_appeal")
    )


def _or_reapply(t: Turn) -> None:
    if st.button(t.tx("track.turn.reapply"), key="reapply"):
        _reapply(t)


def _reapply(t: Turn) -> None:
    if act(t, "reapply"):
        st.switch_page(places.REQUEST, query_params={"order": t.view.order.order_no, "step": "1"})
    st.rerun()


def others(t: Turn) -> None:
    """Quiet ways out: arbitration and withdrawal, each behind a question."""
    tx, allowed = t.tx, t.view.allowed
    if "dispute" in allowed and st.button(
        tx("track.dispute"), key="dispute", type="tertiary", icon=":material/balance:"
    ):
        _ask(
            t,
            "dispute",
            tx("track.dispute.title"),
            terms_of_dispute(t),
            tx("track.dispute.yes"),
            tx("track.dispute.label"),
        )
    if t.view.state == "draft" and not t.view.events:  # never sent: there is nothing to withdraw
        if "withdraw" in allowed and st.button(
            tx("track.delete"), key="withdraw", type="tertiary", icon=":material/delete:"
        ):
            _ask(t, "withdraw", tx("track.delete.title"), tx("track.delete.text"), tx("track.delete.yes"))
    elif "withdraw" in allowed and st.button(
        tx("track.withdraw"), key="withdraw", type="tertiary", icon=":material/undo:"
    ):
        _ask(t, "withdraw", tx("track.withdraw.title"), tx("track.withdraw.text"), tx("track.withdraw.yes"))


def terms_of_dispute(t: Turn) -> str:
    """Who decides, that it binds, and by when if it is asked for now."""
    days = policies.of_version(t.app, t.view.policy_version).working_days.arbitration
    by = t.app.calendar.deadline(t.now, days)
    date = t.tx.date(by.at, t.now, provisional=by.provisional)
    return t.tx("track.dispute.text", days=days, date=date)


def _ask(t: Turn, event: str, title: str, text: str, yes: str, label: str = "") -> None:
    """A question before something that cannot be taken back."""

    def body() -> None:
        st.html(f'<p class="ask-text">{esc(text)}</p>')
        note = st.text_area(label, key=f"{event}-{t.view.case_no}", height=96) if label else ""
        with st.container(horizontal=True, horizontal_alignment="right"):
            # The filled button is what somebody in a hurry presses: of a withdrawal, to keep the request.
            is_kept = event == "withdraw"
            no = t.tx("track.withdraw.keep") if is_kept else t.tx("track.cancel")
            keep = st.button(no, key=f"no-{event}", type="primary" if is_kept else "secondary")
            go = st.button(yes, key=f"yes-{event}", type="secondary" if is_kept else "primary")
        if keep or (go and act(t, event, note)):
            st.rerun()
        refused = refusal(t, event) if go else None
        if refused is not None:
            st.html(bad(t.tx.refusal(refused)))

    st.dialog(title)(body)()
