"""Step 4: evidence. The reason's checklist; each picture is stored re-encoded and answered at once (R2.3)."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import Refusal
from core.services import evidence
from core.services.evidence import EvidenceView
from portal.html import esc, ms
from portal.parts import verdict, wizard
from portal.parts.pictures import LARGEST_MB, image, name, upload
from portal.parts.wizard import Answer, Wizard


def kinds(w: Wizard, answer: Answer) -> list[str]:
    """What may be added: the checklist, what would better the verdict, what is there, and anything else."""
    wanted = list(w.policy.evidence[answer.facts.reason])
    if verdict.can_contest(answer.found) or "redemption_record" in answer.facts.evidence:
        wanted.append("redemption_record")
    wanted += [item.kind for item in w.view.evidence]
    return list(dict.fromkeys([*wanted, "other"]))


def show(w: Wizard, answer: Answer) -> None:
    tx, found = w.tx, answer.found
    needed = w.policy.evidence[answer.facts.reason]
    lead = (
        "" if needed else f"<p>{esc(tx('request.evidence.none'))}{esc(tx('request.evidence.none_more'))}</p>"
    )
    st.html(
        f'<div class="ask"><h1 id="step" tabindex="-1">{esc(tx("request.evidence.title"))}</h1>{lead}</div>'
    )
    for kind in kinds(w, answer):
        _one(w, kind, must=kind in needed)
    st.html(f'<p class="note">{esc(tx("request.evidence.rules", size=LARGEST_MB))}</p>')
    if found.verdict == "needs_evidence":
        missing = tx.list([tx(f"evidence_kind.{kind}") for kind in found.missing_evidence])
        st.html(
            f'<p class="then">{ms("pending")}<span>'
            f"{esc(tx('request.evidence.missing', missing=missing))}</span></p>"
        )
    elif needed:
        st.html(
            f'<p class="then">{ms("check_circle")}<span>{esc(tx("request.evidence.complete"))}</span></p>'
        )
    if found.verdict == "reject":
        wizard.buttons(
            w, wizard.EVIDENCE, tx("request.next.verdict"), on_click=wizard.go, args=(w, wizard.VERDICT)
        )
    elif w.view.route is None:  # came here from a refusal that evidence has turned: the route is still open
        wizard.buttons(
            w, wizard.EVIDENCE, tx("request.next.route"), on_click=wizard.go, args=(w, wizard.ROUTE)
        )
    else:
        wizard.buttons(
            w, wizard.EVIDENCE, tx("request.next.send"), disabled=found.verdict == "needs_evidence",
            on_click=wizard.go, args=(w, wizard.SEND),
        )  # fmt: skip


def _one(w: Wizard, kind: str, *, must: bool) -> None:
    tx = w.tx
    have = [item for item in w.view.evidence if item.kind == kind]
    tag = (
        ("ok", tx("request.evidence.have"))
        if have
        else ("act", tx("request.evidence.needed"))
        if must
        else ("", tx("request.evidence.optional"))
    )
    icon = "check_circle" if have else "add_photo_alternate"
    with st.container(key=f"card-proof-{kind}"):
        st.html(
            f'<div class="proof">{ms(icon, "ok" if have else "")}<div><h2>{esc(tx(f"evidence_kind.{kind}"))}'
            f'<span class="tag {tag[0]}">{esc(tag[1])}</span></h2><p>'
            f"{esc(tx(f'evidence_hint.{kind}'))}</p></div></div>"
        )
        for number, item in enumerate(have, 1):
            _kept(w, item, number)
        upload(w.app, w.actor, w.tx, w.view, kind)


def _kept(w: Wizard, item: EvidenceView, number: int) -> None:
    tx = w.tx
    size = tx(
        "request.evidence.kept", width=item.width, height=item.height, size=f"{max(1, item.size // 1024)} KB"
    )
    with st.container(
        key=f"shot-{item.id}", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.html(shot(w, item, number, size))
        st.button(
            tx("request.evidence.remove"),
            key=f"drop-{item.id}",
            type="tertiary",
            on_click=_drop,
            args=(w, item.id),
        )


def shot(w: Wizard, item: EvidenceView, number: int, below: str) -> str:
    """A stored picture, small, with what became of it."""
    return (
        f'<div class="shot">{image(w.tx, item, number)}<div><b>{esc(name(w.tx, item, number))}</b>'
        f"<span>{ms('check')}{esc(below)}</span></div></div>"
    )


def _drop(w: Wizard, evidence_id: str) -> None:
    try:
        evidence.remove(w.app, w.actor, evidence_id)
    except Refusal as refused:
        wizard.remember(refused)
