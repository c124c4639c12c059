"""Finance: what is owed, and the books of a day, which sum to zero or say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import streamlit as st

from core.app import App
from core.domain.actors import Actor
from core.domain.money import exponent
from core.domain.workdays import local_date
from core.services import finance
from core.services.finance import Account, Liability
from core.texts import Texts
from portal import boundary
from portal.blocks import charts
from portal.html import empty, esc, href, ms, section
from portal.parts import finance_words
from portal.parts.finance_chart import by_day

DAYS: Final = 14


def show(app: App, actor: Actor, tx: Texts, *, now: datetime) -> None:
    """Owed, paid by day, the trial balance of a day, the ledger as a file."""
    wrong = finance.unbalanced(app, actor)
    if wrong:
        days = tx.list(
            tx("finance.books.wrong_day", day=tx.date(day, now), amount=tx.money(minor, currency))
            for day, currency, minor in wrong[:5]
        )
        title = tx("finance.books.wrong")
        st.html(boundary.block(tx("finance.books.wrong_says", days=days), title=title))
    st.html(owed(tx, finance.liabilities(app, actor)))
    paid = finance.paid_by_day(app, actor, DAYS)
    if paid:
        with st.container(key="card-paid"):
            st.html(f"<h2>{esc(tx('finance.books.paid', n=DAYS))}</h2>")
            charts.show(_chart(tx, paid, local_date(now)), "chart-paid", tx("finance.books.paid", n=DAYS))
    with st.container(key="card-trial"):
        st.html(f"<h2>{esc(tx('finance.books.trial'))}</h2>")
        day = st.date_input(
            tx("finance.books.day"), key="books_day", value=local_date(now), max_value=local_date(now),
            format="YYYY-MM-DD",
        )  # fmt: skip
        if isinstance(day, date):
            st.html(trial(tx, finance.trial_balance(app, actor, day)))
    st.html(_file(tx, local_date(now)))


def owed(tx: Texts, found: Sequence[Liability]) -> str:
    """All that is owed, by currency: the sum on top, then its parts from the largest on."""
    head = section(tx("finance.owed"), tx("finance.owed_says"))
    if not found:
        return head + f'<p class="note">{esc(tx("finance.owed.none"))}</p>'
    tiles = ""
    for each in found:
        parts = [
            ("finance.owed.payable", each.payable_minor),
            ("finance.owed.balance", each.remaining_minor),
            ("finance.owed.vouchers_worth", each.vouchers_minor),
        ]
        parts.sort(key=lambda part: -part[1])
        facts = [
            ("finance.owed.customers", str(each.customers)),
            ("finance.owed.soon", tx.money(each.soon_minor, each.currency)),
            ("finance.owed.expired", tx.money(each.expired_minor, each.currency)),
            ("finance.owed.booked", tx.money(each.booked_minor, each.currency)),
            ("finance.owed.vouchers", tx("finance.owed.vouchers_n", n=each.vouchers)),
            ("finance.owed.vouchers_booked", tx.money(each.vouchers_booked_minor, each.currency)),
        ]
        sums = "".join(
            f"<div><dt>{esc(tx(key))}</dt><dd>{esc(tx.money(minor, each.currency))}</dd></div>"
            for key, minor in parts
        )
        rows = "".join(f"<div><dt>{esc(tx(key))}</dt><dd>{esc(said)}</dd></div>" for key, said in facts)
        tiles += (
            f'<div class="tile owed"><p class="lab">{esc(tx("finance.owed.all"))}</p>'
            f'<p class="big">{esc(tx.money(sum(minor for _, minor in parts), each.currency))}</p>'
            f'<dl class="kv">{sums}</dl><dl class="kv">{rows}</dl></div>'
        )
    return head + f'<div class="oweds">{tiles}</div>'


def trial(tx: Texts, found: Sequence[Account]) -> str:
    """A line an account, and the sum of each currency, which is zero or red."""
    if not found:
        return empty("menu_book", tx("finance.books.none"), tx("finance.books.none_says"))
    heads = ("account", "before", "debit", "credit", "after")
    head = "".join(f'<th scope="col">{esc(tx(f"finance.col.{name}"))}</th>' for name in heads)
    rows = ""
    for currency in dict.fromkeys(each.currency for each in found):
        mine = [each for each in found if each.currency == currency]
        for each in mine:
            cells = (each.before, each.debit, each.credit, each.after)
            name = esc(finance_words.account(tx, each.account))
            rows += f"<tr><td class=p>{name}</td>{_cells(tx, cells, currency)}</tr>"
        sums = [sum(getattr(each, name) for each in mine) for name in ("before", "debit", "credit", "after")]
        is_right = sums[0] == sums[3] == 0 and sums[1] == sums[2]
        mark = ms("check", "ok") if is_right else ms("error", "red")
        said = tx("finance.books.sums" if is_right else "finance.books.sums_not")
        css = "" if is_right else " bad"
        rows += f'<tr class="total{css}"><td class=p>{mark} {esc(said)}</td>{_cells(tx, sums, currency)}</tr>'
    return f'<table class="fin"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cells(tx: Texts, minors: Sequence[int], currency: str) -> str:
    names = ("before", "debit", "credit", "after")
    return "".join(
        f'<td class=n data-label="{esc(tx(f"finance.col.{name}"))}">{esc(tx.money(minor, currency))}</td>'
        for name, minor in zip(names, minors, strict=True)
    )


def _chart(tx: Texts, paid: Sequence[tuple[date, str, int]], today: date) -> dict[str, Any]:
    """Every day of them, the empty ones too."""
    units = 10 ** exponent("CNY")
    known = {(day, account): minor for day, account, minor in paid}
    accounts = list(dict.fromkeys(account for _, account, _ in paid))
    rows = [
        {
            "day": f"{day:%m-%d}",
            "account": finance_words.account(tx, account),
            "amount": known.get((day, account), 0) / units,
            "label": tx.money(known.get((day, account), 0)),
        }
        for day in (today - timedelta(days=back) for back in reversed(range(DAYS)))
        for account in accounts
    ]
    titles = {
        "day": tx("finance.books.day"),
        "account": tx("finance.col.account"),
        "amount": tx("finance.col.amount"),
    }
    return by_day(rows, "amount", "day", "account", titles=titles)


def _file(tx: Texts, today: date) -> str:
    """The ledger of this month and the one before."""
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    span = {"from": first.isoformat(), "to": today.isoformat()}
    ways = "".join(
        f'<a class="button" href="{href(f"/files/ledger.{kind}", **span)}" download>'
        f"{ms('download')}{esc(tx(f'finance.export.{kind}'))}</a>"
        for kind in ("csv", "parquet")
    )
    says = tx("finance.export.ledger", first=tx.day_long(first), last=tx.day_long(today))
    return f'<p class="export">{ways}<span class="note">{esc(says)}</span></p>'
