"""Records: every refund request, filtered by status and time, and as a file."""

from __future__ import annotations

import streamlit as st

from core.services import cases
from portal import session
from portal.blocks import open_cases, record_table
from portal.html import empty, esc, hero, href, ms
from portal.parts import held

here = session.require()


def run() -> None:
    tx, app = session.texts(), session.core()
    now = app.now()
    found = open_cases.begun(cases.list_for(app, here))
    if not found:
        st.html(
            hero(tx("records.title"))
            + f'<div class="tile">{empty("receipt_long", tx("records.none"), tx("records.none_says"))}'
            f'<p class="mid"><a class="button" href="/?view=orders">{esc(tx("records.none_apply"))}'
            "</a></p></div>"
        )
        return
    total = tx.money(record_table.received(found))
    sent = record_table.sent(found)
    says = tx("records.says", n=sent, amount=total)
    if begun := len(found) - sent:
        says = tx("records.says_begun", says=says, n=begun)
    st.html(hero(tx("records.title"), esc(says)) + held.of_cards(tx, found))
    statuses = {
        "all": tx("records.status.all"),
        "turn": tx("records.status.turn"),
        "open": tx("records.status.open"),
        "done": tx("records.status.done"),
        "ended": tx("records.status.ended"),
    }
    periods = {
        "all": tx("records.period.all"),
        "month": tx("records.period.month"),
        "quarter": tx("records.period.quarter"),
        "year": tx("records.period.year"),
    }
    with st.container(key="filters", horizontal=True, vertical_alignment="bottom"):
        status = st.pills(
            tx("records.status"),
            list(statuses),
            format_func=statuses.__getitem__,
            default="all",
            key="records_status",
        )
        period = st.pills(
            tx("records.period"),
            list(periods),
            format_func=periods.__getitem__,
            default="all",
            key="records_period",
        )
    status, period = status or "all", period or "all"
    shown = record_table.matching(found, status, period, now)
    if not shown:
        nothing = empty("search_off", tx("records.none_found"), tx("records.none_found_says"))
        st.html(f'<div class="tile">{nothing}</div>')
        return
    reasons = {
        c.case_no: record_table.why(tx, cases.view(app, here, c.case_no))
        for c in shown
        if record_table.refused(c)
    }
    file = href("/files/records.csv", status=status, period=period)
    st.html(
        record_table.table(tx, shown, reasons, now=now) + '<p class="export">'
        f'<a class="button" href="{file}" download>{ms("download")}{esc(tx("records.export"))}</a>'
        f'<span class="note">{esc(tx("records.export_says"))}</span></p>'
    )


run()
