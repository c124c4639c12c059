"""Evidence of a case that was sent: its reason's checklist, what is there, more, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import streamlit as st

from core import wording
from core.domain.lifecycle import CASE
from core.domain.settlement import PROOF
from core.services import evidence, policies
from core.services.case_views import CaseCard, CaseView
from core.texts import Texts
from portal.html import empty, esc, href, lines, ms
from portal.parts import ask_proof, goods, shot, taking, talk
from portal.parts.ask_wrong import reason_words
from portal.parts.shot import Album

OPEN: Final = evidence.TAKES_EVIDENCE - {CASE.initial}  # a draft's pictures are a step of the wizard


def checklist(album: Album) -> list[str]:
    """What may be added: what the reason's list names, what is there, and anything else."""
    view = album.view
    policy = policies.of_version(album.app, view.policy_version)
    listed = policy.evidence[view.reason] if view.reason else ()
    proof = (PROOF,) if view.state == "negotiating" else ()
    return list(dict.fromkeys([*proof, *listed, *(item.kind for item in view.evidence), "other"]))


def question(album: Album) -> str:
    """What the reviewer asked for, while it waits for an answer."""
    asked = talk.last_question(album.view) if "answer" in album.view.allowed else ""
    if not asked:
        return ""
    title = esc(album.tx("track.turn.question"))
    return f'<div class="asked-for"><h2>{title}</h2><p class="quote">{lines(asked)}</p></div>'


def cards(album: Album) -> None:
    """A card for each kind; what the list names and is not there yet says so."""
    tx, view = album.tx, album.view
    for kind in checklist(album):
        have = [item for item in view.evidence if item.kind == kind]
        tag = ("", tx("request.evidence.optional") if kind == "other" else tx("evidence.lacks"))
        ask_proof.card(album, kind, have, ("ok", tx("request.evidence.have")) if have else tag)
    st.html(f'<p class="note">{esc(tx("request.evidence.rules", size=taking.largest_mb(album.limits)))}</p>')


def head(album: Album) -> str:
    """Back to the case, what this page is for, and where the case stands."""
    tx, view = album.tx, album.view
    return (
        f'<p class="crumb"><a href="{href("/track", case=view.case_no)}">{ms("arrow_back")}'
        f"{esc(tx('evidence.back'))}</a></p>"
        f'<div class="hero"><h1>{esc(tx("evidence.title"))}</h1><p>'
        f"{esc(wording.sentence(tx, view.locator, album.now))}{esc(tx('evidence.stop'))}</p></div>"
    )


def then(album: Album) -> str:
    """Who looks at the pictures, by when, and what the customer still has to do for that."""
    tx, view = album.tx, album.view
    when = tx.until(view.due_at, album.now) if view.due_at and view.due_at > album.now else ""
    says = {
        "in_review": tx("evidence.then.in_review"),
        "awaiting_customer": tx("evidence.then.awaiting_customer"),
        "in_arbitration": tx("evidence.then.in_arbitration"),
        "rejected": tx("evidence.then.rejected"),
        "in_appeal": tx("evidence.then.in_appeal"),
        "negotiating": tx("evidence.then.negotiating"),
    }[view.state]
    if view.offer:
        says = tx("evidence.then.offered")
    go = {
        "awaiting_customer": tx("evidence.go.offer") if view.offer else tx("evidence.go.answer"),
        "rejected": tx("evidence.go.appeal"),
        "negotiating": tx("evidence.go.negotiating"),
    }.get(view.state)
    by = f'<p class="dl">{ms("schedule")}{esc(tx("evidence.then.by", when=when))}</p>' if when else ""
    to = href("/track", case=view.case_no)
    css = ' class="btn"' if go else ""
    way = f'<a{css} href="{to}">{esc(go or tx("evidence.go.track"))}</a>'
    title = esc(tx("evidence.then"))
    return f'<div class="after"><h2>{title}</h2><p>{esc(says)}</p>{by}<p class="go alone">{way}</p></div>'


def beside(tx: Texts, view: CaseView, *, now: datetime) -> str:
    """The order, for who has several."""
    order = view.order
    more: tuple[tuple[str, str], ...] = ((tx("request.sent.number"), view.case_no),)
    if view.reason:
        more = (*more, (tx("request.order.reason"), reason_words(tx, view.reason, order.kind)))
    name = goods.title(order.product, order.quantity)
    return (
        f'<section class="pane"><h2>{esc(tx("track.order"))}</h2>'
        + goods.line(order.kind, name, tx("request.send.order", order_no=order.order_no), tag="h3")
        + goods.facts(tx, order, now=now, more=more, with_already=False)
        + "</section>"
    )


def too_late(album: Album) -> None:
    """No pictures are taken any more: why, what was sent, and where to go on."""
    tx, view = album.tx, album.view
    why = tx("evidence.late.decided")
    if view.state == "screening":
        why = tx("evidence.late.screening")
    elif CASE.is_final(view.state):
        why = tx("evidence.late.over")
    st.html(
        f'<section class="shut">{ms("inventory_2")}<div><h2>{esc(tx("evidence.late"))}</h2><p>{esc(why)}</p>'
        f'<p><a class="btn" href="{href("/track", case=view.case_no)}">{esc(tx("evidence.go.track"))}</a></p>'
        f"</div></section>{taking.said_late(tx, view)}"
    )
    if view.evidence:
        with st.container(key="card-sent"):
            st.html(f'<h2 class="ask">{esc(tx("evidence.sent"))}</h2>')
            shot.lines(album, view.evidence)


def choose(tx: Texts, found: Iterable[CaseCard]) -> str:
    """No case in the address: one's own that take pictures."""
    mine = [card for card in found if card.state in OPEN]
    if not mine:
        return empty("photo_library", tx("evidence.none"), tx("evidence.none_says")) + (
            f'<p class="ways row"><a href="/track">{esc(tx("track.lost.mine"))}</a></p>'
        )
    items = "".join(
        f'<li><a class="case pick" href="{href("/evidence", case=card.case_no)}">{goods.thumb(card.kind)}'
        f'<span class="nm"><b><bdi>{esc(goods.name(card))}</bdi></b>'
        f"<span>{esc(tx('track.crumb', case_no=card.case_no))}</span></span>"
        f'<span class="amt">{esc(tx.money(card.requested_minor or 0, card.currency))}</span></a></li>'
        for card in mine
    )
    return f'<ul class="picks">{items}</ul>'
