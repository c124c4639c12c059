"""Finance: money under way and what holds it up, channels' bills against our books, and the books (R6.2)."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.reconciling import KINDS
from core.services import finance, reconciliation
from portal import session
from portal.html import esc, hero, href, literal, ms, section
from portal.parts import finance_bills, finance_books, finance_differences, finance_money
from portal.parts.finance_money import DONE

actor = session.require(*finance.ROLES)
tx, app = session.texts(), session.core()
now = app.now()
VIEWS: Final = ("money", "bills", "books")


def run() -> None:
    if said := st.session_state.pop(DONE, None):
        st.toast(literal(said), icon=":material/check_circle:")
    view = st.query_params.get("view", VIEWS[0])
    view = view if view in VIEWS else VIEWS[0]
    st.html(_head(view))
    if view == "money":
        finance_money.show(app, actor, tx, now=now)
    elif view == "bills":
        _bills()
    else:
        finance_books.show(app, actor, tx, now=now)


def _head(view: str) -> str:
    """The one sentence that matters: what waits for people, in payouts and in differences."""
    stuck = finance.stuck_count(app, actor)
    waiting = sum(
        each.open + each.proposed for each in reconciliation.sums(app, actor) if each.kind != "timing"
    )
    parts = [tx("finance.head.stuck", n=stuck)] if stuck else []
    parts += [tx("finance.head.waiting", n=waiting)] if waiting else []
    says = (
        f'<span class="act">{esc(tx("list.next").join(parts))}</span>'
        if parts
        else esc(tx("finance.head.fine"))
    )
    tabs = "".join(
        f'<li><a href="{href("/finance", view=name)}"{" aria-current=page" if name == view else ""}>'
        f"{esc(tx(f'finance.view.{name}'))}</a></li>"
        for name in VIEWS
    )
    title = tx("finance.title")
    return f'{hero(title, says)}<nav class="fin-tabs" aria-label="{esc(title)}"><ul>{tabs}</ul></nav>'


def _bills() -> None:
    asked = st.query_params.get("bill", "")
    bill = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    kind = st.query_params.get("kind", "")
    finance_bills.drop(app, actor, tx)
    found = reconciliation.sums(app, actor, bill)
    beside = tx("finance.kinds.of_bill") if bill else tx("finance.kinds.of_all")
    st.html(
        finance_bills.fetches(tx, reconciliation.fetches(app), now=now)
        + section(tx("finance.kinds"), beside)
        + finance_bills.kinds(tx, found, kind, asked if bill else "")
    )
    if kind in KINDS:
        finance_differences.show(app, actor, tx, kind, bill, now=now)
    st.html(
        finance_bills.read_before(app, tx, reconciliation.latest(app, actor), now=now)
        + _files(asked if bill else "")
    )


def _files(bill: str) -> str:
    of_one = {"bill": bill} if bill else {}
    ways = "".join(
        f'<a class="button" href="{href(f"/files/differences.{name}", **of_one)}" download>'
        f"{ms('download')}{esc(tx(f'finance.export.{name}'))}</a>"
        for name in ("csv", "parquet")
    )
    return f'<p class="export">{ways}<span class="note">{esc(tx("finance.export.differences"))}</span></p>'


run()
