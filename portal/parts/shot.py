"""A picture of the case in a line: small, with what became of it, and what its sender may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.domain.policy import Limits
from core.services import evidence
from core.services.case_views import CaseView
from core.services.evidence import EvidenceView
from core.services.reading import Said
from core.texts import Texts
from portal.html import esc
from portal.parts import cover, pictures, reading, taking, wizard


@dataclass(frozen=True)
class Album:
    """One run over a case's pictures: who looks, and what was read from them."""

    app: App
    actor: Actor
    tx: Texts
    view: CaseView
    read: Said
    limits: Limits  # of the policy in force
    now: datetime

    def may_change(self, item: EvidenceView) -> bool:
        last = self.view.events[-1].at if self.view.events else None
        return evidence.is_theirs(self.view.state, last, item)


def lines(album: Album, items: tuple[EvidenceView, ...] | list[EvidenceView]) -> None:
    """One below the other, in their order."""
    for number, item in enumerate(items, 1):
        _one(album, item, number)


def _one(album: Album, item: EvidenceView, number: int) -> None:
    tx, name, may_change = album.tx, pictures.name(album.tx, item, number), album.may_change(item)
    more = reading.confirm(
        tx,
        album.read.findings.get(item.id, ()),
        album.view.currency,
        now=album.now,
        may_change=may_change,
    )
    said = pictures.result(tx, item, more, is_sent=not may_change)
    with st.container(key=f"shot-{item.id}", gap="small"):
        st.html(
            f'<div class="shot">{pictures.large(tx, item, number)}<div><b>{esc(name)}</b>{said}</div></div>'
        )
        if item.expired_at is not None or not may_change:
            return
        if wrong := taking.refused(tx, album.view, item):
            st.html(wrong)
        with st.container(key=f"acts-{item.id}", horizontal=True, gap="small", vertical_alignment="center"):
            taking.swap(album.app, album.actor, tx, album.view, album.limits, item, name)
            cover.button(album.app, album.actor, tx, album.view, item, name)
            st.button(
                tx("request.evidence.remove"), key=f"drop-{item.id}", type="tertiary",
                icon=":material/delete:", on_click=_drop, args=(album, item.id),
            )  # fmt: skip


def _drop(album: Album, evidence_id: str) -> None:
    taking.forget_said()
    try:
        evidence.remove(album.app, album.actor, evidence_id)
    except Refusal as refused:
        wizard.remember(refused)
