"""What the services are given: the database, the clock, the channels and the store. `core.app` puts it
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from core.adapters import database
from core.adapters.channels import Channel
from core.adapters.clock import Clock, DemoClock, is_moved
from core.adapters.evidence_store import EvidenceStore
from core.adapters.notifiers import Notifiers
from core.adapters.provider import Provider
from core.adapters.reading.process import Reader
from core.domain.errors import DemoOnly
from core.domain.hosts import LOOPBACK
from core.domain.policy import Policy
from core.domain.workdays import Calendar, china


@dataclass
class App:
    """One per process and database. Everything a service touches outside the rules is in here."""

    engine: Engine
    clock: Clock
    channels: Mapping[str, Channel]
    store: EvidenceStore
    demo: bool = False
    shop_name: str = "星点"
    support: str = ""
    public_url: str = ""  # where customers and strangers reach the portal
    metrics_token: str = field(default="", repr=False)  # of whoever may read the figures of the process
    hosts: frozenset[str] = LOOPBACK  # names that it may be asked for by
    language: str = "zh_CN"  # of what the shop's own people are told
    notifiers: Notifiers = field(default_factory=Notifiers)
    provider: Provider | None = None  # whom people sign in with; never in demo mode
    reader: Reader | None = None  # reads pictures, where the extra is installed
    calendar: Calendar = field(default_factory=china)
    link_key: bytes | None = None  # of links to evidence, once read
    policies: dict[int, Policy] = field(default_factory=dict)  # published policies by version, once read
    drafts: dict[int, Policy] = field(default_factory=dict)  # those on trial in the shadow, once read
    arrivals: dict[str, tuple[datetime, Any]] = field(default_factory=dict)  # by channel, and as of when

    def __post_init__(self) -> None:
        self._writer = database.writer(self.engine)
        self._reader = database.reader(self.engine)

    @property
    def database_url(self) -> str:
        """With its password: for connecting, never for showing."""
        return self.engine.url.render_as_string(hide_password=False)

    @property
    def verify_address(self) -> str:
        """Where anybody can check a certificate; '' where the portal does not know its own address."""
        return f"{self.public_url.rstrip('/')}/verify" if self.public_url else ""

    def now(self) -> datetime:
        return self.clock.now()

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction that writes: committed at the end, rolled back by any exception."""
        return self._writer.begin()

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that reads one consistent state."""
        return self._reader.begin()

    def glance(self) -> AbstractContextManager[Connection]:
        """A connection for one `Prepared` read: what is read at one instant anyway needs no transaction."""
        return self.engine.connect()

    def is_off_its_clock(self) -> bool:
        """The machine's time is read on the database of a demo that was moved to another."""
        return not self.demo and is_moved(self.engine)

    def demo_clock(self) -> DemoClock:
        """The clock that can be moved; `DemoOnly` outside demo mode."""
        if not self.demo or not isinstance(self.clock, DemoClock):
            raise DemoOnly()
        return self.clock
