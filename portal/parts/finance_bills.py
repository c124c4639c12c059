"""Finance: drop a channel's bill, see what does not fit by kind, and which bills were read."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.adapters.bills import Mapping
from core.app import App
from core.domain.actors import Actor
from core.domain.errors import Refusal
from core.services import reconciliation, staff
from core.services.reconciliation import BillRow, Fetch, Reconciled, Sum
from core.texts import Texts
from portal import boundary
from portal.html import empty, esc, href, ms, section
from portal.parts import finance_words

MOST_MB: Final = 10
SAID: Final = "finance_bill_said"
_TRIES: Final = "finance_bill_tries"


def drop(app: App, actor: Actor, tx: Texts) -> None:
    """The way in for a bill; what came of it stays above until the next."""
    with st.container(key="card-drop"):
        st.html(f"<h2>{esc(tx('finance.drop'))}</h2><p class=note>{esc(tx('finance.drop_says'))}</p>")
        said = st.session_state.get(SAID)
        if said is not None:
            _came(tx, said)
        tries = st.session_state.get(_TRIES, 0)
        with st.container(key="bill-drop", gap=None):
            st.html(f'<style>.st-key-bill-drop{{--pick:"{esc(tx("finance.drop.pick"))}"}}</style>')
            file = st.file_uploader(
                tx("finance.drop.pick"), key=f"bill-{tries}", label_visibility="collapsed",
                max_upload_size=MOST_MB,
            )  # fmt: skip
        with st.expander(
            tx("finance.drop.mapping"), icon=":material/table_chart:", type="compact", key="rule"
        ):
            mapping = st.text_area(
                tx("finance.drop.mapping_text"), key="bill-mapping", height=140,
                placeholder='[columns]\nrefund_no = "退款编号"', help=tx("finance.drop.mapping_says"),
            )  # fmt: skip
        st.html(f'<p class="note">{esc(tx("finance.drop.size", size=MOST_MB))}</p>')
    if file is not None:
        _read(app, actor, tx, file, mapping)


def _read(app: App, actor: Actor, tx: Texts, file: Any, mapping: str) -> None:
    """Read it under words that say what is being done; then the same page again, with what came of it."""
    with st.status(tx("finance.step.reading"), expanded=False) as status:

        def tell(step: str) -> None:
            status.update(label=tx(f"finance.step.{step}"))

        try:
            names = Mapping.parse(mapping) if mapping.strip() else None
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "bill"
                path.write_bytes(file.getbuffer())
                done = reconciliation.reconcile(app, actor, path, names, name=file.name, tell=tell)
            st.session_state[SAID] = done
        except Refusal as refused:
            st.session_state[SAID] = refused
    st.session_state[_TRIES] = st.session_state.get(_TRIES, 0) + 1  # a fresh, empty uploader afterwards
    st.rerun()


def _came(tx: Texts, said: Reconciled | Refusal) -> None:
    if isinstance(said, Refusal):
        st.html(boundary.block(tx.refusal(said), title=tx("finance.drop.refused")))
        return
    icon, css = ("check_circle", "ok") if said.is_clean else ("rule", "")
    parts = [
        tx("finance.came.kind", kind=tx(f"difference.{kind}"), n=n) for kind, n in said.found.items() if n
    ]
    title = tx("finance.came.new") if said.is_new else tx("finance.came.known")
    sums = tx("finance.came", kind=tx(f"bill_kind.{said.kind}"), refunds=said.refunds, matched=said.matched)
    more = tx("finance.came.clean") if said.is_clean and not parts else tx.list(parts)
    st.html(
        f'<div class="came-of {css}" role="status">{ms(icon, css)}<div><b>{esc(title)}</b>'
        f"<p>{esc(sums)}</p><p>{esc(more)}</p></div></div>"
    )


def kinds(tx: Texts, found: list[Sum], here: str, bill: str) -> str:
    """A tile for each kind that is not closed: how many, how much, whose, and how many wait for a second."""
    if not found:
        nothing = empty("task_alt", tx("finance.kinds.none"), tx("finance.kinds.none_says"))
        return f'<div class="tile">{nothing}</div>'
    tiles = ""
    for each in found:
        amounts = tx.list(tx.money(minor, currency) for currency, minor in each.amounts.items())
        on = " aria-current=true" if each.kind == here else ""
        wait = (
            f'<em class="open">{esc(tx("finance.kinds.proposed", n=each.proposed))}</em>'
            if each.proposed
            else ""
        )
        asked = {"view": "bills", "kind": each.kind, **({"bill": bill} if bill else {})}
        tiles += (
            f'<li><a href="{href("/finance", **asked)}"{on}><b>{esc(tx(f"difference.{each.kind}"))}</b>'
            f'<span class="n">{each.open + each.proposed}</span><span>{esc(amounts)}</span>'
            f"<small>{esc(tx('finance.kinds.owner', role=tx(f'role.{each.owner}')))}</small>{wait}</a></li>"
        )
    return f'<ul class="kinds">{tiles}</ul>'


def read_before(app: App, tx: Texts, found: list[BillRow], *, now: datetime) -> str:
    """Bills, the last on top; each leads to its differences."""
    if not found:
        return ""
    names = staff.names(app)
    heads = ("bill", "days", "count", "matched", "waiting", "read_by")
    head = "".join(f'<th scope="col">{esc(tx(f"finance.col.{name}"))}</th>' for name in heads)
    rows = "".join(_bill(tx, row, names, now) for row in found)
    return (
        section(tx("finance.bills"))
        + f'<table class="fin"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _bill(tx: Texts, row: BillRow, names: staff.Names, now: datetime) -> str:
    days = ""
    if row.covers is not None:
        days = tx(
            "finance.bills.days", begins=tx.when(row.covers.begins, now), ends=tx.when(row.covers.ends, now)
        )
    who = tx("role.system") if row.read_by.startswith("system:") else staff.name(names, row.read_by)
    to = href("/finance", view="bills", bill=str(row.id))
    waiting = f"<b>{row.waiting}</b>" if row.waiting else ms("check", "ok")
    return (
        f'<tr><td class=p><a href="{to}">{esc(tx(f"bill_kind.{row.kind}"))}</a>'
        f"<small><bdi>{esc(row.name)}</bdi></small></td><td>{esc(days)}</td>"
        f"{_figure(tx, 'count', str(row.refunds))}{_figure(tx, 'matched', str(row.matched))}"
        f"{_figure(tx, 'waiting', waiting)}"
        f"<td class=a>{esc(who)}<small>{esc(tx.when(row.read_at, now))}</small></td></tr>"
    )


def _figure(tx: Texts, column: str, said: str) -> str:
    """A figure, which on a phone stands beside its column's name. `said` is HTML."""
    return f'<td class=n data-label="{esc(tx(f"finance.col.{column}"))}">{said}</td>'


def fetches(tx: Texts, found: list[Fetch], *, now: datetime) -> str:
    """What the worker fetches by itself, and what it could not."""
    lines = ""
    for each in found:
        words = {
            "channel": finance_words.channel(tx, each.channel),
            "day": tx.date(each.day, now),
            "when": tx.when(each.due_at, now),
        }
        if each.cause:
            why = tx(f"fetch_cause.{each.cause}") if f"fetch_cause.{each.cause}" in tx else _refused(tx, each)
            said = tx("finance.fetch.failed", **words, n=each.tries, why=why)
            lines += f'<li class="late">{ms("error")}<span>{esc(said)}</span></li>'
        else:
            lines += f"<li>{ms('schedule')}<span>{esc(tx('finance.fetch.next', **words))}</span></li>"
    return f'<ul class="fetches">{lines}</ul>' if lines else ""


def _refused(tx: Texts, each: Fetch) -> str:
    return tx("fetch_cause.unread", code=each.cause)
