"""The demo shop: made-up orders in every state that the rules tell apart, laid out around today.

The same `n` on the same day under the same policy makes the same shop.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import insert, select

from core.adapters.tables import credit_entries, customers, exchange_rates, external_refunds, orders, payments
from core.adapters.world import App
from core.domain.actors import SYSTEM
from core.domain.credit import START
from core.domain.workdays import ZONE, local_date
from core.services import policies
from core.services.demo.rows import rows_of
from core.services.demo.scenes import PEOPLE, by_hand, grid
from core.services.demo.story import tell

RATES: Final = (
    ("USD", 7_052_000),
    ("HKD", 905_000),
)  # today's; the orders were charged at slightly better ones


def seed(app: App, n: int = 240) -> int:
    """The hand-made scenes and others, `n` orders in all; again, it changes nothing. How many were added."""
    with app.begin() as conn:
        if conn.execute(select(customers.c.id).limit(1)).first():
            return 0
        now = app.now()
        _, policy = policies.in_force(app, conn, now)
        midnight = datetime.combine(local_date(now), datetime.min.time(), ZONE)
        conn.execute(
            insert(customers),
            [_customer(*person, created=midnight - timedelta(days=400)) for person in PEOPLE],
        )
        openings = [
            {"customer_id": who, "at": midnight - timedelta(days=400), "points": points - START,
             "rule": "opening", "made_by": str(SYSTEM)}
            for who, _, points in PEOPLE if points != START
        ]  # fmt: skip
        conn.execute(insert(credit_entries), openings)
        conn.execute(
            insert(exchange_rates), [{"currency": c, "micro_rate": r, "at": midnight} for c, r in RATES]
        )
        first = by_hand()
        scenes = [*first, *islice(grid(policy.window_days), max(0, n - len(first)))]
        rows = [rows_of(number, scene, midnight, now) for number, scene in enumerate(scenes, 1)]
        conn.execute(insert(orders), [order for order, _ in rows])
        conn.execute(insert(payments), [tender for _, tenders in rows for tender in tenders])
        refunded = conn.execute(
            select(payments.c.id, payments.c.channel, payments.c.external_minor, payments.c.paid_at).where(
                payments.c.external_minor > 0
            )
        ).all()
        if refunded:
            conn.execute(
                insert(external_refunds),
                [
                    {
                        "payment_id": row.id,
                        "channel": row.channel,
                        "refund_no": f"HAND{row.id:06d}",
                        "amount_minor": row.external_minor,
                        "at": row.paid_at + timedelta(hours=1),
                    }
                    for row in refunded
                ],
            )
    told = {scene.story: order["order_no"] for scene, (order, _) in zip(scenes, rows, strict=True)}
    tell(app, told, midnight)
    return len(scenes)


def _customer(identifier: str, name: str, credit: int, *, created: datetime) -> dict[str, Any]:
    return {"id": identifier, "name": name, "credit": credit, "created_at": created}
