"""HTML for `st.html`: everything that is not a literal of ours goes through `esc`.

User text never reaches Markdown; it is shown by `st.text`, or escaped here: by `esc` for HTML, by `spoken`
for labels, by `literal` for toasts.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import urlencode

# Characters that turn the text around them; <bdi> keeps what is left readable.
_BIDI: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSPOKEN: Final = re.compile(r"(?<![^\W_])[\W_]+|[\W_]+(?![^\W_])|[^\w\-]+|-{2,}|_{2,}")
_MARKS: Final = re.compile("[!-/:-@\\[-`{-~]")
_UNIT: Final = re.compile("(?<=[0-9]) (?=[天小分个笔件元])")


class Html(str):
    """HTML that `st.html` takes as it is. A plain string it dedents first: 20 µs for each 1000 letters."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return self


def esc(value: object) -> str:
    """`value` as text that is safe in an element and in a quoted attribute."""
    text = str(value)
    return escape(text if text.isascii() else bound(_BIDI.sub("", text)), quote=True)


def spoken(text: str) -> str:
    """`text` for a label that only screen readers meet: its words, without any sign. Streamlit reads a label
    as Markdown and speaks it as it stands, so nothing can be escaped in it.
    """
    return " ".join(_UNSPOKEN.sub(" ", text).split())


def literal(text: str) -> str:
    """`text` for a toast, which Streamlit reads as Markdown: shown as it stands.

    A backslash keeps Markdown off; icons and emoji are looked for behind it, so a word joiner parts them.
    """
    one_line = " ".join(_BIDI.sub("", text).split())
    return _MARKS.sub(r"\\\g<0>", one_line).replace("\\:", "\\:\u2060")


def bound(text: str) -> str:
    """`text` whose lines end neither in a date nor before a unit: `12月1日（周二）`, `6 天`."""
    return _UNIT.sub("\u00a0", text).replace("日（", "日\u2060（").replace("）前", "）\u2060前")


def ms(icon: str, css: str = "") -> str:
    """A Material Symbol that screen readers skip; the words beside it say what it means."""
    return (
        f'<span class="ms {css}" aria-hidden="true">{icon}</span>'
        if css
        else f'<span class="ms" aria-hidden="true">{icon}</span>'
    )


def sr(text: str) -> str:
    """Words for screen readers only."""
    return f'<span class="sr">{esc(text)}</span>'


def lines(text: str) -> str:
    """User text with its line breaks, isolated so that its direction cannot spill over."""
    return f'<bdi class="lines">{esc(text)}</bdi>'


def hero(title: str, says: str = "") -> str:
    """The head of a page: what it is, and the one sentence that matters. `says` is HTML, already escaped."""
    return f'<div class="hero"><h1>{esc(title)}</h1>{f"<p>{says}</p>" if says else ""}</div>'


def section(title: str, beside: str = "") -> str:
    """A section's heading with a quiet word beside it."""
    return f'<div class="sec"><h2>{esc(title)}</h2>{f"<span>{esc(beside)}</span>" if beside else ""}</div>'


def empty(icon: str, title: str, says: str) -> str:
    """Nothing here yet: what would be here, and how it comes."""
    return f'<div class="empty">{ms(icon)}<h3>{esc(title)}</h3><p>{esc(says)}</p></div>'


def href(path: str, **params: str) -> str:
    """A local address for a quoted attribute."""
    return esc(f"{path}?{urlencode(params)}" if params else path)
