"""By when customers were to be answered whose cases are late: the date that they were told, for lists."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from core.adapters.tables import case_events

_s = case_events.c
_STEPS: Final = (
    select(_s.case_no, _s.event, _s.at, _s.from_state, _s.to_state, _s.body)
    .where(_s.case_no.in_(bindparam("numbers", expanding=True)))
    .order_by(_s.case_no, _s.seq)
)


def missed(conn: Connection, numbers: Collection[str]) -> dict[str, datetime]:
    """By when the customers of these were to be answered, before it was escalated for the first time."""
    if not numbers:
        return {}
    found: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for row in conn.execute(_STEPS, {"numbers": list(numbers)}):
        if row.event == "escalate":
            found.setdefault(row.case_no, last.get(row.case_no, row.at))
        elif row.from_state != row.to_state or row.event == "counter":
            found.pop(row.case_no, None)  # a new look has a new clock
        if due_at := json.loads(row.body).get("set", {}).get("due_at"):
            last[row.case_no] = datetime.fromisoformat(due_at)
    return found
