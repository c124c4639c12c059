"""Between a file and the orders: rows are staged in temporary tables, then merged in one transaction.

Filling holds no write lock. Merging is a handful of statements over all rows at once, the same on SQLite and on
PostgreSQL; it finds what contradicts the database and leaves it to the caller to commit or to roll back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text

from core.adapters.bills.rows import Notice, Problem, Refund, Trade
from core.domain.facts import DELIVERIES

LISTED: Final = 100  # problems that are told one by one; the rest are counted
_BATCH: Final = 4_000
_CACHE_KIB: Final = 48 * 1024  # keys arrive in any order: with SQLite's 2 MB every page would be read many times

# Channels' bills; they know payments and nothing about goods.
BILL_SOURCES: Final = ("alipay_merchant", "wechat_trade")
_BILLS: Final = "('alipay_merchant', 'wechat_trade')"

_TYPES: Final = {int: "BIGINT", str: "TEXT", int | None: "BIGINT", str | None: "TEXT"}


def _create(table: str, row: type[Trade] | type[Refund]) -> str:
    columns = [
        "line INTEGER PRIMARY KEY" if name == "line" else f"{name} {_TYPES[kind]}"
        for name, kind in _hints(row).items()
    ]
    return f"CREATE TEMPORARY TABLE {table} ({', '.join(columns)}, payment_id BIGINT)"


def _hints(row: type[Any]) -> dict[str, Any]:
    from typing import get_type_hints

    return get_type_hints(row)


@dataclass
class Merged:
    """What a merge did, or would do, in rows of the file."""

    orders: int = 0  # different ones in the file
    new_payments: int = 0
    changed: int = 0  # rows that moved a known order or payment forward
    new_refunds: int = 0
    known_refunds: int = 0
    our_refunds: int = 0
    settled_waiting: int = 0  # refunds of earlier files that found their payment now
    waiting: list[Refund] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    notices: list[Notice] = field(default_factory=list)


class Staging:
    """The temporary tables of one connection. `fill`, then `merge` inside a writing transaction, then `drop`."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._sqlite = conn.dialect.name == "sqlite"
        self.placeholders = False  # some payments carry their order's number instead of the channel's

    def create(self) -> None:
        """Empty tables, visible to this connection only."""
        if self._sqlite:
            self._run(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._run(f"PRAGMA temp.cache_size = -{_CACHE_KIB // 3}")
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
            self._run(
                "CREATE INDEX temp_staged_trades ON staged_trades (order_no, channel, trade_no, digest, line)"
                if not self._sqlite
                else "CREATE INDEX temp.staged_by_order ON staged_trades (order_no, channel, trade_no, digest, line)"
            )
        if not self._sqlite:
            self._run("ANALYZE staged_trades")
            self._run("ANALYZE staged_refunds")
        return filled

    def _stage(self, table: str, rows: list[Any], filled: Filled) -> None:
        if not rows:
            return
        width = len(rows[0])
        mark = "?" if self._sqlite else "%s"
        # The driver itself: SQLAlchemy's own preparation of each row would cost more than the row.
        self._conn.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(rows[0]._fields)}) VALUES ({', '.join([mark] * width)})", rows
        )
        if table == "staged_trades":
            filled.trades += len(rows)
        else:
            filled.refunds += len(rows)
        rows.clear()

    # --- merging ---------------------------------------------------------------------------------------------------

    def merge(self, filled: Filled, now_micros: int) -> Merged:
        """Bring what is staged into the database. With `problems` in the answer the caller rolls back."""
        merged = Merged()
        if filled.trades:
            self._merge_trades(merged, now_micros)
        if filled.refunds or filled.trades:
            self._merge_refunds(merged)
        return merged

    def _merge_trades(self, merged: Merged, now_micros: int) -> None:
        self._contradictions_within(merged)
        from_bills = self._one(f"SELECT count(*) FROM staged_trades WHERE source IN {_BILLS}")
        if from_bills:
            self._run(_BILL_ROW_OF_A_SHOP_ORDER)
        merged.orders = self._one("SELECT count(*) FROM (SELECT DISTINCT order_no FROM staged_trades) AS d")
        new_orders = self._run(_NEW_ORDERS)
        some_known = new_orders < merged.orders
        if self._one(f"SELECT count(*) FROM (SELECT 1 FROM orders WHERE source IN {_BILLS} LIMIT 1) AS b"):
            self._adopt()
        if some_known:
            self._run(_KNOWN_NUMBER_FOR_PLACEHOLDER)
            self._run(_REAL_NUMBER_ARRIVED)
            self._problems(merged, _ORDER_CONTRADICTS)
            self._problems(merged, _PAYMENT_CONTRADICTS)
            merged.changed = self._one(_CHANGED_ROWS)
            self._run(_UPDATE_ORDERS)
            self._run(_UPDATE_PAYMENTS)
        merged.new_payments = self._run(_NEW_PAYMENTS)
        self._run(_PAID_SINCE)
        if from_bills:
            self._run(_BILL_ORDER_AMOUNT)
        self._shared_trades(merged)
        self._run(_CUSTOMERS, now=now_micros)

    def _contradictions_within(self, merged: Merged) -> None:
        self._problems(merged, _ROWS_DISAGREE)
        self._problems(merged, _PAYMENT_TWICE)

    def _adopt(self) -> None:
        """The shop's export tells which order a payment known from a bill belongs to."""
        if self._run(_ADOPT_PAYMENTS):
            self._run(_FORGET_EMPTY_BILL_ORDERS)

    def _shared_trades(self, merged: Merged) -> None:
        self._problems(merged, _TRADE_TAKEN)
        for row in self._rows(_TRADE_SHARED):
            merged.notices.append(Notice("trade_shared", {"line": row.line, "trade_no": row.trade_no}))

    def _merge_refunds(self, merged: Merged) -> None:
        # Refunds that waited for these payments join in, with negative line numbers.
        joined = self._run(_WAITING_JOIN_IN)
        if not joined and not self._one("SELECT count(*) FROM (SELECT 1 FROM staged_refunds LIMIT 1) AS r"):
            return
        merged.our_refunds = self._run(_OURS)
        for statement in _FIND_PAYMENT:
            self._run(statement)
        self._problems(merged, _REFUND_CONTRADICTS)
        before = self._one("SELECT count(*) FROM external_refunds")
        self._run(_NEW_REFUNDS)
        merged.settled_waiting = self._run(_NO_LONGER_WAITING)
        added = self._one("SELECT count(*) FROM external_refunds") - before
        found = self._one("SELECT count(*) FROM staged_refunds WHERE payment_id > 0 AND line > 0")
        merged.new_refunds = min(found, added)
        merged.known_refunds = found - merged.new_refunds
        self._run(_REFUNDED_OUTSIDE)
        self._run(_KEEP_WAITING)
        columns = ", ".join(Refund._fields)
        merged.waiting = [
            Refund(*row)
            for row in self._rows(
                f"SELECT {columns} FROM staged_refunds WHERE payment_id IS NULL AND line > 0 ORDER BY line"
            )
        ]
        for row in self._rows(_BEYOND_PAID):
            merged.notices.append(Notice("refunded_beyond_paid", {"order_no": row.order_no}))

    # --- plumbing --------------------------------------------------------------------------------------------------

    def _run(self, statement: str, **params: Any) -> int:
        return self._conn.execute(text(statement), params).rowcount

    def _one(self, statement: str) -> int:
        return int(self._conn.execute(text(statement)).scalar_one())

    def _rows(self, statement: str) -> Sequence[Any]:
        return self._conn.execute(text(f"{statement} LIMIT {LISTED}" if " LIMIT " not in statement else statement)).all()

    def _problems(self, merged: Merged, statement: str) -> None:
        """Rows of (line, code, …params) become problems."""
        rows = self._conn.execute(text(f"{statement} ORDER BY line LIMIT {LISTED}")).all()
        merged.problem_count += (
            len(rows) if len(rows) < LISTED else self._one(f"SELECT count(*) FROM ({statement}) AS p")
        )
        for row in rows:
            params = dict(row._mapping)
            merged.problems.append(Problem(params.pop("line"), params.pop("code"), params))


@dataclass
class Filled:
    """What was staged, and what could not be."""

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


# --- the statements ------------------------------------------------------------------------------------------------

_RANK: Final = "CASE {} " + " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(DELIVERIES)) + " END"

_ROWS_DISAGREE: Final = """
SELECT s.line AS line, 'rows_disagree' AS code, s.order_no AS order_no, f.line AS first_line
FROM (SELECT order_no, min(line) AS line FROM staged_trades
      GROUP BY order_no HAVING count(*) > 1 AND min(digest) <> max(digest)) AS g
JOIN staged_trades AS f ON f.line = g.line
JOIN staged_trades AS s ON s.order_no = g.order_no AND s.digest <> f.digest"""

_PAYMENT_TWICE: Final = """
SELECT s.line AS line, 'payment_twice' AS code, s.order_no AS order_no, g.line AS first_line
FROM (SELECT order_no, channel, trade_no, min(line) AS line FROM staged_trades
      GROUP BY order_no, channel, trade_no HAVING count(*) > 1) AS g
JOIN staged_trades AS s ON s.order_no = g.order_no AND s.channel = g.channel AND s.trade_no = g.trade_no
    AND s.line > g.line"""

# A channel may know the order by another number than the shop does: the trade's number decides.
_BILL_ROW_OF_A_SHOP_ORDER: Final = f"""
UPDATE staged_trades SET order_no = k.order_no
FROM (SELECT s.line AS line, min(p.order_no) AS order_no
      FROM staged_trades AS s
      JOIN payments AS p ON p.channel = s.channel AND p.trade_no = s.trade_no
      JOIN orders AS o ON o.order_no = p.order_no AND o.source NOT IN {_BILLS}
      WHERE s.source IN {_BILLS}
      GROUP BY s.line HAVING count(*) = 1) AS k
WHERE staged_trades.line = k.line"""

_ORDER_FACTS: Final = "customer_id, product, kind, quantity, amount_minor, delivery, delivery_at, completed_at"

_NEW_ORDERS: Final = f"""
INSERT INTO orders (order_no, currency, paid_at, escrow, source, digest, {_ORDER_FACTS})
SELECT order_no, currency, paid_at, escrow = 1, source, digest, {_ORDER_FACTS}
FROM staged_trades WHERE true ORDER BY order_no
ON CONFLICT (order_no) DO NOTHING"""

_ADOPT_PAYMENTS: Final = f"""
UPDATE payments SET order_no = s.order_no
FROM staged_trades AS s
WHERE s.source NOT IN {_BILLS} AND payments.channel = s.channel AND payments.trade_no = s.trade_no
  AND s.trade_no <> s.order_no AND payments.order_no <> s.order_no
  AND payments.order_no IN (SELECT order_no FROM orders WHERE source IN {_BILLS})
  AND payments.order_no NOT IN (SELECT order_no FROM cases)
  AND NOT EXISTS (SELECT 1 FROM payments AS there WHERE there.order_no = s.order_no
                  AND there.channel = s.channel AND there.trade_no = s.trade_no)"""

_FORGET_EMPTY_BILL_ORDERS: Final = f"""
DELETE FROM orders WHERE source IN {_BILLS}
  AND order_no NOT IN (SELECT order_no FROM payments) AND order_no NOT IN (SELECT order_no FROM cases)"""

# A row without the channel's number means the one payment of that channel that the order has.
_KNOWN_NUMBER_FOR_PLACEHOLDER: Final = """
UPDATE staged_trades SET trade_no = k.trade_no
FROM (SELECT s.line AS line, min(p.trade_no) AS trade_no
      FROM staged_trades AS s JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel
      WHERE s.trade_no = s.order_no
      GROUP BY s.line HAVING count(*) = 1) AS k
WHERE staged_trades.line = k.line"""

_REAL_NUMBER_ARRIVED: Final = """
UPDATE payments SET trade_no = k.trade_no
FROM (SELECT p.id AS id, min(s.trade_no) AS trade_no
      FROM staged_trades AS s
      JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel AND p.trade_no = p.order_no
      WHERE s.trade_no <> s.order_no AND p.paid_minor = s.paid_minor AND p.currency = s.currency
      GROUP BY p.id) AS k
WHERE payments.id = k.id"""

_ORDER_CONTRADICTS: Final = f"""
SELECT line, code, order_no FROM (
  SELECT s.line AS line, s.order_no AS order_no, CASE
    WHEN o.currency <> s.currency THEN 'amount_changed'
    WHEN o.source IN {_BILLS} OR s.source IN {_BILLS} THEN ''
    WHEN o.amount_minor <> s.amount_minor THEN 'amount_changed'
    WHEN o.customer_id NOT IN ('', s.customer_id) THEN 'owner_changed'
    WHEN {_RANK.format("s.delivery")} < {_RANK.format("o.delivery")} THEN 'older_than_known'
    WHEN o.completed_at IS NOT NULL AND (s.completed_at IS NULL OR s.completed_at < o.completed_at)
      THEN 'older_than_known'
    ELSE '' END AS code
  FROM staged_trades AS s JOIN orders AS o ON o.order_no = s.order_no
  WHERE o.digest <> s.digest OR o.currency <> s.currency) AS found
WHERE code <> ''"""

_PAYMENT_CONTRADICTS: Final = """
SELECT s.line AS line, 'payment_changed' AS code, s.order_no AS order_no, p.trade_no AS trade_no
FROM staged_trades AS s JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel
WHERE (p.trade_no = s.trade_no AND (p.paid_minor <> s.paid_minor OR p.currency <> s.currency
        OR p.charged_currency <> s.charged_currency OR p.charged_minor <> s.charged_minor))
   OR (p.trade_no = p.order_no AND s.trade_no <> s.order_no AND p.channel <> 'balance')"""

_ORDER_MOVES: Final = f"""
o.digest <> s.digest AND s.source NOT IN {_BILLS}"""
_PAYMENT_MOVES: Final = f"""
(s.source NOT IN {_BILLS} AND (p.paid_at <> s.paid_at OR p.account <> s.account OR p.is_open <> (s.is_open = 1)))
OR (p.account = '' AND s.account <> '') OR (p.charged_minor IS NULL AND s.charged_minor IS NOT NULL)"""

_CHANGED_ROWS: Final = f"""
SELECT count(*) FROM staged_trades AS s
JOIN orders AS o ON o.order_no = s.order_no
JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel AND p.trade_no = s.trade_no
WHERE ({_ORDER_MOVES}) OR {_PAYMENT_MOVES}"""

_UPDATE_ORDERS: Final = f"""
UPDATE orders SET customer_id = s.customer_id, product = s.product, kind = s.kind, quantity = s.quantity,
  amount_minor = s.amount_minor, delivery = s.delivery, delivery_at = s.delivery_at,
  completed_at = s.completed_at, escrow = (s.escrow = 1), source = s.source, digest = s.digest
FROM staged_trades AS s
WHERE s.order_no = orders.order_no AND orders.digest <> s.digest AND s.source NOT IN {_BILLS}"""

_UPDATE_PAYMENTS: Final = f"""
UPDATE payments SET
  paid_at = CASE WHEN s.source IN {_BILLS} THEN payments.paid_at ELSE s.paid_at END,
  account = CASE WHEN s.source IN {_BILLS} AND payments.account <> '' THEN payments.account ELSE s.account END,
  is_open = CASE WHEN s.source IN {_BILLS} THEN payments.is_open ELSE (s.is_open = 1) END,
  charged_currency = COALESCE(payments.charged_currency, s.charged_currency),
  charged_minor = COALESCE(payments.charged_minor, s.charged_minor)
FROM staged_trades AS s
WHERE payments.order_no = s.order_no AND payments.channel = s.channel AND payments.trade_no = s.trade_no
  AND ({_PAYMENT_MOVES.replace("p.", "payments.")})"""

_PAYMENT_FACTS: Final = (
    "order_no, channel, trade_no, account, currency, paid_minor, paid_at, charged_currency, charged_minor"
)

_NEW_PAYMENTS: Final = f"""
INSERT INTO payments (is_open, {_PAYMENT_FACTS})
SELECT is_open = 1, {_PAYMENT_FACTS} FROM staged_trades WHERE true ORDER BY order_no, line
ON CONFLICT (channel, trade_no, order_no) DO NOTHING"""

_PAID_SINCE: Final = """
UPDATE orders SET paid_at = k.paid_at
FROM (SELECT p.order_no AS order_no, min(p.paid_at) AS paid_at
      FROM payments AS p
      WHERE p.order_no IN (SELECT order_no FROM staged_trades)
      GROUP BY p.order_no) AS k
WHERE orders.order_no = k.order_no AND orders.paid_at <> k.paid_at"""

# Known from bills only, an order is worth what was paid for it: two payments are no proof of paying twice.
_BILL_ORDER_AMOUNT: Final = f"""
UPDATE orders SET amount_minor = k.paid_minor
FROM (SELECT p.order_no AS order_no, sum(p.paid_minor) AS paid_minor
      FROM payments AS p JOIN orders AS o ON o.order_no = p.order_no AND o.source IN {_BILLS}
      WHERE p.order_no IN (SELECT order_no FROM staged_trades)
      GROUP BY p.order_no) AS k
WHERE orders.order_no = k.order_no AND orders.amount_minor <> k.paid_minor"""

_OTHERS_TRADE: Final = """
FROM staged_trades AS s
JOIN payments AS p ON p.channel = s.channel AND p.trade_no = s.trade_no AND p.order_no <> s.order_no
WHERE s.trade_no <> s.order_no"""
_TRADE_TAKEN: Final = f"""
SELECT s.line AS line, 'trade_taken' AS code, s.trade_no AS trade_no, min(p.order_no) AS order_no
{_OTHERS_TRADE} AND s.source NOT IN {_BILLS} GROUP BY s.line, s.trade_no"""
_TRADE_SHARED: Final = f"""
SELECT DISTINCT s.line, s.trade_no {_OTHERS_TRADE} AND s.source IN {_BILLS} ORDER BY s.line"""

_CUSTOMERS: Final = """
INSERT INTO customers (id, name, created_at)
SELECT customer_id, COALESCE(NULLIF(max(customer_name), ''), customer_id), CAST(:now AS BIGINT)
FROM staged_trades WHERE customer_id <> '' GROUP BY customer_id ORDER BY customer_id
ON CONFLICT (id) DO UPDATE SET name = excluded.name
WHERE customers.name = customers.id AND excluded.name <> excluded.id"""

# --- refunds made outside ------------------------------------------------------------------------------------------

_REFUND: Final = "channel, trade_no, order_no, refund_no, amount_minor, currency, at"

_WAITING_JOIN_IN: Final = f"""
INSERT INTO staged_refunds (line, {_REFUND})
SELECT -id, {_REFUND} FROM waiting_refunds AS w
WHERE EXISTS (SELECT 1 FROM payments AS p WHERE p.channel = w.channel AND p.trade_no = w.trade_no)
   OR EXISTS (SELECT 1 FROM payments AS p WHERE p.order_no = w.order_no AND p.channel = w.channel)"""

# 0: our own payout made it, so it is no refund outside.
_OURS: Final = """
UPDATE staged_refunds SET payment_id = 0
WHERE EXISTS (SELECT 1 FROM payouts AS o WHERE o.key = staged_refunds.refund_no
              AND o.channel = staged_refunds.channel)"""


def _found_by(condition: str) -> str:
    """Give refunds the payment for which `condition` holds, where there is exactly one."""
    return f"""
UPDATE staged_refunds SET payment_id = k.id
FROM (SELECT r.line AS line, min(p.id) AS id
      FROM staged_refunds AS r
      JOIN payments AS p ON p.channel = r.channel AND p.currency = r.currency
      JOIN orders AS o ON o.order_no = p.order_no
      WHERE r.payment_id IS NULL AND {condition}
      GROUP BY r.line HAVING count(*) = 1) AS k
WHERE staged_refunds.line = k.line"""


_FIND_PAYMENT: Final = (
    _found_by("p.trade_no = r.trade_no AND p.order_no = r.order_no"),
    # The shop may know the order by another number; a bill's own order must carry both of the bill's numbers.
    _found_by(f"p.trade_no = r.trade_no AND o.source NOT IN {_BILLS}"),
    _found_by("p.order_no = r.order_no"),
)

_REFUND_CONTRADICTS: Final = """
SELECT r.line AS line, 'refund_changed' AS code, r.refund_no AS refund_no
FROM staged_refunds AS r JOIN external_refunds AS e ON e.payment_id = r.payment_id AND e.refund_no = r.refund_no
WHERE e.amount_minor <> r.amount_minor AND r.line > 0
UNION ALL
SELECT r.line, 'refund_changed', r.refund_no
FROM staged_refunds AS r JOIN staged_refunds AS f ON f.payment_id = r.payment_id AND f.refund_no = r.refund_no
WHERE f.amount_minor <> r.amount_minor AND f.line > 0 AND f.line < r.line AND r.payment_id > 0"""

_NEW_REFUNDS: Final = """
INSERT INTO external_refunds (payment_id, channel, refund_no, amount_minor, at)
SELECT payment_id, channel, refund_no, amount_minor, at
FROM staged_refunds WHERE payment_id > 0 ORDER BY line
ON CONFLICT (payment_id, refund_no) DO NOTHING"""

_NO_LONGER_WAITING: Final = """
DELETE FROM waiting_refunds WHERE EXISTS (
  SELECT 1 FROM staged_refunds AS r WHERE r.payment_id IS NOT NULL AND r.channel = waiting_refunds.channel
  AND r.trade_no = waiting_refunds.trade_no AND r.order_no = waiting_refunds.order_no
  AND r.refund_no = waiting_refunds.refund_no)"""

_KEEP_WAITING: Final = f"""
INSERT INTO waiting_refunds ({_REFUND})
SELECT {_REFUND} FROM staged_refunds WHERE payment_id IS NULL AND line > 0
ON CONFLICT (channel, trade_no, order_no, refund_no) DO NOTHING"""

_TOUCHED: Final = "(SELECT payment_id FROM staged_refunds WHERE payment_id > 0)"

_REFUNDED_OUTSIDE: Final = f"""
UPDATE payments SET external_minor =
  (SELECT COALESCE(sum(e.amount_minor), 0) FROM external_refunds AS e WHERE e.payment_id = payments.id)
WHERE id IN {_TOUCHED}"""

_BEYOND_PAID: Final = f"""
SELECT DISTINCT order_no FROM payments
WHERE id IN {_TOUCHED} AND reserved_minor + refunded_minor + external_minor > paid_minor ORDER BY order_no"""
