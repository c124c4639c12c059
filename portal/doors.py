"""The two ways in: my orders, for who is signed in, and one order by what its buyer knows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

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
    has_account: bool = False  # a guest has none


def sign_in(
    tx: Texts, to: str, *, as_staff: bool = False, again: bool = False, anew: bool = False, on: bool = True
) -> str:
    """The door to the identity provider; afterwards the visitor is at `to`. `anew`: though signed in there,
    perhaps as somebody else.
    """
    asked = {"as": "staff"} if as_staff else {}
    asked |= {"again": "1"} if anew else {}
    address = f"/session/login?{urlencode({**asked, 'to': to})}"
    if as_staff:
        title, says = tx("shell.door.sign_in_staff"), tx("shell.door.sign_in_staff_says")
        return door("badge", title, says, address, on=on)
    if again:
        return door("login", tx("shell.door.once_more"), tx("shell.door.again_says"), address, on=on)
    return door("login", tx("shell.door.sign_in"), tx("shell.door.sign_in_says"), address, on=on)


def closed(
    tx: Texts,
    *,
    signed_in: bool,
    is_staff: bool = False,
    left: Left | None = None,
    for_staff: bool = False,
    sign_in: str = "",
    here: str = "",
    in_demo: bool = False,
) -> None:
    """What a page shows to somebody it cannot let in: why, and the way in. `sign_in`: where to come back to
    from the identity provider; '' where there is none. `here`: where to come back to from the finder.
    """
    ways_in = _Ways(tx, sign_in, here)
    title, says, ways = tx("shell.door.title"), tx("shell.door.says"), ways_in.of_buyers()
    if left is not None:
        title = tx("shell.door.ended")
        says = tx("shell.door.ended_staff") if left.is_staff else tx("shell.door.ended_says")
        if not left.is_staff and not left.has_account:  # a guest never signed in
            title, says = tx("shell.door.ended_guest"), tx("shell.door.ended_guest_says")
        if left.is_staff and urlsplit(left.to).path == "/lab":
            says = tx("shell.door.ended_lab")
        ways = ways_in.again(left)
    elif for_staff:
        title = tx("shell.door.staff")
        if signed_in:
            title = tx("shell.door.not_for_you") if is_staff else title
            says = tx("shell.door.not_yours")
        elif sign_in:
            says = tx("shell.door.staff_sign_in")
        else:
            says = tx("shell.door.staff_says") if in_demo else tx("shell.door.staff_nowhere")
        ways = ways_in.of_staff()
    elif signed_in:
        says = tx("shell.door.not_yours")
    elif sign_in:
        title, says = tx("shell.door.who"), tx("shell.door.who_says")
    st.html(hero(title, esc(says)) + f'<div class="doors lone">{"".join(ways)}</div>')


@dataclass(frozen=True, slots=True)
class _Ways:
    """The doors beside a closed page. `to`: where to come back to from the provider, '' without one; `here`:
    from the finder.
    """

    tx: Texts
    to: str
    here: str = ""

    @property
    def home(self) -> str:
        return door("home", self.tx("shell.door.start"), self.tx("shell.door.start_says"), "/")

    def find(self, *, on: bool) -> str:
        back = {"to": self.here} if self.here else {}
        address = f"/?{urlencode({'view': 'find', **back})}"
        return door("search", self.tx("start.find.title"), self.tx("start.find.says"), address, on=on)

    def of_buyers(self) -> list[str]:
        if not self.to:
            return [self.find(on=True), self.home]
        return [sign_in(self.tx, self.to), self.find(on=False)]

    def of_staff(self) -> list[str]:
        return [*([sign_in(self.tx, self.to, as_staff=True)] if self.to else []), self.home]

    def again(self, left: Left) -> list[str]:
        if left.key:
            first = [_again(self.tx, left)]
        elif self.to and left.has_account:
            first = [sign_in(self.tx, self.to, as_staff=left.is_staff, again=True)]
        else:
            first = []
        return [*first, self.home] if left.is_staff else [*first, self.find(on=not first)]


def _again(tx: Texts, left: Left) -> str:
    to = f"/session/demo?{urlencode({'as': left.key, 'to': left.to})}"
    return door("login", tx("shell.door.again", name=left.name), tx("shell.door.again_says"), to, on=True)
