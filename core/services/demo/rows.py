"""A scene as rows of the database: the order and its payments, laid out around today."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from core.domain.facts import DELIVERIES
from core.services.demo.scenes import Scene


def rows_of(
    number: int, scene: Scene, midnight: datetime, now: datetime
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    paid_at = min(
        midnight - timedelta(days=scene.days) + timedelta(hours=scene.hour, minutes=number % 60),
        now - timedelta(minutes=30),
    )
    reached = DELIVERIES.index(scene.delivery)
    delivery_at = min(paid_at + timedelta(minutes=4 * reached), now) if reached else None
    # An order is complete when its goods are there, never before.
    completed_at = delivery_at or (paid_at + timedelta(minutes=3) if scene.closed else None)
    order_no = f"{paid_at:%Y%m%d}{number:06d}"
    order = {
        "order_no": order_no,
        "customer_id": scene.customer,
        "product": scene.product,
        "kind": scene.kind,
        "quantity": scene.quantity,
        "amount_minor": scene.amount_minor,
        "currency": "CNY",
        "delivery": scene.delivery,
        "delivery_at": delivery_at,
        "paid_at": paid_at,
        "completed_at": completed_at,
        "escrow": scene.escrow,
        "source": "demo",
        "digest": hashlib.sha256(repr((order_no, scene)).encode()).hexdigest()[:32],
    }
    return order, list(_tenders(number, order_no, scene, paid_at))


def _tenders(number: int, order_no: str, scene: Scene, paid_at: datetime) -> Iterator[dict[str, Any]]:
    accounts = {
        "alipay": f"138****{2046 + number:04d}",
        "wechat": f"wx_{number:03d}***",
        "card": f"****{6200 + number:04d}",
        "balance": "",
    }
    for charge in range(scene.charges):
        outside = scene.amount_minor - scene.balance_minor
        tenders = [(scene.channel, outside)] + (
            [("balance", scene.balance_minor)] if scene.balance_minor else []
        )
        for channel, minor in tenders:
            charged_currency, charged_minor = scene.charged or (None, None)
            yield {
                "order_no": order_no,
                "channel": channel,
                "trade_no": f"{channel[:2].upper()}{paid_at:%Y%m%d}{number:08d}{charge}",
                "account": accounts[channel],
                "is_open": scene.is_open or channel == "balance",
                "currency": "CNY",
                "paid_minor": minor,
                "external_minor": min(scene.external_minor, minor) if channel == scene.channel else 0,
                "paid_at": paid_at + timedelta(minutes=charge),
                "charged_currency": charged_currency,
                "charged_minor": charged_minor,
            }
