"""The ledger: balanced movements, each with its cause, and every cause with its movement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from core.adapters.tables import balance_lots, case_events, cases, ledger_entries, payouts, sandbox_refunds
from core.adapters.world import App
from core.domain.accounts import EXCHANGE, FEES, PAYABLE, REFUNDS, channel_account
from core.domain.lifecycle import GRANTING
from core.domain.settlement import HERE
from core.services import policies
from core.services.audit import reconciled, wallet
from core.services.audit.finding import Finding, body_of
from core.services.payouts import BY_HAND


def check(app: App, conn: Connection) -> Iterator[Finding]:
    """Invariant 3, the expiry of invariant 19, and in demo mode the sandbox's own books (invariant 11)."""
    movements: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    e = ledger_entries.c
    for name, account, currency, total in conn.execute(
        select(e.movement, e.account, e.currency, func.sum(e.amount_minor)).group_by(
            e.movement, e.account, e.currency
        )
    ):
        movements[name][f"{account} {currency}"] += int(total)
    for name, lines in movements.items():
        by_currency: dict[str, int] = defaultdict(int)
        for line, total in lines.items():
            by_currency[line.rpartition(" ")[2]] += total
        if any(by_currency.values()):
            yield Finding(3, "movement_unbalanced", name, str(dict(by_currency)))
    wanted = dict(_wanted(conn))
    for name, amounts in wanted.items():
        if name not in movements:
            yield Finding(3, "movement_missing", name)
        elif {line: n for line, n in movements[name].items() if n} != amounts:
            yield Finding(3, "movement_differs", name)
    for name in movements.keys() - wanted.keys():
        yield Finding(3, "movement_without_cause", name)
    yield from _expiries(app, conn)
    if app.demo:
        yield from _sandbox(conn)


def _wanted(conn: Connection) -> Iterator[tuple[str, dict[str, int]]]:
    """Movements that events and arrivals call for."""
    e = case_events.c
    grants: dict[str, dict[str, int]] = {}
    currencies = {
        number: currency for number, currency in conn.execute(select(cases.c.case_no, cases.c.currency))
    }
    events = select(e.case_no, e.seq, e.event, e.body).where(e.event.in_((*GRANTING, "withdraw")))
    for case_no, seq, event, body in conn.execute(events.order_by(e.case_no, e.seq)):
        currency = currencies[case_no]
        if event in GRANTING:
            o = body_of(body).get("option") or {}
            signs = (
                (REFUNDS, "approved", 1),
                (PAYABLE, "refund", -1),
                (FEES, "fee", -1),
                (EXCHANGE, "fx", -1),
            )
            lines = {account: sign * o.get(part, 0) for account, part, sign in signs}
            grants[case_no] = {f"{account} {currency}": n for account, n in lines.items() if n}
            yield f"approve:{case_no}:{seq}", grants[case_no]
        elif case_no in grants:
            yield f"release:{case_no}:{seq}", {line: -n for line, n in grants.pop(case_no).items()}
    p = payouts.c
    for row in conn.execute(select(p.key, p.channel, p.amount_minor, p.currency).where(p.state == "arrived")):
        lines = {PAYABLE: row.amount_minor, channel_account(row.channel): -row.amount_minor}
        yield f"arrive:{row.key}", {f"{account} {row.currency}": n for account, n in lines.items()}
    yield from reconciled.movements(conn)
    yield from wallet.movements(conn)


def _expiries(app: App, conn: Connection) -> Iterator[Finding]:
    """A lot lasts at least as long as the policy of its case promised."""
    lots = (
        select(
            balance_lots.c.id, balance_lots.c.credited_at, balance_lots.c.expires_at, cases.c.policy_version
        )
        .join(payouts, payouts.c.id == balance_lots.c.payout_id)
        .join(cases, cases.c.case_no == payouts.c.case_no)
        .where(payouts.c.channel == "balance")  # what a code became ends as the code would have
    )
    for row in conn.execute(lots):
        days = policies.get(app, conn, row.policy_version).balance.expires_after_days
        if row.expires_at < row.credited_at + timedelta(days=days):
            yield Finding(19, "expiry_shortened", f"lot {row.id}")


def _sandbox(conn: Connection) -> Iterator[Finding]:
    """What the sandbox has taken is what we have sent, once."""
    theirs: dict[str, Any] = {row.key: row for row in conn.execute(select(sandbox_refunds))}
    p = payouts.c
    ours = {row.key: row for row in conn.execute(select(p.key, p.state, p.amount_minor, p.channel))}
    for key, row in ours.items():
        known = theirs.get(key)
        if row.channel not in (*HERE, BY_HAND) and row.state in ("accepted", "arrived"):
            if known is None:
                yield Finding(11, "channel_never_saw", key)
            elif known.amount_minor != row.amount_minor:
                yield Finding(
                    11, "channel_differs", key, f"{known.amount_minor} there, {row.amount_minor} here"
                )
    for key in theirs.keys() - ours.keys():
        yield Finding(11, "channel_knows_more", key)
