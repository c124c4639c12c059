"""Claims for tests: an ordinary one with single facts changed, and every one there can be, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from core.domain import policy
from core.domain.eligibility import Assessment, assess
from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS, Facts, Tender
from core.domain.policy import Policy
from core.domain.table import COLUMNS, VERDICTS, Rule, parse_rule
from core.domain.workdays import ZONE, china
from tests import pinned

# A shared machine stalls now and then; a test that hangs is found by pytest's own time limit.
settings.register_profile("claims", deadline=None)
settings.load_profile("claims")

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=ZONE)  # a Friday

STANDARD = pinned.POLICY  # what ships: `shipped("standard")`
FAULTY = frozenset({"product_page", "product_shown"})


@cache
def shipped(name: str) -> Policy:
    return policy.load(policy.shipped(name))


def ago(**span: float) -> datetime:
    """`ago(days=2)`: that long before `NOW`."""
    return NOW - timedelta(**span)


def paid(minor: int, channel: str = "alipay", **changes: Any) -> Tender:
    """A payment of which nothing was refunded."""
    return Tender(
        **{"payment_id": 1, "channel": channel, "paid_minor": minor, "refundable_minor": minor, **changes}
    )


def claim(*tenders: Tender, **changes: Any) -> Facts:
    """A game card for ¥100.00, paid with Alipay, looked at, completed two days ago; all is asked back."""
    tenders = tuple(
        Tender(**{name: getattr(t, name) for name in Tender.__slots__} | {"payment_id": number})
        for number, t in enumerate(tenders or (paid(10_000),), 1)
    )
    values: dict[str, Any] = {
        "at": NOW,
        "reason": "not_as_described",
        "kind": "game_card",
        "delivery": "code_viewed",
        "delivery_at": ago(days=2),
        "paid_at": ago(days=3),
        "completed_at": ago(days=2),
        "currency": "CNY",
        "requested_minor": sum(tender.refundable_minor for tender in tenders),
        "tenders": tenders,
        **changes,
    }
    return Facts(**values)


def decide(facts: Facts, rules: Policy = STANDARD) -> Assessment:
    return assess(facts, rules, china())


# --- every claim there can be ---

_INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
# Around the limits of the shipped policies and of rounding, and anything else.
_AMOUNTS = st.one_of(
    st.sampled_from([1, 2, 3, 9, 10, 11, 1999, 2000, 2001, 50_000, 50_001, 100_000, 100_001]),
    st.integers(1, 300_000),
)


@st.composite
def tenders(draw: st.DrawFn, at: datetime) -> tuple[Tender, ...]:
    found = []
    for number in range(1, draw(st.sampled_from([1, 1, 1, 2, 3])) + 1):
        minor = draw(_AMOUNTS)
        already = draw(
            st.sampled_from([0, 0, 0, minor, minor // 2, 1, minor + 3])
        )  # the last: outside, too much
        days = draw(st.sampled_from([None, 0, 1, 179, 180, 181, 365, 366]))
        found.append(
            Tender(
                payment_id=number,
                channel=draw(st.sampled_from(CHANNELS)),
                paid_minor=minor,
                refundable_minor=minor - already,
                is_open=draw(st.sampled_from([True, True, True, False])),
                paid_at=None if days is None else at - timedelta(days=days),
                fx_loss_bp=draw(st.sampled_from([0, 0, 0, 120, -80, 9_999])),
            )
        )
    return tuple(found)


@st.composite
def claims(draw: st.DrawFn) -> Facts:
    at = draw(_INSTANTS)
    payments = draw(tenders(at))
    left = sum(tender.refundable_minor for tender in payments)
    asked = draw(
        st.one_of(
            st.sampled_from([left, left, left, left // 2, left + 1, 0, -5, 1]), st.integers(1, max(1, left))
        )
    )
    since = draw(st.sampled_from([None, 0, 1, 6, 7, 8, 14, 15, 16, 40, -1]))
    completed_at = None if since is None else at - timedelta(days=since, hours=draw(st.integers(0, 23)))
    return Facts(
        at=at,
        reason=draw(st.sampled_from(REASONS)),
        kind=draw(st.sampled_from(KINDS)),
        delivery=draw(st.sampled_from(DELIVERIES)),
        paid_at=at - timedelta(days=draw(st.sampled_from([0, 1, 30, 180, 181, 366]))),
        currency="CNY",
        requested_minor=asked,
        tenders=payments,
        delivery_at=completed_at,
        completed_at=completed_at,
        evidence=draw(st.frozensets(st.sampled_from(EVIDENCE_KINDS))),
        credit=draw(st.sampled_from([100, 80, 79, 60, 59, 0, -10])),
        recent_refunds=draw(st.sampled_from([0, 0, 1, 2, 3, 5, 6])),
        unnamed_refunds=draw(st.sampled_from([0, 0, 0, 1, 10, 11, 20, 21, 41])),
        duplicate_minor=draw(st.sampled_from([0, 0, asked if asked > 0 else 0, payments[0].paid_minor])),
        has_account=draw(st.sampled_from([True, True, True, False])),
        escrow=draw(st.sampled_from([False, False, False, True])),
        asked_at=draw(st.sampled_from([None, None, at, at - timedelta(days=3), at - timedelta(days=9)])),
    )


POLICIES = st.sampled_from([shipped(name) for name in policy.SHIPPED])


# --- every table there can be, near the values of the claims ---


def with_rules(*rules: Rule, base: Policy = STANDARD, **figures: Any) -> Policy:
    """`base` with other rules and figures, compiled anew."""
    values = {name: getattr(base, name) for name in Policy.model_fields}
    return Policy(**{**values, "rules": rules or base.rules, **figures})


def rule(name: str, verdict: str = "review", fee: int | None = None, **when: Any) -> Rule:
    """`rule("late", "reject", days_left={"below": 0})`."""
    words = {"zh": name, "en": name}
    row = {"id": name, "when": when, "verdict": verdict, **words}
    return parse_rule(row if fee is None else {**row, "fee_basis_points": fee})


LIMITS = {
    "days_left": (-1, 0, 1, 3, 7, 15),
    "amount_minor": (1, 2, 10, 2000, 50_000),
    "order_refund_minor": (1, 2, 10, 2000, 50_000),
    "credit": (0, 60, 80),
    "recent_refunds": (0, 1, 3),
    "unnamed_refunds": (0, 1, 20),
}


@st.composite
def written_tests(draw: st.DrawFn, column: str, limits: Mapping[str, tuple[int, ...]] = LIMITS) -> Any:
    """What a document may write for a column."""
    values = COLUMNS[column].values
    if values is not None:
        chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True))
        return chosen[0] if len(chosen) == 1 and draw(st.booleans()) else chosen
    low, high = sorted(draw(st.tuples(st.sampled_from(limits[column]), st.sampled_from(limits[column]))))
    forms = [low, [low, high], {"at_least": low}, {"above": low}, {"up_to": high}, {"below": high + 1}]
    return draw(st.sampled_from([*forms, {"from": low, "to": high}]))


@st.composite
def tables(
    draw: st.DrawFn,
    *,
    columns: tuple[str, ...] = tuple(COLUMNS),
    most: int = 8,
    limits: Mapping[str, tuple[int, ...]] = LIMITS,
) -> tuple[Rule, ...]:
    rules = []
    for number in range(draw(st.integers(1, most))):
        tested = draw(st.lists(st.sampled_from(columns), max_size=4, unique=True))
        when = {column: draw(written_tests(column, limits)) for column in tested}
        fee = draw(st.sampled_from([None, None, 0, 500, 6_000, 10_000]))
        rules.append(rule(f"r{number}", draw(st.sampled_from(VERDICTS)), fee, **when))
    return tuple(rules)
