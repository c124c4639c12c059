"""A small shop for the tests of the services: an App on a given database, orders in it, and people."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import insert, select

from core import worker
from core.adapters import database
from core.adapters.evidence_store import EvidenceStore
from core.adapters.tables import customers, evidence, orders, payments, payouts
from core.app import App
from core.domain.actors import SYSTEM, Actor
from core.services import cases
from core.services.audit import Finding, audit
from core.services.case_views import CaseView
from tests import pinned
from tests.fakes import FakeChannel, FakeClock

MEI = Actor("customer", "mei")
WEI = Actor("customer", "wei")
REVIEWER = Actor("reviewer", "zhou-lan")
REVIEWER_2 = Actor("reviewer", "qian-yu")
LEAD = Actor("lead", "tang-wei")
ARBITER = Actor("arbiter", "shen-bo")
FINANCE = Actor("finance", "gu-ning")
SUPPORT = Actor("support", "he-min")


@dataclass
class Shop:
    """`shop.order(…)` adds one, `shop.apply(…)` asks for its refund, `shop.work()` lets the worker run."""

    app: App
    clock: FakeClock
    alipay: FakeChannel
    wechat: FakeChannel
    numbers: Any = field(default_factory=count)

    def order(
        self,
        *tenders: tuple[str, int],
        customer: str = "mei",
        kind: str = "game_card",
        delivery: str = "code_issued",
        completed_at: datetime | None = None,
        quantity: int = 1,
        escrow: bool = False,
        is_open: bool = True,
        paid_at: datetime | None = None,
        account: str = "138****2046",
    ) -> str:
        """A paid order; by default one undelivered game card for ¥100.00 paid with Alipay."""
        tenders = tenders or (("alipay", 10_000),)
        number = next(self.numbers)
        order_no = f"OD{number:05d}"
        paid_at = paid_at or self.clock.at - timedelta(days=1)
        with self.app.begin() as conn:
            conn.execute(
                insert(orders).values(
                    order_no=order_no,
                    customer_id=customer,
                    product="游戏点卡",
                    kind=kind,
                    quantity=quantity,
                    amount_minor=sum(minor for _, minor in tenders),
                    currency="CNY",
                    delivery=delivery,
                    delivery_at=paid_at,
                    paid_at=paid_at,
                    completed_at=completed_at,
                    escrow=escrow,
                    source="shop",
                    digest="",
                )
            )
            for place, (channel, minor) in enumerate(tenders):
                conn.execute(
                    insert(payments).values(
                        order_no=order_no,
                        channel=channel,
                        trade_no=f"T{number:05d}-{place}",
                        account=account,
                        is_open=is_open,
                        currency="CNY",
                        paid_minor=minor,
                        paid_at=paid_at,
                    )
                )
        return order_no

    def apply(
        self,
        order_no: str,
        amount: int = 10_000,
        *,
        reason: str = "not_delivered",
        actor: Actor = MEI,
        command_id: str | None = None,
        **more: Any,
    ) -> cases.Submitted:
        command_id = command_id or f"apply-{next(self.numbers)}"
        return cases.apply(self.app, actor, order_no, reason, amount, command_id=command_id, **more)

    def act(self, case_no: str, event: str, actor: Actor, **more: Any) -> CaseView:
        return cases.act(self.app, actor, case_no, event, f"act-{next(self.numbers)}", **more)

    def picture(self, case_no: str, kind: str = "other") -> str:
        """A picture of the case's, as if it had been taken in now."""
        number = next(self.numbers)
        name, out = f"picture-{number}", io.BytesIO()
        Image.new("RGB", (400, 800), (number % 256, 80, 120)).save(out, "PNG")
        self.app.store.put(name, out.getvalue())
        with self.app.begin() as conn:
            conn.execute(
                insert(evidence).values(
                    id=name, case_no=case_no, kind=kind, media_type="image/png",
                    sha256=hashlib.sha256(out.getvalue()).hexdigest(), width=400, height=800,
                    size=len(out.getvalue()), added_at=self.clock.at,
                )
            )  # fmt: skip
        return name

    def view(self, case_no: str, actor: Actor = SYSTEM) -> CaseView:
        return cases.view(self.app, actor, case_no)

    def work(self, **later: float) -> int:
        """Move the clock by a timedelta's arguments, then do what is due."""
        self.clock.advance(timedelta(**later))
        return worker.run_until_idle(self.app)

    def audit(self) -> list[Finding]:
        return audit(self.app)

    def payment(self, order_no: str) -> Any:
        """The row of the order's first payment."""
        with self.app.read() as conn:
            return conn.execute(
                select(payments).where(payments.c.order_no == order_no).order_by(payments.c.id)
            ).first()

    def payouts(self, case_no: str) -> list[Any]:
        with self.app.read() as conn:
            return list(
                conn.execute(select(payouts).where(payouts.c.case_no == case_no).order_by(payouts.c.id))
            )


def open_shop(url: str, store: Path) -> Shop:
    """A shop on a migrated database: two customers, the standard policy, channels that can be told to
    fail.
    """
    clock = FakeClock()
    alipay, wechat = FakeChannel("alipay", clock), FakeChannel("wechat", clock)
    app = App(
        engine=database.engine(url),
        clock=clock,
        channels={"alipay": alipay, "wechat": wechat},
        store=EvidenceStore(store.as_uri()),
    )
    pinned.publish(app)
    with app.begin() as conn:
        for name in ("mei", "wei"):
            conn.execute(insert(customers).values(id=name, name=name, created_at=clock.at))
    return Shop(app, clock, alipay, wechat)
