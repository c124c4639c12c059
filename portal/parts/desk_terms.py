"""What is said with a decision at the desk: an amount, a route, a way, a reference; words, some ready.

The fields' values stand in the session under keys of the case, so that what is typed last counts when it is
sent, whatever was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import streamlit as st

from core.domain.credit import counted, points_of
from core.domain.eligibility import days_left
from core.domain.money import plain
from core.domain.rights import APPROVING, SECOND_LOOK
from core.domain.routes import RouteOption
from core.domain.settlement import BACK, WAYS
from core.domain.terms import Terms
from core.services import weighing
from core.services.case_views import CaseView
from core.services.desk import File
from core.texts import Texts
from portal.html import esc
from portal.parts import claim, desk_view, track_talks, ways
from portal.parts.pictures import name

# Words that are ready, by the event they go with.
PHRASES: Final = {
    "approve": ("checked", "goodwill"),
    "offer": ("part", "balance"),
    "agree": ("checked",),
    "reject": (
        "used", "used_key", "used_top_up", "used_membership", "used_other", "works", "late", "unclear",
    ),
    "ask": ("when", "picture", "tried", "tried_key", "account"),
    "dispute": ("second_view",),
}  # fmt: skip
AMOUNTS: Final = ("approve", "offer")
# After an appeal or in arbitration the answer is the last: nothing more to send, nobody else to turn to.
LAST_WORDS: Final = {
    "approve": ("upheld",),
    "reject": (
        "used_final", "used_key_final", "used_top_up_final", "used_membership_final", "used_other_final",
        "works_final", "late", "unclear_final",
    ),
}  # fmt: skip
USED: Final = ("activated", "redeemed")  # what our records then show
# The kinds of goods that words speak of; all others fit any.
OF_KINDS: Final = {
    "used": ("game_card",),
    "used_key": ("software_key",),
    "used_top_up": ("top_up",),
    "used_membership": ("membership",),
    "used_other": ("other",),
    "tried": ("game_card",),
    "tried_key": ("software_key",),
    "account": ("game_card", "top_up", "membership"),
}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: its key and its icon."""

    event: str
    key: str
    icon: str


def phrases(file: File, event: str, amount: int | None, route: str | None) -> tuple[str, ...]:
    """The ready words that are true of this order and this decision."""
    view = file.view
    is_part = amount is not None and amount < (view.requested_minor or 0)
    if event == "approve" and is_part:
        return ("part",)
    if event == "offer":
        fitting = {"part": is_part, "balance": route == "balance"}
        return tuple(phrase for phrase in PHRASES["offer"] if fitting[phrase])
    if event == "agree" and _wanted(view) is None:
        return ()
    is_last = view.state in SECOND_LOOK and event in LAST_WORDS
    ready = LAST_WORDS[event] if is_last else PHRASES.get(event, ())
    return tuple(phrase for phrase in ready if _is_true(phrase.removesuffix("_final"), file))


def _is_true(phrase: str, file: File) -> bool:
    facts = file.answer.facts
    if phrase.startswith("used") and facts.delivery not in USED:
        return False
    if phrase == "late" and days_left(facts, file.policy) >= 0:
        return False
    return facts.kind in OF_KINDS.get(phrase, (facts.kind,))


def draw(tx: Texts, file: File, event: str, option: RouteOption | None, *, now: datetime) -> None:
    """The fields of this action, the words last. `option`: what a yes to them would pay."""
    view = file.view
    _begin(file, event)
    if event in AMOUNTS:
        is_less = option is not None and option.breakdown.fee > 0
        key = "desk.amount.before_fee" if is_less else "desk.amount"
        st.text_input(
            tx(key, currency=view.currency), key=_amount_key(view, event), persist_state="page",
            on_change=desk_view.grown,
        )  # fmt: skip
        if option is not None and is_less:
            st.html(f'<p class="note">{esc(_gets(tx, view, option))}</p>')
    if event == "offer":
        names = {route: tx(f"route.{route}") for route in file.routes}
        st.radio(
            tx("desk.route"),
            file.routes,
            key=_key(view, "route"),
            format_func=names.__getitem__,
            horizontal=True,
            persist_state="page",
            on_change=desk_view.grown,
        )
    elif event == "agree":
        st.html(f'<p class="note">{esc(_proposed(tx, view))}</p>' + ways.doubts(tx, file, now=now))
        if _wanted(view) == "transfer":
            _payee(tx, file)
    elif event == "counter":
        st.radio(
            tx("desk.way"), _open_to(view), key=_way_key(view), format_func=lambda way: tx(f"way.{way}"),
            persist_state="page",
        )  # fmt: skip
    elif event == "transfer":
        if doubts := ways.doubts(tx, file, now=now):
            st.html(doubts)
        _payee(tx, file)
        st.text_input(tx("desk.reference"), key=_key(view, "reference"), max_chars=64, persist_state="page")
    elif event == "find_forgery":
        names = {item.id: name(tx, item, number) for number, item in enumerate(view.evidence, 1)}
        st.radio(
            tx("desk.picture"), list(names), key=_key(view, "picture"), format_func=names.__getitem__,
            persist_state="page",
        )  # fmt: skip
        st.html(f'<p class="note">{esc(_costs(tx, file))}</p>')
    _note(tx, file, event)


def said(tx: Texts, file: File, event: str) -> tuple[Terms | None, str]:
    """What the fields say as they stand; or what is wrong with the amount."""
    view = file.view
    amount, problem = _amount(tx, file, event)
    if problem:
        return None, problem
    state = st.session_state
    return Terms(
        note=state.get(_note_key(view, event)) or "",
        amount_minor=amount,
        route=_route(file, event),
        way=_way(file, event),
        reference=state.get(_key(view, "reference")) or "" if event == "transfer" else "",
        picture=state.get(_key(view, "picture")) or "" if event == "find_forgery" else "",
    ), ""


def is_begun(case_no: str, event: str) -> bool:
    """Whether something was written in the form of this event: words, a reference, another amount."""
    state, amount = st.session_state, f"desk-amount-{event}-{case_no}-"
    begun = state.get(f"desk-start-{event}-{case_no}")
    typed = [value for key, value in state.items() if str(key).startswith(amount) and value != begun]
    words = state.get(f"desk-note-{case_no}-{event}")
    return bool(words or typed or (event == "transfer" and state.get(f"desk-reference-{case_no}")))


def forget(view: CaseView, event: str) -> None:
    """It was sent: the case's next form begins anew."""
    gone = (f"desk-amount-{event}-{view.case_no}-", f"desk-note-{view.case_no}-{event}")
    for key in [str(key) for key in st.session_state if str(key).startswith(gone)]:
        del st.session_state[key]


def in_hand(tx: Texts, file: File, event: str | None) -> tuple[int, str | None]:
    """(minor units, route) that are being decided: what the form of `event` says, else what it
    would begin with. The route is None where the customer's own stands.
    """
    amount, _ = _amount(tx, file, event or "")
    return (weighing.to_decide(file.view) if amount is None else amount), _route(file, event or "")


def _key(view: CaseView, field: str) -> str:
    return f"desk-{field}-{view.case_no}"


def _note_key(view: CaseView, event: str) -> str:
    return f"desk-note-{view.case_no}-{event}"


def _wanted(view: CaseView) -> str | None:
    """What the customer proposed in these talks."""
    proposal = track_talks.proposal(view)
    return None if proposal is None else proposal.way


def _proposed(tx: Texts, view: CaseView) -> str:
    """What is agreed on: theirs as it was read here, or that it goes back the way it came."""
    own = track_talks.proposal(view)
    if own is None or own.way is None:
        return tx("desk.way.unsaid")
    key = "desk.way.for_them" if ways.is_for_them(own) else "desk.way.theirs"
    return tx(key, way=ways.ours(tx, own))


def _open_to(view: CaseView) -> list[str]:
    """What can be suggested before anybody checks it, what they did not propose themselves first."""
    ways = [way for way in WAYS if track_talks.is_possible(view, way)]
    return sorted(ways, key=lambda way: way == _wanted(view))


def _way(file: File, event: str) -> str | None:
    if event == "agree":
        return _wanted(file.view) or BACK
    if event != "counter":
        return None
    way: str | None = st.session_state.get(_way_key(file.view), _open_to(file.view)[0])
    return way


def _way_key(view: CaseView) -> str:
    return f"desk-way-{view.case_no}-{len(view.events)}"


def _amount_key(view: CaseView, event: str) -> str:
    """After another first approval it is another field, with that one's amount."""
    first = weighing.first_approval(view)
    return f"desk-amount-{event}-{view.case_no}-{first.seq if first else 0}"


def _begin(file: File, event: str) -> None:
    """What the fields say at first: what was asked for, of a second approval what the first one said."""
    view = file.view
    state, first = st.session_state, weighing.first_approval(view)
    if event in AMOUNTS:
        begun = plain(weighing.to_decide(view), view.currency)
        state.setdefault(_amount_key(view, event), begun)
        state[f"desk-start-{event}-{view.case_no}"] = begun
    if event == "offer" and file.routes:
        wanted = (first.route if first else None) or view.route
        state.setdefault(_key(view, "route"), wanted if wanted in file.routes else file.routes[0])
    if event == "counter":
        state.setdefault(_way_key(view), _open_to(view)[0])


def _amount(tx: Texts, file: File, event: str) -> tuple[int | None, str]:
    if event not in AMOUNTS:
        return None, ""
    _begin(file, event)
    return claim.read_amount(tx, file.view.order, st.session_state[_amount_key(file.view, event)])


def _route(file: File, event: str) -> str | None:
    if event != "offer":
        return None
    _begin(file, event)
    route: str | None = st.session_state.get(_key(file.view, "route"))
    return route


def _gets(tx: Texts, view: CaseView, option: RouteOption) -> str:
    fee, refund = (
        tx.money(minor, view.currency) for minor in (option.breakdown.fee, option.breakdown.refund)
    )
    return tx("desk.amount.gets", fee=fee, refund=refund)


def _costs(tx: Texts, file: File) -> str:
    """What a finding does by the policy, and that it decides nothing about the money."""
    if not file.view.customer_id:
        return tx("desk.forgery.guest")
    policy = file.policy.credit
    lost = -counted(file.credit, points_of("forgery", policy), policy)
    return tx("desk.forgery.costs", points=lost, now=file.credit, left=file.credit - lost)


def _payee(tx: Texts, file: File) -> None:
    """Whom to transfer to, in full, for those who do it."""
    if file.payee is None:
        st.html(f'<p class="note">{esc(tx("desk.payee.none"))}</p>')
        return
    payee = file.payee
    where = f"{tx(f'channel.{payee.channel}')} · {payee.holder} · {payee.account}"
    label = f'<span class="lab">{esc(tx("desk.payee"))}</span>'
    st.html(f'<div class="payee">{label}<b><bdi>{esc(where)}</bdi></b></div>')


def _note(tx: Texts, file: File, event: str) -> None:
    """The words: ready ones to begin with, each a button with a number as its key, and the field."""
    view, key = file.view, _note_key(file.view, event)
    ready = phrases(file, event, _amount(tx, file, event)[0], _route(file, event))
    if ready:
        with st.container(key="desk-phrases", horizontal=True, gap="xsmall"):
            st.html(f'<p class="lab">{esc(tx("desk.note.pick"))}</p>', width="content")
            for number, phrase in enumerate(ready, 1):
                words = tx(f"desk.note.{event}.{phrase}")
                st.button(
                    tx(f"desk.note.{event}.{phrase}.short"), key=f"phrase-{phrase}", shortcut=str(number),
                    on_click=_fill(key, words, _all_ready(tx, event)), width="content",
                )  # fmt: skip
    first = weighing.first_approval(view)
    theirs = first.note if first is not None and event in APPROVING and first.of == event else ""
    st.session_state.setdefault(key, "")
    amount, _ = _amount(tx, file, event)
    label = tx("desk.note.label.second") if theirs else tx(f"desk.note.label.{_label(view, event, amount)}")
    st.text_area(label, key=key, height=96, placeholder=theirs or None, persist_state="page")


def _label(view: CaseView, event: str, amount: int | None) -> str:
    if event == "approve" and view.state == "in_arbitration":
        return "rule"
    is_part = amount is not None and amount < (view.requested_minor or 0)
    return "part" if event == "approve" and is_part else event


def _all_ready(tx: Texts, event: str) -> set[str]:
    """All words of the event that are ready, whichever are offered."""
    names = {*PHRASES.get(event, ()), *LAST_WORDS.get(event, ()), *(("part",) if event == "approve" else ())}
    return {tx(f"desk.note.{event}.{phrase}") for phrase in names}


def _fill(key: str, words: str, ready: set[str]) -> Callable[[], None]:
    """In place of other ready words, after what somebody wrote themselves: a digit is pressed by mistake."""

    def fill() -> None:
        own = str(st.session_state.get(key) or "").strip()
        st.session_state[key] = words if not own or own in ready else f"{own}\n{words}"
        desk_view.grown()

    return fill
