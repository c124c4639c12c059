"""What somebody wrote, at most some lines of it until asked for, so that it pushes nothing off the screen."""

from __future__ import annotations

import unicodedata
from typing import Final

from core.texts import Texts
from portal.html import esc, lines

# About six lines of a bubble; the styles cut at six.
_COLUMNS: Final = 360
_LINES: Final = 6


def capped(tx: Texts, text: str, css: str = "") -> str:
    """A paragraph of `text`, escaped; of what is long the beginning and 'show all'. All of it is in the
    page: who listens, or searches, misses nothing.
    """
    said = f'<p class="{css}">{lines(text)}</p>' if css else f"<p>{lines(text)}</p>"
    if not is_long(text):
        return said
    both = f'<span class="all">{esc(tx("words.all"))}</span><span class="less">{esc(tx("words.less"))}</span>'
    return f'<div class="long"><details><summary>{both}</summary></details>{said}</div>'


def is_long(text: str) -> bool:
    """By its lines, and by how wide it is: a Chinese sign is as wide as two letters."""
    wide = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
    return text.count("\n") >= _LINES or wide > _COLUMNS
