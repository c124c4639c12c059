"""What was read from pictures, beside the order: hints for a person, no reproach. Values in, HTML out.

For its sender it is there to be confirmed; a reviewer sees the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import streamlit as st

from core.adapters.world import App
from core.domain.actors import BUYERS
from core.domain.reading import Finding
from core.services import reading
from core.services.case_views import CaseView
from core.services.reading import Said
from core.texts import Texts
from portal import session
from portal.html import esc, ms
from portal.parts import cover, pictures

_AGREES: Final = frozenset({"same_order", "same_amount"})
LOOK_AGAIN: Final = 2  # seconds, while something is about to be read


def words(tx: Texts, finding: Finding, currency: str, *, now: datetime) -> str:
    """One finding as a sentence."""
    shown = {
        "seen": lambda minor: tx.money(minor, currency),
        "minor": lambda minor: tx.money(minor, currency),
        "seen_at": lambda at: tx.when(at, now),
        "at": lambda at: tx.when(at, now),
    }
    told = {name: shown.get(name, str)(value) for name, value in finding.params.items()}
    return tx(f"reading.{finding.code}", **told)


def reading_said(
    tx: Texts, view: CaseView, said: Mapping[str, tuple[Finding, ...]], *, now: datetime
) -> list[str]:
    """A line of the hints for each finding; nothing where nothing was read."""
    return [
        f"<li>{_mark(finding)}"
        f"<span>{esc(pictures.name(tx, item, number))}: "
        f"{esc(words(tx, finding, view.currency, now=now))}</span></li>"
        for number, item in enumerate(view.evidence, 1)
        for finding in said.get(item.id, ())
    ]


def confirm(tx: Texts, found: Iterable[Finding], currency: str, *, now: datetime, may_change: bool) -> str:
    """What one picture says, for its sender: to look at once more; a difference leaves both ways open."""
    told = tuple(found)
    if not told:
        return ""
    items = "".join(
        f"<li>{_mark(finding)}<span>{esc(words(tx, finding, currency, now=now))}</span></li>"
        for finding in told
    )
    differs = any(finding.code not in _AGREES for finding in told)
    either = ""
    if differs:
        key = tx("request.evidence.differs") if may_change else tx("request.evidence.differs_sent")
        either = f"<small>{esc(key)}</small>"
    return f'<div class="read" role="status"><ul>{items}</ul>{either}</div>'


def _mark(finding: Finding) -> str:
    return ms("check", "ok") if finding.code in _AGREES else ms("compare_arrows")


def watch(app: App, case_no: str, seen: Said) -> None:
    """While pictures are about to be read, look again by itself, and draw anew when one says something."""
    if not seen.awaited:
        return
    fresh = [seen]

    def look() -> None:
        if fresh:
            fresh.pop()
        elif reading.said(app, session.require(*BUYERS), case_no) != seen:
            cover.redraw()

    st.fragment(look, run_every=LOOK_AGAIN)()
