"""The two ways in: my orders, for who is signed in, and one order by what its buyer knows."""

from __future__ import annotations

import streamlit as st

from core.texts import Texts
from portal.html import esc, hero, href, ms


def door(icon: str, title: str, says: str, to: str, *, on: bool = False) -> str:
    """One door: a tile that is a link as a whole."""
    return (
        f'<a class="door{" on" if on else ""}" href="{href(to)}" target="_self">{ms(icon)}<b>{esc(title)}</b>'
        f'<span class="t">{esc(says)}</span>{ms("chevron_right", "go")}</a>'
    )


def person(name: str, key: str) -> str:
    """A demo customer to be."""
    to = href("/session/demo", **{"as": key})
    return f'<a class="person" href="{to}" target="_self">{ms("person")}<b><bdi>{esc(name)}</bdi></b></a>'


def closed(tx: Texts, *, signed_in: bool) -> None:
    """What a page shows to somebody it cannot let in: why, and the way in."""
    says = tx("shell.door.not_yours") if signed_in else tx("shell.door.says")
    st.html(
        hero(tx("shell.door.title"), esc(says)) + '<div class="doors '
        f'lone">{door("search", tx("start.find.title"), tx("start.find.says"), "/?view=find", on=True)}'
        + f"{door('home', tx('shell.door.start'), tx('shell.door.start_says'), '/')}</div>"
    )
