"""A shop to measure with: its orders were paid by Alipay an hour ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from core.adapters import database
from core.adapters.clock import Clock
from core.adapters.tables import customers, orders, payments
from core.app import App, Settings, build
from core.services import policy_publishing

AMOUNT = 5000


def opened(url: str, store: Path, clock: Clock | None = None, *, demo: bool = False) -> App:
    """The app on a database of its own, migrated, with the shipped policy in force."""
    database.migrate(url)
    app = build(Settings(database_url=url, store_url=store.as_uri(), demo=demo), clock)
    policy_publishing.ensure_shipped(app)
    return app


def add_orders(app: App, wanted: Iterable[tuple[str, str, str]]) -> None:
    """Orders as (number, customer, delivery), with their customers."""
    rows = list(wanted)
    paid = app.now() - timedelta(hours=1)
    common = {"currency": "CNY", "paid_at": paid}
    with app.begin() as conn:
        owners = {customer for _, customer, _ in rows}
        conn.execute(
            insert(customers), [{"id": owner, "name": owner, "created_at": paid} for owner in owners]
        )
        conn.execute(
            insert(orders),
            [
                {
                    "order_no": number,
                    "customer_id": customer,
                    "product": "bench",
                    "kind": "game_card",
                    "amount_minor": AMOUNT,
                    "delivery": delivery,
                    "delivery_at": None if delivery == "pending" else paid,
                    "completed_at": None if delivery == "pending" else paid,
                    "source": "demo",
                    "digest": number,
                    **common,
                }
                for number, customer, delivery in rows
            ],
        )
        conn.execute(
            insert(payments),
            [
                {"order_no": number, "channel": "alipay", "trade_no": number, "paid_minor": AMOUNT, **common}
                for number, _, _ in rows
            ],
        )
