"""Facts: everything the rules may know about one claim on one order at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from core.domain.money import LARGEST_MINOR
from core.domain.workdays import FIRST_YEAR, LAST_YEAR, local_date

REASONS: Final = ("not_delivered", "not_as_described", "service_failed", "duplicate_charge", "other")
KINDS: Final = ("game_card", "top_up", "membership", "software_key", "other")
DELIVERIES: Final = ("pending", "code_issued", "code_viewed", "activated", "redeemed")  # in this order
CHANNELS: Final = ("alipay", "wechat", "card", "balance")
ROUTES: Final = ("original", "balance", "negotiated")  # where the money goes, in this order
EVIDENCE_KINDS: Final = (
    "product_page",  # the page the goods were sold with
    "product_shown",  # what was received, to compare with it
    "missing_service",  # nothing arrived: account page, inbox, balance before and after
    "payment_record",  # the channel's own record of a payment
    "redemption_record",  # who redeemed, when: for a customer who did not
    "account_closed",  # that the account which paid no longer exists: for a negotiated refund
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
    # A cross-border payment loses (or gains) so many ten-thousandths of what is sent back today.
    fx_loss_bp: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """Built in one place (`services.orders.facts_for`); stored with each decision, to take it again.

    Money, channels and delivery are as they stand `at` that instant; the window counts to `asked_at`.
    """

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
    recent_refunds: int = 0  # granted to this customer, or to this guest's payer, in the policy's look-back
    unnamed_refunds: int = (
        0  # approved at once within a day for guests whose payer nobody can tell, as this one
    )
    duplicate_minor: int = 0  # what our books show was paid twice and is still here
    has_account: bool = True  # a guest has no platform balance to refund to
    escrow: bool = False  # paid through a third party's guarantee
    asked_at: datetime | None = None  # when the claim was sent; None: it is only being asked, `at`

    @property
    def paid_minor(self) -> int:
        return sum([tender.paid_minor for tender in self.tenders])

    @property
    def refundable_minor(self) -> int:
        return sum([tender.refundable_minor for tender in self.tenders])

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
        values = _known(cls, data)
        try:
            for name in ("at", "paid_at", "delivery_at", "completed_at", "asked_at"):
                values[name] = _instant(name, values.get(name))
            values["evidence"] = frozenset(values.get("evidence") or ())
            tenders = [_known(Tender, tender) for tender in values["tenders"]]
            for tender in tenders:
                tender["paid_at"] = _instant("paid_at", tender.get("paid_at"))
            values["tenders"] = tuple(Tender(**tender) for tender in tenders)
            facts = cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"facts incomplete: {error}") from error
        _check(facts)
        return facts


_NUMBERS: Final[dict[str, int | None]] = {  # and the least there is, if any
    "requested_minor": None,
    "quantity": 1,
    "credit": None,
    "recent_refunds": 0,
    "unnamed_refunds": 0,
    "duplicate_minor": 0,
}


def _check(facts: Facts) -> None:
    """What the rules rely on, so that no answer is built on a slip: `ValueError` names the field."""
    for name in ("at", "paid_at"):
        if getattr(facts, name) is None:
            raise ValueError(f"{name}: missing")
    if not FIRST_YEAR <= local_date(facts.at).year < LAST_YEAR:
        raise ValueError(f"at: {facts.at} lies outside the calendar of {FIRST_YEAR} to {LAST_YEAR - 1}")
    for name, known in (("reason", REASONS), ("kind", KINDS), ("delivery", DELIVERIES)):
        if getattr(facts, name) not in known:
            raise ValueError(f"{name}: {getattr(facts, name)!r} is not one of {', '.join(known)}")
    if facts.evidence - set(EVIDENCE_KINDS):
        raise ValueError(f"evidence: unknown kinds {sorted(map(str, facts.evidence - set(EVIDENCE_KINDS)))}")
    if not isinstance(facts.currency, str):
        raise ValueError(f"currency: {facts.currency!r} is not a code")
    for name in _NUMBERS:
        _whole(name, getattr(facts, name))
    for name, least in _NUMBERS.items():
        if least is not None and getattr(facts, name) < least:
            raise ValueError(f"{name}: {getattr(facts, name)} is below {least}")
    for name in ("has_account", "escrow"):
        _yes_or_no(name, getattr(facts, name))
    if not facts.tenders:
        raise ValueError("tenders: an order has at least one payment")
    for tender in facts.tenders:
        if tender.channel not in CHANNELS:
            raise ValueError(f"channel: {tender.channel!r} is not one of {', '.join(CHANNELS)}")
        for name in ("payment_id", "paid_minor", "refundable_minor", "fx_loss_bp"):
            _whole(name, getattr(tender, name))
        _yes_or_no("is_open", tender.is_open)
        if tender.paid_minor < 0 or tender.refundable_minor > tender.paid_minor:
            raise ValueError(f"refundable_minor: {tender.refundable_minor} of {tender.paid_minor} paid")
    if len({tender.payment_id for tender in facts.tenders}) < len(facts.tenders):
        raise ValueError("payment_id: two payments have the same one")


def _known(kind: type, data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{kind.__name__.lower()}: expected an object, got {data!r}")
    unknown = set(data) - {f.name for f in fields(kind)}
    if unknown:
        raise ValueError(f"unknown facts: {', '.join(sorted(map(str, unknown)))}")
    return dict(data)


def _whole(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_MINOR:
        raise ValueError(f"{name}: {value!r} is not a whole number")


def _yes_or_no(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is neither true nor false")


def _instant(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: {value!r} is not an instant") from None
    if instant.tzinfo is None:
        raise ValueError(f"{name}: {value} has no time zone")
    if not 1990 <= instant.year < 2100:  # windows are added to it
        raise ValueError(f"{name}: {value} is not of our time")
    return instant
