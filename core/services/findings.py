"""Findings of forgery as lists mark them: in which cases, and by whom. Making one is `credit`."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, case, func, select

from core.adapters.tables import case_events, credit_appeals, credit_entries
from core.domain.credit import APPEALABLE

_e, _c, _a = case_events.c, credit_entries.c, credit_appeals.c


def standing(conn: Connection, numbers: Collection[str]) -> dict[str, str]:
    """Who found a picture forged, last, by case; without those whose findings were all taken back."""
    if not numbers:
        return {}
    made = select(_e.case_no, _e.actor_id).where(_e.case_no.in_(list(numbers)), _e.event == "find_forgery")
    found: dict[str, str] = {number: who for number, who in conn.execute(made.order_by(_e.seq))}
    if found:
        stand = func.sum(case((_a.state == "granted", 0), else_=1))
        entries = select(_c.case_no, stand).outerjoin(credit_appeals, _a.entry_id == _c.id)
        of_them = (_c.case_no.in_(list(found)), _c.rule.in_(sorted(APPEALABLE)))
        for number, count in conn.execute(entries.where(*of_them).group_by(_c.case_no)):
            if not count:
                del found[number]
    return found
