"""Facts: everything the rules may know about one claim on one order at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

REASONS: Final = ("not_delivered", "not_as_described", "service_failed", "duplicate_charge", "other")
KINDS: Final = ("game_card", "top_up", "membership", "software_key", "other")
DELIVERIES: Final = ("pending", "code_issued", "code_viewed", "activated", "redeemed")  # in this order
CHANNELS: Final = ("alipay", "wechat", "card", "balance")
EVIDENCE_KINDS: Final = (
    "product_page",  # the page the goods were sold with
    "product_shown",  # what was received, to compare with it
    "missing_service",  # nothing arrived: account page, inbox, balance before and after
    "payment_record",  # the channel's own record of a payment
    "redemption_record",  # who redeemed, when: for a customer who did not
    "other",
)


@dataclass(frozen=True, slots=True)
class Tender:
    """One payment of the order, as the rules see it. Amounts in minor units of the order's currency."""

    payment_id: int
    channel: str
    paid_minor: int
    refundable_minor: int  # paid − refunded − reserved − refunded outside
    is_open: bool = True  # the paying account still exists
    paid_at: datetime | None = None
    # A cross-border payment loses (or gains) this many ten-thousandths of the refunded part when sent back today.
    fx_loss_bp: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """Built in one place (`services.orders.facts_for`); stored whole with each decision, so it can be taken again."""

    at: datetime
    reason: str
    kind: str
    delivery: str
    paid_at: datetime
    currency: str
    requested_minor: int
    tenders: tuple[Tender, ...]
    delivery_at: datetime | None = None  # since when the delivery state holds
    completed_at: datetime | None = None
    quantity: int = 1  # pieces bought
    evidence: frozenset[str] = frozenset()
    credit: int = 100
    recent_refunds: int = 0  # refunds granted to this customer in the policy's look-back
    duplicate_minor: int = 0  # what our books show was paid twice for the same purchase
    has_account: bool = True  # a guest has no platform balance to refund to
    escrow: bool = False  # paid through a third party's guarantee

    @property
    def paid_minor(self) -> int:
        return sum(tender.paid_minor for tender in self.tenders)

    @property
    def refundable_minor(self) -> int:
        return sum(tender.refundable_minor for tender in self.tenders)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the shape that `from_dict` reads: instants as ISO 8601, evidence sorted."""

        def plain(value: Any) -> Any:
            if isinstance(value, datetime):
                return value.isoformat()
            if isinstance(value, frozenset):
                return sorted(value)
            if isinstance(value, tuple):
                return [{f.name: plain(getattr(item, f.name)) for f in fields(item)} for item in value]
            return value

        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Facts:
        """The inverse of `as_dict`; `ValueError` names the field that is wrong or unknown."""
        values = dict(data)
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown facts: {', '.join(sorted(unknown))}")
        try:
            for name in ("at", "paid_at", "delivery_at", "completed_at"):
                values[name] = _instant(name, values.get(name))
            values["evidence"] = frozenset(values.get("evidence") or ())
            values["tenders"] = tuple(
                Tender(**{**tender, "paid_at": _instant("paid_at", tender.get("paid_at"))})
                for tender in values["tenders"]
            )
            facts = cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"facts incomplete: {error}") from error
        for name, known in (("reason", REASONS), ("kind", KINDS), ("delivery", DELIVERIES)):
            if getattr(facts, name) not in known:
                raise ValueError(f"{name}: {getattr(facts, name)!r} is not one of {', '.join(known)}")
        if facts.evidence - set(EVIDENCE_KINDS):
            raise ValueError(f"evidence: unknown kinds {sorted(facts.evidence - set(EVIDENCE_KINDS))}")
        return facts


def _instant(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError(f"{name}: {value} has no time zone")
    return instant
