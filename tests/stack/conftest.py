"""One hosted shop for all tests of this folder; each takes customers and orders of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from bench import shop
from bench.customers import Customer
from core.adapters.tables import cases
from core.app import App
from core.services import identity
from core.services.audit import audit
from tests import postgres
from tests.buckets import S3
from tests.stack.rig import Missing, Stack, stack

_numbers = count()


@dataclass
class Hosted:
    """The stack, and the shop as this process sees it: for what a test must know and customers cannot."""

    stack: Stack
    app: App

    def customer(self, delivery: str = "pending", orders: int = 1) -> tuple[Customer, list[str]]:
        """A new one, signed in, and the numbers of their orders."""
        who = f"s{next(_numbers)}"
        numbers = [f"{who}-{n}" for n in range(orders)]
        shop.add_orders(self.app, [(number, who, delivery) for number in numbers])
        token = identity.open_session(self.app, "customer", who)
        cookie = ("__Host-refund_session", token)
        return Customer(self.stack.address, cookie, self.stack.trust(), think=0), numbers

    def cases_of(self, numbers: list[str]) -> list[Any]:
        """(order, state, what they wrote) of every case of these orders."""
        wanted = select(cases.c.order_no, cases.c.state, cases.c.description)
        with self.app.read() as conn:
            return list(conn.execute(wanted.where(cases.c.order_no.in_(numbers))))

    def findings(self) -> list[str]:
        return [f"{found.invariant} {found.code} {found.subject} {found.detail}" for found in audit(self.app)]


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory, s3_server: S3) -> Iterator[Hosted]:
    try:
        with stack(tmp_path_factory.mktemp("stack"), "--warm", s3=s3_server) as found:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in found.environment.items():
                    if name.startswith("AWS_"):
                        patch.setenv(name, value)
                app = found.opened()
                app.store.check()  # from here on it knows its key
            yield Hosted(found, app)
            app.engine.dispose()
    except (Missing, postgres.Missing) as missing:
        postgres.skip_or_fail(str(missing))


@pytest.fixture
def run() -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Runs one coroutine."""
    return lambda what: asyncio.run(what())  # type: ignore[arg-type]
