"""An order history as columns: the facts of many claims, for the simulation. Row by row it is `Facts`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.domain.facts import CHANNELS, DELIVERIES, EVIDENCE_KINDS, KINDS, REASONS, Facts, Tender

DAY: Final = 86_400_000_000  # microseconds
ZONE_OFFSET: Final = 8 * 3_600_000_000  # Shanghai
NONE: Final = np.iinfo(np.int64).min  # an instant that is not there

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS: Final = {"reason": REASONS, "kind": KINDS, "delivery": DELIVERIES}
_INSTANTS: Final = ("at", "paid_at", "delivery_at", "completed_at", "asked_at")
_NUMBERS: Final = (
    "requested_minor", "quantity", "credit", "recent_refunds", "unnamed_refunds", "duplicate_minor",
)  # fmt: skip
_FLAGS: Final = ("has_account", "escrow")
_OF_ROWS: Final = (*_INSTANTS, *_WORDS, *_NUMBERS, *_FLAGS, "evidence", "currency")
_OF_TENDERS: Final = (
    "payment_id", "channel", "paid_minor", "refundable_minor", "is_open", "tender_paid_at", "fx_loss_bp",
)  # fmt: skip


@dataclass(frozen=True)
class History:
    """Instants are microseconds since 1970 (UTC) or `NONE`, words are codes in the order of their tuples.

    The payments of row i stand at `offsets[i]` up to `offsets[i + 1]` in the columns after it.
    """

    at: NDArray[np.int64]
    paid_at: NDArray[np.int64]
    delivery_at: NDArray[np.int64]
    completed_at: NDArray[np.int64]
    asked_at: NDArray[np.int64]
    reason: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    delivery: NDArray[np.uint8]
    evidence: NDArray[np.uint8]  # a bit for each of EVIDENCE_KINDS
    requested_minor: NDArray[np.int64]
    quantity: NDArray[np.int64]
    credit: NDArray[np.int64]
    recent_refunds: NDArray[np.int64]
    unnamed_refunds: NDArray[np.int64]
    duplicate_minor: NDArray[np.int64]
    has_account: NDArray[np.bool_]
    escrow: NDArray[np.bool_]
    currency: NDArray[np.uint16]  # codes of `currencies`
    currencies: tuple[str, ...]
    offsets: NDArray[np.int64]
    payment_id: NDArray[np.int64]
    channel: NDArray[np.uint8]
    paid_minor: NDArray[np.int64]
    refundable_minor: NDArray[np.int64]
    is_open: NDArray[np.bool_]
    tender_paid_at: NDArray[np.int64]
    fx_loss_bp: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, rows: Sequence[Facts]) -> History:
        """The columns of these facts."""
        columns: dict[str, Any] = {}
        for name in _INSTANTS:
            columns[name] = np.array([to_micros(getattr(facts, name)) for facts in rows], np.int64)
        for name, words in _WORDS.items():
            columns[name] = np.array([words.index(getattr(facts, name)) for facts in rows], np.uint8)
        for name in _NUMBERS:
            columns[name] = np.array([getattr(facts, name) for facts in rows], np.int64)
        for name in _FLAGS:
            columns[name] = np.array([getattr(facts, name) for facts in rows], np.bool_)
        currencies = tuple(dict.fromkeys(facts.currency for facts in rows))
        tenders = [tender for facts in rows for tender in facts.tenders]
        return cls(
            **columns,
            evidence=np.array([evidence_bits(facts.evidence) for facts in rows], np.uint8),
            currency=np.array([currencies.index(facts.currency) for facts in rows], np.uint16),
            currencies=currencies,
            offsets=np.cumsum([0, *(len(facts.tenders) for facts in rows)], dtype=np.int64),
            payment_id=np.array([tender.payment_id for tender in tenders], np.int64),
            channel=np.array([CHANNELS.index(tender.channel) for tender in tenders], np.uint8),
            paid_minor=np.array([tender.paid_minor for tender in tenders], np.int64),
            refundable_minor=np.array([tender.refundable_minor for tender in tenders], np.int64),
            is_open=np.array([tender.is_open for tender in tenders], np.bool_),
            tender_paid_at=np.array([to_micros(tender.paid_at) for tender in tenders], np.int64),
            fx_loss_bp=np.array([tender.fx_loss_bp for tender in tenders], np.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence[History]) -> History:
        """One after the other."""
        if not parts:
            return cls.of([])
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in (*_OF_ROWS, *_OF_TENDERS)
        }
        currencies = tuple(dict.fromkeys(name for part in parts for name in part.currencies))
        columns["currency"] = np.concatenate(
            [
                np.array([currencies.index(name) for name in part.currencies] or [0], np.uint16)[
                    part.currency
                ]
                for part in parts
            ]
        )
        payments = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(**columns, currencies=currencies, offsets=np.concatenate(([0], np.cumsum(payments))))

    def part(self, start: int, stop: int) -> History:
        """The rows from `start` up to `stop`, without a copy of them."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        columns: dict[str, Any] = {name: getattr(self, name)[start:stop] for name in _OF_ROWS}
        columns |= {name: getattr(self, name)[first:last] for name in _OF_TENDERS}
        return History(**columns, currencies=self.currencies, offsets=self.offsets[start : stop + 1] - first)

    def parts(self, rows: int) -> Iterator[History]:
        """All of it in parts of so many rows, the last one shorter."""
        for start in range(0, len(self), rows):
            yield self.part(start, min(start + rows, len(self)))

    def facts(self, row: int) -> Facts:
        """The facts of one row, for `assess` to explain it."""
        values: dict[str, Any] = {name: from_micros(getattr(self, name)[row]) for name in _INSTANTS}
        values |= {name: words[getattr(self, name)[row]] for name, words in _WORDS.items()}
        values |= {name: int(getattr(self, name)[row]) for name in _NUMBERS}
        values |= {name: bool(getattr(self, name)[row]) for name in _FLAGS}
        return Facts(
            **values,
            currency=self.currencies[self.currency[row]],
            evidence=frozenset(evidence_kinds(int(self.evidence[row]))),
            tenders=tuple(self._tender(i) for i in range(self.offsets[row], self.offsets[row + 1])),
        )

    def _tender(self, place: int) -> Tender:
        return Tender(
            payment_id=int(self.payment_id[place]),
            channel=CHANNELS[self.channel[place]],
            paid_minor=int(self.paid_minor[place]),
            refundable_minor=int(self.refundable_minor[place]),
            is_open=bool(self.is_open[place]),
            paid_at=from_micros(self.tender_paid_at[place]),
            fx_loss_bp=int(self.fx_loss_bp[place]),
        )


def evidence_bits(kinds: frozenset[str]) -> int:
    return sum(1 << place for place, kind in enumerate(EVIDENCE_KINDS) if kind in kinds)


def evidence_kinds(bits: int) -> tuple[str, ...]:
    return tuple(kind for place, kind in enumerate(EVIDENCE_KINDS) if bits >> place & 1)


def to_micros(instant: datetime | None) -> int:
    return NONE if instant is None else (instant - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: Any) -> datetime | None:
    return None if micros == NONE else _EPOCH + timedelta(microseconds=int(micros))
