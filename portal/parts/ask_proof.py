"""Step 4: evidence. Each picture is stored re-encoded and answered at once (R2.3): with what it changes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import wording
from core.domain.eligibility import verdict_of
from core.domain.why_nots import RANK
from core.services import reading
from core.services.case_views import Answer
from core.services.evidence import EvidenceView
from portal.html import esc, ms
from portal.parts import ask_route, shot, taking, verdict, wizard
from portal.parts import reading as read
from portal.parts.shot import Album
from portal.parts.wizard import Wizard


def kinds(w: Wizard, answer: Answer) -> list[str]:
    """What may be added: the checklist, what would better the verdict, what is there, and anything else.

    After a refusal exactly what would turn it.
    """
    asked, there = verdict.asks_for(answer.found), [item.kind for item in w.view.evidence]
    checklist = w.policy.evidence[answer.facts.reason]
    if answer.found.verdict == "reject":
        checklist = tuple(kind for kind in checklist if kind in (*asked, *there))
        return list(dict.fromkeys([*checklist, *asked, *there]))
    return list(dict.fromkeys([*checklist, *asked, *there, "other"]))


def show(w: Wizard, answer: Answer) -> None:
    tx = w.tx
    lead = ""
    if not w.view.evidence and (kinds(w, answer) == ["other"] or answer.found.verdict == "approve"):
        asked = w.policy.evidence[answer.facts.reason]
        none = tx("request.evidence.none_now") if asked else tx("request.evidence.none")
        lead = f"<p>{esc(none)}{esc(tx('request.evidence.none_more'))}</p>"
    st.html(
        f'<div class="ask"><h1 id="step" tabindex="-1">{esc(tx("request.evidence.title"))}</h1>{lead}</div>'
    )
    read_so_far = reading.said(w.app, w.actor, w.view.case_no)
    album = Album(w.app, w.actor, tx, w.view, read_so_far, w.in_force.limits, w.now)
    for kind in kinds(w, answer):
        _one(album, kind, must=kind in verdict.asks_for(answer.found))
    st.html(f'<p class="note">{esc(tx("request.evidence.rules", size=taking.largest_mb(album.limits)))}</p>')
    if outcome := _outcome(w, answer):
        st.html(outcome)
    _on(w, answer)
    read.watch(w.app, w.view.case_no, album.read)


def _outcome(w: Wizard, answer: Answer) -> str:
    """What the pictures have changed and what happens next, or what is still missing, before it is sent."""
    tx, found = w.tx, answer.found
    missing = ""
    if found.verdict == "needs_evidence":
        names = tx.list([_name(w, kind) for kind in found.missing_evidence])
        missing = _then("pending", tx("request.evidence.missing", missing=names))
    elif found.verdict == "reject":
        missing = verdict.flip(tx, found, facts=answer.facts, currency=w.currency, now=w.now)
    before = verdict_of(replace(answer.facts, evidence=frozenset()), w.policy)[0]
    if RANK[before] < RANK[found.verdict]:
        says = wording.rule_sentence(tx, w.policy, found.rule, answer.facts)
        was = tx("request.evidence.changed", verdict=tx(f"verdict_said.{before}"))
        return (
            f'<div class="turned" role="status"><p>{esc(was)}</p>'
            f"{verdict.card(tx, found, says, now=w.now, gets=ask_route.receives(w, answer))}</div>{missing}"
        )
    if not missing and w.policy.evidence[answer.facts.reason] and not found.missing_evidence:
        return _then("check_circle", tx("request.evidence.complete"))
    return missing


def _name(w: Wizard, kind: str) -> str:
    return wording.evidence_name(w.tx, kind, w.view.reason, w.order.kind)


def _then(icon: str, sentence: str) -> str:
    return f'<p class="then">{ms(icon)}<span>{esc(sentence)}</span></p>'


def _on(w: Wizard, answer: Answer) -> None:
    """The way on, once the verdict allows it: to the end, or to the route where a refusal led here first."""
    step, label = wizard.SEND, "request.next.send"
    if w.view.route is None or wizard.was_turned(w, answer):
        step, label = wizard.ROUTE, "request.next.route"
    wizard.buttons(
        w, wizard.EVIDENCE, w.tx(label), disabled=answer.found.verdict in ("reject", "needs_evidence"),
        on_click=wizard.go, args=(w, step),
    )  # fmt: skip


def _one(album: Album, kind: str, *, must: bool) -> None:
    tx = album.tx
    have = [item for item in album.view.evidence if item.kind == kind]
    tag = ("act", tx("request.evidence.needed")) if must else ("", tx("request.evidence.optional"))
    card(album, kind, have, ("ok", tx("request.evidence.have")) if have else tag)


def card(album: Album, kind: str, have: list[EvidenceView], tag: tuple[str, str]) -> None:
    """One line of the checklist: what is wanted, what is there, and where more is added."""
    tx, icon = album.tx, "check_circle" if have else "add_photo_alternate"
    about = (kind, album.view.reason, album.view.order.kind)
    name, hint = wording.evidence_name(tx, *about), wording.evidence_hint(tx, *about)
    with st.container(key=f"card-proof-{kind}"):
        st.html(
            f'<div class="proof">{ms(icon, "ok" if have else "")}<div><h2>{esc(name)}'
            f'<span class="tag {tag[0]}">{esc(tag[1])}</span></h2><p>'
            f"{esc(hint)}</p></div></div>"
        )
        shot.lines(album, have)
        taking.upload(album.app, album.actor, tx, album.view, album.limits, kind)
