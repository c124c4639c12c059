"""Groups of look-alike cases at the desk, each settled after one look at the list."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import streamlit as st

from core.domain.errors import Refusal
from core.services import desk, look_alikes
from core.services.look_alikes import Group
from core.texts import Texts
from portal.html import esc
from portal.parts.ask_wrong import reason_words
from portal.parts.desk_decide import DONE, Seat, reads
from portal.parts.wizard import bad

MANY: Final = "desk_many_command"


def many(at: Seat, name: str) -> None:
    """Groups of look-alike cases, each settled after one look at the list."""
    if name != "review":
        return
    tx, groups = at.tx, look_alikes.alike(at.app, at.actor, name)
    if not groups:
        return
    with st.container(key="desk-many"):
        st.html(f'<div class="sec"><h2>{esc(tx("desk.many"))}</h2></div>')
        for place, group in enumerate(groups[:3]):
            if st.button(_name(tx, group), key=f"many-{place}", width="stretch"):
                st.session_state[MANY] = f"many-{uuid4()}"  # born with the question: pressed twice, once done
                _ask_many(at, group)


def _name(tx: Texts, group: Group) -> str:
    reason = reason_words(tx, group.reason, group.kind)
    return tx(
        "desk.many.group",
        n=len(group.case_nos),
        reason=reason,
        amount=tx.money(group.total_minor, group.currency),
    )


def _ask_many(at: Seat, group: Group) -> None:
    """The list, what each customer will read, and one button."""
    tx, app, actor = at.tx, at.app, at.actor

    def body() -> None:
        cards = [
            card
            for card in desk.queue(app, actor, "review", limit=desk.MANY)
            if card.case_no in group.case_nos
        ]
        rows = "".join(
            f"<li><b>{esc(tx.money(card.requested_minor, card.currency))}</b> "
            f"<bdi>{esc(card.customer_name or tx('desk.guest'))}</bdi> · <bdi>{esc(card.product)}</bdi> · "
            f"{esc(tx('desk.credit', points=card.credit))}</li>"
            for card in cards
        )
        st.html(f'<ol class="many">{rows}</ol>')
        note = tx("desk.note.approve.checked")
        try:
            after = desk.preview(app, actor, group.case_nos[0], "approve", note=note)
        except Refusal as refused:
            st.html(bad(tx.refusal(refused)))
            return
        st.html(reads(tx, after, note, now=at.now))
        if st.button(tx("desk.many.send", n=len(cards)), type="primary", key="many-send", width="stretch"):
            outcome = look_alikes.approve_all(app, actor, group.case_nos, st.session_state[MANY], note=note)
            refused_ones = [case_no for case_no, refused in outcome if refused is not None]
            st.session_state[DONE] = tx("desk.many.done", n=len(outcome) - len(refused_ones)) + (
                " " + tx("desk.many.left", cases=tx.list(refused_ones)) if refused_ones else ""
            )
            st.rerun()

    st.dialog(tx("desk.many.title", n=len(group.case_nos)), width="medium")(body)()
