"""Start: what needs you, the two doors, open requests, orders."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

import streamlit as st

from core.domain.actors import Actor
from core.domain.errors import SecondFactorNeeded
from core.domain.policy import Policy
from core.domain.workdays import ZONE, local_date
from core.services import applying, asking, cases, orders
from core.services.applying import Applying
from core.services.case_views import CaseCard
from core.texts import Texts
from portal import answers, boundary, doors, places, session, signing_in
from portal.blocks import open_cases, order_list
from portal.blocks.finder import finder, where
from portal.blocks.speed import speed
from portal.html import Html, empty, esc, hero, ms, section
from portal.parts import again, held, unsent

ORDERS = "/?view=orders"
RECENT_ORDERS = 4
WORTH_SEARCHING = 8


def visitor(tx: Texts, policy: Policy, version: int) -> None:
    """Nobody is signed in: what this is, and the doors; in demo mode, whom to be."""
    people = "".join(doors.person(p.name, p.id) for p in session.people() if p.role == "customer")
    chooser = (
        section(tx("start.people.title"), tx("start.people.says")) + f'<div class="people">{people}</div>'
        if people
        else ""
    )
    accounts = session.can_sign_in()
    mine = tx("start.mine.signed_in") if accounts else tx("start.mine.sign_in")
    to = f"/session/login?{urlencode({'to': ORDERS})}" if accounts else ORDERS
    main = hero(tx("start.hello.visitor"), esc(tx("start.says.visitor"))) + _doors(tx, mine, to) + chooser
    st.html(Html(_two(main, speed(tx, policy) + _version(tx, policy, version))))


def overview(tx: Texts, actor: Actor, now: datetime, holds: Applying) -> None:
    """Whoever is signed in: greeting, doors, open requests, the newest orders."""
    app = session.core()
    everything, found = cases.list_for(app, actor), orders.list_for(app, actor)
    cards = open_cases.begun(everything)
    running = [card for card in cards if open_cases.is_open(card)]
    drafts = [card for card in cards if card.state == "draft"]
    late, twice = again.late_drafts(drafts), asking.charged_twice(app, found, holds)
    lines = order_list.lines(found, everything, late, twice, holds, now)
    waiting = [card for card in drafts if card.order_no not in late]
    guest = actor.role == "guest"
    title = tx("start.hello.guest") if guest else greeting(tx, session.name_of(actor), now)
    mine = _other_order(tx) if guest else _doors(tx, tx("start.mine.count", n=len(found)))
    main = (
        hero(title, says(tx, running, len(waiting), len(found), guest=guest))
        + mine
        + held.of_cards(tx, cards)
        + open_cases.cards(tx, running, now=now)
        + unsent.listing(tx, drafts, late, now=now)
        + _recent(tx, lines, now, guest=guest)
    )
    aside = (
        speed(tx, holds.policy)
        + open_cases.finished(tx, cards, order_list.askable(lines), now=now)
        + _version(tx, holds.policy, holds.version)
    )
    st.html(Html(_two(main, aside)))


def all_orders(tx: Texts, actor: Actor, now: datetime, holds: Applying) -> None:
    """Every order, with a search and a filter where there are many."""
    app = session.core()
    cards, mine = cases.list_for(app, actor, states=order_list.TELLING), orders.list_for(app, actor)
    late, twice = again.late_drafts(cards), asking.charged_twice(app, mine, holds)
    found = order_list.lines(mine, cards, late, twice, holds, now)
    st.html(back(tx) + hero(tx("start.orders.title"), esc(tx("start.mine.count", n=len(found)))))
    shown = found
    if len(found) > WORTH_SEARCHING:
        names = {
            "all": tx("start.orders.show_all"),
            "can": tx("start.orders.show_can"),
            "open": tx("start.orders.show_open"),
            "past": tx("start.orders.show_past"),
        }
        with st.container(key="filters", horizontal=True, vertical_alignment="bottom"):
            words = st.text_input(
                tx("start.orders.search"),
                key="orders_search",
                placeholder=tx("start.orders.search_hint"),
                max_chars=80,
            )
            show = st.pills(
                tx("start.orders.show"),
                list(names),
                format_func=names.__getitem__,
                default="all",
                key="orders_show",
            )
        shown = order_list.matching(found, show or "all", words)
    if shown:
        st.html(order_list.table(tx, shown, now=now))
    elif found:
        st.html(empty("search_off", tx("start.orders.none_found"), tx("start.orders.none_found_says")))
    else:
        st.html(empty("receipt_long", tx("start.orders.none"), tx("start.orders.none_says")))


def sign_in(tx: Texts) -> None:
    """The ways to sign in, and why the last try came to nothing: its code stands in the address."""
    refused = signing_in.TOLD.get(st.query_params.get("why", ""))
    to = answers.local_path(st.query_params.get("to", "/"))
    is_staff = refused is SecondFactorNeeded
    title = tx("start.sign_in.failed") if refused else tx("start.sign_in.title")
    says = boundary.words(refused(), tx) if refused else tx("start.sign_in.says")
    failed = refused is not None
    staff = doors.sign_in(tx, to, as_staff=True, anew=failed, on=is_staff)
    find_order = doors.door("search", tx("start.find.title"), tx("start.find.says"), "/?view=find")
    mine = doors.sign_in(tx, to, again=failed, anew=failed)
    ways = [staff, find_order] if is_staff else [mine, find_order, staff]
    st.html(back(tx) + hero(title, esc(says)) + f'<div class="doors lone">{"".join(ways)}</div>')


def find(tx: Texts, now: datetime) -> None:
    """The guest's door: the form, and where to find what it asks for."""
    st.html(back(tx) + hero(tx("start.find.title"), esc(tx("start.find.lead"))))
    left, right = st.columns([1.95, 1], gap="large")
    with left:
        finder(tx, local_date(now))
    right.html(where(tx))


def greeting(tx: Texts, name: str, now: datetime) -> str:
    """By the hour in Shanghai; at night nobody is told what time it is."""
    hour = now.astimezone(ZONE).hour
    if hour < 5:
        return tx("start.hello.night", name=name)
    if hour < 11:
        return tx("start.hello.morning", name=name)
    if hour < 13:
        return tx("start.hello.noon", name=name)
    return tx("start.hello.afternoon", name=name) if hour < 18 else tx("start.hello.evening", name=name)


def says(tx: Texts, running: list[CaseCard], drafts: int, orders_known: int, *, guest: bool) -> str:
    """One sentence: what needs the customer, what is under way, else the forms that were begun. HTML."""
    turn = sum(map(open_cases.must_act, running))
    others = len(running) - turn
    marked = f'<b class="act">{esc(tx("start.says.turn", n=turn))}</b>'
    if turn and others:
        return tx("start.says.turn_and", turn=marked, running=esc(tx("start.says.running", n=others)))
    if turn:
        return tx("start.says.turn_only", turn=marked)
    if others:
        return esc(tx("start.says.running_only", running=tx("start.says.running", n=others)))
    if drafts:
        return esc(tx("start.says.begun", n=drafts))
    if guest:
        return esc(tx("start.says.guest"))
    return esc(tx("start.says.nothing") if orders_known else tx("start.says.no_orders"))


def back(tx: Texts) -> str:
    return f'<p class="crumb"><a href="/">{ms("arrow_back")}{esc(tx("start.orders.back"))}</a></p>'


def _doors(tx: Texts, mine: str, to: str = ORDERS) -> str:
    first = doors.door("receipt_long", tx("start.mine.title"), mine, to, on=True)
    second = doors.door("search", tx("start.find.title"), tx("start.find.says"), "/?view=find")
    return f'<div class="doors">{first}{second}</div>'


def _other_order(tx: Texts) -> str:
    """A guest's way to another order: what is open here is the one that was proved."""
    door = doors.door("search", tx("start.find.other"), tx("start.find.other_says"), "/?view=find")
    return f'<div class="doors one">{door}</div>'


def _recent(tx: Texts, found: list[order_list.Line], now: datetime, *, guest: bool) -> str:
    if not found:
        return empty("receipt_long", tx("start.orders.none"), tx("start.orders.none_says"))
    free = [line for line in found if line.stand != "open" or guest]
    free.sort(key=lambda line: line.stand != "can")  # those that can be asked for first, newest first within
    if not free:
        return ""
    head = section(tx("start.orders.guest") if guest else tx("start.orders.recent"))
    label = esc(tx("start.orders.all", n=len(found))) + ms("chevron_right")
    more = f'<a class="button bare" href="{ORDERS}">{label}</a>' if len(found) > RECENT_ORDERS else ""
    return head + order_list.table(tx, free[:RECENT_ORDERS], now=now) + more


def _version(tx: Texts, policy: Policy, version: int) -> str:
    title = policy.titles["en" if tx.language == "en" else "zh"]
    return (
        '<section class="pane">'
        f'<a class="note" href="/help">{esc(tx("start.policy", version=version, title=title))}</a></section>'
    )


def _two(main: str, aside: str) -> str:
    return f'<div class="two"><div class="main">{main}</div><aside>{aside}</aside></div>'


def run() -> None:
    here = session.visitor()
    if here is not None and here.is_staff:
        st.switch_page(places.file(places.home(here.role)))
    tx, app = session.texts(), session.core()
    now = app.now()
    wanted = st.query_params.get("view", "")
    signed_in = here is not None and here.role in session.BUYERS
    if wanted == "find":
        find(tx, now)
        return
    if wanted == "sign_in" and here is None and session.can_sign_in():
        sign_in(tx)
        return
    holds = applying.now(app)
    if here is None or not signed_in:
        if wanted == "orders":
            doors.closed(tx, signed_in=False, sign_in=session.here() if session.can_sign_in() else "")
        else:
            visitor(tx, holds.policy, holds.version)
    elif wanted == "orders":
        all_orders(tx, here, now, holds)
    else:
        overview(tx, here, now, holds)


run()
