"""A shop of real processes on one database: the stand-in, four workers and the web process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
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
from core.app import App, Settings, build
from core.domain.actors import Actor
from tests import pinned
from tests.fakes import FakeChannel, FakeClock
from tests.shop import Shop

ROOT = Path(__file__).parents[2]
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
_BOUND_SECONDS = 90  # for a process to be up or to go


@dataclass
class Rig:
    """`ask(n)` sends in refunds, `kill(name)` kills and starts anew, `wait_until` waits for what must be."""

    folder: Path
    url: str
    nursery: subprocess.Popen[str]
    pids: dict[str, int] = field(default_factory=dict)
    logs: dict[str, Path] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    kills: int = 0
    customers: Iterator[int] = field(default_factory=count)
    asked: int = 0  # refunds, one for each payment of an order

    def open(self) -> None:
        """The stand-in, the database, four workers and the web process."""
        port = _free_port()
        words = ["tests.standin", "--spacing", "0", "--books", str(self.books), "--keys"]
        self.start("standin", [*words, str(self.folder / "keys")])
        told = self.wait_until(lambda: self.logs["standin"].read_text(), "the stand-in is up")
        ready = json.loads(told.splitlines()[0])
        self.far, self.web = ready["url"], f"http://127.0.0.1:{port}"
        self.environment = _settings(self.folder, self.url, ready)
        hooks = {name: f"{self.web}/hooks/{name}" for name in ("alipay", "wechat", "card")}
        self.tell("hooks", hooks)
        database.migrate(self.url)
        self.app = self.opened(None)
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

    def opened(self, clock: Any) -> App:
        """The shop in this process, as its settings make it."""
        names = Settings.model_fields
        told = {k.removeprefix("REFUND_").lower(): v for k, v in self.environment.items()}
        return build(Settings(**{k: v for k, v in told.items() if k in names}), clock)  # type: ignore[arg-type]

    # --- processes ---------------------------------------------------------------------------------------

    def start(self, name: str, command: list[str]) -> None:
        log = self.logs[name] = self.folder / f"{name}-{self.kills}.log"
        wanted = {"command": command, "log": str(log), "env": self.environment}
        assert self.nursery.stdin is not None and self.nursery.stdout is not None
        self.nursery.stdin.write(json.dumps(wanted) + "\n")
        self.nursery.stdin.flush()
        self.pids[name] = int(self.nursery.stdout.readline())

    def is_up(self, name: str) -> bool:
        """A worker says so first of all; the web process answers."""
        if name == WEB:
            with suppress(OSError), urllib.request.urlopen(f"{self.web}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
            return False
        return self.logs[name].exists() and self.logs[name].stat().st_size > 0

    def is_gone(self, name: str) -> bool:
        try:
            os.kill(self.pids[name], 0)
        except ProcessLookupError:
            return True
        return False

    def kill(self, name: str) -> None:
        """SIGKILL, and another one in its place."""
        os.kill(self.pids[name], signal.SIGKILL)
        self.wait_until(lambda: self.is_gone(name), f"{name} is gone")
        self.kills += 1
        self.start(name, self.commands[name])

    def stop(self) -> None:
        """Ask workers and web to end, as an operator does; they finish what they are at."""
        for name in self.commands:
            self.wait_until(lambda name=name: self.is_up(name), f"{name} is up")  # type: ignore[misc]
        for name in self.commands:
            os.kill(self.pids[name], signal.SIGTERM)
        for name in self.commands:
            self.wait_until(lambda name=name: self.is_gone(name), f"{name} has ended")  # type: ignore[misc]

    def wait_until(self, happens: Callable[[], Any], what: str, seconds: float = _BOUND_SECONDS) -> Any:
        """What `happens` answers when it is true at last; `TimeoutError` says what did not come."""
        until = time.monotonic() + seconds
        while True:
            with suppress(FileNotFoundError):
                if found := happens():
                    return found
            if time.monotonic() > until:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}; logs in {self.folder}")
            time.sleep(0.05)

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
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.nursery", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = Rig(folder, url, nursery)
    try:
        found.open()
        yield found
    finally:
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdin.close()
        nursery.wait(timeout=30)
        nursery.stdout.close()
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


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
