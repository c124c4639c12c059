"""What an edit does, in a few lines beside it, and the ways to the rest: on a phone that stands far below."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from core.domain import effects
from core.domain.analysis import Analysis
from core.domain.policy_changes import Changes, Move
from core.domain.why_nots import RANK
from core.domain.workdays import local_date
from core.services import replay as past
from core.texts import Texts
from portal.html import esc, ms


def naming(tx: Texts, version: int, begins_at: datetime, now: datetime) -> Texts:
    """The same words, where what a draft is compared with begins later: by its version, for 'so far' would be
    what applies today.
    """
    if begins_at <= now:
        return tx
    day = local_date(begins_at)
    when = tx.until(begins_at, now) if day == local_date(now) else tx.date(begins_at, now)
    if begins_at - now < timedelta(days=2) and day == local_date(now) + timedelta(days=1):
        when = tx("lab.tomorrow")
    return tx.saying(
        {
            "lab.beside": tx("lab.beside.version", version=version, when=when),
            "lab.col.before": tx("lab.col.version", version=version, when=when),
        }
    )


def former(tx: Texts, version: int) -> Texts:
    """The same words, where what one changes began from a version that is not the last any more."""
    return tx.saying(
        {
            "lab.beside": tx("lab.beside.former", version=version),
            "lab.col.before": tx("lab.col.former", version=version),
        }
    )


def said(
    tx: Texts, told: tuple[past.Sent, past.Replay] | None, compared: tuple[Analysis, Changes] | None
) -> str:
    """`Of 12 requests 3 change; 1 better off, 2 worse off.`, what that leaves out: kinds of orders that
    nobody asked about yet; and how much is to be mended in the rules themselves.
    """
    found, changes = compared or (None, None)
    kinds = () if changes is None else changes.moves
    moved = 0 if told is None else sum(move.rows for move in told[1].moves)
    lines = _history(tx, *told, moved, is_foreseen=bool(kinds)) if told is not None else []
    if kinds:
        key = "lab.gist.kinds" if moved else "lab.gist.unseen"
        words = tx(key, n=len(kinds), harder=sum(map(is_harder, kinds)))
        lines.append(f'<a href="#lab-changes">{esc(words)}</a>')
    if found is not None and (wrong := to_mend(found)):
        lines.append(f'<b class="amb">{ms("warning")}{esc(tx("lab.gist.unsound", n=wrong))}</b>')
    if not lines:
        return ""
    return (
        f'<p class="gist" role="status">{ms("bolt")}<span>{" ".join(lines)}</span>'
        f'<a href="#lab-results">{esc(tx("lab.gist.go"))}{ms("arrow_downward")}</a></p>'
    )


def _history(tx: Texts, sent: past.Sent, replay: past.Replay, moved: int, *, is_foreseen: bool) -> list[str]:
    """What becomes of the requests that are there; nothing where they tell nothing and the rules do."""
    n = len(sent.history)
    won, lost = effects.gainers(sent.history, replay.was, replay.will)
    if not n or (is_foreseen and not moved and not len(won) and not len(lost)):
        return []
    words = tx("lab.gist", n=n, moved=moved, won=len(won), lost=len(lost), beside=tx("lab.beside"))
    only = effects.only_if_approved(replay.was, replay.will)
    asked = [(key, int(np.count_nonzero(only[rows]))) for key, rows in (("less", lost), ("more", won))]
    rest = [f"<span>{esc(tx(f'lab.gist.{key}', n=many))}</span>" for key, many in asked if many]
    return [f"<b>{esc(words)}</b>", *rest]


def is_harder(move: Move) -> bool:
    """Whether these orders are answered less kindly than before."""
    return RANK[move.after] < RANK[move.before]


def to_mend(found: Analysis) -> int:
    """How many findings are no mere crossings."""
    return len(found.dead) + len(found.gaps) + len(found.contradictions)
