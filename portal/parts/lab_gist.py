"""What an edit does, in one line beside it, and the way to the rest: on a phone that stands far below."""

from __future__ import annotations

from core.domain import effects
from core.domain.analysis import Analysis
from core.services import replay as past
from core.texts import Texts
from portal.html import esc, ms


def said(tx: Texts, told: tuple[past.Sent, past.Replay] | None, found: Analysis | None) -> str:
    """`Of 12 requests 3 change; 1 better off, 2 worse off.`, and how much is to be mended in the rules
    themselves; nothing where there are neither requests nor findings.
    """
    lines = []
    if told is not None and len(told[0].history):
        sent, replay = told
        moved = sum(move.rows for move in replay.moves)
        won, lost = effects.gainers(sent.history, replay.was, replay.will)
        words = tx("lab.gist", n=len(sent.history), moved=moved, won=len(won), lost=len(lost))
        lines.append(f"<b>{esc(words)}</b>")
    if found is not None and (wrong := to_mend(found)):
        lines.append(f'<b class="amb">{ms("warning")}{esc(tx("lab.gist.unsound", n=wrong))}</b>')
    if not lines:
        return ""
    return (
        f'<p class="gist" role="status">{ms("bolt")}<span>{"".join(lines)}</span>'
        f'<a href="#lab-results">{esc(tx("lab.gist.go"))}{ms("arrow_downward")}</a></p>'
    )


def to_mend(found: Analysis) -> int:
    """How many findings are no mere crossings."""
    return len(found.dead) + len(found.gaps) + len(found.contradictions)
