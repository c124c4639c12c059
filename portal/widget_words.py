"""What Streamlit's elements say by themselves, by our keys: in the English catalog as Streamlit says it, so
that `static/words.js` finds it, in the others as we do.
"""

from __future__ import annotations

import calendar
from typing import Final

from core import texts
from core.texts import Texts

WORDS: Final = (
    "add_files", "choose", "clear", "close", "date", "date_empty", "date_keys", "decrement", "dismiss",
    "download", "expand", "file", "fullscreen", "fullscreen_close", "increment", "marks_group",
    "marks_line", "marks_rect", "marks_symbol", "marks_text", "menu", "next", "next_month",
    "notifications", "open", "picture", "previous", "previous_month", "search", "skip", "spec",
)  # fmt: skip
# Those with `x` (and `y`) hold something of ours, or of the visitor's.
WITH_PLACE: Final = (
    "above", "below", "date_of", "day", "download_of", "error", "from", "fullscreen_of", "help",
    "last_day", "month", "options", "range", "remove", "selected", "shortcut", "spec_of", "to",
    "today", "year",
)  # fmt: skip


def spoken(tx: Texts) -> list[tuple[str, str]]:
    """(as Streamlit says it, as we do), `#` where something is put in; none in English."""
    english = texts.of("en")
    if tx.language == english.language:
        return []
    pairs = [(english(f"widget.{name}"), tx(f"widget.{name}")) for name in WORDS]
    for name in WITH_PLACE:
        marks = {"x": "#", "y": "#"}
        pairs.append((english(f"widget.{name}", **marks), tx(f"widget.{name}", **marks)))
    pairs += [
        (f"{number} – {name}", tx("widget.month_said", x=number))
        for number, name in enumerate(calendar.month_name)
        if name
    ]
    return pairs
