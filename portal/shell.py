"""The frame around every page: logo, menu, language, account, and in demo mode the sign that says so.

The frame is one element of HTML, so that it costs one message per rerun; its links stay inside the open
connection (static/portal.js). Actions in it are forms to portal.web: they set cookies or move the clock.
"""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from core.domain.actors import Actor
from core.texts import Texts
from portal import session
from portal.html import esc, href, ms, sr
from portal.places import PLACES, Place
from portal.style import logo

# Clock moves on offer: form value → key of its label.
MOVES = {
    "1h": "shell.clock.hour",
    "1d": "shell.clock.day",
    "3d": "shell.clock.three_days",
    "reset": "shell.clock.reset",
}


def frame(place: Place, actor: Actor | None) -> None:
    """Draw the frame for `place`; the page follows."""
    tx, app = session.texts(), session.core()
    name = session.name_of(actor)
    strip = _demo_strip(tx) if app.demo else ""
    people = session.people() if app.demo else ()
    st.html(_bar(tx.language, place.name, actor, name, people) + strip)


@lru_cache(maxsize=512)
def _bar(
    language: str, here: str, actor: Actor | None, name: str, people: tuple[tuple[str, str], ...]
) -> str:
    """The fixed bar; the same for a visitor on a page, so it is built once."""
    from core import texts

    tx = texts.of(language)
    links = "".join(
        f'<li><a href="{place.path}"{" aria-current=page" if place.name == here else ""}>{ms(place.icon)}'
        f'<span class="long">{esc(tx(place.title))}</span>'
        f'<span class="short" aria-hidden="true">{esc(tx(place.short))}</span></a></li>'
        for place in PLACES
    )
    other, label, said = ("en", "EN", "English") if language == "zh_CN" else ("zh_CN", "中文", "中文")
    return (
        '<header class="bar"><div class="in"><a class="logo" href="/">'
        f'<img src="{logo().path}" alt="" width="28" height="28">'
        f"<span>{esc(tx('shell.name'))}</span></a>"
        f'<nav class="tabs" aria-label="{esc(tx("shell.menu"))}"><ul>{links}</ul></nav>'
        f'<a class="act lang" lang="{"en" if other == "en" else "zh"}" '
        f'href="{href("/session/lang", lang=other)}" target="_self">'
        f'<span aria-hidden="true">{label}</span>{sr(said)}</a>'
        f"{_account(tx, actor, name, people)}</div></header>"
    )


def _account(tx: Texts, actor: Actor | None, name: str, people: tuple[tuple[str, str], ...]) -> str:
    label = name or tx("shell.account.nobody")
    if not people and actor is None:
        return (
            f'<a class="act who" href="{href("/", view="find")}">{ms("search")}'
            f"<span>{esc(tx('shell.account.find'))}</span></a>"
        )
    rows = [f'<p class="lab">{esc(tx("shell.account.demo"))}</p>'] if people else []
    for person, its_name in people:
        on = actor is not None and actor.id == person
        mark = ms("check", "ok") if on else ms("person")
        here = ' aria-current="true"' if on else ""
        rows.append(
            f'<a href="{href("/session/demo", **{"as": person})}" target="_self"{here}>{mark}'
            f"<bdi>{esc(its_name)}</bdi></a>"
        )
    if actor is not None:
        rows.append(
            '<form method="post" action="/session/end">'
            f'<button type="submit">{ms("logout")}{esc(tx("shell.account.end"))}</button></form>'
        )
    return (
        f'<button class="act who" type="button" popovertarget="account">{ms("account_circle")}'
        f"<bdi>{esc(label)}</bdi>{ms('expand_more')}"
        f'{sr(tx("shell.account.menu"))}</button><div id="account" class="menu" popover>{"".join(rows)}</div>'
    )


def _demo_strip(tx: Texts) -> str:
    """The sign that this is a demo, with the clock: quiet, on every page, and opened to move the time."""
    buttons = "".join(
        f'<button type="submit" name="move" value="{move}">{esc(tx(label))}</button>'
        for move, label in MOVES.items()
    )
    now = tx("shell.clock.now", when=tx.when(session.core().now()))
    return (
        f'<details class="demo"><summary><span class="tag">{esc(tx("shell.demo.tag"))}</span>'
        f'<span class="what">{esc(tx("shell.demo.says"))}</span>'
        f'<span class="now">{ms("schedule")}{esc(now)}{ms("expand_more")}</span></summary>'
        f'<form method="post" action="/session/clock"><p>{esc(tx("shell.clock.says"))}</p>'
        f"<div>{buttons}</div></form></details>"
    )
