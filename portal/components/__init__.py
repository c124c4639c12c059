"""Parts of a screen that need a script of ours in the browser, each in a folder: HTML, styles, script.

They come inline with the page (`st.components.v2`), so nothing is loaded and nothing built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent


def _text(*files: str) -> str:
    return "\n".join((_HERE / file).read_text(encoding="utf-8") for file in files)


# Registered once: again for each mount would be a warning each time.
mask: Final[Any] = st.components.v2.component(
    "mask",
    html=_text("mask/mask.html"),
    css=_text("mask/mask.css"),
    js=_text("mask/boxes.js", "mask/mask.js"),
)
