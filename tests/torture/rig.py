"""A shop of real processes on one database: the stand-in, four workers and the web process."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, insert, select, update

from core.adapters import database
from core.adapters.tables import cases, customers, payments, payouts
from core.domain.actors import Actor
from tests import pinned
from tests.fakes import FakeChannel, FakeClock
from tests.processes import Processes, free_port, nursery
from tests.shop import Shop

WORKERS = tuple(f"worker{n}" for n in range(4))
WEB = "web"
PAID, ASKED = 10_000, 4_000  # a second refund of the same would fit: a double one shows
# How an order was paid: (channel, from a bank's card, seconds until the channel has decided)
Ways = tuple[tuple[str, bool, float], ...]
WAYS: tuple[Ways, ...] = (
    (("alipay", False, 0.0),), (("alipay", True, 0.5),), (("wechat", True, 0.3),), (("wechat", True, 1.0),),
    (("card", True, 0.0),), (("alipay", True, 0.3), ("wechat", True, 0.3)),
)  # fmt: skip
_TRADES = {"alipay": "20261120220014", "wechat": "42000010002026", "card": "pi_torture0000"}


@dataclass
class Rig(Processes):
    """`ask(n)` sends in refunds, `kill(name)` kills and starts anew, `wait_until` waits for what must be."""

    url: str = ""
    customers: Iterator[int] = field(default_factory=count)
    asked: int = 0  # refunds, one for each payment of an order

    def open(self) -> None:
        """The stand-in, the database, four workers and the web process."""
        port = free_port()
        words = ["tests.standin", "--spacing", "0", "--books", str(self.books), "--keys"]
        self.start("standin", [*words, str(self.folder / "keys")])
        told = self.wait_until(lambda: self.logs["standin"].read_text(), "the stand-in is up")
        ready = json.loads(told.splitlines()[0])
        self.far, self.web = ready["url"], f"http://127.0.0.1:{port}"
        self.environment = _settings(self.folder, self.url, ready)
        hooks = {name: f"{self.web}/hooks/{name}" for name in ("alipay", "wechat", "card")}
        self.tell("hooks", hooks)
        database.migrate(self.url)
        self.app = self.opened()
        pinned.publish(self.app)
        clock = FakeClock(datetime.now(UTC))
        self.shop = Shop(self.app, clock, FakeChannel("alipay", clock), FakeChannel("wechat", clock))
        self.commands = {name: ["core", "worker"] for name in WORKERS}
        self.commands[WEB] = ["portal.serve", "--port", str(port)]
        for name, command in self.commands.items():
            self.start(name, command)

    @property
    def books(self) -> Path:
        return self.folder / "far.db"

    # --- processes ---------------------------------------------------------------------------------------

    def is_up(self, name: str) -> bool:
        """A worker says so first of all; the web process answers."""
        if name == WEB:
            with suppress(OSError), urllib.request.urlopen(f"{self.web}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
            return False
        return self.logs[name].exists() and self.logs[name].stat().st_size > 0

    def kill(self, name: str) -> None:
        """SIGKILL, and another one in its place."""
        super().kill(name)
        self.start(name, self.commands[name])

    def stop(self) -> None:
        """Ask workers and web to end, as an operator does; they finish what they are at."""
        for name in self.commands:
            self.wait_until(lambda name=name: self.is_up(name), f"{name} is up")  # type: ignore[misc]
        self.ask_to_end(*self.commands)

    # --- the shop ----------------------------------------------------------------------------------------

    def tell(self, door: str, told: Mapping[str, Any]) -> None:
        """The stand-in's own door."""
        asked = urllib.request.Request(f"{self.far}/standin/{door}", json.dumps(told).encode())
        urllib.request.urlopen(asked, timeout=30).read()

    def ask(self, refunds: int, random: Random) -> None:
        """So many refunds and at most one more are sent in by customers and approved at once."""
        until = self.asked + refunds
        while self.asked < until:
            self.ask_one(random.choice(WAYS))

    def ask_one(self, ways: Ways) -> str:
        """One order, and the refund of a part of each of its payments; answers the case's number."""
        return self.apply(*self.order(ways))

    def order(self, ways: Ways) -> tuple[str, Actor, int]:
        """Paid in our books and in the channels'; answers its number, whose it is, and what to ask for."""
        customer = Actor("customer", f"c{next(self.customers)}")
        with self.app.begin() as conn:
            conn.execute(insert(customers).values(id=customer.id, name="梅", created_at=self.app.now()))
        order_no = self.shop.order(*((name, PAID) for name, _, _ in ways), customer=customer.id)
        with self.app.begin() as conn:
            paid = conn.execute(select(payments).where(payments.c.order_no == order_no)).all()
            for row in paid:
                trade_no = f"{_TRADES[row.channel]}{row.id:014d}"
                conn.execute(update(payments).where(payments.c.id == row.id).values(trade_no=trade_no))
                by_card, settles = next(way[1:] for way in ways if way[0] == row.channel)
                self.tell("payments", {
                    "channel": row.channel, "trade_no": trade_no, "paid_minor": PAID, "by_card": by_card,
                    "order_no": f"{order_no}-{row.id}", "settle_after": settles,
                })  # fmt: skip
        return order_no, customer, ASKED * len(ways)

    def apply(self, order_no: str, customer: Actor, minor: int) -> str:
        """The same form each time, however often it is sent."""
        sent = self.shop.apply(order_no, minor, actor=customer, command_id=f"form of {order_no}")
        assert sent.state == "approved", sent
        self.asked += minor // ASKED
        return sent.case_no

    def cut_short(self, lease: timedelta) -> set[int]:
        """Payouts that somebody began to send longer ago than any call takes: whoever it was is dead."""
        with self.app.read() as conn:
            begun = payouts.c.leased_until < self.app.now() + lease - timedelta(seconds=1.5)
            found = select(payouts.c.id).where(payouts.c.state == "sending", begun)
            return set(conn.execute(found).scalars())

    def is_done(self) -> bool:
        """Nothing is under way any more but cards, which a channel calls arrived only after a week."""
        waits = payouts.c.state.not_in(("arrived", "replanned"))
        far = (payouts.c.channel == "card") & (payouts.c.state == "accepted")
        with self.app.read() as conn:
            under_way = conn.execute(select(func.count()).where(waits, ~far)).scalar_one()
            to_pay = select(func.count()).where(cases.c.state == "approved")
            return not under_way and not conn.execute(to_pay).scalar_one()


@contextmanager
def rig(folder: Path, url: str, *words: str) -> Iterator[Rig]:
    """A shop that is up; whatever happens, none of its processes outlives it. `words`: the nursery's."""
    with nursery(*words) as starter:
        found = Rig(folder, starter, url=url)
        try:
            found.open()
            yield found
        finally:
            if hasattr(found, "app"):
                found.app.engine.dispose()


def _settings(folder: Path, url: str, ready: Mapping[str, Any]) -> dict[str, str]:
    keys = ready["keys"]
    values = {name: keys[name] for name in ("alipay_app_id", "wechat_mch_id", "wechat_serial")}
    values["wechat_public_key_id"] = keys["wechat_public_key_id"]
    for name in (
        "alipay_private_key", "alipay_public_key", "wechat_private_key", "wechat_public_key",
        "wechat_api_v3_key", "card_secret_key", "card_webhook_secret",
    ):  # fmt: skip
        values[name] = Path(keys[name]).as_uri()
    gateways = {"alipay": "/gateway.do", "wechat": "", "card": ""}
    values |= {f"{name}_gateway": ready["url"] + path for name, path in gateways.items()}
    values |= {"database_url": url, "store_url": (folder / "store").as_uri(), "reading": "0", "lang": "en"}
    return {f"REFUND_{name.upper()}": value for name, value in values.items()}
