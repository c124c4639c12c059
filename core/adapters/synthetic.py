"""A made-up order history to try policies on: plausible, every rule met, the same for the same seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS
from core.domain.history import DAY, NONE, History, evidence_bits, to_micros

Row = TypeVar("Row")
UNTIL: Final = to_micros(
    datetime(2026, 7, 1, tzinfo=UTC)
)  # the year before it; fixed, so that files can be compared
PART: Final = 250_000  # rows that are made together

# Shares by word; a word that stands in none of these gets its share, or its row, by default.
_REASONS: Final = {
    "not_delivered": 0.42,
    "not_as_described": 0.2,
    "service_failed": 0.2,
    "duplicate_charge": 0.08,
    "other": 0.1,
}
_KINDS: Final = {"game_card": 0.4, "top_up": 0.25, "membership": 0.2, "software_key": 0.1, "other": 0.05}
_CHANNELS: Final = {"alipay": 0.45, "wechat": 0.4, "card": 0.08, "balance": 0.07}
_NEW: Final = 0.1
# By reason: who says 'not delivered' mostly has nothing yet.
_DELIVERIES: Final = {
    "not_delivered": (0.7, 0.2, 0.06, 0.02, 0.02),
    "not_as_described": (0.0, 0.02, 0.45, 0.28, 0.25),
    "service_failed": (0.03, 0.05, 0.32, 0.35, 0.25),
    "duplicate_charge": (0.3, 0.15, 0.25, 0.15, 0.15),
    "other": (0.25, 0.2, 0.3, 0.15, 0.1),
}
_PRICES: Final = (600, 990, 1_500, 1_999, 3_000, 5_000, 9_900, 10_000, 19_800, 30_000, 64_800, 129_900)
_SENT: Final = {  # evidence that comes with each reason, when it comes
    "not_delivered": (),
    "not_as_described": ("product_page", "product_shown"),
    "service_failed": ("missing_service",),
    "duplicate_charge": ("payment_record",),
    "other": ("other",),
}


def made_up(rows: int, seed: int = 1) -> Iterator[History]:
    """As `synthetic`, in parts of chances of their own, so that any number fits the memory."""
    for number, start in enumerate(range(0, rows, PART)):
        yield synthetic(min(PART, rows - start), seed + number * 1_000_003)


def synthetic(rows: int, seed: int = 1) -> History:
    """`rows` claims with their payments."""
    rng = np.random.default_rng(seed)
    reason = rng.choice(len(REASONS), rows, p=_shares(REASONS, _REASONS)).astype(np.uint8)
    delivery = _pick_each(rng, np.array(_by_reason(_DELIVERIES))[reason])
    at = UNTIL - rng.integers(0, 365 * DAY, rows)
    paid_at = at - (rng.exponential(4.0, rows) * DAY).astype(np.int64) - 60_000_000
    # Without a delivery most orders are not completed; the rest was completed soon after payment.
    is_completed = np.where(delivery < 2, rng.random(rows) < 0.1, rng.random(rows) < 0.9)
    completed = np.minimum(at, paid_at + (rng.exponential(0.4, rows) * DAY).astype(np.int64))
    payments = 1 + (rng.random(rows) < 0.03).astype(np.int64)
    price = np.array(_PRICES)[rng.integers(0, len(_PRICES), rows)] * rng.choice(
        [1, 2, 3], rows, p=[0.85, 0.1, 0.05]
    )
    is_double = (reason == REASONS.index("duplicate_charge")) & (rng.random(rows) < 0.6)
    payments[is_double] = 2
    tenders = _tenders(rng, payments, price, is_double)
    starts = tenders["offsets"][:-1]
    refundable = np.add.reduceat(tenders["refundable_minor"], starts) if rows else np.zeros(0, np.int64)
    wanted = np.where(is_double, price, refundable)
    is_part = rng.random(rows) < 0.1
    wanted = np.where(is_part, np.maximum(1, wanted // 2), wanted)
    made = History(
        at=at,
        paid_at=paid_at,
        delivery_at=np.where(delivery > 0, np.minimum(at, paid_at + 60_000_000), NONE),
        completed_at=np.where(is_completed, completed, NONE),
        asked_at=np.full(rows, NONE),
        reason=reason,
        kind=rng.choice(len(KINDS), rows, p=_shares(KINDS, _KINDS)).astype(np.uint8),
        delivery=delivery,
        evidence=_evidence(rng, reason, delivery),
        requested_minor=wanted + (rng.random(rows) < 0.005),  # now and then a fen too much
        quantity=np.ones(rows, np.int64),
        credit=100 - 5 * rng.poisson(0.8, rows),
        recent_refunds=rng.poisson(0.6, rows),
        unnamed_refunds=np.zeros(rows, np.int64),
        duplicate_minor=np.where(is_double, price, 0),
        has_account=rng.random(rows) < 0.92,
        escrow=rng.random(rows) < 0.01,
        currency=np.zeros(rows, np.uint16),
        currencies=("CNY",),
        **tenders,
    )
    return _with_odd_ones(made, seed)


def _shares(words: Sequence[str], weights: Mapping[str, float]) -> list[float]:
    """How often each word comes; all of them together always."""
    found = [weights.get(word, _NEW) for word in words]
    return [weight / math.fsum(found) for weight in found]


def _by_reason(rows: Mapping[str, Row]) -> list[Row]:
    return [rows.get(reason, rows["other"]) for reason in REASONS]


def _with_odd_ones(made: History, seed: int) -> History:
    """A few with low credit, with many refunds, or without a name on a busy day; chance of its own, so that
    the other columns stay as they were.
    """
    odd = np.random.default_rng((seed, 1)).random(len(made))
    return replace(
        made,
        credit=made.credit - np.where(odd < 0.01, 50, 0),
        recent_refunds=made.recent_refunds + np.where((odd > 0.01) & (odd < 0.02), 6, 0),
        unnamed_refunds=np.where(~made.has_account & (odd > 0.95), 30, 0),
    )


def _pick_each(rng: np.random.Generator, shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """For each row an index with that row's own shares."""
    below = rng.random((len(shares), 1)) > np.cumsum(shares, axis=1)
    picked: NDArray[np.uint8] = np.minimum(below.sum(axis=1), len(DELIVERIES) - 1).astype(np.uint8)
    return picked


def _evidence(
    rng: np.random.Generator, reason: NDArray[np.uint8], delivery: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    sent = np.array([evidence_bits(frozenset(kinds)) for kinds in _by_reason(_SENT)], np.uint8)[reason]
    found: NDArray[np.uint8] = np.where(rng.random(len(reason)) < 0.7, sent, 0).astype(np.uint8)
    is_contested = (delivery == DELIVERIES.index("redeemed")) & (rng.random(len(reason)) < 0.15)
    bit = 1 << EVIDENCE_KINDS.index("redemption_record")
    found[is_contested] |= bit
    return found


def _tenders(
    rng: np.random.Generator,
    payments: NDArray[np.int64],
    price: NDArray[np.int64],
    is_double: NDArray[np.bool_],
) -> dict[str, Any]:
    """Columns of the payments: a split order's price in two parts, a double charge's twice."""
    offsets = np.concatenate(([0], np.cumsum(payments))).astype(np.int64)
    row = np.repeat(np.arange(len(payments)), payments)
    is_second = np.arange(len(row)) > offsets[row]
    half = price[row] // 2
    split = np.where(is_second, price[row] - half, half)
    paid = np.where((payments[row] == 1) | is_double[row], price[row], split)
    already = np.where(rng.random(len(row)) < 0.04, paid // rng.choice([1, 2], len(row)), 0)
    loss = np.where(rng.random(len(row)) < 0.02, rng.integers(-150, 250, len(row)), 0)
    return {
        "offsets": offsets,
        "payment_id": np.arange(1, len(row) + 1, dtype=np.int64),
        "channel": rng.choice(len(CHANNELS), len(row), p=_shares(CHANNELS, _CHANNELS)).astype(np.uint8),
        "paid_minor": paid,
        "refundable_minor": paid - already,
        "is_open": rng.random(len(row)) < 0.98,
        "tender_paid_at": np.full(len(row), NONE),
        "fx_loss_bp": loss,
    }
