"""The style sheet: `portal/styles/*.css` in one piece, served under its own hash so that browsers keep it.

Linked from the first HTML file (portal.pagefile) rather than sent by `st.html`: it is there before the first
element, and costs nothing on a rerun.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__).parent
_SHARED = ("base", "shell")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours as it is served: `path` changes with its content."""

    path: str
    body: bytes
    packed: bytes
    media_type: str


def _asset(name: str, text: str, media_type: str) -> Asset:
    body = text.encode()
    stem, _, suffix = name.partition(".")
    return Asset(
        f"/assets/{stem}.{sha256(body).hexdigest()[:12]}.{suffix}",
        body,
        gzip.compress(body, 9, mtime=0),
        media_type,
    )


@lru_cache(maxsize=1)
def sheet() -> Asset:
    """What pages share comes first, so that a page's own rules win over it."""
    files = sorted((_HERE / "styles").glob("*.css"), key=lambda file: (file.stem not in _SHARED, file.name))
    css = "\n".join(file.read_text(encoding="utf-8") for file in files)
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return _asset("portal.css", re.sub(r"\n\s*", "\n", css), "text/css; charset=utf-8")


@lru_cache(maxsize=1)
def script() -> Asset:
    """What runs in the browser beside Streamlit: `portal/static/*.js` in one piece."""
    files = sorted((_HERE / "static").glob("*.js"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return _asset("portal.js", code, "text/javascript; charset=utf-8")


@lru_cache(maxsize=1)
def logo() -> Asset:
    return _asset("logo.svg", (_HERE / "static" / "logo.svg").read_text(encoding="utf-8"), "image/svg+xml")


def assets() -> tuple[Asset, ...]:
    return sheet(), script(), logo()
