"""The copy of what the shop holds about a person (PIPL, article 45): one file that they can take along."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from datetime import datetime
from typing import IO, Any, Final

from sqlalchemy import Connection, select

from core.adapters.tables import evidence
from core.adapters.world import App
from core.domain.actors import Actor
from core.services import case_reading
from core.services.personal.holdings import HOLDINGS, Subject, subject
from core.services.record import read

_ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def give(app: App, file: IO[bytes], customer_id: str = "", order_no: str = "") -> dict[str, int]:
    """Write a ZIP with `data.json` and `pictures/`: what their customer may see, and nothing that tells how
    the shop guards itself. Answers how many there are of each part. `NotFound`, `StoreUnavailable`.
    """
    with app.read() as conn:
        who = subject(conn, customer_id, order_no)
        data = {
            "made_at": app.now(),
            "customer_id": who.customer_id,
            "order_no": who.order_no,
            **{
                holding.table.name: _rows(conn, holding.table, holding.told.split(), holding.whose(who))
                for holding in HOLDINGS
                if holding.told
            },
            "cases": [_case(app, conn, who, number) for number in who.cases],
        }
        kept = select(evidence.c.id, evidence.c.media_type).where(
            evidence.c.case_no.in_(who.cases),
            evidence.c.expired_at.is_(None),
            evidence.c.removed_at.is_(None),
        )
        pictures = conn.execute(kept.order_by(evidence.c.id)).all()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1, default=_plain))
        for row in pictures:  # one at a time: there may be many
            packed.writestr(f"pictures/{row.id}.{_ENDINGS.get(row.media_type, 'bin')}", app.store.get(row.id))
    counts = {name: len(rows) for name, rows in data.items() if isinstance(rows, list) and rows}
    return counts | ({"pictures": len(pictures)} if pictures else {})


def _rows(conn: Connection, table: Any, columns: list[str], whose: Any) -> list[dict[str, Any]]:
    query = select(*(table.c[name] for name in columns)).where(whose).order_by(*table.primary_key)
    return [dict(row._mapping) for row in conn.execute(query)]


def _case(app: App, conn: Connection, who: Subject, case_no: str) -> dict[str, Any]:
    """As its customer sees it on Track; of staff the role is told, not the person."""
    case = read(conn, case_no, _owner(who), from_outside=True)
    view = case_reading.load(app, conn, case, _owner(who))
    events = [
        {
            "at": event.at, "event": event.event, "role": event.role, "from": event.from_state,
            "to": event.to_state, "note": event.note, "amount_minor": event.amount_minor,
            "route": event.route,
        }
        for event in view.events
    ]  # fmt: skip
    return {
        "case_no": view.case_no, "order_no": view.order.order_no, "state": view.state, "reason": view.reason,
        "requested_minor": view.requested_minor, "approved_minor": view.approved_minor,
        "refund_minor": view.refund_minor, "currency": view.currency, "description": view.description,
        "rule": view.rule, "policy_version": view.policy_version, "created_at": view.created_at,
        "submitted_at": view.submitted_at, "decided_at": view.decided_at, "finished_at": view.finished_at,
        "payouts": [asdict(payout) for payout in view.payouts], "events": events,
    }  # fmt: skip


def _owner(who: Subject) -> Actor:
    return Actor("customer", who.customer_id) if who.customer_id else Actor("guest", order_no=who.order_no)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
