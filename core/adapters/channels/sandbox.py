"""A channel that lives next door, for demos and load: own books, deterministic, as strict as a real one."""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import Engine, func, insert, select

from core.adapters import database
from core.adapters.channels import Capabilities, Outcome, Quiet, RefundRequest
from core.adapters.clock import Clock
from core.adapters.tables import sandbox_refunds
from core.domain.workdays import ZONE, Calendar, china, local_date

SETTLES_AFTER_WORKING_DAYS: Final = {"alipay": 1, "wechat": 1, "card": 3}
_BOOKS_LOCK: Final = 7_245_002


class SandboxChannel(Quiet):
    """Accepts at once and settles at noon some working days later. Refuses beyond the trade's total, by its
    own books.
    """

    remembers = timedelta(days=365)

    def __init__(self, name: str, engine: Engine, clock: Clock, calendar: Calendar | None = None) -> None:
        self.name = name
        days = SETTLES_AFTER_WORKING_DAYS[name]
        self.capabilities = Capabilities(timedelta(days=365), None, timedelta(0), (days, days))
        self._engine = engine
        self._clock = clock
        self._calendar = calendar or china()

    def refund(self, request: RefundRequest) -> Outcome:
        now = self._clock.now()
        with database.writer(self._engine).begin() as conn:
            database.serialize(conn, _BOOKS_LOCK)
            known = conn.execute(
                select(sandbox_refunds).where(sandbox_refunds.c.key == request.key)
            ).one_or_none()
            if known is not None:
                if (known.trade_no, known.amount_minor) != (request.trade_no, request.amount_minor):
                    return Outcome("refused", cause="key_reused")
                return self._answer(known.reference, known.accepted_at, known.settles_at, now)
            sent: int = conn.execute(
                select(func.coalesce(func.sum(sandbox_refunds.c.amount_minor), 0)).where(
                    sandbox_refunds.c.channel == self.name, sandbox_refunds.c.trade_no == request.trade_no
                )
            ).scalar_one()
            if sent + request.amount_minor > request.total_minor:
                return Outcome("refused", cause="beyond_paid")
            reference = self._reference(request.key)
            settles_at = self._settles_at(now)
            conn.execute(
                insert(sandbox_refunds).values(
                    key=request.key,
                    channel=self.name,
                    trade_no=request.trade_no,
                    amount_minor=request.amount_minor,
                    reference=reference,
                    accepted_at=now,
                    settles_at=settles_at,
                )
            )
        return self._answer(reference, now, settles_at, now)

    def query(self, request: RefundRequest) -> Outcome:
        with database.reader(self._engine).begin() as conn:
            known = conn.execute(
                select(sandbox_refunds).where(sandbox_refunds.c.key == request.key)
            ).one_or_none()
        if known is None:
            return Outcome("never_seen")
        return self._answer(known.reference, known.accepted_at, known.settles_at, self._clock.now())

    def _answer(self, reference: str, accepted_at: datetime, settles_at: datetime, now: datetime) -> Outcome:
        if now >= settles_at:
            return Outcome("arrived", reference, at=settles_at)
        return Outcome("accepted", reference, at=accepted_at)

    def _settles_at(self, now: datetime) -> datetime:
        day = self._calendar.add(local_date(now), SETTLES_AFTER_WORKING_DAYS[self.name])
        return datetime.combine(day, time(12, 0), ZONE)

    def _reference(self, key: str) -> str:
        digits = int.from_bytes(hashlib.sha256(f"{self.name}:{key}".encode()).digest()[:8], "big")
        return f"50{digits % 10**18:018d}"
