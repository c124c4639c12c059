"""Pictures as they are shown: by the route that asks who may see, with what became of each."""

from __future__ import annotations

from core.services.evidence import EvidenceView
from core.texts import Texts
from portal import session
from portal.html import esc, ms


def name(tx: Texts, item: EvidenceView, number: int) -> str:
    """`付款记录，第 1 张`."""
    return tx("request.evidence.alt", kind=tx(f"evidence_kind.{item.kind}"), n=number)


def image(tx: Texts, item: EvidenceView, number: int) -> str:
    """The picture from the route that asks again who may see it; never Streamlit's open media address."""
    if item.expired_at is not None:
        words = tx("evidence.expired", date=tx.date(item.expired_at))
        return f'<span class="gone">{ms("hide_image")}{esc(words)}</span>'
    return f'<img src="{esc(session.picture(item.id))}" alt="{esc(name(tx, item, number))}" loading="lazy">'


def shots(tx: Texts, items: tuple[EvidenceView, ...]) -> str:
    """All pictures in a row, each a link to its full size."""
    links = "".join(large(tx, item, number) for number, item in enumerate(items, 1))
    return f'<div class="shots gap">{links}</div>' if links else ""


def large(tx: Texts, item: EvidenceView, number: int) -> str:
    """One picture, a link to its full size while it is kept."""
    shown = image(tx, item, number)
    if item.expired_at is not None:
        return shown
    return f'<a href="{esc(session.picture(item.id))}" target="_blank" rel="noopener">{shown}</a>'


def result(tx: Texts, item: EvidenceView, more: str = "", *, is_sent: bool = False) -> str:
    """What became of a picture: readable, or what is wrong and how to do better; `more` is HTML below."""
    if item.expired_at is not None:
        return more
    if item.warnings:
        code = item.warnings[0]
        still = tx("picture_advice.kept") if is_sent else tx("picture_advice.still")
        return (
            f'<span class="weak">{ms("visibility_off")}{esc(tx(f"picture_warning.{code}"))}</span>'
            f"<span>{esc(tx(f'picture_advice.{code}'))}</span><span>{esc(still)}</span>{more}"
        )
    said = f"{tx('picture_advice.fine')} · {tx('request.evidence.kept')}"
    return f"<span>{ms('check', 'ok')}{esc(said)}</span>{more}"
