"""The channels' own books: payments, refunds, calls and notices in an SQLite file, the truth for tests.

Nothing here knows a protocol. A refund beyond what was paid is refused here, whatever lies are told outside.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    channel TEXT NOT NULL, trade_no TEXT NOT NULL, order_no TEXT NOT NULL,
    paid_minor INTEGER NOT NULL CHECK (paid_minor > 0), currency TEXT NOT NULL, paid_at REAL NOT NULL,
    by_card INTEGER NOT NULL,                 -- paid from a bank's card, not from the channel's own purse
    settle_after REAL NOT NULL,               -- seconds until a refund of it is decided; < 0: by hand
    product TEXT NOT NULL, account TEXT NOT NULL,
    PRIMARY KEY (channel, trade_no), UNIQUE (channel, order_no)
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, trade_no TEXT NOT NULL, key TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), reference TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('asked', 'processing', 'succeeded', 'abnormal', 'failed', 'canceled')),
    fate TEXT NOT NULL,                       -- the state to come
    asked_at REAL NOT NULL, due_at REAL, settled_at REAL,
    forgotten INTEGER NOT NULL DEFAULT 0,     -- the channel does not know its key any more
    notify_url TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    FOREIGN KEY (channel, trade_no) REFERENCES payments
) STRICT;
-- Stripe's keys are of requests, not of refunds
CREATE UNIQUE INDEX IF NOT EXISTS one_refund_a_key ON refunds (channel, key)
    WHERE NOT forgotten AND channel != 'card';
CREATE TABLE IF NOT EXISTS funds (channel TEXT PRIMARY KEY, available_minor INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS kept_replies (      -- what Stripe keeps for an Idempotency-Key
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, channel TEXT NOT NULL, op TEXT NOT NULL, key TEXT NOT NULL,
    fault TEXT NOT NULL, status INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    url TEXT NOT NULL, headers TEXT NOT NULL, body TEXT NOT NULL, fault TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT ''
) STRICT;
"""
GONE = "('failed', 'canceled')"  # states in which the shop has its money back


class TooMuch(Exception):
    """More than was paid and not yet refunded."""


class NoFunds(Exception):
    """The shop's own money at the channel does not suffice."""


class Books:
    """One connection, one lock: every call of the server is one transaction after the other."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;" + SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def write(self, table: str, **values: Any) -> int:
        """Insert a row; answers its id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.transaction() as db:
            done = db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))
        return int(done.lastrowid or 0)

    # --- payments ----------------------------------------------------------------------------------------

    def pay(
        self,
        channel: str,
        trade_no: str,
        paid_minor: int,
        *,
        order_no: str = "",
        currency: str = "CNY",
        paid_at: float | None = None,
        by_card: bool = False,
        settle_after: float = 0.0,
        product: str = "游戏点卡 100 元",
        account: str = "lin***@example.com",
    ) -> None:
        """A customer has paid."""
        self.write(
            "payments",
            channel=channel,
            trade_no=trade_no,
            order_no=order_no or f"ORDER-{trade_no}",
            paid_minor=paid_minor,
            currency=currency,
            paid_at=time.time() if paid_at is None else paid_at,
            by_card=int(by_card),
            settle_after=float(settle_after),
            product=product,
            account=account,
        )

    def payment(self, channel: str, trade_no: str = "", order_no: str = "") -> sqlite3.Row | None:
        return self.row(
            "SELECT * FROM payments WHERE channel = ? AND (trade_no = ? OR (? = '' AND order_no = ?))",
            channel, trade_no, trade_no, order_no,
        )  # fmt: skip

    def set_funds(self, channel: str, available_minor: int) -> None:
        """From here on the shop's own money at the channel is counted."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO funds VALUES (?, ?)", (channel, available_minor))

    # --- refunds -----------------------------------------------------------------------------------------

    def refund(
        self,
        payment: sqlite3.Row,
        key: str,
        amount_minor: int,
        *,
        state: str,
        fate: str,
        due_at: float | None,
        notify_url: str = "",
        note: str = "",
        without_funds: bool = False,
    ) -> sqlite3.Row:
        """Take a refund into the books. `TooMuch` and `NoFunds` leave them as they were."""
        channel, trade_no, now = payment["channel"], payment["trade_no"], time.time()
        with self.transaction() as db:
            if self.refunded(channel, trade_no) + amount_minor > payment["paid_minor"]:
                raise TooMuch
            funds = self.row("SELECT available_minor FROM funds WHERE channel = ?", channel)
            if funds and not without_funds:
                if funds["available_minor"] < amount_minor:
                    raise NoFunds
                db.execute(
                    "UPDATE funds SET available_minor = available_minor - ? WHERE channel = ?",
                    (amount_minor, channel),
                )
            number = self.write(
                "refunds",
                channel=channel,
                trade_no=trade_no,
                key=key,
                amount_minor=amount_minor,
                reference="",
                state=state,
                fate=fate,
                asked_at=now,
                due_at=due_at,
                settled_at=now if state == fate else None,
                notify_url=notify_url,
                note=note,
            )
            reference = f"re_{number:024d}" if channel == "card" else f"503{int(now)}{number:012d}"
            db.execute("UPDATE refunds SET reference = ? WHERE id = ?", (reference, number))
        return self.refund_by_id(number)

    def refund_by_id(self, number: int) -> sqlite3.Row:
        found = self.row("SELECT * FROM refunds WHERE id = ?", number)
        assert found is not None
        return found

    def known(self, channel: str, key: str, *, for_new: bool = False) -> sqlite3.Row | None:
        """The refund that the channel remembers under this key. `for_new`: it is forgotten from here on."""
        if for_new:
            with self.transaction() as db:
                db.execute("UPDATE refunds SET forgotten = 1 WHERE channel = ? AND key = ?", (channel, key))
        return self.row("SELECT * FROM refunds WHERE channel = ? AND key = ? AND NOT forgotten", channel, key)

    def set(self, number: int, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        with self.transaction() as db:
            db.execute(f"UPDATE refunds SET {names} WHERE id = ?", (*values.values(), number))

    def settle(self, channel: str = "", key: str = "", *, by_hand: bool = False) -> list[sqlite3.Row]:
        """Let what is due come to its fate, or all that fits, by hand; answers the refunds that changed."""
        now = time.time()
        with self.transaction() as db:
            due = self.rows(
                """SELECT id FROM refunds WHERE state != fate AND (due_at <= ? OR ?)
                   AND ? IN ('', channel) AND ? IN ('', key)""",
                now, by_hand, channel, key,
            )  # fmt: skip
            for row in due:
                db.execute("UPDATE refunds SET state = fate, settled_at = ? WHERE id = ?", (now, row["id"]))
        return [self.refund_by_id(row["id"]) for row in due]

    # --- the truth, for tests ----------------------------------------------------------------------------

    def refunded(self, channel: str, trade_no: str) -> int:
        """Minor units that left for the customer, or are held for the customer by the channel."""
        found = self.row(
            f"""SELECT coalesce(sum(amount_minor), 0) AS total FROM refunds
                WHERE channel = ? AND trade_no = ? AND state NOT IN {GONE}""",
            channel, trade_no,
        )  # fmt: skip
        assert found is not None
        return int(found["total"])

    def refunds(self, channel: str, trade_no: str = "") -> list[sqlite3.Row]:
        return self.rows(
            "SELECT * FROM refunds WHERE channel = ? AND ? IN ('', trade_no) ORDER BY id", channel, trade_no
        )
