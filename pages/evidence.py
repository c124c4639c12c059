"""Evidence of an open case: what its reason asks for, what is there with its results, adding more (R2.3)."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import NotFound
from core.services import cases, policies, reading
from core.services.case_views import CaseView
from portal import places, session
from portal.html import esc, hero, href, ms
from portal.parts import add_proof, track_side, wizard
from portal.parts import reading as read
from portal.parts.shot import Album

actor = session.require("customer", "guest", "support")
tx, app = session.texts(), session.core()


def lost() -> None:
    """Not there, or somebody else's: the same words for both."""
    st.html(
        f'<div class="empty">{ms("search_off")}<h1>{esc(tx("track.lost.title"))}</h1>'
        f"<p>{esc(tx('track.lost.text'))}</p>"
        f'<p><a href="{href("/track")}">{esc(tx("track.lost.mine"))}</a></p></div>'
    )


def choose() -> None:
    """No case in the address."""
    st.html(hero(tx("evidence.title"), esc(tx("evidence.choose"))))
    with st.container(key="card-picks"):
        st.html(add_proof.choose(tx, cases.list_for(app, actor, limit=50)))


def show(view: CaseView) -> None:
    """One case that was sent."""
    if view.is_from_outside:
        st.html(hero(tx("evidence.title")))
        with st.container(key="card-again"):
            st.html(track_side.from_outside(tx))
        return
    limits = policies.current(app)[1].limits
    album = Album(app, actor, tx, view, reading.said(app, actor, view.case_no), limits, app.now())
    st.html(add_proof.head(album))
    main, aside = st.columns([1.95, 1], gap="large")
    with main:
        if view.state not in add_proof.OPEN:
            add_proof.too_late(album)
        else:
            if refused := wizard.noticed():
                st.html(wizard.notice(tx("request.stopped.title"), tx.refusal(refused)))
            if asked := add_proof.question(album):
                st.html(asked)
            add_proof.cards(album)
            st.html(add_proof.then(album))
            read.watch(app, view.case_no, album.read)
    with aside, st.container(key="aside"):
        st.html(add_proof.beside(tx, view, now=album.now))


if case_no := st.query_params.get("case"):
    try:
        found = cases.view(app, actor, case_no)
    except NotFound:
        lost()
    else:
        if found.state == "draft":
            st.switch_page(places.REQUEST, query_params={"order": found.order.order_no, "step": "4"})
        show(found)
else:
    choose()
