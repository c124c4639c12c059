"""Between a file and the orders: rows are staged in temporary tables, then merged in one transaction.

Filling holds no write lock. Merging is a handful of statements over all rows at once, the same on SQLite and
PostgreSQL; it finds what contradicts the database and leaves it to the caller to commit or to roll back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_type_hints

from sqlalchemy import Connection, text

from core.adapters import order_statements as sql
from core.adapters.bills.rows import Notice, Problem, Refund, Trade

LISTED: Final = 100  # problems that are told one by one; the rest are counted
_BATCH: Final = 4_000
_MANY: Final = 50_000
# Keys arrive in any order: with SQLite's usual 2 MB every page would be read and written many times.
_CACHE_KIB: Final = 96 * 1024

_TYPES: Final = {int: "BIGINT", str: "TEXT", int | None: "BIGINT", str | None: "TEXT"}


def _create(table: str, row: type[Trade] | type[Refund]) -> str:
    columns = [
        "line INTEGER PRIMARY KEY" if name == "line" else f"{name} {_TYPES[kind]}"
        for name, kind in get_type_hints(row).items()
    ]
    return f"CREATE TEMPORARY TABLE {table} ({', '.join(columns)}, payment_id BIGINT)"


@dataclass
class Filled:
    """What was staged, and what could not be."""

    source: str = ""
    trades: int = 0
    refunds: int = 0
    skipped: int = 0
    bad_rows: int = 0
    last_bad_line: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    told: dict[str, list[int]] = field(default_factory=dict)  # notice code → lines that were left out

    @property
    def rows(self) -> int:
        return self.trades + self.refunds + self.skipped + self.bad_rows


@dataclass
class Merged:
    """What a merge did, or would do, in rows of the file."""

    orders: int = 0  # different ones in the file
    new_payments: int = 0
    changed: int = 0  # rows that moved a known order or payment forward
    unchanged: int = 0
    new_refunds: int = 0
    known_refunds: int = 0
    our_refunds: int = 0
    settled_waiting: int = 0  # refunds of earlier files that found their payment now
    waiting_count: int = 0  # refunds that match no payment; `waiting` lists the first of them
    waiting: list[Refund] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    notices: list[Notice] = field(default_factory=list)


class Staging:
    """The temporary tables of one connection: `create`, `fill`, `merge` in a writing transaction, `drop`."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._sqlite = conn.dialect.name == "sqlite"

    def create(self) -> None:
        """Empty tables, visible to this connection only."""
        if self._sqlite:
            self._run(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._run(f"PRAGMA temp.cache_size = -{_CACHE_KIB // 6}")
        self._run(_create("staged_trades", Trade))
        self._run(_create("staged_refunds", Refund))

    def drop(self) -> None:
        """Nothing stays behind on a pooled connection."""
        self._run("DROP TABLE IF EXISTS staged_trades")
        self._run("DROP TABLE IF EXISTS staged_refunds")
        if self._sqlite:
            self._run("PRAGMA cache_size = -2000")

    def fill(self, rows: Iterable[Any]) -> Filled:
        """Stage all payments and refunds of `rows`; problems and skipped rows are collected."""
        filled = Filled()
        trades: list[Trade] = []
        refunds: list[Refund] = []
        add_trade = trades.append
        for row in rows:
            kind = type(row)
            if kind is Trade:
                add_trade(row)
                if len(trades) >= _BATCH:
                    self._stage("staged_trades", trades, filled)
            elif kind is Refund:
                refunds.append(row)
                if len(refunds) >= _BATCH:
                    self._stage("staged_refunds", refunds, filled)
            elif kind is Problem:
                filled.problem_count += 1
                filled.bad_rows += filled.last_bad_line != row.line
                filled.last_bad_line = row.line
                if len(filled.problems) < LISTED:
                    filled.problems.append(row)
            else:
                filled.skipped += 1
                if row.code:
                    lines = filled.told.setdefault(row.code, [])
                    lines.append(row.line)
        self._stage("staged_trades", trades, filled)
        self._stage("staged_refunds", refunds, filled)
        if filled.trades:
            place = "temp." if self._sqlite else ""
            columns = "order_no, channel, trade_no, digest, line"
            self._run(f"CREATE INDEX {place}staged_by_order ON staged_trades ({columns})")
        if not self._sqlite:
            self._run("ANALYZE staged_trades")
            self._run("ANALYZE staged_refunds")
        return filled

    def _stage(self, table: str, rows: list[Any], filled: Filled) -> None:
        if not rows:
            return
        columns = ", ".join(rows[0]._fields)
        # The drivers themselves: SQLAlchemy's own preparation of each row would cost more than the row.
        if self._sqlite:
            marks = ", ".join("?" * len(rows[0]))
            self._conn.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        else:
            driver: Any = self._conn.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        if table == "staged_trades":
            filled.trades += len(rows)
            filled.source = rows[0].source
        else:
            filled.refunds += len(rows)
        rows.clear()

    def merge(self, filled: Filled, now_micros: int) -> Merged:
        """Bring what is staged into the database. With `problems` in the answer the caller rolls back."""
        merged = Merged()
        if filled.trades:
            self._merge_trades(filled, merged, now_micros)
        self._merge_refunds(merged)
        return merged

    def _merge_trades(self, filled: Filled, merged: Merged, now_micros: int) -> None:
        from_bill = filled.source in sql.BILL_SOURCES
        self._problems(merged, sql.ROWS_DISAGREE)
        self._problems(merged, sql.PAYMENT_TWICE)
        if from_bill:
            self._run(sql.BILL_ROW_OF_A_SHOP_ORDER)
        merged.orders = self._one("SELECT count(*) FROM (SELECT DISTINCT order_no FROM staged_trades) AS d")
        some_known = self._run(sql.NEW_ORDERS) < merged.orders
        if not from_bill and self._any(f"SELECT 1 FROM orders WHERE source IN {sql.BILLS}"):
            some_known |= self._adopt()
        if some_known:
            self._run(sql.KNOWN_NUMBER_FOR_PLACEHOLDER)
            self._run(sql.REAL_NUMBER_ARRIVED)
            merged.unchanged = self._run(sql.FORGET_UNCHANGED)
        left = filled.trades - merged.unchanged
        if not left:
            return
        if some_known:
            self._problems(merged, sql.ORDER_CONTRADICTS)
            self._problems(merged, sql.PAYMENT_CONTRADICTS)
            self._run(sql.UPDATE_ORDERS)
            self._run(sql.UPDATE_PAYMENTS)
        merged.new_payments = self._run(sql.NEW_PAYMENTS)
        merged.changed = left - merged.new_payments
        if some_known or merged.orders < filled.trades:
            self._run(sql.PAID_SINCE)
        if from_bill:
            self._run(sql.BILL_ORDER_AMOUNT)
            for row in self._rows(sql.TRADE_SHARED):
                merged.notices.append(Notice("trade_shared", {"line": row.line, "trade_no": row.trade_no}))
        else:
            # For many rows one look along the index is cheaper than a look-up for each.
            if left < _MANY or self._any(sql.SHARED_AT_ALL):
                self._problems(merged, sql.TRADE_TAKEN)
            self._run(sql.CUSTOMERS, now=now_micros)

    def _adopt(self) -> bool:
        """The shop's export tells which order a payment known from a bill belongs to."""
        if not self._run(sql.MARK_ADOPTED):
            return False
        self._run(sql.ADOPT)
        self._run(sql.FORGET_EMPTY_BILL_ORDERS)
        return True

    def _merge_refunds(self, merged: Merged) -> None:
        # Refunds of earlier files that waited for these payments join in, with negative line numbers.
        self._run(sql.WAITING_JOIN_IN)
        if not self._any("SELECT 1 FROM staged_refunds"):
            return
        self._run(sql.OURS)
        for statement in sql.FIND_PAYMENT:
            self._run(statement)
        self._problems(merged, sql.REFUND_CONTRADICTS)
        merged.our_refunds = self._one(sql.COUNT_OURS)
        merged.new_refunds = self._one(sql.COUNT_NEW)
        merged.known_refunds = self._one(sql.COUNT_FOUND) - merged.new_refunds
        self._run(sql.NEW_REFUNDS)
        merged.settled_waiting = self._run(sql.NO_LONGER_WAITING)
        self._run(sql.REFUNDED_OUTSIDE)
        self._run(sql.KEEP_WAITING)
        merged.waiting_count = self._one(sql.COUNT_WAITING)
        merged.waiting = [Refund(*row) for row in self._rows(sql.STILL_WAITING)]
        for row in self._rows(sql.BEYOND_PAID):
            merged.notices.append(Notice("refunded_beyond_paid", {"order_no": row.order_no}))

    def _run(self, statement: str, **params: Any) -> int:
        return self._conn.execute(text(statement), params).rowcount

    def _one(self, statement: str) -> int:
        return int(self._conn.execute(text(statement)).scalar_one())

    def _any(self, statement: str) -> bool:
        return self._conn.execute(text(f"{statement} LIMIT 1")).first() is not None

    def _rows(self, statement: str) -> Sequence[Any]:
        return self._conn.execute(text(f"{statement} LIMIT {LISTED}")).all()

    def _problems(self, merged: Merged, statement: str) -> None:
        """Rows of (line, code, …params) become problems."""
        rows = self._conn.execute(text(f"{statement} ORDER BY line LIMIT {LISTED}")).all()
        merged.problem_count += (
            len(rows) if len(rows) < LISTED else self._one(f"SELECT count(*) FROM ({statement}) AS p")
        )
        for row in rows:
            params = dict(row._mapping)
            merged.problems.append(Problem(params.pop("line"), params.pop("code"), params))
