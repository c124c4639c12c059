"""Does the database itself still refuse what must never happen? And what slipped in while it did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, func, or_, select, text

from core.adapters.tables import APPEND_ONLY, cases, orders, payees, payments, payouts, policies
from core.domain.lifecycle import CASE, PAYOUT
from core.services.audit.finding import Finding

_TRIGGERS: Final = {
    "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'",
    "postgresql": (
        "SELECT t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE p.proname = 'append_only' AND t.tgenabled = 'O'"
    ),
}
_EXPECTED: Final = {"sqlite": 3, "postgresql": 2}  # triggers on each append-only table
_OPEN: Final = cases.c.state.not_in(sorted(CASE.final_states))


def check(conn: Connection) -> Iterator[Finding]:
    """Triggers, unique open cases, somebody to act, owners of cases."""
    yield from _append_only(conn)
    twice = select(cases.c.order_no, func.count()).where(_OPEN).group_by(cases.c.order_no)
    for order_no, count in conn.execute(twice.having(func.count() > 1)):
        yield Finding(2, "two_open_cases", order_no, f"{count} open")
    idle = select(cases.c.case_no, cases.c.state).where(
        _OPEN, or_(cases.c.due_at.is_(None), cases.c.due_action.is_(None)), cases.c.owner.is_(None)
    )
    for case_no, state in conn.execute(idle):
        yield Finding(8, "nobody_acts", case_no, state)
    stuck = select(payouts.c.key, payouts.c.state).where(
        payouts.c.state.not_in(sorted(PAYOUT.final_states)), payouts.c.due_at.is_(None)
    )
    for key, state in conn.execute(stuck):
        yield Finding(8, "payout_without_due", key, state)
    foreign = select(cases.c.case_no).join(orders, orders.c.order_no == cases.c.order_no)
    for (case_no,) in conn.execute(foreign.where(cases.c.customer_id != orders.c.customer_id)):
        yield Finding(12, "case_of_another", case_no)
    alone = select(policies.c.version).where(policies.c.approved_by == policies.c.author)
    for (version,) in conn.execute(alone):
        yield Finding(13, "policy_by_one", str(version))
    for number, account in conn.execute(select(payments.c.id, payments.c.account)):
        if sum(char.isdigit() for char in account) >= 11:
            yield Finding(20, "account_unmasked", f"payment {number}")
    over = select(payees.c.case_no).join(cases, cases.c.case_no == payees.c.case_no)
    for (case_no,) in conn.execute(over.where(~_OPEN, payees.c.account.not_like("%***%"))):
        yield Finding(20, "payee_unmasked", case_no)


def _append_only(conn: Connection) -> Iterator[Finding]:
    dialect = conn.dialect.name
    guarded = [name for (name,) in conn.execute(text(_TRIGGERS[dialect]))]
    for table in APPEND_ONLY:
        if guarded.count(table) < _EXPECTED[dialect]:
            yield Finding(4 if table == "case_events" else 3, "not_append_only", table)
