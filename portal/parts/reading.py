"""What was read from pictures, beside the order: hints for a person, no reproach. Values in, HTML out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core.domain.reading import Finding
from core.services.case_views import CaseView
from core.texts import Texts
from portal.html import esc, ms
from portal.parts import pictures

_AGREES: Final = frozenset({"same_order", "same_amount"})


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
        f"<li>{ms('check' if finding.code in _AGREES else 'compare_arrows')}"
        f"<span>{esc(pictures.name(tx, item, number))}: "
        f"{esc(words(tx, finding, view.currency, now=now))}</span></li>"
        for number, item in enumerate(view.evidence, 1)
        for finding in said.get(item.id, ())
    ]
