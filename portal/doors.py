"""The two ways in: my orders, for who is signed in, and one order by what its buyer knows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

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


@dataclass(frozen=True, slots=True)
class Left:
    """Whose session is over. `to`: the address of this page; `key`: to be them again in the demo, else ''."""

    is_staff: bool
    name: str
    key: str
    to: str


def closed(tx: Texts, *, signed_in: bool, left: Left | None = None, for_staff: bool = False) -> None:
    """What a page shows to somebody it cannot let in: why, and the way in."""
    find = door("search", tx("start.find.title"), tx("start.find.says"), "/?view=find", on=True)
    home = door("home", tx("shell.door.start"), tx("shell.door.start_says"), "/")
    title, says, ways = tx("shell.door.title"), tx("shell.door.says"), [find, home]
    if left is not None:
        title = tx("shell.door.ended")
        says = tx("shell.door.ended_staff") if left.is_staff else tx("shell.door.ended_says")
        again = [_again(tx, left)] if left.key else []
        ways = [*again, home] if left.is_staff else [*again, find]
    elif for_staff:
        title = tx("shell.door.staff")
        says, ways = tx("shell.door.not_yours") if signed_in else tx("shell.door.staff_says"), [home]
    elif signed_in:
        says = tx("shell.door.not_yours")
    st.html(hero(title, esc(says)) + f'<div class="doors lone">{"".join(ways)}</div>')


def _again(tx: Texts, left: Left) -> str:
    to = f"/session/demo?{urlencode({'as': left.key, 'to': left.to})}"
    return door("login", tx("shell.door.again", name=left.name), tx("shell.door.again_says"), to, on=True)
