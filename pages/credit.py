"""Credit: one's own points, why they are what they are, and what can be said against a loss; for staff the
appeals that wait and any account's history (R6.5).
"""

from __future__ import annotations

import streamlit as st

from core.domain.credit import asked_for
from core.domain.errors import NotFound
from core.services import credit, policies, queues, staff
from portal import boundary, session
from portal.html import empty, esc, hero, section
from portal.parts import credit_answer, credit_appeal, credit_list

actor = session.require(*session.BUYERS, *queues.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
names = staff.names(app) if actor.is_staff else None


def own() -> None:
    """A customer's account."""
    account = credit.account(app, actor, actor.id)
    _, policy = policies.current(app)
    st.html(credit_list.head(tx, account, asked_for(policy), now=now))
    _history(account)


def _history(account: credit.Account) -> None:
    st.html(section(tx("credit.history")))
    if not account.entries:
        st.html(
            f'<div class="tile">{empty("verified_user", tx("credit.none"), tx("credit.none_says"))}</div>'
        )
    for entry in account.entries:
        if actor.role in credit.ANSWERERS and entry.appeal == "open":
            _appealed(entry)
            continue
        with st.container(key=f"card-credit-{entry.id}"):
            st.html(credit_list.line(tx, entry, now=now, names=names))
            credit_appeal.say(app, actor, tx, entry)


def _appealed(entry: credit.Entry) -> None:
    """An appeal that waits: whose, about which picture, and the answer."""
    with st.container(key=f"card-credit-{entry.id}"):
        st.html(credit_answer.about(tx, entry) + credit_list.line(tx, entry, now=now, names=names))
        credit_answer.form(app, actor, tx, entry)


def appeals() -> None:
    """What waits for an answer of another person."""
    st.html(hero(tx("credit.appeals"), esc(tx("credit.appeals_says"))))
    credit_answer.said(tx)
    waiting = credit.open_appeals(app, actor)
    if not waiting:
        st.html(
            f'<div class="tile">{empty("inbox", tx("credit.no_appeals"), tx("credit.no_appeals_says"))}</div>'
        )
    for entry in waiting:
        _appealed(entry)


def account_of(customer_id: str) -> None:
    """Any account, for staff."""
    try:
        account = credit.account(app, actor, customer_id)
    except NotFound as refused:
        boundary.show(refused, way_on=(tx("desk.back"), "/desk"))
        return
    _, policy = policies.current(app)
    st.html(credit_list.head(tx, account, asked_for(policy), now=now, for_staff=True))
    credit_answer.said(tx)
    _history(account)


if actor.role == "customer":
    own()
elif actor.role == "guest":
    st.html(hero(tx("shell.page.credit"), esc(tx("credit.guest"))))
elif customer := st.query_params.get("customer"):
    account_of(customer)
elif actor.role in credit.ANSWERERS:
    appeals()
else:
    st.html(hero(tx("shell.page.credit"), esc(tx("credit.staff"))))
