"""The HTML file that a browser loads first: Streamlit's own, with our language, title, style and words in it.

Streamlit's says `lang="en"`, 'Streamlit', and nothing until its scripts have started.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from core import texts
from core.texts import Texts
from portal import style, widget_words
from portal.html import esc
from portal.places import PATHS

HTML_LANG = {"zh_CN": "zh-CN", "en": "en"}


@lru_cache(maxsize=1)
def _original() -> str:
    import streamlit

    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def page(language: str, shop: str) -> bytes:
    """The file in `language`, under the name of the shop."""
    tx = texts.of(language)
    html = _original()
    css, js, logo = style.assets()
    head = (
        f"<title>{esc(tx('shell.name', shop=shop))}</title>"
        f'<meta name="description" content="{esc(tx("shell.about"))}">'
        '<meta name="theme-color" content="#F6F7F6" media="(prefers-color-scheme: light)">'
        '<meta name="theme-color" content="#0E1412" media="(prefers-color-scheme: dark)">'
        '<meta name="format-detection" content="telephone=no">'
        "<style>html{color-scheme:light dark;background:light-dark(#f6f7f6,#0e1412)}</style>"
        f'<meta name="takes" content="{esc(json.dumps(_takes(tx), ensure_ascii=False))}">'
        f"{_words(tx)}{_icon_font()}"
    )
    # The theme's font is the system's; 170 kB of Source Sans would only be in the way.
    html = re.sub(r'<link\s+rel="preload"\s[^>]*SourceSans[^>]*/>', "", html)
    html = re.sub(r'<link rel="service-desc"[^>]*>', "", html)
    html = re.sub(r"(<html.*)<!--.*?-->", r"\1", html, flags=re.DOTALL)
    html = re.sub(
        r'<link rel="shortcut icon"[^>]*>', f'<link rel="icon" href="{logo.path}" type="image/svg+xml">', html
    )
    html = re.sub(r"<title>.*?</title>", lambda _: head, html, count=1)
    html = re.sub(
        r"<html lang=\"[^\"]*\"",
        f'<html lang="{HTML_LANG[language]}" data-pages="{" ".join(sorted(PATHS))}"',
        html,
        count=1,
    )
    noscript = f"<noscript><p>{esc(tx('shell.no_script'))}</p></noscript>"
    html = re.sub(r"<noscript>.*?</noscript>", lambda _: noscript, html, count=1, flags=re.DOTALL)
    # Told where the server is, Streamlit need not try the page's own address first.
    html = html.replace(
        "</head>", "<script>window.__streamlit={BACKEND_BASE_URL:location.origin}</script></head>", 1
    )
    waiting = (
        f'<div id="root"><div class="boot"><img src="{logo.path}" alt="" width="40" height="40">'
        f"<p>{esc(tx('shell.loading'))}</p></div></div>"
    )
    html = html.replace('<div id="root"></div>', waiting)
    # After Streamlit's styles, so that ours win where both speak.
    html = html.replace(
        "</body>", f'<link rel="stylesheet" href="{css.path}"><script src="{js.path}" defer></script></body>'
    )
    return html.encode()


def _words(tx: Texts) -> str:
    """What static/words.js puts in place of Streamlit's own words."""
    said = widget_words.spoken(tx)
    return f'<meta name="words" content="{esc(json.dumps(said, ensure_ascii=False))}">' if said else ""


def _takes(tx: Texts) -> dict[str, str]:
    """What static/takes.js says of pictures on their way; `#` is a number that it knows."""
    return {
        "waiting": tx("takes.waiting"),
        "sending": tx("takes.sending", n="#"),
        "checking": tx("takes.checking"),
        "lost": tx("takes.lost"),
        "broken": tx("takes.broken"),
        "too_large": tx("takes.too_large", n="#"),
        "later": tx("takes.later"),
        "full": tx("takes.full"),
        "empty": tx("takes.empty"),
        "denied": tx("takes.denied"),
        "pasted": tx("takes.pasted"),
        "which": tx("takes.which"),
        "cancel": tx("takes.cancel"),
    }


@lru_cache(maxsize=4)
def not_found(language: str, shop: str) -> bytes:
    """The page for an address that we do not have."""
    tx = texts.of(language)
    return _message(language, shop, tx("shell.lost.title"), tx("shell.lost.says"))


def broken(language: str, shop: str, accident: str) -> bytes:
    """The page in place of a file that could not be made; `accident` is the number to quote."""
    tx = texts.of(language)
    return _message(language, shop, tx("shell.error.title"), tx("shell.error.says", id=accident))


def _message(language: str, shop: str, title: str, says: str) -> bytes:
    tx = texts.of(language)
    css, _, logo = style.assets()
    return (
        f'<!DOCTYPE html><html lang="{HTML_LANG[language]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{esc(title)} · {esc(tx('shell.name', shop=shop))}</title>"
        f'<link rel="icon" href="{logo.path}">'
        f'<link rel="stylesheet" href="{css.path}"></head><body><main class="boot lost">'
        f'<img src="{logo.path}" alt="" width="40" height="40">'
        f"<h1>{esc(title)}</h1><p>{esc(says)}</p>"
        f'<p><a href="/">{esc(tx("shell.error.home"))}</a></p></main></body></html>'
    ).encode()


@lru_cache(maxsize=1)
def _icon_font() -> str:
    """Icons are ligatures: until the font is there they would be English words."""
    import streamlit

    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    font = next(media.glob("MaterialSymbols-Rounded.*.woff2"), None)
    if font is None:
        return ""
    return f'<link rel="preload" href="/static/media/{font.name}" as="font" type="font/woff2" crossorigin>'
