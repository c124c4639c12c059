"""The frame around every page: logo, menu, language, account, and in demo mode the sign that says so.

The frame is one element of HTML, so that it costs one message per rerun; its links stay inside the open
connection (static/portal.js). Actions in it are forms to portal.web: they set cookies or move the clock.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core import texts
from core.domain.actors import Actor
from core.services.identity import Person
from core.texts import Texts
from portal import session
from portal.html import Html, esc, href, ms, sr
from portal.places import NOTICES, PLACES, Place, menu
from portal.style import logo

# Clock moves on offer: form value → key of its label.
MOVES = {
    "1h": "shell.clock.hour",
    "1d": "shell.clock.day",
    "3d": "shell.clock.three_days",
    "reset": "shell.clock.reset",
}


_PAGES = Path(__file__).parents[1] / "pages"


def pages() -> list[Any]:
    """`PLACES` as `st.navigation` takes them. Copies: Streamlit marks the one that may run, once a run."""
    return [copy(page) for page in _pages(session.language(), session.core().shop_name)]


@lru_cache(maxsize=8)
def _pages(language: str, shop: str) -> tuple[Any, ...]:
    """Made once: Streamlit looks for the file each time."""
    tx = texts.of(language)
    name = tx("shell.name", shop=shop)
    return tuple(
        st.Page(
            _PAGES / f"{place.name}.py",
            title=f"{tx(place.title)} · {name}",
            url_path=place.name,
            default=place is PLACES[0],
        )
        for place in PLACES
    )


def frame(place: Place, actor: Actor | None) -> None:
    """Draw the frame for `place`; the page follows."""
    tx, app = session.texts(), session.core()
    name = session.name_of(actor)
    people = session.people() if app.demo else ()
    now = tx.when(app.now()) if app.demo else ""
    unread = 0 if place.name == NOTICES else session.unread()  # its page shows them, and then they are read
    accounts = session.can_sign_in()
    st.html(_frame(tx.language, app.shop_name, place.name, actor, name, people, now, unread, accounts))


@lru_cache(maxsize=512)
def _frame(
    language: str,
    shop: str,
    here: str,
    actor: Actor | None,
    name: str,
    people: tuple[Person, ...],
    now: str,
    unread: int,
    accounts: bool,
) -> Html:
    """The same for a visitor on a page, in demo mode for a minute, so it is built once."""
    tx = texts.of(language)
    strip = _demo_strip(tx, now) if now else ""
    return Html(_bar(tx, shop, here, actor, name, people, unread, accounts) + strip)


def _bar(
    tx: Texts,
    shop: str,
    here: str,
    actor: Actor | None,
    name: str,
    people: tuple[Person, ...],
    unread: int,
    accounts: bool,
) -> str:
    links = "".join(
        f'<li><a href="{place.path}"{" aria-current=page" if place.name == here else ""}>{ms(place.icon)}'
        f'<span class="long">{esc(tx(place.title))}</span>'
        f'<span class="short" aria-hidden="true">{esc(tx(place.short))}</span></a></li>'
        for place in menu(None if actor is None else actor.role)
    )
    bell = _bell(tx, here, unread) if actor is not None and actor.role in session.BUYERS else ""
    other, label, said = ("en", "EN", "English") if tx.language == "zh_CN" else ("zh_CN", "中文", "中文")
    return (
        '<header class="bar"><div class="in"><a class="logo" href="/">'
        f'<img src="{logo().path}" alt="" width="28" height="28">'
        f'<span class="long">{esc(tx("shell.name", shop=shop))}</span>'
        f'<span class="short" aria-hidden="true">{esc(shop)}</span></a>'
        f'<nav class="tabs" aria-label="{esc(tx("shell.menu"))}"><ul>{links}</ul></nav>'
        f'<a class="act lang" lang="{"en" if other == "en" else "zh"}" '
        f'href="{href("/session/lang", lang=other)}" target="_self">'
        f'<span aria-hidden="true">{label}</span>{sr(said)}</a>'
        f"{bell}{_account(tx, actor, name, people, accounts)}</div></header>"
    )


def _bell(tx: Texts, here: str, unread: int) -> str:
    """The way to the notices, with how many are new."""
    words = tx("notices.unread", n=unread) if unread else tx("notices.title")
    count = f'<span class="n" aria-hidden="true">{min(unread, 99)}</span>' if unread else ""
    current = " aria-current=page" if here == NOTICES else ""
    return f'<a class="act bell" href="/{NOTICES}"{current}>{ms("notifications")}{count}{sr(words)}</a>'


def _account(tx: Texts, actor: Actor | None, name: str, people: tuple[Person, ...], accounts: bool) -> str:
    label = name or tx("shell.account.nobody")
    if accounts and actor is None:  # afterwards they are on this page again
        return (
            f'<a class="act who" href="/session/login" target="_self">{ms("login")}'
            f"<span>{esc(tx('shell.account.sign_in'))}</span></a>"
        )
    if not people and actor is None:
        return (
            f'<a class="act who" href="{href("/", view="find")}">{ms("search")}'
            f"<span>{esc(tx('shell.account.find'))}</span></a>"
        )
    rows: list[str] = []
    buyers = ("shell.account.demo", [person for person in people if person.role == "customer"])
    staff = ("shell.account.demo_staff", [person for person in people if person.role != "customer"])
    is_staff = actor is not None and actor.is_staff
    for title, theirs in (staff, buyers) if is_staff else (buyers, staff):
        if theirs:
            rows.append(f'<p class="lab">{esc(tx(title))}</p>')
        rows += [_to_be(tx, person, on=actor is not None and actor.id == person.id) for person in theirs]
    if actor is not None and actor.role in session.BUYERS:
        rows.append(f'<a href="/wallet">{ms("account_balance_wallet")}{esc(tx("shell.page.wallet"))}</a>')
    if actor is not None and actor.role == "customer":
        rows.append(f'<a href="/credit">{ms("verified_user")}{esc(tx("shell.page.credit"))}</a>')
    if actor is not None:
        rows.append(
            '<form method="post" action="/session/end">'
            f'<button type="submit">{ms("logout")}{esc(tx("shell.account.end"))}</button></form>'
        )
    if accounts and actor is not None and actor.role != "guest":
        rows.append(
            '<form method="post" action="/session/end-all">'
            f'<button type="submit">{ms("devices")}{esc(tx("shell.account.end_all"))}</button></form>'
        )
    return (
        f'<button class="act who" type="button" popovertarget="account">{ms("account_circle")}'
        f"<bdi>{esc(label)}</bdi>{ms('expand_more')}"
        f'{sr(tx("shell.account.menu"))}</button><div id="account" class="menu" popover>{"".join(rows)}</div>'
    )


def _to_be(tx: Texts, person: Person, *, on: bool) -> str:
    """One of the demo's people to be."""
    mark = ms("check", "ok") if on else ms("person" if person.role == "customer" else "badge")
    here = ' aria-current="true"' if on else ""
    role = "" if person.role == "customer" else f"<small>{esc(tx(f'track.who.{person.role}'))}</small>"
    return (
        f'<a href="{href("/session/demo", **{"as": person.id})}" target="_self"{here}>{mark}'
        f"<bdi>{esc(person.name)}</bdi>{role}</a>"
    )


def _demo_strip(tx: Texts, when: str) -> str:
    """The sign that this is a demo, with the clock: quiet, on every page, and opened to move the time."""
    buttons = "".join(
        f'<button type="submit" name="move" value="{move}">{esc(tx(label))}</button>'
        for move, label in MOVES.items()
    )
    now = tx("shell.clock.now", when=when)
    return (
        f'<details class="demo"><summary><span class="tag">{esc(tx("shell.demo.tag"))}</span>'
        f'<span class="what">{esc(tx("shell.demo.says"))}</span>'
        f'<span class="now">{ms("schedule")}{esc(now)}{ms("expand_more")}</span></summary>'
        f'<form method="post" action="/session/clock"><p>{esc(tx("shell.clock.says"))}</p>'
        f"<div>{buttons}</div></form></details>"
    )
