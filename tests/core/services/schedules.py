"""Seeded schedules of one refund: workers, notices, lost answers, crashes at any commit, a clock that jumps;
the far end keeps its own books. `python -m tests.core.services.schedules SEED` replays one, step by step.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import structlog
from sqlalchemy import Connection, insert, select

from core.adapters import database
from core.adapters.channels import Notice, Outcome, RefundRequest
from core.adapters.tables import cases, customers
from core.domain.actors import Actor
from core.services import circuits, hearing, sending, timers
from tests.fakes import FakeChannel
from tests.shop import Shop, open_shop

JUMPS = (
    timedelta(0), timedelta(seconds=1), timedelta(minutes=1), sending.LEASE + timedelta(seconds=1),
    timedelta(minutes=31), timedelta(hours=7), timedelta(days=1),
)  # fmt: skip
IN_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # a commit there waits for no disk
STEPS = ("work", "work", "work", "notice", "notice", "jump", "jump", "settle", "pay")
LINE = ("", "", "", "lose_before", "lose_after", "garbage")


class Crash(BaseException):
    """The process is gone: no handler of the portal's sees it."""


@dataclass
class FarEnd(FakeChannel):
    """Remembers all that it ever told. `is_forgetful`: it moves money again for a key that it has, so that
    only whoever asks first pays once.
    """

    shop: Shop
    is_forgetful: bool = False
    told: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__("alipay", self.shop.clock, timedelta(days=1))
        self.on_the_way: Callable[[], None] = lambda: None  # before it has the request

    def refund(self, request: RefundRequest) -> Outcome:
        self.on_the_way()
        known = self.books.get(request.key)
        if self.is_forgetful and known is not None:
            self.books[f"{request.key}#{len(self.books)}"] = known
        return super().refund(request)

    def tell(self, key: str) -> None:
        """A notice of what became of a refund; it may be delivered at any time, any number of times."""
        request, _ = self.books[key]
        outcome = self._answer(key)
        if outcome.kind != "accepted":
            number = f"n-{len(self.told)}-{key}"
            self.told.append(Notice(number, key, (request.trade_no,), request.amount_minor, outcome))


class Schedule:
    """One refund under one seed."""

    def __init__(self, shop: Shop, seed: int, *, is_forgetful: bool = False) -> None:
        self.shop, self.random, self.seed = shop, Random(seed), seed
        self.far = FarEnd(shop, is_forgetful)
        self.shop.app.channels = {"alipay": self.far}
        self.steps: list[str] = []
        self.commits = 0
        self.crash_at = (0, "")
        customer = Actor("customer", f"c-{seed}-{next(shop.numbers)}")
        with shop.app.begin() as conn:
            conn.execute(insert(customers).values(id=customer.id, name="梅", created_at=shop.clock.at))
        self.order_no = shop.order(("alipay", 20_000), customer=customer.id)
        self.case_no = shop.apply(self.order_no, actor=customer).case_no
        self.far.before_answer = self.far.on_the_way = self._meanwhile
        self.is_busy = False

    # --- what happens ------------------------------------------------------------------------------------

    def run(self) -> None:
        with self._crashing():
            for _ in range(self.random.randint(5, 16)):
                step = self.random.choice(STEPS)
                self.steps.append(step)
                self.commits, self.crash_at = 0, (0, "")
                if self.random.random() < 0.3:
                    self.crash_at = (self.random.randint(1, 4), self.random.choice(("before", "after")))
                    self.steps[-1] += f" (dies {self.crash_at[1]} commit {self.crash_at[0]})"
                with suppress(Crash):
                    getattr(self, f"_{step}")()
                self.is_busy = False
        self._finish()

    def _work(self) -> None:
        """Another worker each time; the line may be bad."""
        self.far.faults.clear()
        self.far.faults.extend(self.random.choice(LINE) for _ in range(2))
        for payout_id in sending.due_ids(self.shop.app, self.shop.clock.at, 5):
            sending.attend(self.shop.app, payout_id, f"w-{len(self.steps)}")

    def _pay(self) -> None:
        timers.run_due(self.shop.app, self.case_no)

    def _jump(self) -> None:
        self.shop.clock.advance(self.random.choice(JUMPS))

    def _settle(self) -> None:
        """The bank sends it back, sometimes after it was there; the far end tells what is."""
        for key in list(self.far.books):
            if key not in self.far.returned and self._fate(key) == "returned":
                self.far.give_back(key)
            self.far.tell(key)

    def _fate(self, key: str) -> str:
        """Decided by the refund: what was given back stays so, and what has arrived is not taken back."""
        if Random(f"{self.seed}{key}").random() < 0.15 and self.far._answer(key).kind == "accepted":
            return "returned"
        return "kept"

    def _notice(self) -> None:
        if self.far.told:
            self.far_says = self.random.choice(self.far.told)
            self.far.says = self.far_says
            hearing.hear(self.shop.app, "alipay", {}, b"")

    def _meanwhile(self) -> None:
        """While a call is on the line another worker comes by, a notice overtakes the answer, or we die."""
        if self.is_busy:
            return
        self.is_busy = True
        roll = self.random.random()
        try:
            if roll < 0.1:
                raise Crash
            if roll < 0.3:
                for payout_id in [row.id for row in self.shop.payouts(self.case_no)]:
                    sending.attend(self.shop.app, payout_id, "other")
            elif roll < 0.4:
                self._settle()
                self._notice()
        finally:
            self.is_busy = False

    def _finish(self) -> None:
        """Nothing fails any more: within a month it is over."""
        self.far.faults.clear()
        self.far.before_answer = self.far.on_the_way = lambda: None
        for _ in range(60):
            self._pay()
            for payout_id in sending.due_ids(self.shop.app, self.shop.clock.at, 5):
                sending.attend(self.shop.app, payout_id, "last")
            if self.state() in ("completed", "negotiating"):
                break
            self.shop.clock.advance(timedelta(hours=12))

    @contextmanager
    def _crashing(self) -> Iterator[None]:
        app = self.shop.app
        begin = app.begin

        @contextmanager
        def dying() -> Iterator[Connection]:
            self.commits += 1
            now = self.commits == self.crash_at[0]
            with begin() as conn:
                yield conn
                if now and self.crash_at[1] == "before":
                    raise Crash
            if now:
                raise Crash

        app.begin = dying  # type: ignore[method-assign]
        try:
            yield
        finally:
            app.begin = begin  # type: ignore[method-assign]

    # --- what must be ------------------------------------------------------------------------------------

    def state(self) -> str:
        with self.shop.app.read() as conn:
            ours = cases.c.case_no == self.case_no
            return str(conn.execute(select(cases.c.state).where(ours)).scalar_one())

    def wrong(self) -> str:
        """What is not as it must be; '' when all is."""
        payment = self.shop.payment(self.order_no)
        moved, state = self.far.moved(payment.trade_no), self.state()
        expected = {"completed": (10_000, 10_000, 0), "negotiating": (0, 0, 10_000)}
        found = (moved, payment.refunded_minor, payment.reserved_minor)
        if state not in expected:
            return f"still {state}"
        return "" if found == expected[state] else f"{state}, but moved, refunded and reserved are {found}"


def shop_of(folder: Path) -> Shop:
    url = f"sqlite:///{folder / 'schedules.db'}"
    database.migrate(url)
    return open_shop(url, folder / "evidence")


def run(shop: Shop, seed: int, *, is_forgetful: bool = False) -> str:
    """'' or what went wrong, with the seed and the steps that lead there."""
    with shop.app.begin() as conn:
        conn.execute(circuits.circuits.delete())
    schedule = Schedule(shop, seed, is_forgetful=is_forgetful)
    schedule.run()
    wrong = schedule.wrong()
    return f"seed {seed}: {wrong} after {', '.join(schedule.steps)}" if wrong else ""


@contextmanager
def quiet() -> Iterator[None]:
    """Without the lines that all these accidents would write."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent


def main() -> None:
    with quiet(), tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        shop = shop_of(Path(folder))
        for seed in map(int, sys.argv[1:]):
            print(run(shop, seed) or f"seed {seed}: well")
        print(shop.audit() or "audit clean")


if __name__ == "__main__":
    main()
